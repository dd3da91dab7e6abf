//! Reads, by the table of paths; and the commands to what they name.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use weir_status_api::{Kind, MAX_LIMIT, MAX_SEARCH_HITS, MAX_SEARCH_PATTERN};

use super::answers::{good, with_errors};
use super::schemas::{answer_of, filter_of, filterable, selectable};
use super::{commands, described, flag, integer, list, schema, text};
use crate::v2::ViewName;
use crate::v2::spec::{Gives, PathSpec, paths as specs};

/// Stands for a parameter in the words of a path.
const ANY: &str = "{}";

/// Paths that differ only in what their parameters are called: where a name or an id can stand, both are told by
/// one parameter.
struct Place {
    /// The names and types of the parameter that each word is; none for a word that stands for itself.
    words: Vec<Vec<(String, &'static str)>>,
    gives: Gives,
}

/// A parameter's name and type, as Buildbot's patterns tell them.
fn parameter(word: &str) -> Option<(String, &'static str)> {
    let (kind, name) = word.split_once(':')?;
    let type_name = match kind {
        "n" => "integer",
        _ => "string",
    };
    Some((name.to_owned(), type_name))
}

fn places() -> BTreeMap<Vec<String>, Place> {
    let mut all: BTreeMap<Vec<String>, Place> = BTreeMap::new();
    for PathSpec { words, gives } in specs() {
        let parameters: Vec<_> = words.iter().map(|word| parameter(word)).collect();
        let key = words.iter().zip(&parameters);
        let key = key.map(|(word, parameter)| match parameter {
            Some(_) => ANY.to_owned(),
            None => word.clone(),
        });
        let place = all.entry(key.collect()).or_insert_with(|| Place {
            words: vec![vec![]; words.len()],
            gives,
        });
        for (known, parameter) in place.words.iter_mut().zip(parameters) {
            if let Some(parameter) = parameter.filter(|it| !known.contains(it)) {
                known.push(parameter);
            }
        }
    }
    all
}

/// A parameter's name, of all that it can be.
fn name_of(alternatives: &[(String, &str)]) -> String {
    let mut names: Vec<&str> = alternatives.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.join("_or_")
}

fn in_path(alternatives: &[(String, &str)]) -> Value {
    let mut types: Vec<&str> = alternatives.iter().map(|(_, name)| *name).collect();
    types.sort_unstable();
    types.dedup();
    let schema = match types.as_slice() {
        [one] => json!({"type": one}),
        several => json!({"type": several}),
    };
    json!({"name": name_of(alternatives), "in": "path", "required": true, "schema": schema})
}

/// Every path and its operations.
pub(super) fn paths() -> Map<String, Value> {
    places()
        .into_iter()
        .map(|(words, place)| place.written(&words))
        .collect()
}

impl Place {
    /// The path and its operations.
    fn written(&self, words: &[String]) -> (String, Value) {
        let mut path = "/api/v2".to_owned();
        for (word, alternatives) in words.iter().zip(&self.words) {
            path.push('/');
            match alternatives.as_slice() {
                [] => path.push_str(word),
                several => path.push_str(&format!("{{{}}}", name_of(several))),
            }
        }
        let mut item = json!({"get": read(self.gives)});
        let parameters = self.words.iter().filter(|it| !it.is_empty());
        let parameters: Vec<Value> = parameters.map(|it| in_path(it)).collect();
        if !parameters.is_empty() {
            item["parameters"] = json!(parameters);
        }
        if let Gives::One(kind) = self.gives
            && let Some(command) = commands::operation(kind)
        {
            item["post"] = command;
        }
        if let (Gives::List(kind), [_]) = (self.gives, words)
            && let Some(command) = commands::of_list(kind)
        {
            item["post"] = command;
        }
        (path, item)
    }
}

fn read(gives: Gives) -> Value {
    let good = match (gives, answer_of(gives)) {
        (Gives::RawLog, _) => good("text/plain", &text(), true),
        (_, Some(name)) => {
            let has_cursor = !matches!(gives, Gives::Specs | Gives::RootLinks);
            let mut good = good("application/json", &schema(&name), has_cursor);
            let same = json!({"description": "It is what `If-None-Match` tells."});
            good.insert("304".to_owned(), same);
            good
        }
        (_, None) => good("application/octet-stream", &json!({}), true),
    };
    let mut operation = json!({
        "tags": ["reads"],
        "summary": summary(gives),
        "responses": with_errors(good, &[401, 403, 404, 501]),
    });
    let query = query(gives);
    if !query.is_empty() {
        operation["parameters"] = json!(query);
    }
    operation
}

fn summary(gives: Gives) -> String {
    let (one, many) = gives.names();
    match gives {
        Gives::List(_) => format!("Lists {many}."),
        Gives::One(_) => format!("Tells of one {one}."),
        Gives::LogChunk => "Lines of a log.".to_owned(),
        Gives::LogSearch => "The lines of a log in which something is found.".to_owned(),
        Gives::RawLog => "A whole log as text.".to_owned(),
        Gives::RawBuildData => "The value of a build's data, as it is.".to_owned(),
        Gives::Properties => "All properties.".to_owned(),
        Gives::PropertyList => "All properties as a list.".to_owned(),
        Gives::CommitGraph => "How two commits are related.".to_owned(),
        Gives::View(_) => "What a display of many builds needs.".to_owned(),
        Gives::Specs => "Every path and what it gives.".to_owned(),
        Gives::RootLinks => "The names of the lists.".to_owned(),
    }
}

fn shared(name: &str) -> Value {
    json!({"$ref": format!("#/components/parameters/{name}")})
}

fn in_query(name: &str, schema: Value, what: &str) -> Value {
    json!({"name": name, "in": "query", "description": what, "schema": schema})
}

fn query(gives: Gives) -> Vec<Value> {
    match gives {
        Gives::List(kind) => {
            let mut all = vec![
                shared(&filter_of(kind)),
                shared(&format!("{kind:?}Order")),
                shared("limit"),
                shared("offset"),
                shared("after"),
            ];
            all.extend(selection(kind));
            all
        }
        Gives::One(kind) => selection(kind),
        Gives::LogChunk => vec![
            in_query("offset", integer(), "The first line that is wanted, from 0."),
            in_query("limit", natural(), "How many lines are wanted."),
            in_query(
                "times",
                flag(),
                "Whether `times_us` is wanted: when the lines were stored.",
            ),
        ],
        Gives::RawLog => vec![in_query(
            "times",
            flag(),
            "Whether each line begins with when it was stored, in UTC; not of HTML.",
        )],
        Gives::LogSearch => search(),
        Gives::View(name) => view(name),
        _ => vec![],
    }
}

fn search() -> Vec<Value> {
    let pattern = json!({"type": "string", "minLength": 1, "maxLength": MAX_SEARCH_PATTERN});
    let limit = format!("How many lines are wanted; {MAX_SEARCH_HITS} at the most, and if nothing is said.");
    vec![
        in_query(
            "text",
            pattern.clone(),
            "This text is looked for; this or `regex` is needed.",
        ),
        in_query(
            "regex",
            pattern,
            "What this regular expression matches is looked for.",
        ),
        in_query("ignore_case", flag(), "Whether letters are found in either case."),
        in_query("offset", natural(), "The first line that is searched, from 0."),
        in_query("limit", natural(), &limit),
    ]
}

fn selection(kind: Kind) -> Vec<Value> {
    let mut all = vec![shared(&format!("{kind:?}Field"))];
    if matches!(kind, Kind::Build | Kind::BuildRequest) {
        all.push(shared("property"));
    }
    all
}

fn natural() -> Value {
    json!({"type": "integer", "format": "int64", "minimum": 0})
}

fn view(name: ViewName) -> Vec<Value> {
    let mut all: Vec<Value> = [
        "builderid",
        "tag",
        "without_tag",
        "projectid",
        "removed",
        "viewLimit",
    ]
    .map(shared)
    .into();
    match name {
        ViewName::Home => {}
        ViewName::Waterfall => {
            all.extend([
                in_query("from", integer(), "Seconds; this or `from_us` is needed."),
                in_query("from_us", integer(), "Microseconds."),
                in_query("to", integer(), "Seconds; this or `to_us` is needed."),
                in_query("to_us", integer(), "Microseconds."),
                in_query("steps", flag(), "Whether the builds' steps are wanted."),
            ]);
        }
        ViewName::Grid | ViewName::Console => {
            all.push(in_query("branch", text(), "Only this branch."));
            all.push(in_query("codebase", text(), "Only this codebase."));
        }
    }
    if name == ViewName::Console {
        all.push(in_query(
            "before_changeid",
            integer(),
            "Only changes before this one.",
        ));
    }
    all
}

/// The parameters that several paths have, by name.
pub(super) fn parameters() -> Map<String, Value> {
    let limit = format!("At most so many rows; never more than {MAX_LIMIT}.");
    let several = |name: &str, of: Value, what: &str| in_query(name, list(of), what);
    let mut all = Map::from_iter([
        ("limit".to_owned(), in_query("limit", natural(), &limit)),
        (
            "offset".to_owned(),
            in_query(
                "offset",
                json!({"type": "integer", "format": "int32", "minimum": 0}),
                "How many rows to pass over.",
            ),
        ),
        (
            "after".to_owned(),
            in_query(
                "after",
                text(),
                "The page behind the one whose `meta.next` this is.",
            ),
        ),
        (
            "property".to_owned(),
            several("property", text(), "Fills `properties` with these; `*` for all."),
        ),
        (
            "builderid".to_owned(),
            several("builderid", integer(), "Only these builders."),
        ),
        (
            "tag".to_owned(),
            several("tag", text(), "Only builders with one of these tags."),
        ),
        (
            "without_tag".to_owned(),
            several("without_tag", text(), "Only builders without these tags."),
        ),
        (
            "projectid".to_owned(),
            in_query("projectid", integer(), "Only builders of this project."),
        ),
        (
            "removed".to_owned(),
            in_query("removed", flag(), "Builders too that are configured no longer."),
        ),
        (
            "viewLimit".to_owned(),
            in_query(
                "limit",
                natural(),
                "At most so many builds, revisions or changes.",
            ),
        ),
    ]);
    for kind in Kind::ALL.iter().copied() {
        all.insert(filter_of(kind), filter(kind));
        all.insert(format!("{kind:?}Order"), order(kind));
        all.insert(format!("{kind:?}Field"), field(kind));
    }
    all
}

fn filter(kind: Kind) -> Value {
    json!({
        "name": "filter",
        "in": "query",
        "description": "Only rows whose field compares so: `field=value` or `field__operator=value`.",
        "style": "form",
        "explode": true,
        "schema": schema(&filter_of(kind)),
    })
}

fn order(kind: Kind) -> Value {
    let names = filterable(kind).into_iter().map(|(name, _)| name);
    let both: Vec<String> = names.flat_map(|name| [format!("-{name}"), name]).collect();
    in_query(
        "order",
        list(json!({"type": "string", "enum": both})),
        "By which fields; `-` for descending. The id settles the rest.",
    )
}

fn field(kind: Kind) -> Value {
    in_query(
        "field",
        described(
            list(json!({"type": "string", "enum": selectable(kind)})),
            "With it, objects have only the fields that it names.",
        ),
        "Only these fields.",
    )
}
