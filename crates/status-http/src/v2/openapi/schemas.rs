//! The schemas of resources and of answers, made of the tables of columns.

use serde_json::{Map, Value, json};
use weir_status_api::Kind;

use super::{described, flag, integer, list, object, object_of, or_null, parts, schema, text};
use crate::v2::spec::{Gives, paths};
use crate::v2::{MICROS, Shape, TIMES, columns, plural};

/// The schema's name of resources of `kind`.
pub(super) fn name_of(kind: Kind) -> String {
    format!("{kind:?}")
}

/// The name of the filter of lists of `kind`.
pub(super) fn filter_of(kind: Kind) -> String {
    format!("{kind:?}Filter")
}

/// Resources, and by what their lists can be filtered.
pub(super) fn of_resources() -> Map<String, Value> {
    let mut all = Map::new();
    for kind in Kind::ALL.iter().copied() {
        all.insert(name_of(kind), of_kind(kind));
        all.insert(filter_of(kind), filter(kind));
    }
    all
}

fn of_kind(kind: Kind) -> Value {
    let name = name_of(kind);
    let fields = Gives::One(kind).fields();
    of_fields(&name, &fields)
}

fn of_fields(owner: &str, fields: &[(String, Shape, bool)]) -> Value {
    let described = fields.iter().map(|(name, shape, nullable)| {
        let schema = of_field(owner, name, *shape, *nullable);
        (name.as_str(), schema)
    });
    let described: Vec<_> = described.collect();
    let always = fields.iter().filter(|(name, _, nullable)| {
        // Microseconds are left out where the time is null, times of lines where nobody asks for them.
        !(*nullable && (is_micros(name, fields) || name == TIMES))
    });
    let always: Vec<&str> = always.map(|(name, ..)| name.as_str()).collect();
    object_of(&described, &always)
}

fn is_micros(name: &str, fields: &[(String, Shape, bool)]) -> bool {
    let time = name.strip_suffix(MICROS);
    time.is_some_and(|time| {
        fields
            .iter()
            .any(|(name, shape, _)| name == time && *shape == Shape::Time)
    })
}

fn of_field(owner: &str, name: &str, shape: Shape, nullable: bool) -> Value {
    let own = parts::within(owner, name);
    if shape == Shape::Int && name.ends_with(MICROS) {
        return described(integer(), "Microseconds since 1970.");
    }
    let plain = match (own, shape) {
        (Some(part), Shape::List(_)) => list(part),
        (Some(part), _) => part,
        (None, shape) => of_shape(shape),
    };
    if nullable { or_null(plain) } else { plain }
}

fn of_shape(shape: Shape) -> Value {
    match shape {
        Shape::Int => integer(),
        Shape::Text | Shape::Identifier => text(),
        Shape::Flag => flag(),
        Shape::Time => described(integer(), "Seconds since 1970."),
        Shape::Bytes => json!({"type": "null"}),
        Shape::Properties => schema("Properties"),
        Shape::Object => json!({"type": "object"}),
        Shape::One(kind) => schema(&name_of(kind)),
        Shape::List(of) => list(of_shape(*of)),
    }
}

/// The names by which resources of `kind` can be filtered and ordered, and what they hold.
pub(super) fn filterable(kind: Kind) -> Vec<(String, Shape)> {
    let mut names = vec![];
    for column in columns(kind).iter().filter(|it| it.field.is_some()) {
        let shape = column.shape(kind);
        names.push((column.name.to_owned(), shape));
        if shape == Shape::Time {
            names.push((format!("{}{MICROS}", column.name), Shape::Int));
        }
    }
    names
}

/// How a field is compared, as in the name of a parameter.
const OPERATORS: &str = "eq|ne|lt|le|gt|ge|contains|in|notin";

const FILTER: &str = "Each of these is a parameter of its own. A repeated parameter means any of its values.";

fn filter(kind: Kind) -> Value {
    let names = filterable(kind);
    let fields = names.iter().map(|(name, shape)| {
        let value = match shape {
            Shape::Int | Shape::Time => integer(),
            Shape::Flag => flag(),
            _ => text(),
        };
        (name.as_str(), value)
    });
    let fields: Vec<_> = fields.collect();
    let mut filter = described(object_of(&fields, &[]), FILTER);
    let alternatives: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
    let pattern = format!("^({})__({OPERATORS})(__[0-9]+)?$", alternatives.join("|"));
    filter["patternProperties"] = json!({pattern: {"type": ["integer", "boolean", "string"]}});
    filter["additionalProperties"] = json!(false);
    filter
}

/// The names of the fields of objects of `kind`, for `field`.
pub(super) fn selectable(kind: Kind) -> Vec<String> {
    let fields = Gives::One(kind).fields();
    fields.into_iter().map(|(name, ..)| name).collect()
}

/// The schema's name of the answer; none if it is no JSON.
pub(super) fn answer_of(gives: Gives) -> Option<String> {
    Some(match gives {
        Gives::RawLog | Gives::RawBuildData => return None,
        Gives::List(kind) | Gives::One(kind) => format!("{}Answer", name_of(kind)),
        Gives::LogChunk => "LogChunkAnswer".to_owned(),
        Gives::LogSearch => "LogSearchAnswer".to_owned(),
        Gives::Properties => "PropertiesAnswer".to_owned(),
        Gives::PropertyList => "PropertyListAnswer".to_owned(),
        Gives::CommitGraph => "CommitGraphAnswer".to_owned(),
        Gives::Specs => "SpecAnswer".to_owned(),
        Gives::RootLinks => "RootLinkAnswer".to_owned(),
        Gives::View(_) => view_name(gives),
    })
}

fn view_name(gives: Gives) -> String {
    let (word, _) = gives.names();
    let mut letters = word.chars();
    let first = letters.next().map(|it| it.to_ascii_uppercase());
    first.into_iter().chain(letters).chain("View".chars()).collect()
}

/// What each path gives.
pub(super) fn of_answers() -> Map<String, Value> {
    let mut all = Map::new();
    for gives in paths().into_iter().map(|path| path.gives) {
        let Some(name) = answer_of(gives) else { continue };
        if all.contains_key(&name) {
            continue;
        }
        if let Gives::View(_) = gives {
            all.insert(name.clone(), of_fields(&name, &gives.fields()));
            continue;
        }
        let row = match gives {
            Gives::List(kind) | Gives::One(kind) => schema(&name_of(kind)),
            Gives::Properties => schema("Properties"),
            other => {
                let row = name.trim_end_matches("Answer").to_owned();
                all.insert(row.clone(), of_fields(&row, &other.fields()));
                schema(&row)
            }
        };
        let key = match gives {
            Gives::List(kind) | Gives::One(kind) => plural(kind),
            other => other.names().1,
        };
        all.insert(name, object(&[(key, list(row)), ("meta", schema("Meta"))]));
    }
    all
}
