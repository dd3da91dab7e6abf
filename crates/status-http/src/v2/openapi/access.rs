//! Who somebody is: signing in and out, and tokens.

use serde_json::{Map, Value, json};
use weir_status_api::TokenScope;

use super::answers::{good, with_errors};
use super::{described, flag, integer, list, object, object_of, or_null, schema, text};

/// The paths and their operations.
pub(super) fn paths() -> Map<String, Value> {
    let id = json!({"name": "tokenid", "in": "path", "required": true, "schema": {"type": "integer"}});
    let all = [
        ("/api/v2/tokens", json!({"get": tokens(), "post": new_token()})),
        (
            "/api/v2/tokens/{tokenid}",
            json!({"parameters": [id], "delete": revoke()}),
        ),
        ("/auth/login", json!({"get": ask(), "post": sign_in()})),
        ("/auth/logout", json!({"get": sign_out(), "post": sign_out()})),
    ];
    all.into_iter().map(|(path, it)| (path.to_owned(), it)).collect()
}

fn operation(summary: &str, answers: Map<String, Value>, errors: &[u16]) -> Value {
    json!({
        "tags": ["access"],
        "summary": summary,
        "responses": with_errors(answers, errors),
    })
}

fn tokens() -> Value {
    let answer = good("application/json", &schema("TokenAnswer"), false);
    operation(
        "Lists tokens: one's own, for administrators all.",
        answer,
        &[401, 403, 501],
    )
}

fn new_token() -> Value {
    let mut made = good("application/json", &schema("NewTokenAnswer"), false);
    if let Some(answer) = made.remove("200") {
        made.insert("201".to_owned(), answer);
    }
    let mut new = operation("Makes a token.", made, &[401, 403, 501]);
    new["requestBody"] = json!({
        "required": true,
        "content": {"application/json": {"schema": schema("NewToken")}},
    });
    new
}

fn revoke() -> Value {
    let done = good("application/json", &json!({"type": "object"}), false);
    operation("Revokes a token.", done, &[401, 403, 404, 501])
}

/// An answer that leads on to a page.
fn lead() -> (String, Value) {
    let answer = json!({"description": "It was done; a page of the site is next. The cookie comes or goes."});
    ("303".to_owned(), answer)
}

fn redirect() -> Value {
    json!({
        "name": "redirect",
        "in": "query",
        "description": "Where to go on: a place of the web status, `/…`.",
        "schema": text(),
    })
}

fn ask() -> Value {
    let mut ask = operation(
        "Signs in with name and password by HTTP's Basic.",
        Map::from_iter([lead()]),
        &[401, 501],
    );
    ask["parameters"] = json!([redirect()]);
    ask["security"] = json!([{}, {"password": []}]);
    ask
}

fn sign_in() -> Value {
    let mut answers = good("application/json", &schema("Identity"), false);
    answers.extend([lead()]);
    let mut sign_in = operation(
        "Signs in. A form leads on to a page, JSON tells who it is.",
        answers,
        &[401, 403, 501],
    );
    let body = schema("SignIn");
    sign_in["parameters"] = json!([redirect()]);
    sign_in["requestBody"] = json!({"required": true, "content": {
        "application/json": {"schema": body},
        "application/x-www-form-urlencoded": {"schema": body},
    }});
    sign_in
}

fn sign_out() -> Value {
    let mut sign_out = operation("Ends the session.", Map::from_iter([lead()]), &[403, 501]);
    sign_out["parameters"] = json!([redirect()]);
    sign_out
}

/// What these paths take and give.
pub(super) fn schemas() -> Map<String, Value> {
    let rows = |name: &str| object(&[("tokens", list(schema(name))), ("meta", schema("Meta"))]);
    let mut made = token();
    made.push(("token", described(text(), "Its text, which is told this once.")));
    let all = [
        ("Token", object(&token())),
        ("MadeToken", object(&made)),
        ("TokenAnswer", rows("Token")),
        ("NewTokenAnswer", rows("MadeToken")),
        ("NewToken", wanted()),
        ("SignIn", object(&[("username", text()), ("password", text())])),
        ("Identity", identity()),
    ];
    all.into_iter().map(|(name, it)| (name.to_owned(), it)).collect()
}

fn scopes() -> Value {
    let names = TokenScope::ALL.map(TokenScope::name);
    list(json!({"type": "string", "enum": names}))
}

fn token() -> Vec<(&'static str, Value)> {
    let seconds = || described(integer(), "Seconds since 1970.");
    vec![
        ("tokenid", integer()),
        ("name", text()),
        ("user", text()),
        ("origin", json!({"type": "string", "enum": ["made", "sign-in"]})),
        ("scopes", scopes()),
        ("created_at", seconds()),
        ("expires_at", or_null(seconds())),
        ("revoked_at", or_null(seconds())),
    ]
}

fn wanted() -> Value {
    let fields = [
        ("name", or_null(text())),
        ("user", described(or_null(text()), "Whose; one's own without it.")),
        ("scopes", scopes()),
        (
            "expires_at",
            described(or_null(integer()), "Seconds since 1970; never without it."),
        ),
    ];
    let mut wanted = object_of(&fields, &[]);
    wanted["additionalProperties"] = json!(false);
    wanted
}

fn identity() -> Value {
    let fields = [
        ("anonymous", flag()),
        ("username", text()),
        ("full_name", text()),
        ("email", or_null(text())),
        ("groups", list(text())),
        ("roles", list(text())),
    ];
    described(
        object_of(&fields, &["anonymous"]),
        "Of somebody anonymous nothing else is told.",
    )
}
