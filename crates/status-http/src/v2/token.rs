//! Tokens and identities. Tokens over JSON are Weir's own; times are seconds, as everywhere.

use serde_json::{Map, Value, json};
use weir_status_api::{
    Error, Identity, IssuedToken, NewToken, Result, Timestamp, Token, TokenId, TokenOrigin, TokenScope,
};

/// The path of tokens below the version.
pub const TOKENS: &str = "tokens";

const fn origin(origin: TokenOrigin) -> &'static str {
    match origin {
        TokenOrigin::Made => "made",
        TokenOrigin::SignIn => "sign-in",
    }
}

/// A token.
pub fn token_to_json(token: &Token) -> Value {
    let scopes: Vec<&str> = token.scopes.iter().map(|it| it.name()).collect();
    json!({
        "tokenid": token.id.0,
        "name": token.name,
        "user": token.user,
        "origin": origin(token.origin),
        "scopes": scopes,
        "created_at": token.created_at.as_secs(),
        "expires_at": token.expires_at.map(Timestamp::as_secs),
        "revoked_at": token.revoked_at.map(Timestamp::as_secs),
    })
}

/// Tokens in their envelope.
pub fn tokens_to_json(tokens: &[Token]) -> Value {
    let rows: Vec<Value> = tokens.iter().map(token_to_json).collect();
    json!({"tokens": rows, "meta": {"total": rows.len()}})
}

/// A token that was just made, with its text as `token`.
pub fn issued_to_json(issued: &IssuedToken) -> Value {
    let mut row = token_to_json(&issued.token);
    row["token"] = issued.text.clone().into();
    json!({"tokens": [row], "meta": {}})
}

/// The request to make a token.
pub fn new_token_to_json(new: &NewToken) -> Value {
    let scopes: Vec<&str> = new.scopes.iter().map(|it| it.name()).collect();
    json!({
        "name": new.name,
        "user": new.user,
        "scopes": scopes,
        "expires_at": new.expires_at.map(Timestamp::as_secs),
    })
}

/// Reads the request to make a token.
///
/// # Errors
/// [`Error::InvalidInput`], with the field that is wrong.
pub fn new_token_from_json(body: &[u8]) -> Result<NewToken> {
    let body: Value = serde_json::from_slice(body).map_err(|error| wrong("body", &error.to_string()))?;
    let Value::Object(body) = body else {
        return Err(wrong("body", "must be an object"));
    };
    if let Some(name) = body
        .keys()
        .find(|name| !["name", "user", "scopes", "expires_at"].contains(&name.as_str()))
    {
        return Err(wrong(name, "there is no such field"));
    }
    let expires_at = match body.get("expires_at") {
        None | Some(Value::Null) => None,
        Some(value) => match value.as_i64() {
            Some(seconds) => Some(Timestamp::from_secs(seconds)),
            None => {
                return Err(wrong(
                    "expires_at",
                    "must be a whole number of seconds since 1970",
                ));
            }
        },
    };
    Ok(NewToken {
        name: text(&body, "name")?.unwrap_or_default(),
        user: text(&body, "user")?,
        scopes: scopes(body.get("scopes"))?,
        expires_at,
    })
}

fn wrong(field: &str, why: &str) -> Error {
    Error::InvalidInput {
        fields: [(field.to_owned(), why.to_owned())].into(),
    }
}

fn text(body: &Map<String, Value>, name: &str) -> Result<Option<String>> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong(name, "must be text")),
    }
}

fn scopes(value: Option<&Value>) -> Result<Vec<TokenScope>> {
    let words = value
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    words
        .iter()
        .map(|word| {
            let scope = word.as_str().and_then(TokenScope::from_name);
            scope.ok_or_else(|| wrong("scopes", &format!("{word} is none of read, control and tokens")))
        })
        .collect()
}

/// The tokens in an answer.
pub fn tokens_from_json(body: &Value) -> Option<Vec<Token>> {
    body.get("tokens")?
        .as_array()?
        .iter()
        .map(token_from_json)
        .collect()
}

/// The one token in an answer that was just made.
pub fn issued_from_json(body: &Value) -> Option<IssuedToken> {
    let row = body.get("tokens")?.as_array()?.first()?;
    Some(IssuedToken {
        token: token_from_json(row)?,
        text: row.get("token")?.as_str()?.to_owned(),
    })
}

fn token_from_json(row: &Value) -> Option<Token> {
    let text = |name: &str| row.get(name)?.as_str().map(str::to_owned);
    let time = |name: &str| row.get(name)?.as_i64().map(Timestamp::from_secs);
    Some(Token {
        id: TokenId(row.get("tokenid")?.as_i64()?),
        name: text("name")?,
        user: text("user")?,
        origin: [TokenOrigin::Made, TokenOrigin::SignIn]
            .into_iter()
            .find(|it| text("origin").as_deref() == Some(origin(*it)))?,
        scopes: row
            .get("scopes")?
            .as_array()?
            .iter()
            .map(|it| TokenScope::from_name(it.as_str()?))
            .collect::<Option<_>>()?,
        created_at: time("created_at")?,
        expires_at: time("expires_at"),
        revoked_at: time("revoked_at"),
    })
}

/// Who somebody is, as Buildbot's `user` in `/config`.
pub fn identity_to_json(who: &Identity) -> Value {
    match &who.name {
        None => json!({"anonymous": true}),
        Some(name) => json!({
            "anonymous": false,
            "username": name,
            "full_name": who.full_name.as_ref().unwrap_or(name),
            "email": who.email,
            "groups": who.groups,
            "roles": who.roles,
        }),
    }
}

/// Reads what somebody signs in with: `username` and `password`.
///
/// # Errors
/// [`Error::InvalidInput`] if one of them is missing or no text.
pub fn sign_in_from_json(body: &[u8]) -> Result<(String, String)> {
    let body: Value = serde_json::from_slice(body).map_err(|error| wrong("body", &error.to_string()))?;
    let body = body
        .as_object()
        .ok_or_else(|| wrong("body", "must be an object"))?;
    let field = |name: &str| text(body, name)?.ok_or_else(|| wrong(name, "is missing"));
    Ok((field("username")?, field("password")?))
}

/// The same from a form.
///
/// # Errors
/// As [`sign_in_from_json`].
pub fn sign_in_from_form(body: &str) -> Result<(String, String)> {
    let pairs = super::pairs(body);
    let field = |name: &str| {
        let found = pairs.iter().find(|(it, _)| it == name);
        found
            .map(|(_, value)| value.clone())
            .ok_or_else(|| wrong(name, "is missing"))
    };
    Ok((field("username")?, field("password")?))
}
