//! From bytes to values.

use rmp::Marker;

use crate::{Error, Limits, Result, Value};

/// The value that a frame holds.
///
/// What a head promises is checked against the limits and against what is left of the frame before anything is kept.
///
/// # Errors
/// [`Error::Msgpack`] if the bytes are not exactly one value, [`Error::Limit`] if it is larger than the limits allow,
/// [`Error::Type`] for an extension, of which the protocol has none.
pub fn decode(frame: &[u8], limits: &Limits) -> Result<Value> {
    if frame.len() > limits.message {
        return over("bytes in a message", limits.message);
    }
    let mut reader = Reader {
        rest: frame,
        depth: 0,
        items: 0,
        limits,
    };
    let value = reader.value()?;
    match reader.rest {
        [] => Ok(value),
        _ => Err(msgpack("there is more behind the message")),
    }
}

struct Reader<'f> {
    rest: &'f [u8],
    depth: usize,
    /// Items that lists and maps have promised, so far.
    items: usize,
    limits: &'f Limits,
}

impl<'f> Reader<'f> {
    fn value(&mut self) -> Result<Value> {
        let [marker] = self.array()?;
        Ok(match Marker::from_u8(marker) {
            Marker::Null => Value::None,
            Marker::False => Value::Bool(false),
            Marker::True => Value::Bool(true),
            Marker::FixPos(value) => value.into(),
            Marker::FixNeg(value) => Value::Int(value.into()),
            Marker::U8 => u8::from_be_bytes(self.array()?).into(),
            Marker::U16 => u16::from_be_bytes(self.array()?).into(),
            Marker::U32 => u32::from_be_bytes(self.array()?).into(),
            Marker::U64 => u64::from_be_bytes(self.array()?).into(),
            Marker::I8 => Value::Int(i8::from_be_bytes(self.array()?).into()),
            Marker::I16 => Value::Int(i16::from_be_bytes(self.array()?).into()),
            Marker::I32 => i32::from_be_bytes(self.array()?).into(),
            Marker::I64 => i64::from_be_bytes(self.array()?).into(),
            Marker::F32 => Value::Float(f32::from_be_bytes(self.array()?).into()),
            Marker::F64 => Value::Float(f64::from_be_bytes(self.array()?)),
            Marker::FixStr(length) => self.text(length.into())?,
            Marker::Str8 => self.sized(1, Self::text)?,
            Marker::Str16 => self.sized(2, Self::text)?,
            Marker::Str32 => self.sized(4, Self::text)?,
            Marker::Bin8 => self.sized(1, Self::bytes)?,
            Marker::Bin16 => self.sized(2, Self::bytes)?,
            Marker::Bin32 => self.sized(4, Self::bytes)?,
            Marker::FixArray(length) => self.list(length.into())?,
            Marker::Array16 => self.sized(2, Self::list)?,
            Marker::Array32 => self.sized(4, Self::list)?,
            Marker::FixMap(length) => self.map(length.into())?,
            Marker::Map16 => self.sized(2, Self::map)?,
            Marker::Map32 => self.sized(4, Self::map)?,
            other => return Err(Error::Type(format!("msgpack's {other:?}"))),
        })
    }

    /// Something whose length is in so many bytes before it.
    fn sized(&mut self, bytes: usize, read: fn(&mut Self, usize) -> Result<Value>) -> Result<Value> {
        let length = self.slice(bytes)?.iter();
        let length = length.fold(0, |length, it| length << 8 | usize::from(*it));
        read(self, length)
    }

    fn text(&mut self, length: usize) -> Result<Value> {
        let bytes = self.string(length)?;
        let text = std::str::from_utf8(bytes).map_err(|_| msgpack("a text is not UTF-8"))?;
        Ok(text.into())
    }

    fn bytes(&mut self, length: usize) -> Result<Value> {
        Ok(self.string(length)?.into())
    }

    fn string(&mut self, length: usize) -> Result<&'f [u8]> {
        if length > self.limits.string {
            return over("bytes in a string", self.limits.string);
        }
        self.slice(length)
    }

    fn list(&mut self, length: usize) -> Result<Value> {
        self.open(length, 1)?;
        let mut items = vec![];
        for _ in 0..length {
            items.push(self.value()?);
        }
        self.depth -= 1;
        Ok(Value::List(items))
    }

    fn map(&mut self, length: usize) -> Result<Value> {
        self.open(length, 2)?;
        let mut pairs = vec![];
        for _ in 0..length {
            pairs.push((self.value()?, self.value()?));
        }
        self.depth -= 1;
        Ok(Value::Map(pairs))
    }

    /// Goes into a list or a map of so many items, each of so many values.
    fn open(&mut self, length: usize, values: usize) -> Result<()> {
        self.depth += 1;
        if self.depth > self.limits.depth {
            return over("lists in each other", self.limits.depth);
        }
        let length = length.saturating_mul(values);
        self.items = self.items.saturating_add(length);
        if self.items > self.limits.items {
            return over("items in a message", self.limits.items);
        }
        match length <= self.rest.len() {
            true => Ok(()),
            false => Err(cut_off()),
        }
    }

    fn slice(&mut self, length: usize) -> Result<&'f [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(cut_off)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(cut_off)?;
        self.rest = rest;
        Ok(*taken)
    }
}

const fn over<T>(what: &'static str, limit: usize) -> Result<T> {
    Err(Error::Limit { what, limit })
}

fn msgpack(why: &str) -> Error {
    Error::Msgpack(why.to_owned())
}

fn cut_off() -> Error {
    msgpack("the message is cut off")
}
