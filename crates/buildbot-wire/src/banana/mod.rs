//! Banana: expressions of integers, floats, byte strings and lists, as Twisted's `spread/banana.py` writes them.
//!
//! A token is a number, its low seven bits first, then a byte of 0x80 or more that says what it is, then for some a body.

mod decode;
mod encode;
mod vocabulary;

pub use decode::Decoder;
pub use encode::encode;

/// Bytes that a string can have, and items that a list can have: whoever runs Twisted hangs up on more.
pub const SIZE_LIMIT: usize = 640 * 1024;

/// What two sides agree on before they speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Without a vocabulary.
    None,
    /// With the vocabulary of the perspective broker: one number for each of its words.
    Pb,
}

impl Dialect {
    /// The dialects that are known here, the preferred one first.
    pub const KNOWN: [Self; 2] = [Self::Pb, Self::None];

    /// Its name in the negotiation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pb => "pb",
        }
    }

    /// The one of this name.
    pub fn named(name: &[u8]) -> Option<Self> {
        Self::KNOWN.into_iter().find(|it| it.name().as_bytes() == name)
    }
}

/// What banana carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// An integer. Twisted takes up to 448 bits; 127 are more than any worker has use for.
    Int(i128),
    /// A float.
    Float(f64),
    /// A byte string, be it spelled or a word of the vocabulary.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Self>),
}

impl Expression {
    /// Text as a byte string.
    pub fn text(text: &str) -> Self {
        Self::Bytes(text.as_bytes().to_vec())
    }

    /// What it is, for the sentence of an error.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Int(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Bytes(_) => "a string",
            Self::List(_) => "a list",
        }
    }
}

/// The bytes that say what a token is.
mod token {
    pub(super) const LIST: u8 = 0x80;
    pub(super) const INT: u8 = 0x81;
    pub(super) const STRING: u8 = 0x82;
    pub(super) const NEG: u8 = 0x83;
    pub(super) const FLOAT: u8 = 0x84;
    pub(super) const LONGINT: u8 = 0x85;
    pub(super) const LONGNEG: u8 = 0x86;
    pub(super) const VOCAB: u8 = 0x87;
}
