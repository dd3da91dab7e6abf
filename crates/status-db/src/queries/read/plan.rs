//! From a query to the parts of a `SELECT`, and from its rows to a page.

use weir_status_api::{Field, FieldType, Filter, Op, Order, PageToken, Query, Resource, Value};

use super::column::{Access, Column, Holds};
use super::condition::{Behind, Comparison, Condition, Expected, Key, OrderBy, Parts, Where};
use crate::error::{Error, Result};
use crate::page_token::{self, ListId};

/// How many values the conditions of a query may compare with, all together.
const MAX_VALUES: usize = 1000;

/// A resource that has a table.
pub(super) trait Listed: Resource {
    /// The table.
    type Table;
    /// The table's name.
    const TABLE: &'static str;
    /// The fields that no two of the resources have all in common.
    const KEY: &[Self::Field];
    /// How the database gets at a field.
    fn access(field: Self::Field) -> Access<Self::Table>;
    /// What a field is of this one; none if it is missing or a relation.
    fn value(&self, field: Self::Field) -> Option<Value>;
}

/// What a list asks of the database.
pub(super) struct Select<R: Listed> {
    pub(super) conditions: Where<R::Table>,
    pub(super) order_by: OrderBy<R::Table>,
    /// Rows to get: one more than the page has, to know whether there is a next one.
    pub(super) fetch: i64,
    /// Rows to skip.
    pub(super) offset: i64,
}

/// How the rows make a page.
pub(super) struct Paging<R: Listed> {
    id: ListId,
    /// With the key at its end, so that no two rows are in the same place.
    order: Vec<Order<R::Field>>,
    limit: usize,
}

/// What the query asks of the database, and how the answer makes a page.
///
/// # Errors
/// [`Error::Invalid`] if the query does not validate, or its page token is not one of this list.
pub(super) fn plan<R: Listed>(query: &Query<R>) -> Result<(Select<R>, Paging<R>)> {
    validate(query)?;
    let paging = Paging::<R> {
        id: ListId::new(R::KIND, &format!("{:?} {:?}", query.filters, query.order)),
        order: total_order::<R>(&query.order),
        limit: usize::try_from(query.page_size()).unwrap_or(usize::MAX),
    };
    let fetch = match query.page_size() {
        0 => 0,
        limit => i64::from(limit) + 1,
    };
    let offset = i64::try_from(query.offset).unwrap_or(i64::MAX);
    let conditions = match in_parts(query) {
        Some((place, values)) => {
            let fetch = fetch.saturating_add(offset);
            vec![parts::<R>(query, &paging, place, values, fetch)?]
        }
        None => conditions::<R>(query, &paging, &query.filters)?,
    };
    let single = |filter: &Filter<R::Field>| filter.op == Op::Eq && filter.values.len() == 1;
    let common = query.after.is_none()
        && query.order.len() <= 1
        && query.filters.len() <= 2
        && query.filters.iter().all(single);
    let select = Select {
        conditions: Where { conditions, common },
        order_by: OrderBy {
            keys: keys::<R>(&paging.order)?,
        },
        fetch,
        offset,
    };
    Ok((select, paging))
}

impl<R: Listed> Paging<R> {
    /// The page that the fetched rows make.
    pub(super) fn page(&self, mut items: Vec<R>) -> (Vec<R>, Option<PageToken>) {
        if items.len() <= self.limit {
            return (items, None);
        }
        items.truncate(self.limit);
        let next = items.last().map(|last| {
            let row: Vec<_> = self.order.iter().map(|order| last.value(order.field)).collect();
            page_token::encode(self.id, &row)
        });
        (items, next)
    }

    /// The condition that a row is behind the page that gave the token.
    fn behind(&self, token: &PageToken) -> Result<Condition<R::Table>> {
        let types: Vec<FieldType> = self.order.iter().map(|part| part.field.field_type()).collect();
        let row = page_token::decode(self.id, &types, token)
            .filter(|row| !row.iter().flatten().any(holds_nul))
            .ok_or_else(|| {
                let why = "the page token is not one of this list; begin without it";
                Error::invalid("after", why)
            })?;
        let keys = keys::<R>(&self.order)?.into_iter().zip(row);
        Ok(Condition::Behind(Behind::new(keys.collect())))
    }
}

fn validate<R: Resource>(query: &Query<R>) -> Result<()> {
    query.validate().map_err(|error| match error {
        weir_status_api::Error::InvalidQuery { field, why } => Error::Invalid { field, why },
        other => Error::invalid("query", other),
    })?;
    if query.properties.len() > MAX_VALUES {
        let why = format!("a query names up to {MAX_VALUES} properties");
        return Err(Error::invalid("property", why));
    }
    let mut count = 0;
    for filter in &query.filters {
        let name = filter.field.name();
        count += filter.values.len();
        if count > MAX_VALUES {
            let why = format!("a query compares with up to {MAX_VALUES} values");
            return Err(Error::invalid(name, why));
        }
        if filter.values.iter().any(holds_nul) {
            return Err(Error::invalid(name, "a text cannot hold a NUL character"));
        }
    }
    Ok(())
}

/// Whether it is a text such as PostgreSQL does not have, so that none is stored anywhere.
fn holds_nul(value: &Value) -> bool {
    matches!(value, Value::Text(text) if text.contains('\0'))
}

/// The order without what is repeated or comes behind the key, and with the key at its end.
fn total_order<R: Listed>(asked: &[Order<R::Field>]) -> Vec<Order<R::Field>> {
    let descending = asked.last().is_some_and(|last| last.descending);
    let key = R::KEY.iter().map(|field| Order {
        field: *field,
        descending,
    });
    let mut order: Vec<Order<R::Field>> = Vec::with_capacity(asked.len() + R::KEY.len());
    for part in asked.iter().copied().chain(key) {
        if has_key::<R>(&order) {
            break;
        }
        if order.iter().all(|earlier| earlier.field != part.field) {
            order.push(part);
        }
    }
    order
}

/// Whether the order settles all, so that what comes behind does not matter.
fn has_key<R: Listed>(order: &[Order<R::Field>]) -> bool {
    R::KEY
        .iter()
        .all(|key| order.iter().any(|part| part.field == *key))
}

/// All conditions of a query, with `filters` in the place of its own.
fn conditions<R: Listed>(
    query: &Query<R>,
    paging: &Paging<R>,
    filters: &[Filter<R::Field>],
) -> Result<Vec<Condition<R::Table>>> {
    let mut conditions = filters
        .iter()
        .map(|filter| condition::<R>(query, filter))
        .collect::<Result<Vec<_>>>()?;
    if let Some(token) = &query.after {
        conditions.push(paging.behind(token)?);
    }
    Ok(conditions)
}

/// Into how many parts a list is taken apart at the most: SQLite takes no more than 500.
const MAX_PARTS: usize = 250;

/// The place of the filter that takes the list apart, and its values: the rows that have each are one part, in
/// the order of an index, where the rows of all together would have to be sorted.
fn in_parts<R: Listed>(query: &Query<R>) -> Option<(usize, Vec<Value>)> {
    let [_] = R::KEY else { return None };
    let apart = |filter: &Filter<R::Field>| {
        filter.op == Op::Eq
            && filter.values.len() > 1
            && !R::KEY.contains(&filter.field)
            && matches!(R::access(filter.field), Access::Column(column)
                if matches!(column.holds, Holds::Value | Holds::Nullable))
    };
    let place = query.filters.iter().position(apart)?;
    let filter = query.filters.get(place)?;
    // Each part is compared with the values of the other filters.
    let compared: usize = query.filters.iter().map(|it| it.values.len()).sum();
    let others = compared - filter.values.len();
    if filter.values.len() > MAX_PARTS || filter.values.len() * others > MAX_VALUES {
        return None;
    }
    let mut values: Vec<Value> = vec![];
    for value in &filter.values {
        if !values.contains(value) {
            values.push(value.clone());
        }
    }
    Some((place, values))
}

/// Whether a filter on a number has so many values that most rows are taken for wanted: then the list's order is
/// walked, and they are not looked for by the number's index.
fn is_walked<R: Listed>(filter: &Filter<R::Field>) -> bool {
    filter.op == Op::Eq
        && filter.values.len() > MAX_PARTS
        && filter.field.field_type() == FieldType::Int
        && !R::KEY.contains(&filter.field)
}

/// The condition that a row is among the first `fetch` of the parts.
fn parts<R: Listed>(
    query: &Query<R>,
    paging: &Paging<R>,
    place: usize,
    values: Vec<Value>,
    fetch: i64,
) -> Result<Condition<R::Table>> {
    let mut filters = query.filters.clone();
    let parts = values.into_iter().map(|value| {
        if let Some(filter) = filters.get_mut(place) {
            filter.values = vec![value];
        }
        let conditions = conditions::<R>(query, paging, &filters)?;
        let common = false;
        let keys = keys::<R>(&paging.order)?;
        Ok((Where { conditions, common }, OrderBy { keys }))
    });
    let parts = parts.collect::<Result<Vec<_>>>()?;
    match R::KEY.iter().map(|field| R::access(*field)).next() {
        Some(Access::Column(key)) => Ok(Condition::OfParts(Parts {
            table: R::TABLE,
            key,
            parts,
            fetch,
        })),
        _ => Err(Error::data("a resource has no key that can be compared")),
    }
}

fn condition<R: Listed>(query: &Query<R>, filter: &Filter<R::Field>) -> Result<Condition<R::Table>> {
    let Filter { field, op, values } = filter.clone();
    match R::access(field) {
        Access::Column(column) => {
            let expected = Expected {
                few: leaves_few(query, &column, filter),
                most: is_walked::<R>(filter),
            };
            Ok(Condition::Compare(Comparison::new(column, op, values, expected)))
        }
        Access::Relation(condition) if op == Op::Eq => {
            let ids = values
                .into_iter()
                .filter_map(|value| match value {
                    Value::Int(id) => Some(id),
                    _ => None,
                })
                .collect();
            Ok(Condition::Related(condition(ids)))
        }
        Access::Relation(_) => Err(Error::invalid(field.name(), "can be compared by `eq` only")),
    }
}

/// Whether the comparison is expected to leave few rows.
///
/// Somebody who asks for what came after some moment asks for little, and little is open: a database without
/// statistics would rather walk through all in the order of the list. But for what is of one owner, the
/// owner's index is the better one.
fn leaves_few<R: Listed>(query: &Query<R>, column: &Column<R::Table>, filter: &Filter<R::Field>) -> bool {
    if column.holds == Holds::Presence {
        return filter.op == Op::Eq && filter.values == [Value::Bool(false)];
    }
    let of_one = |it: &Filter<R::Field>| it.op == Op::Eq && it.field.field_type() != FieldType::Bool;
    filter.op.is_single() && !query.filters.iter().any(of_one)
}

fn keys<R: Listed>(order: &[Order<R::Field>]) -> Result<Vec<Key<R::Table>>> {
    order
        .iter()
        .map(|part| match R::access(part.field) {
            Access::Column(column) => Ok(Key {
                column,
                descending: part.descending,
            }),
            Access::Relation(_) => Err(Error::invalid(part.field.name(), "cannot be ordered by")),
        })
        .collect()
}
