//! A secret is nowhere but where it is used.

use std::fs;
use std::path::Path;

use super::Record;
use crate::site::{Shared, data};
use crate::trace;

/// Checks the master's files, what logs and events have, and what Weir said.
pub(super) fn check(record: &Record, shared: &Shared) -> Result<(), String> {
    let Some(secret) = &shared.plan.features.secret else {
        return Ok(());
    };
    for (log, content) in &record.contents {
        if let Some(line) = content.lines().find(|it| it.contains(secret.as_str())) {
            return Err(format!("the secret stands in log {log}: {line}"));
        }
    }
    if trace::has_forbidden() {
        return Err("Weir has said the secret".to_owned());
    }
    in_files(&data(), secret.as_bytes()).map_err(|error| error.to_string())?
}

fn in_files(folder: &Path, secret: &[u8]) -> std::io::Result<Result<(), String>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if let Err(why) = in_files(&path, secret)? {
                return Ok(Err(why));
            }
        } else if has(&fs::read(&path)?, secret) {
            return Ok(Err(format!("the secret stands in {}", path.display())));
        }
    }
    Ok(Ok(()))
}

fn has(bytes: &[u8], secret: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(place) = rest.iter().position(|it| Some(it) == secret.first()) {
        rest = &rest[place..];
        if rest.starts_with(secret) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}
