//! What a person filled in, field by field.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Map, Value};
use weir_status_api::{ForceField, ForceFieldKind, ForceSource, Properties, Property, TextRules};

use super::{FORM, Wrong, given, patch};
use crate::transition::{NewPatch, NewSourceStamp};

/// What came of a form.
#[derive(Debug, Default)]
pub(super) struct Filled {
    /// A property of each field.
    pub(super) properties: Properties,
    /// The sources of codebases beside the scheduler's own.
    pub(super) sources: Vec<NewSourceStamp>,
    /// Patches, and the codebases upon whose sources they are.
    pub(super) patches: Vec<(String, NewPatch)>,
}

/// Reads the values of `fields`, by their full names; notes what is wrong.
pub(super) fn read(fields: &[ForceField], mut values: BTreeMap<String, Value>, wrong: &mut Wrong) -> Filled {
    let mut reader = Reader {
        values: &mut values,
        wrong,
        sources: vec![],
        patches: vec![],
        any: Map::new(),
    };
    let mut read = reader.group(fields, "");
    // What is asked for by its own name goes before what may be anything.
    for (name, value) in std::mem::take(&mut reader.any) {
        read.entry(name).or_insert(value);
    }
    let (sources, patches) = (reader.sources, reader.patches);
    for name in values.into_keys() {
        wrong.insert(name, "there is no such field".to_owned());
    }
    let properties = read.into_iter();
    Filled {
        properties: properties
            .map(|(name, value)| (name, Property::new(value, FORM)))
            .collect(),
        sources,
        patches,
    }
}

struct Reader<'r> {
    values: &'r mut BTreeMap<String, Value>,
    wrong: &'r mut Wrong,
    sources: Vec<NewSourceStamp>,
    patches: Vec<(String, NewPatch)>,
    /// What was given for fields of any properties.
    any: Map<String, Value>,
}

impl Reader<'_> {
    /// The values of the fields of a group, by the names that they have in it.
    fn group(&mut self, fields: &[ForceField], within: &str) -> Map<String, Value> {
        let mut read = Map::new();
        for field in fields {
            let full_name = full_name(within, &field.name);
            match &field.kind {
                ForceFieldKind::Codebase(source) => self.codebase(&field.name, source),
                ForceFieldKind::Group(fields) if field.name.is_empty() => {
                    read.extend(self.group(fields, within));
                }
                ForceFieldKind::Group(fields) => {
                    let value = self.group(fields, &full_name);
                    read.insert(field.name.clone(), value.into());
                }
                ForceFieldKind::Patch { codebase } => {
                    let patch = patch::read(&full_name, field.required, self.values, self.wrong);
                    self.patches.extend(patch.map(|it| (codebase.clone(), it)));
                }
                ForceFieldKind::Properties => {
                    let value = self.values.remove(&full_name).unwrap_or(Value::Null);
                    match any_properties(value) {
                        Ok(more) => self.any.extend(more),
                        Err(why) => drop(self.wrong.insert(full_name, why)),
                    }
                }
                kind => {
                    let value = self.values.remove(&full_name).filter(|it| !is_empty(it));
                    let value = value.map_or_else(|| Ok(field.default.clone()), |value| fit(kind, value));
                    match value.and_then(|value| not_missing(field, value)) {
                        Ok(value) => drop(read.insert(field.name.clone(), value)),
                        Err(why) => drop(self.wrong.insert(full_name, why)),
                    }
                }
            }
        }
        read
    }

    fn codebase(&mut self, name: &str, defaults: &ForceSource) {
        let mut part = |part: &str| {
            let full_name = full_name(name, part);
            match self.values.remove(&full_name)? {
                Value::Null => None,
                Value::String(text) if !text.contains('\0') => given(Some(text)),
                other => {
                    self.wrong.insert(full_name, format!("must be text, not {other}"));
                    None
                }
            }
        };
        let source = NewSourceStamp {
            branch: part("branch").or_else(|| defaults.branch.clone()),
            revision: part("revision").or_else(|| defaults.revision.clone()),
            repository: part("repository").unwrap_or_else(|| defaults.repository.clone()),
            project: part("project").unwrap_or_else(|| defaults.project.clone()),
            codebase: name.to_owned(),
            patch: None,
        };
        self.sources.push(source);
    }
}

/// The properties that are given as an object, or as lines `NAME=VALUE`.
fn any_properties(value: Value) -> Result<Map<String, Value>, String> {
    let named = match value {
        Value::Null => Map::new(),
        Value::Object(named) => named,
        Value::String(text) => text
            .lines()
            .filter(|it| !it.trim().is_empty())
            .map(|line| match line.split_once('=') {
                Some((name, value)) => Ok((name.trim().to_owned(), value.trim().into())),
                None => Err(format!("must be lines NAME=VALUE, not `{line}`")),
            })
            .collect::<Result<_, _>>()?,
        value => return Err(format!("must be an object of names and values, not {value}")),
    };
    match named.keys().find(|it| it.is_empty() || it.contains('\0')) {
        Some(_) => Err("has a property without a name, or with NUL in it".to_owned()),
        None => Ok(named),
    }
}

/// The name under which the value of a field in the group `within` is given.
fn full_name(within: &str, name: &str) -> String {
    match within {
        "" => name.to_owned(),
        within => format!("{within}_{name}"),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// Refuses nothing, and a list of nothing, of a field that is required.
fn not_missing(field: &ForceField, value: Value) -> Result<Value, String> {
    let is_missing = is_empty(&value) || value.as_array().is_some_and(Vec::is_empty);
    if field.required && is_missing {
        return Err("is required".to_owned());
    }
    Ok(value)
}

/// The value as its kind has it, or what is wrong with it.
fn fit(kind: &ForceFieldKind, value: Value) -> Result<Value, String> {
    match kind {
        ForceFieldKind::Text => text(value).map(Value::String),
        ForceFieldKind::Ruled(rules) => ruled(rules, text(value)?).map(Value::String),
        ForceFieldKind::Username => {
            let name = text(value)?;
            match name.trim().split_once('@') {
                Some((who, host)) if !who.is_empty() && host.contains('.') => Ok(Value::String(name)),
                _ => Err("must be a name with an address, e.g. `Ada <ada@example.org>`".to_owned()),
            }
        }
        ForceFieldKind::Int => whole_number(value).map(Value::from),
        ForceFieldKind::Within { min, max } => {
            let number = whole_number(value)?;
            match (min, max) {
                (Some(min), _) if number < *min => Err(format!("must be {min} or more, not {number}")),
                (_, Some(max)) if number > *max => Err(format!("must be {max} or less, not {number}")),
                _ => Ok(number.into()),
            }
        }
        ForceFieldKind::Bool => match value {
            Value::Bool(_) => Ok(value),
            // A command line has text only.
            Value::String(text) if text == "true" => Ok(true.into()),
            Value::String(text) if text == "false" => Ok(false.into()),
            value => Err(format!("must be true or false, not {value}")),
        },
        ForceFieldKind::Choice(choices) => chosen(choices, value),
        ForceFieldKind::Choices {
            choices,
            strict,
            multiple,
        } => {
            let one = |value| match (strict, value) {
                (true, value) => chosen(choices, value),
                (false, value) => text(value).map(Value::String),
            };
            match value {
                Value::Array(items) if *multiple => items.into_iter().map(one).collect(),
                value if *multiple => Ok(vec![one(value)?].into()),
                value => one(value),
            }
        }
        // These hold no value of their own.
        ForceFieldKind::Codebase(_)
        | ForceFieldKind::Group(_)
        | ForceFieldKind::Patch { .. }
        | ForceFieldKind::Properties => Ok(value),
    }
}

fn text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        value => Err(format!("must be text, not {value}")),
    }
}

fn ruled(rules: &TextRules, text: String) -> Result<String, String> {
    if !rules.lines && text.contains(['\n', '\r']) {
        return Err("must be one line".to_owned());
    }
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    if let Some(longest) = rules.max_length.filter(|it| length > *it) {
        return Err(format!("has {length} characters; at most {longest} are allowed"));
    }
    if let Some(pattern) = &rules.pattern {
        match Regex::new(&format!("^(?:{pattern})$")) {
            Ok(regex) if regex.is_match(&text) => {}
            Ok(_) => return Err(format!("does not match the pattern `{pattern}`")),
            Err(_) => return Err(format!("cannot be checked: `{pattern}` is no pattern")),
        }
    }
    Ok(text)
}

fn whole_number(value: Value) -> Result<i64, String> {
    match value {
        Value::Number(number) if number.is_i64() => Ok(number.as_i64().unwrap_or_default()),
        // A form sends numbers as text.
        Value::String(text) => text
            .trim()
            .parse::<i64>()
            .map_err(|_| format!("must be a whole number, not `{text}`")),
        value => Err(format!("must be a whole number, not {value}")),
    }
}

fn chosen(choices: &[String], value: Value) -> Result<Value, String> {
    match value {
        Value::String(text) if choices.contains(&text) => Ok(Value::String(text)),
        value => Err(format!("must be one of {}, not {value}", choices.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(name: &str, kind: ForceFieldKind, default: Value, required: bool) -> ForceField {
        ForceField {
            name: name.to_owned(),
            label: name.to_owned(),
            kind,
            default,
            required,
        }
    }

    #[test]
    fn every_wrong_field_is_told_of() {
        let fields = [
            field("target", ForceFieldKind::Text, json!(""), true),
            field("jobs", ForceFieldKind::Int, json!(4), false),
            field("clean", ForceFieldKind::Bool, json!(false), false),
            field(
                "mode",
                ForceFieldKind::Choice(vec!["debug".into(), "release".into()]),
                json!("debug"),
                true,
            ),
        ];
        let values = [
            ("jobs", json!("many")),
            ("clean", json!("yes")),
            ("mode", json!("fast")),
            ("colour", json!("red")),
        ];
        let mut wrong = Wrong::new();
        let values = values.map(|(name, value)| (name.to_owned(), value)).into();
        assert!(read(&fields, values, &mut wrong).properties.is_empty());
        assert_eq!(
            wrong.into_iter().collect::<Vec<_>>(),
            [
                ("clean", "must be true or false, not \"yes\""),
                ("colour", "there is no such field"),
                ("jobs", "must be a whole number, not `many`"),
                ("mode", "must be one of debug, release, not \"fast\""),
                ("target", "is required"),
            ]
            .map(|(name, why)| (name.to_owned(), why.to_owned()))
        );
    }

    #[test]
    fn what_is_left_out_takes_the_default_and_numbers_may_be_text() {
        let fields = [
            field("target", ForceFieldKind::Text, json!("all"), true),
            field("jobs", ForceFieldKind::Int, json!(4), false),
        ];
        let values = BTreeMap::from([
            ("target".to_owned(), json!(" ")),
            ("jobs".to_owned(), json!(" 8 ")),
        ]);
        let mut wrong = Wrong::new();
        let properties = read(&fields, values, &mut wrong).properties;
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(properties["target"], Property::new("all", FORM));
        assert_eq!(properties["jobs"], Property::new(8, FORM));
    }

    #[test]
    fn rules_are_kept() {
        let ruled = |pattern: &str| {
            ForceFieldKind::Ruled(TextRules {
                lines: false,
                pattern: Some(pattern.to_owned()),
                max_length: Some(5),
            })
        };
        let choices = vec!["a".to_owned(), "b".to_owned()];
        let several = |strict| ForceFieldKind::Choices {
            choices: choices.clone(),
            strict,
            multiple: true,
        };
        let within = ForceFieldKind::Within {
            min: Some(1),
            max: Some(8),
        };
        for (kind, value, expected) in [
            (ruled("[0-9.]+"), json!("1.2"), Ok(json!("1.2"))),
            (
                ruled("[0-9.]+"),
                json!("1.2b"),
                Err("does not match the pattern `[0-9.]+`"),
            ),
            (
                ruled(".*"),
                json!("123456"),
                Err("has 6 characters; at most 5 are allowed"),
            ),
            (ruled("(?s).*"), json!("1\n2"), Err("must be one line")),
            (within.clone(), json!("8"), Ok(json!(8))),
            (within.clone(), json!(0), Err("must be 1 or more, not 0")),
            (within, json!(9), Err("must be 8 or less, not 9")),
            (ForceFieldKind::Bool, json!("true"), Ok(json!(true))),
            (several(true), json!(["a", "b"]), Ok(json!(["a", "b"]))),
            (several(true), json!("b"), Ok(json!(["b"]))),
            (
                several(true),
                json!(["a", "c"]),
                Err("must be one of a, b, not \"c\""),
            ),
            (several(false), json!(["c"]), Ok(json!(["c"]))),
            (
                ForceFieldKind::Username,
                json!("Ada <ada@weir.example>"),
                Ok(json!("Ada <ada@weir.example>")),
            ),
            (
                ForceFieldKind::Username,
                json!("ada"),
                Err("must be a name with an address, e.g. `Ada <ada@example.org>`"),
            ),
        ] {
            let shown = format!("{kind:?} of {value}");
            assert_eq!(fit(&kind, value), expected.map_err(str::to_owned), "{shown}");
        }
    }

    #[test]
    fn groups_and_codebases_have_full_names() {
        let of = ForceFieldKind::Group(vec![field("of", ForceFieldKind::Text, json!("x"), false)]);
        let fields = [
            field(
                "lib",
                ForceFieldKind::Codebase(ForceSource {
                    branch: Some("stable".to_owned()),
                    repository: "/srv/lib".to_owned(),
                    ..ForceSource::default()
                }),
                json!(""),
                false,
            ),
            field(
                "sanitizer",
                ForceFieldKind::Group(vec![
                    field("on", ForceFieldKind::Bool, json!(false), false),
                    field("", of, json!(""), false),
                ]),
                json!(""),
                false,
            ),
            field(
                "",
                ForceFieldKind::Group(vec![field("plain", ForceFieldKind::Int, json!(1), false)]),
                json!(""),
                false,
            ),
        ];
        let values = BTreeMap::from(
            [
                ("lib_revision", json!("abc")),
                ("lib_branch", json!(" ")),
                ("sanitizer_on", json!(true)),
                ("plain", json!(2)),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let mut wrong = Wrong::new();
        let filled = read(&fields, values, &mut wrong);
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(
            filled.properties["sanitizer"],
            Property::new(json!({"on": true, "of": "x"}), FORM)
        );
        assert_eq!(filled.properties["plain"], Property::new(2, FORM));
        assert_eq!(filled.properties.len(), 2);
        assert_eq!(
            filled.sources,
            [NewSourceStamp {
                branch: Some("stable".to_owned()),
                revision: Some("abc".to_owned()),
                repository: "/srv/lib".to_owned(),
                codebase: "lib".to_owned(),
                ..NewSourceStamp::default()
            }]
        );
        let unknown = BTreeMap::from([
            ("lib_patch".to_owned(), json!("")),
            ("lib_project".to_owned(), json!(1)),
        ]);
        read(&fields, unknown, &mut wrong);
        assert_eq!(wrong.keys().collect::<Vec<_>>(), ["lib_patch", "lib_project"]);
    }

    #[test]
    fn any_properties_come_after_those_that_are_asked_for() {
        let fields = [
            field("more", ForceFieldKind::Properties, json!(""), false),
            field("mode", ForceFieldKind::Text, json!("debug"), false),
        ];
        for (value, expected) in [
            (
                json!({"mode": "x", "jobs": 4}),
                Ok(vec![("jobs", json!(4)), ("mode", json!("debug"))]),
            ),
            (
                json!("a = b=c\n\nd="),
                Ok(vec![
                    ("a", json!("b=c")),
                    ("d", json!("")),
                    ("mode", json!("debug")),
                ]),
            ),
            (json!(""), Ok(vec![("mode", json!("debug"))])),
            (json!("a"), Err("must be lines NAME=VALUE, not `a`")),
            (json!([1]), Err("must be an object of names and values, not [1]")),
        ] {
            let mut wrong = Wrong::new();
            let filled = read(&fields, BTreeMap::from([("more".to_owned(), value)]), &mut wrong);
            match expected {
                Ok(expected) => {
                    let properties = filled.properties.iter();
                    let properties: Vec<_> = properties
                        .map(|(name, it)| (name.as_str(), it.value.clone()))
                        .collect();
                    assert_eq!(properties, expected);
                }
                Err(why) => assert_eq!(wrong["more"], why),
            }
        }
    }
}
