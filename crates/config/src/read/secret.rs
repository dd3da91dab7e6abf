//! Secrets, given as they are or by a file.

use std::io::ErrorKind;
use std::path::Path;

use starlark::values::Value;

use super::{Reading, string, text, wrong};
use crate::model::Secret;

/// The longest token or secret, in bytes.
const MAX_SECRET: u64 = 4096;

/// A secret, as it is.
pub(crate) fn secret(value: Value<'_>, check: fn(&str) -> Reading<Secret>) -> Reading<Secret> {
    check(&string(value)?)
}

/// A secret from the file of that name in `folder`; space around it is no part of it.
pub(crate) fn secret_file(
    value: Value<'_>,
    folder: &Path,
    check: fn(&str) -> Reading<Secret>,
) -> Reading<Secret> {
    let path = folder.join(text(value)?);
    let shown = path.display();
    let facts = match std::fs::metadata(&path) {
        Ok(facts) => facts,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let help = "make it, e.g. with: openssl rand -hex 32";
            return wrong(format!("is wrong: there is no file {shown}"), Some(help));
        }
        Err(error) => return wrong(format!("is wrong: {shown} cannot be read: {error}"), None),
    };
    if !facts.is_file() {
        return wrong(format!("is wrong: {shown} is no file"), None);
    }
    if facts.len() > MAX_SECRET {
        return wrong(
            format!("is wrong: {shown} has more than {MAX_SECRET} bytes"),
            None,
        );
    }
    match std::fs::read_to_string(&path) {
        Ok(text) => check(&text),
        Err(error) => wrong(format!("is wrong: {shown} cannot be read: {error}"), None),
    }
}

/// A secret that travels in headers.
pub(crate) fn check_secret(text: &str) -> Reading<Secret> {
    let secret = text.trim();
    if secret.is_empty() {
        wrong("is empty", Some("make one, e.g. with: openssl rand -hex 32"))
    } else if secret.len() as u64 > MAX_SECRET {
        wrong(format!("has more than {MAX_SECRET} bytes"), None)
    } else if secret.chars().any(|it| it.is_control() || it.is_whitespace()) {
        wrong("must be one word on one line", None)
    } else {
        Ok(Secret::new(secret))
    }
}

/// A secret that people choose: a line.
pub(crate) fn check_password(text: &str) -> Reading<Secret> {
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        wrong("is empty", None)
    } else if password.len() as u64 > MAX_SECRET {
        wrong(format!("has more than {MAX_SECRET} bytes"), None)
    } else if password.chars().any(char::is_control) {
        wrong("must be one line", None)
    } else {
        Ok(Secret::new(password))
    }
}
