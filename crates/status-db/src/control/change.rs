//! From a change that somebody tells of to one that is recorded.

use std::collections::BTreeMap;

use weir_status_api::{ChangeParams, Property, Timestamp};

use crate::error::{Error, Result};
use crate::transition::NewChange;

/// How many files a change can name.
const MAX_FILES: usize = 10_000;
/// How many properties it can have.
const MAX_PROPERTIES: usize = 1000;

/// The change to be recorded, which was told of `now`.
pub(super) fn change(told: ChangeParams, now: Timestamp) -> Result<NewChange> {
    let mut wrong = BTreeMap::new();
    let mut say = |field: &str, why: String| drop(wrong.insert(field.to_owned(), why));
    if told.author.trim().is_empty() {
        say("author", "is required".to_owned());
    }
    if told.files.len() > MAX_FILES {
        say(
            "files",
            format!("are {}; {MAX_FILES} are the most", told.files.len()),
        );
    }
    if told.files.iter().any(String::is_empty) {
        say("files", "have one without a name".to_owned());
    }
    if told.properties.len() > MAX_PROPERTIES {
        say(
            "properties",
            format!("are {}; {MAX_PROPERTIES} are the most", told.properties.len()),
        );
    }
    if told.properties.keys().any(String::is_empty) {
        say("properties", "have one without a name".to_owned());
    }
    if !wrong.is_empty() {
        return Err(Error::InvalidInput { fields: wrong });
    }
    // A form sends empty text for what a person left out.
    let given = |text: Option<String>| text.filter(|it| !it.is_empty());
    let properties = told.properties.into_iter();
    Ok(NewChange {
        author: told.author,
        committer: given(told.committer),
        files: told.files,
        comments: told.comments,
        revision: given(told.revision),
        branch: given(told.branch),
        category: given(told.category),
        revlink: given(told.revlink),
        properties: properties
            .map(|(name, value)| (name, Property::new(value, "Change")))
            .collect(),
        repository: told.repository,
        project: told.project,
        codebase: told.codebase,
        when: told.when.unwrap_or(now),
        commit: None,
        state: None,
    })
}

/// All its texts by their fields.
pub(super) fn texts(told: &ChangeParams) -> Vec<(&'static str, &str)> {
    let optional = [
        ("committer", &told.committer),
        ("revision", &told.revision),
        ("branch", &told.branch),
        ("category", &told.category),
        ("revlink", &told.revlink),
    ];
    let texts = [
        ("author", &told.author),
        ("comments", &told.comments),
        ("repository", &told.repository),
        ("project", &told.project),
        ("codebase", &told.codebase),
    ];
    optional
        .into_iter()
        .filter_map(|(field, text)| Some((field, text.as_deref()?)))
        .chain(texts.map(|(field, text)| (field, text.as_str())))
        .collect()
}
