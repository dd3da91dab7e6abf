//! Rows of any table: numbers and bytes, in the order in which they were asked for.

use diesel::backend::Backend;
use diesel::deserialize::{FromSql, QueryableByName, Result as Deserialized};
use diesel::pg::Pg;
use diesel::row::{Field, NamedRow};
use diesel::sql_types::{BigInt, Binary};
use diesel::sqlite::Sqlite;
use serde_json::Value;
use weir_status_api::{Properties, Property, Results, Timestamp};

use crate::error::{Error, Result};

#[derive(Clone, Debug, PartialEq, Eq)]
enum Cell {
    Null,
    Int(i64),
    Bytes(Vec<u8>),
}

/// A row, which is taken from its first column to its last.
#[derive(Debug)]
pub(crate) struct Record {
    cells: std::vec::IntoIter<Cell>,
}

impl Record {
    /// Columns whose names begin with `i` are numbers, the others bytes.
    fn from_row<'a, DB>(row: &impl NamedRow<'a, DB>) -> Deserialized<Self>
    where
        DB: Backend,
        i64: FromSql<BigInt, DB>,
        Vec<u8>: FromSql<Binary, DB>,
    {
        let cell = |at| -> Deserialized<Cell> {
            let field = diesel::row::Row::get(row, at).ok_or("a column is missing")?;
            let is_number = field.field_name().is_some_and(|name| name.starts_with('i'));
            Ok(match field.value() {
                None => Cell::Null,
                Some(value) if is_number => Cell::Int(i64::from_sql(value)?),
                Some(value) => Cell::Bytes(Vec::from_sql(value)?),
            })
        };
        let cells: Vec<Cell> = (0..row.field_count()).map(cell).collect::<Deserialized<_>>()?;
        Ok(Self {
            cells: cells.into_iter(),
        })
    }

    fn next(&mut self) -> Cell {
        self.cells.next().unwrap_or(Cell::Null)
    }

    pub(crate) fn opt_int(&mut self) -> Option<i64> {
        match self.next() {
            Cell::Int(number) => Some(number),
            _ => None,
        }
    }

    /// A number; a missing one is zero.
    pub(crate) fn int(&mut self) -> i64 {
        self.opt_int().unwrap_or(0)
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.int() != 0
    }

    pub(crate) fn time(&mut self) -> Timestamp {
        Timestamp::from_secs(self.int())
    }

    pub(crate) fn opt_time(&mut self) -> Option<Timestamp> {
        self.opt_int().map(Timestamp::from_secs)
    }

    /// A code of results; what Buildbot has for none yet, -1, is none.
    pub(crate) fn results(&mut self) -> Option<Results> {
        let code = i32::try_from(self.opt_int()?).ok()?;
        Results::from_code(code)
    }

    pub(crate) fn opt_bytes(&mut self) -> Option<Vec<u8>> {
        match self.next() {
            Cell::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn opt_text(&mut self) -> Option<String> {
        self.opt_bytes().map(text)
    }

    /// A text; a missing one is empty.
    pub(crate) fn text(&mut self) -> String {
        self.opt_text().unwrap_or_default()
    }

    /// A JSON value. Python also writes what is no JSON, such as NaN: that becomes a text.
    pub(crate) fn value(&mut self) -> Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }

    /// A property, as a JSON array of its value and its source.
    pub(crate) fn property(&mut self) -> Property {
        match self.value() {
            Value::Array(mut parts) if parts.len() == 2 => {
                let source = parts.pop().unwrap_or_default();
                let value = parts.pop().unwrap_or_default();
                Property::new(value, source.as_str().unwrap_or_default())
            }
            other => Property::new(other, ""),
        }
    }
}

/// The bytes as text; what is no UTF-8 is replaced.
pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

impl QueryableByName<Sqlite> for Record {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> Deserialized<Self> {
        Self::from_row(row)
    }
}

impl QueryableByName<Pg> for Record {
    fn build<'a>(row: &impl NamedRow<'a, Pg>) -> Deserialized<Self> {
        Self::from_row(row)
    }
}

/// Adds properties that come as rows of an owner, a name and a value; gives how many were there twice.
pub(crate) fn add_property(to: &mut Properties, name: String, property: Property) -> i64 {
    i64::from(to.insert(name, property).is_some())
}

/// The number of a row, which must be there.
pub(crate) fn id(table: &str, found: Option<i64>) -> Result<i64> {
    found.ok_or_else(|| Error::data(table, "a row has no id"))
}
