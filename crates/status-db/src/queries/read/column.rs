//! What conditions and orders are made of: expressions over the columns of one table.

use std::any::TypeId;
use std::marker::PhantomData;

use diesel::expression::{AppearsOnTable, Expression};
use diesel::query_builder::QueryFragment;
use diesel::sql_types::{SqlType, is_nullable};

use super::super::super::{Db, LONG_BY_BEGINNING};

/// SQL of any kind, sent to the database as it is.
pub(super) type Sql = Box<dyn QueryFragment<Db> + Send>;

/// Where the values of a field of a resource in the table `T` are.
pub(super) struct Column<T> {
    pub(super) sql: Sql,
    pub(super) holds: Holds,
    /// Whether its values are texts of which an index holds the beginning only.
    pub(super) long: bool,
    table: PhantomData<fn(T)>,
}

/// What a [`Column`]'s expression is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// The field's value, never missing.
    Value,
    /// The field's value, which can be missing.
    Nullable,
    /// A value whose presence is the field's value.
    Presence,
    /// A JSON array of texts.
    List,
}

/// A field of a resource in the table `T`, for the database.
pub(super) enum Access<T> {
    /// It can be compared and ordered by.
    Column(Column<T>),
    /// It can be compared with ids by this condition.
    Relation(fn(Vec<i64>) -> Sql),
}

impl<T> Access<T> {
    fn column<E>(expression: E, holds: Holds, long: bool) -> Self
    where
        E: AppearsOnTable<T> + QueryFragment<Db> + Send + 'static,
    {
        Self::Column(Column {
            sql: Box::new(expression),
            holds,
            long,
            table: PhantomData,
        })
    }

    /// The field's values are those of the column.
    pub(super) fn value<E>(expression: E) -> Self
    where
        E: AppearsOnTable<T> + QueryFragment<Db> + Send + 'static,
        <E as Expression>::SqlType: SqlType,
        <E::SqlType as SqlType>::IsNull: 'static,
    {
        Self::column(expression, holds::<E::SqlType>(), false)
    }

    /// The field's values are the texts of the column, which can be so long that not every database's indexes hold
    /// them whole.
    pub(super) fn long<E>(expression: E) -> Self
    where
        E: AppearsOnTable<T> + QueryFragment<Db> + Send + 'static,
        <E as Expression>::SqlType: SqlType,
        <E::SqlType as SqlType>::IsNull: 'static,
    {
        Self::column(expression, holds::<E::SqlType>(), LONG_BY_BEGINNING)
    }

    /// The field tells whether the column has a value.
    pub(super) fn presence<E>(expression: E) -> Self
    where
        E: AppearsOnTable<T> + QueryFragment<Db> + Send + 'static,
    {
        Self::column(expression, Holds::Presence, false)
    }

    /// The field's texts are in the column as a JSON array.
    pub(super) fn list<E>(expression: E) -> Self
    where
        E: AppearsOnTable<T> + QueryFragment<Db> + Send + 'static,
    {
        Self::column(expression, Holds::List, false)
    }
}

fn holds<S: SqlType<IsNull: 'static>>() -> Holds {
    let nullable = TypeId::of::<S::IsNull>() == TypeId::of::<is_nullable::IsNullable>();
    if nullable { Holds::Nullable } else { Holds::Value }
}
