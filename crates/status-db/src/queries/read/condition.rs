//! The `WHERE` and `ORDER BY` of a list, made at run time from a query's filters and order.

use diesel::QueryResult;
use diesel::expression::{AppearsOnTable, Expression, ValidGrouping, expression_types, is_aggregate};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Text};
use weir_status_api::{Op, Value};

use super::super::super::{Db, HAS_MEMBER, NULLS_LOWEST, POSITION};
use super::column::{Column, Holds, Sql};

/// One condition.
pub(super) enum Condition<T> {
    /// A comparison of a column.
    Compare(Column<T>, Op, Vec<Value>),
    /// A condition on related rows.
    Related(Sql),
    /// The rows behind the one that has these values, in the order of the keys.
    Behind(Vec<(Key<T>, Option<Value>)>),
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
                Condition::Compare(column, op, values) => compare(&mut out, column, *op, values)?,
                Condition::Related(sql) => sql.walk_ast(out.reborrow())?,
                Condition::Behind(row) => behind(&mut out, row)?,
            }
        }
        Ok(())
    }
}

impl<T> QueryFragment<Db> for OrderBy<T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        for (place, key) in self.keys.iter().enumerate() {
            if place > 0 {
                out.push_sql(", ");
            }
            push_column(&mut out, &key.column)?;
            let directions = match key.column.holds {
                Holds::Nullable => NULLS_LOWEST,
                _ => [" ASC", " DESC"],
            };
            out.push_sql(directions[usize::from(key.descending)]);
        }
        Ok(())
    }
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

/// `column op value`, where a missing value is never true.
fn compare<'b, T>(
    out: &mut AstPass<'_, 'b, Db>,
    column: &'b Column<T>,
    op: Op,
    values: &'b [Value],
) -> QueryResult<()> {
    if op == Op::Contains {
        return contains(out, column, values);
    }
    if column.holds == Holds::Presence {
        return presence(out, column, op, values);
    }
    push_column(out, column)?;
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
fn behind<'b, T>(out: &mut AstPass<'_, 'b, Db>, row: &'b [(Key<T>, Option<Value>)]) -> QueryResult<()> {
    // What follows from the rest is said first where it is one range of an index.
    if let Some((key, Some(value))) = row.first()
        && !(key.descending && key.column.holds == Holds::Nullable)
    {
        push_column(out, &key.column)?;
        out.push_sql(if key.descending { " <= " } else { " >= " });
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
