//! A query string as a list, for a server.

use std::collections::BTreeMap;

use weir_status_api::{
    Condition, Error, FieldType, Kind, List, ListParts, MAX_LIMIT, Op, Order, PageToken, Result, Value,
};

use super::values;
use crate::v2::columns::{Column, Unit, column_named, field_type};
use crate::v2::{Object, error_to_json_names};

/// What a client asks of a collection.
#[derive(Clone, Debug, PartialEq)]
pub struct ListRequest {
    /// Which resources.
    pub list: List,
    /// Which of their fields.
    pub selection: Selection,
}

/// The fields of an object that a client wants (`field=`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    fields: Vec<String>,
    /// Properties to fill in (`property=`).
    pub properties: Vec<String>,
}

impl Selection {
    /// Takes out of `object` what was not asked for. Without any `field=` everything stays.
    pub fn apply(&self, object: &mut Object<'_>) {
        // A build request has null for its properties if none were asked for, and an object if there are none.
        if !self.properties.is_empty() {
            object.with_properties();
        }
        if !self.fields.is_empty() {
            object.retain(&self.fields);
        }
    }
}

/// The parameters of a query string, in order.
pub fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Reads the parameters of a collection of `kind`.
///
/// What Buildbot ignores silently is ignored: `x__y` with an unknown field or operator, and `lt`, `le`, `gt`,
/// `ge` with more than one value. Without `limit` the page has [`MAX_LIMIT`] rows.
///
/// # Errors
/// [`Error::InvalidQuery`] that names the parameter.
pub fn parse_list(kind: Kind, query: &[(String, String)]) -> Result<ListRequest> {
    let mut parts = ListParts::new(kind);
    parts.limit = Some(MAX_LIMIT);
    let mut selection = Selection::default();
    let mut filters = Filters::default();
    for (name, value) in query {
        match name.as_str() {
            "limit" => parts.limit = Some(limit(value)?),
            "offset" => parts.offset = number(name, value)?,
            "after" => parts.after = Some(PageToken(value.clone())),
            "order" => parts.order.push(order(kind, value)?),
            _ if selection.take(kind, name, value)? => {}
            _ => filters.take(kind, name, value)?,
        }
    }
    parts.properties.clone_from(&selection.properties);
    for group in filters.groups {
        group.add_to(kind, &mut parts.filters)?;
    }
    let list = List::from_parts(parts).map_err(|error| error_to_json_names(kind, error))?;
    Ok(ListRequest { list, selection })
}

/// Reads the parameters of a single resource of `kind`: `field` and `property`.
///
/// # Errors
/// [`Error::InvalidQuery`] if there is any other.
pub fn parse_selection(kind: Kind, query: &[(String, String)]) -> Result<Selection> {
    let mut selection = Selection::default();
    for (name, value) in query {
        if !selection.take(kind, name, value)? {
            return Err(match known_parameter(kind, name) {
                true => Error::invalid(name, "this is not a collection"),
                false => unrecognized(name),
            });
        }
    }
    Ok(selection)
}

impl Selection {
    /// Whether the parameter is one of these.
    fn take(&mut self, kind: Kind, name: &str, value: &str) -> Result<bool> {
        match name {
            "field" => match column_named(kind, value) {
                Some((column, _)) if !column.relation => self.fields.push(value.to_owned()),
                _ => return Err(Error::invalid("field", format!("no such field '{value}'"))),
            },
            "property" if matches!(kind, Kind::Build | Kind::BuildRequest) => {
                self.properties.push(value.to_owned());
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

pub(super) fn unrecognized(name: &str) -> Error {
    Error::invalid(name, "unrecognized query parameter")
}

fn known_parameter(kind: Kind, name: &str) -> bool {
    let field = name.split_once("__").map_or(name, |(field, _)| field);
    matches!(name, "limit" | "offset" | "after" | "order")
        || name.contains("__")
        || column_named(kind, field).is_some()
}

pub(super) fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T> {
    value.parse().map_err(|_| {
        let why = format!("invalid {name} `{value}`: a whole number from 0 on is expected");
        Error::invalid(name, why)
    })
}

/// A limit above the highest one is the highest one.
fn limit(value: &str) -> Result<u32> {
    let limit: u64 = number("limit", value)?;
    Ok(u32::try_from(limit).unwrap_or(MAX_LIMIT).min(MAX_LIMIT))
}

fn order(kind: Kind, value: &str) -> Result<Order<String>> {
    let (name, descending) = match value.strip_prefix('-') {
        Some(name) => (name, true),
        None => (value, false),
    };
    match column_named(kind, name) {
        Some((
            Column {
                field: Some(field), ..
            },
            _,
        )) => Ok(Order {
            field: (*field).to_owned(),
            descending,
        }),
        Some(_) => Err(Error::invalid("order", format!("cannot be ordered by '{name}'"))),
        None => Err(Error::invalid("order", format!("no such field '{name}'"))),
    }
}

/// The filters of a query string: parameters of one name are the alternatives of one condition.
#[derive(Default)]
struct Filters {
    groups: Vec<Group>,
    places: BTreeMap<String, usize>,
}

struct Group {
    name: String,
    field: &'static str,
    field_type: FieldType,
    unit: Unit,
    op: Op,
    values: Vec<Value>,
}

impl Filters {
    fn take(&mut self, kind: Kind, name: &str, value: &str) -> Result<()> {
        let (field, op) = match name.split_once("__") {
            None => (name, Some(Op::Eq)),
            Some((field, op)) => (field, operator(op)),
        };
        let known = (column_named(kind, field), op);
        let ((column, unit), op) = match known {
            (Some(column), Some(op)) => (column, op),
            // Buildbot ignores it.
            _ if name.contains("__") => return Ok(()),
            _ => return Err(unrecognized(name)),
        };
        let typed = column
            .field
            .and_then(|field| Some((field, field_type(kind, field)?)));
        let Some((column_field, field_type)) = typed else {
            return Err(Error::invalid(name, "this field cannot be filtered by"));
        };
        let value = values::parse(name, field_type, unit, value)?;
        let place = *self.places.entry(name.to_owned()).or_insert(self.groups.len());
        if place == self.groups.len() {
            self.groups.push(Group {
                name: name.to_owned(),
                field: column_field,
                field_type,
                unit,
                op,
                values: vec![],
            });
        }
        self.groups[place].values.push(value);
        Ok(())
    }
}

/// The operator of `eq`, `in`, …; also with a number behind it (`eq__1`), which makes it another condition.
fn operator(text: &str) -> Option<Op> {
    let name = match text.split_once("__") {
        Some((name, number)) => number.parse::<u32>().ok().map(|_| name)?,
        None => text,
    };
    match name {
        "in" => Some(Op::Eq),
        "notin" => Some(Op::Ne),
        name => Op::ALL.into_iter().find(|op| op.name() == name),
    }
}

impl Group {
    fn add_to(self, kind: Kind, filters: &mut Vec<Condition>) -> Result<()> {
        let Self {
            name,
            field,
            field_type,
            unit,
            op,
            values,
        } = self;
        // Buildbot ignores it.
        if op.is_single() && values.len() > 1 {
            return Ok(());
        }
        let condition = |op, values| Condition {
            field: field.to_owned(),
            op,
            values,
        };
        if field_type == FieldType::Time && unit == Unit::Seconds {
            let bounds = values::widen(&name, op, &values)?;
            filters.extend(bounds.into_iter().map(|(op, value)| condition(op, vec![value])));
        } else if kind == Kind::BuildRequest && field == "results" && values == [Value::Int(-1)] {
            filters.push(not_complete(&name, op)?);
        } else {
            filters.push(condition(op, values));
        }
        Ok(())
    }
}

/// Buildbot's results of an open build request are -1.
fn not_complete(name: &str, op: Op) -> Result<Condition> {
    let complete = match op {
        Op::Eq => false,
        Op::Ne | Op::Gt => true,
        _ => {
            return Err(Error::invalid(
                name,
                "-1 can be compared by `eq`, `ne` and `gt` only",
            ));
        }
    };
    Ok(Condition {
        field: "complete".to_owned(),
        op: Op::Eq,
        values: vec![Value::Bool(complete)],
    })
}
