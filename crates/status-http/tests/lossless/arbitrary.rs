//! Arbitrary values of whatever can be deserialized: what a type asks for is made of bytes. So no field has to
//! be listed, and a new one is tried as soon as there is one.

use serde::de::value::{Error, U32Deserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

/// A value made of `bytes`; none if they make none (a code that means nothing).
pub(crate) fn make<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Option<T> {
    T::deserialize(&mut Source { bytes, depth: 0 }).ok()
}

struct Source<'a> {
    bytes: &'a [u8],
    depth: u32,
}

const LETTERS: [char; 16] = [
    'a', 'b', 'Z', '0', '7', '-', '_', '/', '.', ' ', '"', '\\', '\n', '\u{0}', 'é', '🦀',
];

impl Source<'_> {
    /// The next byte; 0 for ever when there are no more.
    fn byte(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((first, rest)) => {
                self.bytes = rest;
                *first
            }
            None => 0,
        }
    }

    /// A small number mostly, any number otherwise.
    fn number(&mut self) -> i64 {
        match self.byte() {
            0..=199 => i64::from(self.byte()),
            200..=219 => i64::MAX - i64::from(self.byte()),
            220..=239 => i64::MIN + i64::from(self.byte()),
            _ => i64::from_le_bytes(std::array::from_fn(|_| self.byte())),
        }
    }

    fn text(&mut self) -> String {
        let length = self.byte() % 6;
        (0..length)
            .map(|_| LETTERS[usize::from(self.byte()) % LETTERS.len()])
            .collect()
    }

    fn length(&mut self) -> usize {
        if self.depth > 6 {
            0
        } else {
            usize::from(self.byte() % 4)
        }
    }

    fn several(&mut self, left: usize) -> Several<'_, Self> {
        self.depth += 1;
        Several { source: self, left }
    }
}

struct Several<'s, S> {
    source: &'s mut S,
    left: usize,
}

impl<S> Several<'_, S> {
    fn take(&mut self) -> Option<&mut S> {
        self.left = self.left.checked_sub(1)?;
        Some(self.source)
    }
}

impl<'de> SeqAccess<'de> for Several<'_, Source<'_>> {
    type Error = Error;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.take().map(|source| seed.deserialize(source)).transpose()
    }
}

impl<'de> MapAccess<'de> for Several<'_, Source<'_>> {
    type Error = Error;
    fn next_key_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.take().map(|source| seed.deserialize(source)).transpose()
    }
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(&mut *self.source)
    }
}

macro_rules! numbers {
    ($($method:ident => $visit:ident: $type:ty;)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let number = <$type>::try_from(self.number()).map_err(|_| Error::custom("out of range"))?;
            visitor.$visit(number)
        }
    )+};
}

impl<'de> Deserializer<'de> for &mut Source<'_> {
    type Error = Error;

    /// Any JSON.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.byte() % 8 {
            0 => visitor.visit_unit(),
            1 => self.deserialize_bool(visitor),
            2 => self.deserialize_i64(visitor),
            3 => visitor.visit_u64(u64::MAX - u64::from(self.byte())),
            4 => visitor.visit_f64(f64::from(self.byte()) / 7.0),
            5 => self.deserialize_seq(visitor),
            6 => self.deserialize_map(visitor),
            _ => self.deserialize_string(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.byte() % 2 == 1)
    }

    /// Results are such numbers, so that their codes are frequent.
    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_i32(i32::from(self.byte() % 7))
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u8(self.byte())
    }

    numbers! {
        deserialize_i8 => visit_i8: i8;
        deserialize_i16 => visit_i16: i16;
        deserialize_i64 => visit_i64: i64;
        deserialize_u16 => visit_u16: u16;
        deserialize_u32 => visit_u32: u32;
        deserialize_u64 => visit_u64: u64;
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.text())
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.byte() % 3 {
            0 => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let length = self.length();
        visitor.visit_seq(self.several(length))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let length = self.length();
        visitor.visit_map(self.several(length))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_seq(self.several(fields.len()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let number = usize::from(self.byte()) % variants.len();
        visitor.visit_enum(Variant {
            source: self,
            number: u32::try_from(number).unwrap(),
        })
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_char(LETTERS[usize::from(self.byte()) % LETTERS.len()])
    }

    serde::forward_to_deserialize_any! {
        f32 f64 bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct Variant<'s, S> {
    source: &'s mut S,
    number: u32,
}

impl<'de> EnumAccess<'de> for Variant<'_, Source<'_>> {
    type Error = Error;
    type Variant = Self;
    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Error> {
        let number: U32Deserializer<Error> = self.number.into_deserializer();
        Ok((seed.deserialize(number)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, Source<'_>> {
    type Error = Error;
    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.source)
    }
    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(self.source.several(length))
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_seq(self.source.several(fields.len()))
    }
}
