//! Patches that a person hands in with a form.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Wrong;
use crate::transition::{MAX_PATCH, NewPatch};

/// How many path parts can be stripped.
const MOST_LEVELS: i64 = 100;
/// Bytes that the comment of a patch can have.
const MAX_COMMENT: usize = 64 * 1024;

/// Takes the parts of the patch `name` out of `values`; none if it has no body. What is wrong is noted by its full name.
pub(super) fn read(
    name: &str,
    is_required: bool,
    values: &mut BTreeMap<String, Value>,
    wrong: &mut Wrong,
) -> Option<NewPatch> {
    let mut take = |part: &str| values.remove(&format!("{name}_{part}"));
    let (text, base64) = (take("body"), take("body_base64"));
    let parts = [take("subdir"), take("author"), take("comment")];
    let level = take("level");
    let mut say = |part: &str, why: String| drop(wrong.insert(format!("{name}_{part}"), why));
    let body = match body(text, base64) {
        Ok(body) if body.is_empty() && is_required => {
            say("body", "is required".to_owned());
            return None;
        }
        Ok(body) if body.is_empty() => return None,
        Ok(body) => body,
        Err((part, why)) => {
            say(part, why);
            return None;
        }
    };
    let level = level_of(level).map_err(|why| say("level", why));
    let mut texts = ["subdir", "author", "comment"]
        .into_iter()
        .zip(parts)
        .map(|(part, value)| text_of(part, value).map_err(|why| say(part, why)))
        .collect::<Vec<_>>()
        .into_iter();
    let mut next = || texts.next()?.ok();
    let (subdir, author, comment) = (next(), next(), next());
    Some(NewPatch {
        level: level.ok()?,
        subdir: subdir?,
        author: author?,
        comment: comment?,
        body,
    })
}

/// The diff, or which part is wrong and why.
fn body(text: Option<Value>, base64: Option<Value>) -> Result<Vec<u8>, (&'static str, String)> {
    let given = |value: Option<Value>| value.filter(|it| !it.is_null() && it != "");
    let (part, bytes) = match (given(text), given(base64)) {
        (None, None) => return Ok(vec![]),
        (Some(Value::String(text)), None) => ("body", text.into_bytes()),
        (None, Some(Value::String(text))) => {
            let bytes = STANDARD.decode(text.trim());
            (
                "body_base64",
                bytes.map_err(|error| ("body_base64", format!("is no base64: {error}")))?,
            )
        }
        (Some(_), Some(_)) => return Err(("body_base64", "is given beside the body".to_owned())),
        (Some(value), None) => return Err(("body", format!("must be text, not {value}"))),
        (None, Some(value)) => return Err(("body_base64", format!("must be text, not {value}"))),
    };
    if bytes.len() > MAX_PATCH {
        let why = format!(
            "is a patch of {} bytes; {MAX_PATCH} are the most: push a branch and force that",
            bytes.len()
        );
        return Err((part, why));
    }
    Ok(bytes)
}

fn level_of(value: Option<Value>) -> Result<i32, String> {
    let level = match &value {
        None | Some(Value::Null) => return Ok(1),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(1),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(value) => value.as_i64(),
    };
    level
        .filter(|it| (0..=MOST_LEVELS).contains(it))
        .and_then(|it| i32::try_from(it).ok())
        .ok_or_else(|| format!("must be a whole number from 0 to {MOST_LEVELS}"))
}

fn text_of(part: &str, value: Option<Value>) -> Result<String, String> {
    let text = match value {
        None | Some(Value::Null) => return Ok(String::new()),
        Some(Value::String(text)) if !text.contains('\0') => text,
        Some(_) => return Err("must be text".to_owned()),
    };
    if part != "subdir" {
        return match text.len() {
            0..=MAX_COMMENT => Ok(text),
            length => Err(format!("has {length} bytes; {MAX_COMMENT} are the most")),
        };
    }
    let parts: Vec<&str> = text
        .trim()
        .split('/')
        .filter(|it| !matches!(*it, "" | "."))
        .collect();
    if text.trim().starts_with('/') || parts.contains(&"..") {
        return Err("must be a folder within the source".to_owned());
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given(values: &[(&str, Value)]) -> (Option<NewPatch>, Wrong) {
        let mut values = values
            .iter()
            .map(|(part, value)| (format!("patch_{part}"), value.clone()))
            .collect();
        let mut wrong = Wrong::new();
        let patch = read("patch", true, &mut values, &mut wrong);
        assert!(values.is_empty(), "{values:?}");
        (patch, wrong)
    }

    #[test]
    fn a_patch_is_read_of_its_parts() {
        let (patch, wrong) = given(&[
            ("body_base64", json!("LSAt/w==")),
            ("level", json!(" 0 ")),
            ("subdir", json!("./lib//src/")),
            ("author", json!("Ada")),
        ]);
        assert!(wrong.is_empty(), "{wrong:?}");
        let expected = NewPatch {
            level: 0,
            subdir: "lib/src".to_owned(),
            author: "Ada".to_owned(),
            comment: String::new(),
            body: b"- -\xff".to_vec(),
        };
        assert_eq!(patch, Some(expected));
        let (patch, _) = given(&[
            ("body", json!("a\n")),
            ("level", Value::Null),
            ("subdir", json!(".")),
        ]);
        let patch = patch.unwrap();
        assert_eq!(
            (patch.level, patch.subdir.as_str(), patch.body),
            (1, "", b"a\n".to_vec())
        );
    }

    #[test]
    fn what_is_no_patch_is_told() {
        let large = "x".repeat(MAX_PATCH + 1);
        for (values, part, why) in [
            (vec![("level", json!(1))], "body", "is required"),
            (vec![("body", json!(7))], "body", "must be text, not 7"),
            (vec![("body_base64", json!("?"))], "body_base64", "is no base64: "),
            (
                vec![("body", json!("a")), ("body_base64", json!("YQ=="))],
                "body_base64",
                "is given beside the body",
            ),
            (
                vec![("body", json!(large))],
                "body",
                "is a patch of 655361 bytes; 655360 are the most",
            ),
            (
                vec![("body", json!("a")), ("level", json!(-1))],
                "level",
                "must be a whole number from 0 to 100",
            ),
            (
                vec![("body", json!("a")), ("subdir", json!("a/../.."))],
                "subdir",
                "must be a folder within the source",
            ),
        ] {
            let (patch, wrong) = given(&values);
            assert_eq!(patch, None, "{part}");
            assert!(wrong[&format!("patch_{part}")].starts_with(why), "{wrong:?}");
        }
    }
}
