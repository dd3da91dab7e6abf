//! Tokens. They are no part of what the status API tells, and have no events.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{Timestamp, Token, TokenId, TokenOrigin, TokenScope};

use super::super::Conn;
use crate::error::{Error, Result};
use crate::schema::tokens;

/// How many tokens a list has at the most.
const MOST: i64 = 10_000;

#[derive(Queryable, Selectable)]
#[diesel(table_name = tokens)]
struct TokenRow {
    id: i64,
    name: String,
    username: String,
    origin: String,
    scopes: String,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
}

const fn origin_name(origin: TokenOrigin) -> &'static str {
    match origin {
        TokenOrigin::Made => "made",
        TokenOrigin::SignIn => "sign-in",
    }
}

impl TokenRow {
    fn into_token(self) -> Result<Token> {
        let origin = match self.origin.as_str() {
            "made" => TokenOrigin::Made,
            "sign-in" => TokenOrigin::SignIn,
            other => return Err(Error::data(format_args!("the origin `{other}` of a token"))),
        };
        let scopes = self.scopes.split_whitespace().map(|word| {
            TokenScope::from_name(word)
                .ok_or_else(|| Error::data(format_args!("the scope `{word}` of a token")))
        });
        Ok(Token {
            id: TokenId(self.id),
            name: self.name,
            user: self.username,
            origin,
            scopes: scopes.collect::<Result<_>>()?,
            created_at: Timestamp(self.created_at),
            expires_at: self.expires_at.map(Timestamp),
            revoked_at: self.revoked_at.map(Timestamp),
        })
    }
}

pub(super) async fn add(conn: &mut Conn, token: &Token, hash: [u8; 32]) -> Result<Token> {
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.name()).collect();
    diesel::insert_into(tokens::table)
        .values((
            tokens::name.eq(&token.name),
            tokens::username.eq(&token.user),
            tokens::origin.eq(origin_name(token.origin)),
            tokens::scopes.eq(scopes.join(" ")),
            tokens::created_at.eq(token.created_at.0),
            tokens::expires_at.eq(token.expires_at.map(|it| it.0)),
            tokens::revoked_at.eq(token.revoked_at.map(|it| it.0)),
            tokens::hash.eq(hash.to_vec()),
        ))
        .returning(TokenRow::as_returning())
        .get_result(conn)
        .await?
        .into_token()
}

pub(super) async fn by_hash(conn: &mut Conn, hash: [u8; 32]) -> Result<Option<Token>> {
    let row = tokens::table
        .filter(tokens::hash.eq(hash.to_vec()))
        .select(TokenRow::as_select())
        .first(conn)
        .await
        .optional()?;
    row.map(TokenRow::into_token).transpose()
}

pub(super) async fn list(conn: &mut Conn, user: Option<&str>) -> Result<Vec<Token>> {
    // No name holds a NUL, and PostgreSQL refuses to look for one.
    if user.is_some_and(|user| user.contains('\0')) {
        return Ok(vec![]);
    }
    let mut query = tokens::table.select(TokenRow::as_select()).into_boxed();
    if let Some(user) = user {
        query = query.filter(tokens::username.eq(user.to_owned()));
    }
    let rows = query.order(tokens::id.desc()).limit(MOST).load(conn).await?;
    rows.into_iter().map(TokenRow::into_token).collect()
}

pub(super) async fn revoke(conn: &mut Conn, token: TokenId, at: Timestamp) -> Result<()> {
    let revoked = diesel::update(tokens::table.find(token.0))
        .filter(tokens::revoked_at.is_null())
        .set(tokens::revoked_at.eq(at.0))
        .execute(conn)
        .await?;
    if revoked > 0 {
        return Ok(());
    }
    let there: i64 = tokens::table.find(token.0).count().get_result(conn).await?;
    match there {
        0 => Err(Error::not_found(format_args!("token {token}"))),
        _ => Ok(()),
    }
}

pub(super) async fn forget(conn: &mut Conn, before: Timestamp) -> Result<()> {
    let ended = tokens::expires_at
        .lt(before.0)
        .or(tokens::revoked_at.lt(before.0));
    diesel::delete(tokens::table.filter(ended)).execute(conn).await?;
    Ok(())
}
