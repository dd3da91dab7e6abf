//! The `WHERE` and `ORDER BY` of a list, made at run time from a query's filters and order.

use diesel::QueryResult;
use diesel::expression::{AppearsOnTable, Expression, ValidGrouping, expression_types, is_aggregate};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Text};
use weir_status_api::{Op, Value};

use super::super::super::{Db, FEW, HAS_MEMBER, NULLS_LOWEST, POSITION};
use super::column::{Column, Holds, Sql};

/// One condition.
pub(super) enum Condition<T> {
    /// A comparison of a column.
    Compare(Comparison<T>),
    /// A condition on related rows.
    Related(Sql),
    /// The rows behind the one that has these values, in the order of the keys.
    Behind(Behind<T>),
    /// The first rows out of several parts.
    OfParts(Parts<T>),
}

/// The first rows out of several parts of a table: the first of each part are found first, so that none is
/// read and sorted as a whole. The newest builds of many builders are found so.
pub(super) struct Parts<T> {
    /// The table's name.
    pub(super) table: &'static str,
    /// What tells each row of it.
    pub(super) key: Column<T>,
    /// The conditions of each part, which no row meets twice, and the order, the same for all.
    pub(super) parts: Vec<(Where<T>, OrderBy<T>)>,
    /// How many rows.
    pub(super) fetch: i64,
}

/// A comparison of a column with values.
pub(super) struct Comparison<T> {
    column: Column<T>,
    op: Op,
    values: Vec<Value>,
    /// Of long texts the beginnings of the values.
    beginnings: Vec<Value>,
    expected: Expected,
}

/// What a comparison is expected to leave, for a database that does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Expected {
    /// Few rows: an index of the column finds them.
    pub(super) few: bool,
    /// Most rows: the order of the list finds them sooner than an index of the column. Of numbers only.
    pub(super) most: bool,
}

impl<T> Comparison<T> {
    pub(super) fn new(column: Column<T>, op: Op, values: Vec<Value>, expected: Expected) -> Self {
        let beginnings = match op {
            Op::Ne | Op::Contains => vec![],
            _ if column.long => values.iter().map(beginning).collect(),
            _ => vec![],
        };
        Self {
            column,
            op,
            values,
            beginnings,
            expected,
        }
    }
}

/// The part of a long text that an index holds.
fn beginning(value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(text.chars().take(100).collect()),
        other => other.clone(),
    }
}

/// The rows behind one.
pub(super) struct Behind<T> {
    keys: Vec<(Key<T>, Option<Value>)>,
    /// The beginning of the first key's value if that is a long text.
    beginning: Option<Value>,
}

impl<T> Behind<T> {
    pub(super) fn new(keys: Vec<(Key<T>, Option<Value>)>) -> Self {
        let beginning = match keys.first() {
            Some((key, Some(value))) if key.column.long => Some(beginning(value)),
            _ => None,
        };
        Self { keys, beginning }
    }
}

/// A part of an order.
pub(super) struct Key<T> {
    pub(super) column: Column<T>,
    pub(super) descending: bool,
}

/// All conditions of a list on the table `T`.
pub(super) struct Where<T> {
    pub(super) conditions: Vec<Condition<T>>,
    /// Whether the database may keep the prepared statement: only of common shapes, for there is no end to
    /// the others.
    pub(super) common: bool,
}

/// The order of a list of the table `T`.
pub(super) struct OrderBy<T> {
    pub(super) keys: Vec<Key<T>>,
}

macro_rules! expression {
    ($name:ident, $type:ty) => {
        impl<T> Expression for $name<T> {
            type SqlType = $type;
        }
        impl<T> AppearsOnTable<T> for $name<T> {}
        impl<T> ValidGrouping<()> for $name<T> {
            type IsAggregate = is_aggregate::No;
        }
        impl<T> QueryId for $name<T> {
            type QueryId = ();
            const HAS_STATIC_QUERY_ID: bool = false;
        }
    };
}
expression!(Where, Bool);
expression!(OrderBy, expression_types::NotSelectable);

impl<T> QueryFragment<Db> for Where<T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        if !self.common {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("1 = 1");
        for condition in &self.conditions {
            out.push_sql(" AND ");
            match condition {
                Condition::Compare(comparison) => compare(&mut out, comparison)?,
                Condition::Related(sql) => sql.walk_ast(out.reborrow())?,
                Condition::Behind(row) => behind(&mut out, row)?,
                Condition::OfParts(parts) => first_of_parts(&mut out, parts)?,
            }
        }
        Ok(())
    }
}

impl<T> QueryFragment<Db> for OrderBy<T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        for (place, term) in self.terms().enumerate() {
            if place > 0 {
                out.push_sql(", ");
            }
            term.push(&mut out)?;
            out.push_sql(term.direction());
        }
        Ok(())
    }
}

/// One expression of an order.
struct Term<'k, T> {
    key: &'k Key<T>,
    /// Whether it is the beginning of the key's long text, which follows from the rest and is there for the index.
    is_beginning: bool,
}

impl<T> OrderBy<T> {
    fn terms(&self) -> impl Iterator<Item = Term<'_, T>> {
        self.keys.iter().flat_map(|key| {
            let beginning = key.column.long.then_some(true);
            beginning
                .into_iter()
                .chain([false])
                .map(move |is_beginning| Term { key, is_beginning })
        })
    }
}

impl<'k, T> Term<'k, T> {
    fn push<'b>(&self, out: &mut AstPass<'_, 'b, Db>) -> QueryResult<()>
    where
        'k: 'b,
    {
        if self.is_beginning {
            push_beginning(out, &self.key.column)
        } else {
            push_column(out, &self.key.column)
        }
    }

    fn direction(&self) -> &'static str {
        let directions = match self.key.column.holds {
            Holds::Nullable => NULLS_LOWEST,
            _ => [" ASC", " DESC"],
        };
        directions[usize::from(self.key.descending)]
    }
}

/// The key is one of the first keys of the first keys of each part.
fn first_of_parts<'b, T>(out: &mut AstPass<'_, 'b, Db>, parts: &'b Parts<T>) -> QueryResult<()> {
    let limit = format!(" LIMIT {}", parts.fetch);
    push_column(out, &parts.key)?;
    out.push_sql(" IN (SELECT k FROM (");
    for (place, (conditions, order)) in parts.parts.iter().enumerate() {
        out.push_sql(if place > 0 { " UNION ALL " } else { "" });
        out.push_sql("SELECT * FROM (SELECT ");
        push_column(out, &parts.key)?;
        out.push_sql(" AS k");
        for (number, term) in order.terms().enumerate() {
            out.push_sql(", ");
            term.push(out)?;
            out.push_sql(&format!(" AS o{number}"));
        }
        out.push_sql(" FROM ");
        out.push_identifier(parts.table)?;
        out.push_sql(" WHERE ");
        conditions.walk_ast(out.reborrow())?;
        out.push_sql(" ORDER BY ");
        order.walk_ast(out.reborrow())?;
        out.push_sql(&limit);
        out.push_sql(") AS part");
    }
    out.push_sql(") AS firsts ORDER BY ");
    if let Some((_, order)) = parts.parts.first() {
        for (number, term) in order.terms().enumerate() {
            out.push_sql(if number > 0 { ", " } else { "" });
            out.push_sql(&format!("o{number}"));
            out.push_sql(term.direction());
        }
    }
    out.push_sql(&limit);
    out.push_sql(")");
    Ok(())
}

fn push_column<'b, T>(out: &mut AstPass<'_, 'b, Db>, column: &'b Column<T>) -> QueryResult<()> {
    if column.holds != Holds::Presence {
        return column.sql.walk_ast(out.reborrow());
    }
    out.push_sql("(");
    column.sql.walk_ast(out.reborrow())?;
    out.push_sql(" IS NOT NULL)");
    Ok(())
}

fn push_value<'b>(out: &mut AstPass<'_, 'b, Db>, value: &'b Value) -> QueryResult<()> {
    match value {
        Value::Int(number) => out.push_bind_param::<BigInt, _>(number),
        Value::Time(time) => out.push_bind_param::<BigInt, _>(&time.0),
        Value::Text(text) => out.push_bind_param::<Text, _>(text),
        Value::Bool(yes) => out.push_bind_param::<Bool, _>(yes),
    }
}

/// What is around a long text to give its beginning, as the indexes have it.
const BEGINNING: [&str; 2] = ["substr(", ", 1, 100)"];

/// The beginning of a column of long texts.
fn push_beginning<'b, T>(out: &mut AstPass<'_, 'b, Db>, column: &'b Column<T>) -> QueryResult<()> {
    out.push_sql(BEGINNING[0]);
    column.sql.walk_ast(out.reborrow())?;
    out.push_sql(BEGINNING[1]);
    Ok(())
}

/// `column op value`, where a missing value is never true.
fn compare<'b, T>(out: &mut AstPass<'_, 'b, Db>, comparison: &'b Comparison<T>) -> QueryResult<()> {
    let Comparison {
        column,
        op,
        values,
        beginnings,
        expected,
    } = comparison;
    // Around each part, for SQLite does not look for it around several.
    let [before, after] = if expected.few { FEW } else { ["", ""] };
    if *op == Op::Contains {
        return contains(out, column, values);
    }
    if column.holds == Holds::Presence {
        out.push_sql(before);
        presence(out, column, *op, values)?;
        out.push_sql(after);
        return Ok(());
    }
    if !beginnings.is_empty() {
        // What follows from the rest, for the index.
        let op = match op {
            Op::Lt => Op::Le,
            Op::Gt => Op::Ge,
            other => *other,
        };
        out.push_sql(before);
        push_beginning(out, column)?;
        push_operands(out, op, beginnings)?;
        out.push_sql(after);
        out.push_sql(" AND ");
    }
    out.push_sql(before);
    // The sign changes no number, but no index is of a number with a sign.
    out.push_sql(if expected.most { "+" } else { "" });
    push_column(out, column)?;
    push_operands(out, *op, values)?;
    out.push_sql(after);
    Ok(())
}

/// `op value`, or that it is or is not among several.
fn push_operands<'b>(out: &mut AstPass<'_, 'b, Db>, op: Op, values: &'b [Value]) -> QueryResult<()> {
    if let [value] = values {
        out.push_sql(match op {
            Op::Eq | Op::Contains => " = ",
            Op::Ne => " <> ",
            Op::Lt => " < ",
            Op::Le => " <= ",
            Op::Gt => " > ",
            Op::Ge => " >= ",
        });
        return push_value(out, value);
    }
    out.push_sql(if op == Op::Ne { " NOT IN (" } else { " IN (" });
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            out.push_sql(", ");
        }
        push_value(out, value)?;
    }
    out.push_sql(")");
    Ok(())
}

/// Whether a value is there, said so that a partial index serves it.
fn presence<'b, T>(
    out: &mut AstPass<'_, 'b, Db>,
    column: &'b Column<T>,
    op: Op,
    values: &'b [Value],
) -> QueryResult<()> {
    let matches = |there: bool| values.contains(&Value::Bool(there)) != (op == Op::Ne);
    let test = match (matches(true), matches(false)) {
        (true, true) => return push_constant(out, true),
        (false, false) => return push_constant(out, false),
        (true, false) => " IS NOT NULL",
        (false, true) => " IS NULL",
    };
    column.sql.walk_ast(out.reborrow())?;
    out.push_sql(test);
    Ok(())
}

fn push_constant(out: &mut AstPass<'_, '_, Db>, value: bool) -> QueryResult<()> {
    out.push_sql(if value { "1 = 1" } else { "1 = 0" });
    Ok(())
}

/// Whether a text has one of the values as a part, or a list as a member.
fn contains<'b, T>(
    out: &mut AstPass<'_, 'b, Db>,
    column: &'b Column<T>,
    values: &'b [Value],
) -> QueryResult<()> {
    let [before, between, after] = match column.holds {
        Holds::List => HAS_MEMBER,
        _ => POSITION,
    };
    out.push_sql("(");
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            out.push_sql(" OR ");
        }
        out.push_sql(before);
        column.sql.walk_ast(out.reborrow())?;
        out.push_sql(between);
        push_value(out, value)?;
        out.push_sql(after);
    }
    out.push_sql(")");
    Ok(())
}

/// The rows behind one: greater in the first key, or equal in it and behind in the others.
fn behind<'b, T>(out: &mut AstPass<'_, 'b, Db>, row: &'b Behind<T>) -> QueryResult<()> {
    let Behind { keys: row, beginning } = row;
    // What follows from the rest is said first where it is one range of an index.
    if let Some((key, Some(value))) = row.first()
        && !(key.descending && key.column.holds == Holds::Nullable)
    {
        let reaches = if key.descending { " <= " } else { " >= " };
        if let Some(beginning) = beginning {
            push_beginning(out, &key.column)?;
            out.push_sql(reaches);
            push_value(out, beginning)?;
            out.push_sql(" AND ");
        }
        push_column(out, &key.column)?;
        out.push_sql(reaches);
        push_value(out, value)?;
        out.push_sql(" AND ");
    }
    for (place, (key, value)) in row.iter().enumerate() {
        out.push_sql("(");
        strictly_behind(out, key, value.as_ref())?;
        if place + 1 < row.len() {
            out.push_sql(" OR ");
            push_column(out, &key.column)?;
            match value {
                Some(value) => {
                    out.push_sql(" = ");
                    push_value(out, value)?;
                }
                None => out.push_sql(" IS NULL"),
            }
            out.push_sql(" AND ");
        }
    }
    for _ in row {
        out.push_sql(")");
    }
    Ok(())
}

/// Greater, or on descending keys less, where a missing value is the lowest.
fn strictly_behind<'b, T>(
    out: &mut AstPass<'_, 'b, Db>,
    key: &'b Key<T>,
    value: Option<&'b Value>,
) -> QueryResult<()> {
    let Some(value) = value else {
        if key.descending {
            return push_constant(out, false);
        }
        push_column(out, &key.column)?;
        out.push_sql(" IS NOT NULL");
        return Ok(());
    };
    push_column(out, &key.column)?;
    out.push_sql(if key.descending { " < " } else { " > " });
    push_value(out, value)?;
    if key.descending && key.column.holds == Holds::Nullable {
        out.push_sql(" OR ");
        push_column(out, &key.column)?;
        out.push_sql(" IS NULL");
    }
    Ok(())
}
