//! The parameters of a change that somebody tells of, both ways; Buildbot's names.

use serde_json::{Map, Value, json};
use weir_status_api::{ChangeParams, Result, Timestamp};

use super::{parameter, text, wrong};

const MICROS: f64 = 1e6;

/// The change that the parameters tell of. `when_us` (microseconds) goes before `when_timestamp` (seconds).
///
/// # Errors
/// [`Error::InvalidInput`](weir_status_api::Error) if one is not of its type, or there is no such parameter.
pub fn change_from_params(params: &Map<String, Value>) -> Result<ChangeParams> {
    const KNOWN: [&str; 14] = [
        "author",
        "committer",
        "files",
        "comments",
        "revision",
        "branch",
        "category",
        "revlink",
        "properties",
        "repository",
        "project",
        "codebase",
        "when_timestamp",
        "when_us",
    ];
    if let Some(other) = params.keys().find(|it| !KNOWN.contains(&it.as_str())) {
        return Err(weir_status_api::Error::InvalidInput {
            fields: [(other.clone(), "there is no such parameter".to_owned())].into(),
        });
    }
    let or_empty = |name| Ok(text(params, name)?.unwrap_or_default());
    Ok(ChangeParams {
        author: or_empty("author")?,
        committer: text(params, "committer")?,
        files: files(params)?,
        comments: or_empty("comments")?,
        revision: text(params, "revision")?,
        branch: text(params, "branch")?,
        category: text(params, "category")?,
        revlink: text(params, "revlink")?,
        properties: match params.get("properties") {
            None | Some(Value::Null) => Default::default(),
            Some(Value::Object(named)) => named.clone().into_iter().collect(),
            Some(_) => return Err(wrong("properties", "an object")),
        },
        repository: or_empty("repository")?,
        project: or_empty("project")?,
        codebase: or_empty("codebase")?,
        when: when(params)?,
    })
}

fn files(params: &Map<String, Value>) -> Result<Vec<String>> {
    let bad = || wrong("files", "a list of texts");
    match params.get("files") {
        None | Some(Value::Null) => Ok(vec![]),
        Some(Value::Array(files)) => files
            .iter()
            .map(|it| it.as_str().map(str::to_owned).ok_or_else(bad))
            .collect(),
        Some(_) => Err(bad()),
    }
}

fn when(params: &Map<String, Value>) -> Result<Option<Timestamp>> {
    match (parameter(params, "when_us"), parameter(params, "when_timestamp")) {
        (Value::Null, Value::Null) => Ok(None),
        (Value::Null, seconds) => {
            let seconds = seconds.as_f64().filter(|it| it.abs() < 1e12);
            let seconds = seconds.ok_or_else(|| wrong("when_timestamp", "seconds since 1970"))?;
            #[expect(clippy::cast_possible_truncation, reason = "it is within 63 bits")]
            Ok(Some(Timestamp((seconds * MICROS).round() as i64)))
        }
        (micros, _) => micros
            .as_i64()
            .map(|it| Some(Timestamp(it)))
            .ok_or_else(|| wrong("when_us", "microseconds since 1970")),
    }
}

/// The parameters that tell of the change.
pub(super) fn change_to_params(change: &ChangeParams) -> Map<String, Value> {
    let ChangeParams {
        author,
        committer,
        files,
        comments,
        revision,
        branch,
        category,
        revlink,
        properties,
        repository,
        project,
        codebase,
        when,
    } = change;
    let all = [
        ("author", json!(author)),
        ("committer", json!(committer)),
        ("files", json!(files)),
        ("comments", json!(comments)),
        ("revision", json!(revision)),
        ("branch", json!(branch)),
        ("category", json!(category)),
        ("revlink", json!(revlink)),
        ("properties", json!(properties)),
        ("repository", json!(repository)),
        ("project", json!(project)),
        ("codebase", json!(codebase)),
        ("when_timestamp", json!(when.map(|it| it.0.div_euclid(1_000_000)))),
        ("when_us", json!(when.map(|it| it.0))),
    ];
    all.into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
