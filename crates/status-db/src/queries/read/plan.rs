//! From a query to the parts of a `SELECT`, and from its rows to a page.

use weir_status_api::{Field, FieldType, Filter, Op, Order, PageToken, Query, Resource, Value};

use super::column::Access;
use super::condition::{Condition, Key, OrderBy, Where};
use crate::error::{Error, Result};
use crate::page_token::{self, ListId};

/// How many values the conditions of a query may compare with, all together.
const MAX_VALUES: usize = 1000;

/// A resource that has a table.
pub(super) trait Listed: Resource {
    /// The table.
    type Table;
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
    let mut conditions = query
        .filters
        .iter()
        .map(|filter| condition::<R>(filter.field, filter.op, filter.values.clone()))
        .collect::<Result<Vec<_>>>()?;
    if let Some(token) = &query.after {
        conditions.push(paging.behind(token)?);
    }
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
        fetch: match query.page_size() {
            0 => 0,
            limit => i64::from(limit) + 1,
        },
        offset: i64::try_from(query.offset).unwrap_or(i64::MAX),
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
        Ok(Condition::Behind(
            keys::<R>(&self.order)?.into_iter().zip(row).collect(),
        ))
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

fn condition<R: Listed>(field: R::Field, op: Op, values: Vec<Value>) -> Result<Condition<R::Table>> {
    match R::access(field) {
        Access::Column(column) => Ok(Condition::Compare(column, op, values)),
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
