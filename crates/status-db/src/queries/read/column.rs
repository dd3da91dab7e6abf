//! What conditions and orders are made of: expressions over the columns of one table.

use std::any::TypeId;
use std::marker::PhantomData;

use diesel::expression::{AppearsOnTable, Expression};
use diesel::query_builder::QueryFragment;
use diesel::sql_types::{SqlType, is_nullable};

use super::super::super::Db;

/// SQL of any kind, sent to the database as it is.
pub(super) type Sql = Box<dyn QueryFragment<Db> + Send>;

/// Where the values of a field of a resource in the table `T` are.
pub(super) struct Column<T> {
    pub(super) sql: Sql,
    pub(super) holds: Holds,
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
    fn column<E>(expression: E, holds: Holds) -> Self
    where
        E: AppearsOnTable<T> + QueryFragment<Db> + Send + 'static,
    {
        Self::Column(Column {
            sql: Box::new(expression),
            holds,
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
        let nullable =
            TypeId::of::<<E::SqlType as SqlType>::IsNull>() == TypeId::of::<is_nullable::IsNullable>();
        Self::column(expression, if nullable { Holds::Nullable } else { Holds::Value })
    }

    /// The field tells whether the column has a value.
    pub(super) fn presence<E>(expression: E) -> Self
    where
        E: AppearsOnTable<T> + QueryFragment<Db> + Send + 'static,
    {
        Self::column(expression, Holds::Presence)
    }

    /// The field's texts are in the column as a JSON array.
    pub(super) fn list<E>(expression: E) -> Self
    where
        E: AppearsOnTable<T> + QueryFragment<Db> + Send + 'static,
    {
        Self::column(expression, Holds::List)
    }
}
