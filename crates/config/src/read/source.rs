//! What is built: branches and codebases.

use starlark::values::Value;
use starlark::values::dict::DictRef;

use super::{Reading, dict, list, string, text, unexpected, wrong};
use crate::model::{Pattern, SourceDefaults};
use crate::nearest::{did_you_mean, nearest};
use crate::object::{Item, Object};

/// What is said of a codebase.
const PARTS: [&str; 4] = ["repository", "branch", "revision", "project"];

/// What `codebases` holds where it can be either.
pub(crate) enum Codebases {
    /// The sources that are built together.
    Together(Vec<SourceDefaults>),
    /// Patterns of the codebases whose changes count.
    Patterns(Vec<Pattern>),
}

/// Patterns: strings in which `*` stands for any text, and regular expressions; one of these may stand alone.
/// `text` reads the strings.
pub(crate) fn patterns(
    text: fn(Value<'_>) -> Reading<String>,
    of: &'static str,
) -> impl Fn(Value<'_>) -> Reading<Vec<Pattern>> {
    move |value| match Object::from_value(value) {
        Some(Object(Item::Regex(pattern))) => Ok(vec![pattern.clone()]),
        _ => list(|it| pattern(text, it), of)(value),
    }
}

fn pattern(text: fn(Value<'_>) -> Reading<String>, value: Value<'_>) -> Reading<Pattern> {
    match Object::from_value(value) {
        Some(Object(Item::Regex(pattern))) => Ok(pattern.clone()),
        _ => text(value).map(Pattern::Text),
    }
}

/// One branch.
pub(crate) fn branch(value: Value<'_>) -> Reading<String> {
    match text(value)? {
        name if name.contains('*') => wrong(
            "must be one branch, without '*'",
            Some("any_branch(branches = […]) follows several"),
        ),
        name => Ok(name),
    }
}

/// Sources by the names of their codebases; in the order of those names, and never empty.
pub(crate) fn codebases(value: Value<'_>) -> Reading<Vec<SourceDefaults>> {
    let sources = dict(string, source)(value)?;
    if sources.is_empty() {
        return wrong("must not be empty", Some("leave it out"));
    }
    let named = sources
        .into_iter()
        .map(|(codebase, source)| SourceDefaults { codebase, ..source });
    Ok(named.collect())
}

/// Sources by the names of their codebases, or a list of patterns.
pub(crate) fn codebases_or_patterns(value: Value<'_>) -> Reading<Codebases> {
    if DictRef::from_value(value).is_some() {
        codebases(value).map(Codebases::Together)
    } else {
        patterns(string, "patterns")(value).map(Codebases::Patterns)
    }
}

/// The source of a codebase, without the codebase.
fn source(value: Value<'_>) -> Reading<SourceDefaults> {
    let Some(parts) = DictRef::from_value(value) else {
        return unexpected(
            value,
            "a dict",
            Some("write e.g. {\"repository\": \"…\", \"branch\": \"main\"}"),
        );
    };
    let mut source = SourceDefaults::default();
    for (name, value) in parts.iter() {
        let name = string(name)?;
        let of_part = |reading: Reading<String>| {
            reading.map_err(|wrongs| {
                let within = wrongs.into_iter().map(|it| super::Wrong {
                    path: format!("[\"{name}\"]{}", it.path),
                    ..it
                });
                within.collect::<Vec<_>>()
            })
        };
        match name.as_str() {
            "repository" => source.repository = of_part(string(value))?,
            "project" => source.project = of_part(string(value))?,
            "branch" => source.branch = Some(of_part(branch(value))?),
            "revision" => source.revision = Some(of_part(text(value))?),
            other => {
                let help = nearest(other, PARTS).map_or_else(
                    || "a codebase has 'repository', 'branch', 'revision' and 'project'".to_owned(),
                    did_you_mean,
                );
                return wrong(
                    format!("has '{other}', which is nothing of a codebase"),
                    Some(&help),
                );
            }
        }
    }
    Ok(source)
}
