//! A list as path and query string, for a client.

use std::collections::BTreeMap;

use form_urlencoded::Serializer;
use weir_status_api::{
    Condition, DEFAULT_LIMIT, Kind, List, ListParts, MAX_LIMIT, Op, Order, Start, TopicFilter, Value,
};

use super::values;
use crate::v2::columns::{Unit, columns, json_name};
use crate::v2::path::routes::{Named, Relation, Route, Word};
use crate::v2::path::table::ROOT;
use crate::v2::{MICROS, plural};

/// A list as it is asked for over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListText {
    /// The path below `/api/v2/`.
    pub path: String,
    /// The query string, without `?`.
    pub query: String,
    /// Whether only Weir understands it. A Buildbot master would leave out what it does not know, and answer
    /// something else.
    pub extended: bool,
}

/// Asks for `list`: at the nested path that Buildbot has for it, if it has one.
pub fn write_list(list: List) -> ListText {
    let ListParts {
        kind,
        mut filters,
        order,
        limit,
        offset,
        after,
        properties,
    } = list.into_parts();
    let nested = nested_path(kind, &mut filters);
    // Without a parent there is no list of steps or logs in Buildbot.
    let mut extended = nested.is_none() && only_below(kind);
    let mut query = Serializer::new(String::new());
    extended |= write_filters(kind, &filters, &mut query);
    for Order { field, descending } in &order {
        let sign = if *descending { "-" } else { "" };
        query.append_pair("order", &format!("{sign}{}", json_name(kind, field)));
    }
    query.append_pair(
        "limit",
        &limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT).to_string(),
    );
    if offset > 0 {
        query.append_pair("offset", &offset.to_string());
    }
    if let Some(token) = after {
        query.append_pair("after", &token.0);
    }
    if matches!(kind, Kind::Build | Kind::BuildRequest) {
        for name in &properties {
            query.append_pair("property", name);
        }
    }
    ListText {
        path: nested.unwrap_or_else(|| plural(kind).to_owned()),
        query: query.finish(),
        extended,
    }
}

/// The query string that asks `/sse/listen` for the events of a watch.
pub fn write_watch(filter: &TopicFilter, start: Start) -> String {
    let mut query = Serializer::new(String::new());
    for pattern in filter.patterns() {
        query.append_pair("path", &pattern.to_string());
    }
    if let Start::After(cursor) = start {
        query.append_pair("since", &cursor.to_string());
    }
    query.finish()
}

/// Whether Buildbot lists such resources below a parent only.
const fn only_below(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Step | Kind::Log | Kind::Branch | Kind::Commit | Kind::BuildData | Kind::TestResult
    )
}

/// The path below the one parent that a filter names; takes that filter out. Only where Buildbot knows no filter
/// that says the same.
fn nested_path(kind: Kind, filters: &mut Vec<Condition>) -> Option<String> {
    let (place, path) = filters.iter().enumerate().find_map(|(place, filter)| {
        let (Op::Eq, [Value::Int(id)]) = (filter.op, filter.values.as_slice()) else {
            return None;
        };
        let field = filter.field.as_str();
        let relation = columns(kind)
            .iter()
            .any(|it| it.relation && it.field == Some(field));
        let (parent, child) = nested(kind, field).filter(|_| relation || only_below(kind))?;
        Some((place, format!("{parent}/{id}/{child}")))
    })?;
    filters.remove(place);
    Some(path)
}

/// The list of `kind` below another resource whose id is `field`: the word before that id, and the word behind it.
fn nested(kind: Kind, field: &str) -> Option<(&'static str, &'static str)> {
    let child = |routes: &'static [Route]| {
        routes.iter().find_map(|route| match (&route.word, route.names) {
            (Word::Fixed(word), Some(Named::List(of, Relation::Is(by)))) if of == kind && by == field => {
                Some(*word)
            }
            _ => None,
        })
    };
    ROOT.iter().find_map(|parent| {
        let Word::Fixed(word) = parent.word else {
            return None;
        };
        let by_id = parent
            .below
            .iter()
            .find(|route| matches!(route.word, Word::Number(..)))?;
        Some((word, child(by_id.below)?))
    })
}

/// Gives whether an extension was needed.
fn write_filters(kind: Kind, filters: &[Condition], query: &mut Serializer<'_, String>) -> bool {
    let mut extended = false;
    // How often a field was compared by an operator before: the values of one parameter are alternatives,
    // so that a second condition needs another parameter.
    let mut before: BTreeMap<(String, &str), u32> = BTreeMap::new();
    for filter in filters {
        let texts = filter.values.iter().map(|value| values::write(value, filter.op));
        let texts: Vec<(String, Unit)> = texts.collect();
        let mut name = json_name(kind, &filter.field).to_owned();
        if texts.iter().any(|(_, unit)| *unit == Unit::Micros) {
            name.push_str(MICROS);
        }
        let relation = columns(kind).iter().any(|it| it.relation && it.name == name);
        let times = before.entry((name.clone(), filter.op.name())).or_insert(0);
        let mut parameter = format!("{name}__{}", filter.op.name());
        if *times > 0 {
            parameter.push_str(&format!("__{times}"));
        }
        extended |= relation || *times > 0 || name.ends_with(MICROS);
        *times += 1;
        for (text, _) in &texts {
            query.append_pair(&parameter, text);
        }
    }
    extended
}
