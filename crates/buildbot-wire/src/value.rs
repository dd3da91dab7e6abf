//! What both protocols carry: Python's plain values.

use std::borrow::Cow;

use crate::{Error, Failure, Result};

/// A value as Python has it.
///
/// Pairs of a map stay in their order. Objects are named by who owns them, seen from the message: what its sender owns is
/// the receiver's to call, and what the receiver owns comes home.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    None,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i128),
    /// A float.
    Float(f64),
    /// Bytes; of a Python 2 worker, text as well.
    Bytes(Vec<u8>),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// A tuple. Msgpack has only lists.
    Tuple(Vec<Self>),
    /// A map.
    Map(Vec<(Self, Self)>),
    /// A set.
    Set(Vec<Self>),
    /// A set that does not change.
    FrozenSet(Vec<Self>),
    /// An object of the message's sender, by its number there.
    OfSender(u64),
    /// An object of the message's receiver, by its number there.
    OfReceiver(u64),
    /// An exception.
    Failure(Box<Failure>),
}

impl Value {
    /// A map with text for keys.
    pub fn map<'k>(pairs: impl IntoIterator<Item = (&'k str, Self)>) -> Self {
        Self::Map(pairs.into_iter().map(|(key, it)| (key.into(), it)).collect())
    }

    /// A list of what can be a value.
    pub fn list<T: Into<Self>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }

    /// What it is, for the sentence of an error.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a bool",
            Self::Int(_) => "an int",
            Self::Float(_) => "a float",
            Self::Bytes(_) => "bytes",
            Self::Text(_) => "a str",
            Self::List(_) => "a list",
            Self::Tuple(_) => "a tuple",
            Self::Map(_) => "a dict",
            Self::Set(_) | Self::FrozenSet(_) => "a set",
            Self::OfSender(_) | Self::OfReceiver(_) => "an object",
            Self::Failure(_) => "a failure",
        }
    }

    /// Whether it is nothing.
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// The value of a key of a map, be it text or, as Python 2 sends it, bytes.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(pairs) = self else { return None };
        let found = pairs
            .iter()
            .find(|(it, _)| it.text_bytes() == Some(key.as_bytes()));
        found.map(|(_, value)| value)
    }

    /// Text, or bytes as UTF-8, whose other bytes are replaced.
    ///
    /// # Errors
    /// [`Error::Form`] if it is something else.
    pub fn to_text(&self) -> Result<Cow<'_, str>> {
        match self {
            Self::Text(text) => Ok(text.into()),
            Self::Bytes(bytes) => Ok(String::from_utf8_lossy(bytes)),
            _ => Err(self.unlike("a str")),
        }
    }

    /// The same as [`to_text`](Self::to_text), without a copy where it is text.
    ///
    /// # Errors
    /// [`Error::Form`] if it is something else.
    pub fn into_text(self) -> Result<String> {
        match self {
            Self::Text(text) => Ok(text),
            it => it.to_text().map(Cow::into_owned),
        }
    }

    /// Bytes, or those of a text.
    ///
    /// # Errors
    /// [`Error::Form`] if it is something else.
    pub fn into_bytes(self) -> Result<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Text(text) => Ok(text.into_bytes()),
            it => Err(it.unlike("bytes")),
        }
    }

    /// An integer, if it fits.
    ///
    /// # Errors
    /// [`Error::Form`] if it is something else, [`Error::Integer`] if it does not fit.
    pub fn to_int<T: TryFrom<i128>>(&self) -> Result<T> {
        match self {
            Self::Int(value) => T::try_from(*value).map_err(|_| Error::Integer),
            Self::Bool(value) => T::try_from(i128::from(*value)).map_err(|_| Error::Integer),
            _ => Err(self.unlike("an int")),
        }
    }

    /// A float, or an integer as one.
    ///
    /// # Errors
    /// [`Error::Form`] if it is something else.
    pub fn to_float(&self) -> Result<f64> {
        match self {
            Self::Float(value) => Ok(*value),
            Self::Int(value) => Ok(*value as f64),
            _ => Err(self.unlike("a float")),
        }
    }

    /// A truth value, or, as older Pythons have it, an integer that is not zero.
    ///
    /// # Errors
    /// [`Error::Form`] if it is something else.
    pub fn to_bool(&self) -> Result<bool> {
        match self {
            Self::Bool(value) => Ok(*value),
            Self::Int(value) => Ok(*value != 0),
            _ => Err(self.unlike("a bool")),
        }
    }

    /// The items of a list or a tuple.
    ///
    /// # Errors
    /// [`Error::Form`] if it is something else.
    pub fn items(&self) -> Result<&[Self]> {
        match self {
            Self::List(items) | Self::Tuple(items) => Ok(items),
            _ => Err(self.unlike("a list")),
        }
    }

    /// The items of a list or a tuple, themselves.
    ///
    /// # Errors
    /// [`Error::Form`] if it is something else.
    pub fn into_items(self) -> Result<Vec<Self>> {
        match self {
            Self::List(items) | Self::Tuple(items) => Ok(items),
            it => Err(it.unlike("a list")),
        }
    }

    /// As many items as asked for, of a list or a tuple.
    ///
    /// # Errors
    /// [`Error::Form`] if it is something else, or has more or fewer.
    pub fn into_array<const N: usize>(self) -> Result<[Self; N]> {
        let items = self.into_items()?;
        let found = items.len();
        <[Self; N]>::try_from(items)
            .map_err(|_| Error::form(format!("a list of {N}"), format!("one of {found}")))
    }

    /// The pairs of a map.
    ///
    /// # Errors
    /// [`Error::Form`] if it is something else.
    pub fn pairs(&self) -> Result<&[(Self, Self)]> {
        match self {
            Self::Map(pairs) => Ok(pairs),
            _ => Err(self.unlike("a dict")),
        }
    }

    /// The pairs of a map, themselves.
    ///
    /// # Errors
    /// [`Error::Form`] if it is something else.
    pub fn into_pairs(self) -> Result<Vec<(Self, Self)>> {
        match self {
            Self::Map(pairs) => Ok(pairs),
            it => Err(it.unlike("a dict")),
        }
    }

    /// Calls `found` for this value and all in it.
    pub(crate) fn walk(&self, found: &mut impl FnMut(&Self)) {
        found(self);
        match self {
            Self::List(items) | Self::Tuple(items) | Self::Set(items) | Self::FrozenSet(items) => {
                items.iter().for_each(|it| it.walk(found));
            }
            Self::Map(pairs) => {
                for (key, value) in pairs {
                    key.walk(found);
                    value.walk(found);
                }
            }
            Self::Failure(failure) => failure.state().walk(found),
            _ => {}
        }
    }

    fn text_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Text(text) => Some(text.as_bytes()),
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn unlike(&self, expected: &str) -> Error {
        Error::form(expected, self.kind())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

macro_rules! from_int {
    ($($int:ty),+) => {
        $(impl From<$int> for Value {
            fn from(value: $int) -> Self {
                Self::Int(value.into())
            }
        })+
    };
}
from_int!(u8, u16, u32, u64, i32, i64, i128);

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl From<Failure> for Value {
    fn from(value: Failure) -> Self {
        Self::Failure(Box::new(value))
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}
