//! Tokens, sessions and identities. Tokens over JSON are Weir's own; their times are told as everywhere, in seconds and
//! beside that in microseconds.

use serde_json::{Map, Value, json};
use weir_status_api::{
    Error, Identity, IssuedToken, NewToken, Result, Timestamp, Token, TokenId, TokenOrigin, TokenScope,
};

use super::form::{Fields, Object, value_of};

/// The path of tokens below the version.
pub const TOKENS: &str = "tokens";
/// The path of the site's configuration for pages.
pub const CONFIG: &str = "config";
/// The path to sign in at.
pub const SIGN_IN: &str = "auth/login";
/// The path to sign out at.
pub const SIGN_OUT: &str = "auth/logout";
/// The cookie that holds a session's token.
pub const SESSION_COOKIE: &str = "weir_session";

const fn origin(origin: TokenOrigin) -> &'static str {
    match origin {
        TokenOrigin::Made => "made",
        TokenOrigin::SignIn => "sign-in",
    }
}

/// A token.
pub fn token_to_json(token: &Token) -> Value {
    let scopes: Vec<Value> = token.scopes.iter().map(|it| it.name().into()).collect();
    let object = Object::new()
        .set("tokenid", token.id.0)
        .set("name", token.name.as_str())
        .set("user", token.user.as_str())
        .set("origin", origin(token.origin))
        .set("scopes", scopes)
        .time("created_at", token.created_at)
        .maybe_time("expires_at", token.expires_at)
        .maybe_time("revoked_at", token.revoked_at)
        .done();
    value_of(&object)
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
    let scopes: Vec<Value> = new.scopes.iter().map(|it| it.name().into()).collect();
    let object = Object::new()
        .set("name", new.name.as_str())
        .set("user", new.user.as_ref())
        .set("scopes", scopes)
        .maybe_time("expires_at", new.expires_at)
        .done();
    value_of(&object)
}

/// The fields of a request to make a token.
const NEW_TOKEN: [&str; 5] = ["name", "user", "scopes", "expires_at", "expires_at_us"];

/// Reads the request to make a token.
///
/// # Errors
/// [`Error::InvalidInput`], with the field that is wrong.
pub fn new_token_from_json(body: &[u8]) -> Result<NewToken> {
    let body: Value = serde_json::from_slice(body).map_err(|error| wrong("body", &error.to_string()))?;
    let Value::Object(body) = body else {
        return Err(wrong("body", "must be an object"));
    };
    if let Some(name) = body.keys().find(|name| !NEW_TOKEN.contains(&name.as_str())) {
        return Err(wrong(name, "there is no such field"));
    }
    Ok(NewToken {
        name: text(&body, "name")?.unwrap_or_default(),
        user: text(&body, "user")?,
        scopes: scopes(body.get("scopes"))?,
        expires_at: match (int(&body, "expires_at_us")?, int(&body, "expires_at")?) {
            (Some(micros), _) => Some(Timestamp(micros)),
            (None, seconds) => seconds.map(Timestamp::from_secs),
        },
    })
}

fn wrong(field: &str, why: &str) -> Error {
    Error::InvalidInput {
        fields: [(field.to_owned(), why.to_owned())].into(),
    }
}

fn int(body: &Map<String, Value>, name: &str) -> Result<Option<i64>> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_i64() {
            Some(number) => Ok(Some(number)),
            None => Err(wrong(name, "must be a time since 1970, a whole number")),
        },
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
    let fields = Fields::of("token", row).ok()?;
    let from = fields.text("origin").ok()?;
    let scopes = fields.texts("scopes").ok()?;
    let scopes = scopes.iter().map(|it| TokenScope::from_name(it));
    Some(Token {
        id: TokenId(fields.int("tokenid").ok()?),
        name: fields.text("name").ok()?,
        user: fields.text("user").ok()?,
        origin: [TokenOrigin::Made, TokenOrigin::SignIn]
            .into_iter()
            .find(|it| origin(*it) == from)?,
        scopes: scopes.collect::<Option<_>>()?,
        created_at: fields.time("created_at").ok()?,
        expires_at: fields.maybe_time("expires_at").ok()?,
        revoked_at: fields.maybe_time("revoked_at").ok()?,
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

/// Who somebody is, from the site's configuration for pages.
pub fn identity_from_config(config: &Value) -> Option<Identity> {
    let user = Fields::of("user", config.get("user")?).ok()?;
    let name = user.maybe_text("username").ok()?;
    Some(Identity {
        // Whoever has no name of that kind is shown by the one to sign in with.
        full_name: user
            .maybe_text("full_name")
            .ok()?
            .filter(|it| Some(it) != name.as_ref()),
        email: user.maybe_text("email").ok()?,
        groups: user.texts("groups").ok()?,
        roles: user.texts("roles").ok()?,
        name,
    })
}

/// What a program is told that signed in: who it is, and beside it the session. Its text is in a cookie alone, where
/// no page can read it.
pub fn signed_in_to_json(who: &Identity, session: &Token) -> Value {
    let mut body = identity_to_json(who);
    body["session"] = token_to_json(session);
    body
}

/// The session of an answer to signing in, with these values of `Set-Cookie` and that body.
pub fn session_from(cookies: &[String], body: &Value) -> Option<IssuedToken> {
    let mut pairs = cookies
        .iter()
        .filter_map(|it| it.split(';').next()?.split_once('='));
    let text = pairs.rfind(|(name, _)| name.trim() == SESSION_COOKIE)?.1.trim();
    Some(IssuedToken {
        token: token_from_json(body.get("session")?)?,
        text: text.to_owned(),
    })
}

/// What somebody signs in with.
pub fn sign_in_to_json(user: &str, password: &str) -> Value {
    json!({"username": user, "password": password})
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
