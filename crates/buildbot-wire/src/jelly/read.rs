//! From expressions to values.

use std::collections::HashMap;
use std::vec::IntoIter;

use super::name;
use crate::banana::Expression;
use crate::{Error, Failure, Limits, Result, Value};

/// Reads a value.
///
/// # Errors
/// [`Error::Type`] for a type that is not taken, [`Error::Form`] for one that is spelled wrong, [`Error::Reference`] for
/// a value that holds itself, [`Error::Limit`] if it has more items than the limits allow once it is written out.
pub fn read(expression: Expression, limits: &Limits) -> Result<Value> {
    Reader::new(limits).value(expression)
}

/// Reads a failure, whatever its class is: what stands in an answer that is an error can be nothing else.
///
/// # Errors
/// Those of [`read`].
pub fn read_failure(expression: Expression, limits: &Limits) -> Result<Failure> {
    let mut reader = Reader::new(limits);
    let (class, rest) = head(expression)?;
    match class.as_slice() {
        name::REFERENCE | name::DEREFERENCE => {
            let it = reader.named(&class, rest)?;
            match it {
                Value::Failure(failure) => Ok(*failure),
                it => Err(it.unlike("a failure")),
            }
        }
        _ => reader.failure(&class, rest),
    }
}

/// A value that is referred to by a number of its message.
enum Shared {
    /// Its own items are being read.
    Open,
    /// It is known, with its size.
    Known(Value, Size),
}

struct Reader<'l> {
    shared: HashMap<i128, Shared>,
    /// What all values of the message take, copies among them.
    taken: Size,
    /// In how many values what is read next stands.
    depth: usize,
    limits: &'l Limits,
}

impl<'l> Reader<'l> {
    fn new(limits: &'l Limits) -> Self {
        Self {
            shared: HashMap::new(),
            taken: Size::default(),
            depth: 0,
            limits,
        }
    }

    fn value(&mut self, expression: Expression) -> Result<Value> {
        match expression {
            Expression::Int(value) => self.take(Value::Int(value)),
            Expression::Float(value) => self.take(Value::Float(value)),
            Expression::Bytes(bytes) => self.take(Value::Bytes(bytes)),
            Expression::List(_) => {
                let (name, rest) = head(expression)?;
                self.depth += 1;
                let value = self.named(&name, rest);
                self.depth -= 1;
                value
            }
        }
    }

    fn named(&mut self, kind: &[u8], rest: IntoIter<Expression>) -> Result<Value> {
        match kind {
            name::NONE => {
                let [] = only(kind, rest)?;
                self.take(Value::None)
            }
            name::BOOL => self.take(boolean(rest)?),
            name::TEXT => self.take(text(rest)?),
            name::LIST => self.all(rest).map(Value::List),
            name::TUPLE => self.all(rest).map(Value::Tuple),
            name::SET => self.all(rest).map(Value::Set),
            name::FROZEN_SET => self.all(rest).map(Value::FrozenSet),
            name::MAP => {
                self.count(Size::ONE)?;
                let pairs = rest.map(|it| self.pair(it));
                Ok(Value::Map(pairs.collect::<Result<_>>()?))
            }
            name::REMOTE => self.take(Value::OfSender(object(kind, rest)?)),
            name::LOCAL => self.take(Value::OfReceiver(object(kind, rest)?)),
            name::REFERENCE => self.reference(rest),
            name::DEREFERENCE => self.dereference(rest),
            _ if Failure::CLASSES.iter().any(|it| it.as_bytes() == kind) => {
                self.failure(kind, rest).map(Value::from)
            }
            _ => Err(Error::Type(String::from_utf8_lossy(kind).into_owned())),
        }
    }

    fn all(&mut self, items: IntoIter<Expression>) -> Result<Vec<Value>> {
        self.count(Size::ONE)?;
        items.map(|it| self.value(it)).collect()
    }

    fn pair(&mut self, pair: Expression) -> Result<(Value, Value)> {
        let Expression::List(both) = pair else {
            return Err(Error::form("a pair of a dictionary", pair.kind()));
        };
        let [key, value] = only(b"a pair of a dictionary", both.into_iter())?;
        Ok((self.value(key)?, self.value(value)?))
    }

    fn failure(&mut self, class: &[u8], rest: IntoIter<Expression>) -> Result<Failure> {
        self.count(Size::ONE)?;
        let [state] = only(class, rest)?;
        let class = String::from_utf8_lossy(class);
        Ok(Failure::of_class(class, self.value(state)?))
    }

    fn reference(&mut self, rest: IntoIter<Expression>) -> Result<Value> {
        let [number, expression] = only(name::REFERENCE, rest)?;
        let number = integer(&number)?;
        if self.shared.insert(number, Shared::Open).is_some() {
            return Err(Error::Reference(number));
        }
        let value = self.value(expression)?;
        let size = Size::of(&value);
        // A copy is kept beside the value.
        self.count(size)?;
        self.shared.insert(number, Shared::Known(value.clone(), size));
        Ok(value)
    }

    /// A copy of what is shared, counted as what it is: few bytes cannot become many values, nor deep ones.
    fn dereference(&mut self, rest: IntoIter<Expression>) -> Result<Value> {
        let [number] = only(name::DEREFERENCE, rest)?;
        let number = integer(&number)?;
        let Some(Shared::Known(value, size)) = self.shared.get(&number) else {
            return Err(Error::Reference(number));
        };
        self.taken.add(*size, self.depth, self.limits)?;
        Ok(value.clone())
    }

    fn take(&mut self, value: Value) -> Result<Value> {
        self.count(Size::of(&value))?;
        Ok(value)
    }

    fn count(&mut self, size: Size) -> Result<()> {
        self.taken.add(size, 0, self.limits)
    }
}

/// The size of a value.
#[derive(Clone, Copy, Default)]
struct Size {
    /// Values in it, itself among them.
    values: usize,
    /// Bytes of its strings.
    bytes: usize,
    /// How deep values stand in each other.
    depth: usize,
}

impl Size {
    const ONE: Self = Self {
        values: 1,
        bytes: 0,
        depth: 1,
    };

    fn of(value: &Value) -> Self {
        match value {
            Value::Bytes(bytes) => Self::of_string(bytes.len()),
            Value::Text(text) => Self::of_string(text.len()),
            Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => {
                Self::around(items.iter())
            }
            Value::Map(pairs) => Self::around(pairs.iter().flat_map(|(key, value)| [key, value])),
            Value::Failure(failure) => Self::around([failure.state()].into_iter()),
            _ => Self::ONE,
        }
    }

    const fn of_string(bytes: usize) -> Self {
        Self { bytes, ..Self::ONE }
    }

    fn around<'v>(items: impl Iterator<Item = &'v Value>) -> Self {
        let all = items.map(Self::of).fold(Self::default(), |all, it| Self {
            values: all.values + it.values,
            bytes: all.bytes + it.bytes,
            depth: all.depth.max(it.depth),
        });
        Self {
            values: all.values + 1,
            depth: all.depth + 1,
            ..all
        }
    }

    /// Counts another value, which stands in so many.
    fn add(&mut self, more: Self, within: usize, limits: &Limits) -> Result<()> {
        self.values = self.values.saturating_add(more.values);
        self.bytes = self.bytes.saturating_add(more.bytes);
        let over = |what, limit| Err(Error::Limit { what, limit });
        if self.values > limits.items {
            return over("values in a message", limits.items);
        }
        if self.bytes > limits.message {
            return over("bytes of values in a message", limits.message);
        }
        if within + more.depth > limits.depth {
            return over("values in each other", limits.depth);
        }
        Ok(())
    }
}

/// The name of a type, and what follows it.
fn head(expression: Expression) -> Result<(Vec<u8>, IntoIter<Expression>)> {
    let found = expression.kind();
    let Expression::List(items) = expression else {
        return Err(Error::form("the name of a type", found));
    };
    let mut items = items.into_iter();
    match items.next() {
        Some(Expression::Bytes(name)) => Ok((name, items)),
        Some(other) => Err(Error::form("the name of a type", other.kind())),
        None => Err(Error::form("the name of a type", "an empty list")),
    }
}

fn only<const N: usize>(of: &[u8], rest: IntoIter<Expression>) -> Result<[Expression; N]> {
    let rest: Vec<Expression> = rest.collect();
    let found = rest.len();
    <[Expression; N]>::try_from(rest).map_err(|_| {
        let of = String::from_utf8_lossy(of);
        Error::form(format!("{of} with {N} items"), format!("one with {found}"))
    })
}

fn boolean(rest: IntoIter<Expression>) -> Result<Value> {
    let [word] = only(name::BOOL, rest)?;
    match &word {
        Expression::Bytes(word) if word == b"true" => Ok(Value::Bool(true)),
        Expression::Bytes(word) if word == b"false" => Ok(Value::Bool(false)),
        _ => Err(Error::form("true or false", word.kind())),
    }
}

/// Text; what is no UTF-8, as Python 2 writes some, is replaced.
fn text(rest: IntoIter<Expression>) -> Result<Value> {
    let [bytes] = only(name::TEXT, rest)?;
    let Expression::Bytes(bytes) = bytes else {
        return Err(Error::form("the bytes of a text", bytes.kind()));
    };
    let text = String::from_utf8(bytes);
    Ok(Value::Text(text.unwrap_or_else(|error| {
        String::from_utf8_lossy(error.as_bytes()).into_owned()
    })))
}

fn object(kind: &[u8], rest: IntoIter<Expression>) -> Result<u64> {
    let [number] = only(kind, rest)?;
    u64::try_from(integer(&number)?).map_err(|_| Error::Integer)
}

fn integer(expression: &Expression) -> Result<i128> {
    match expression {
        Expression::Int(value) => Ok(*value),
        other => Err(Error::form("an integer", other.kind())),
    }
}
