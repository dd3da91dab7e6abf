//! Jelly: how the perspective broker spells Python's values as expressions, as Twisted's `spread/jelly.py` does.
//!
//! Only plain values are taken, references to objects, and failures as data. Whatever would make an instance, a class, a
//! function or a module of the reader's is an [`Error::Type`](crate::Error::Type) with the name of its type, and so are
//! cacheables, of which Buildbot has none. What is shared in the sender's memory is copied; what holds itself is refused.

mod read;
mod write;

pub use read::{read, read_failure};
pub use write::{write, write_failure};

/// The names of types.
mod name {
    pub(super) const BOOL: &[u8] = b"boolean";
    pub(super) const DEREFERENCE: &[u8] = b"dereference";
    pub(super) const FROZEN_SET: &[u8] = b"frozenset";
    pub(super) const LIST: &[u8] = b"list";
    pub(super) const LOCAL: &[u8] = b"local";
    pub(super) const MAP: &[u8] = b"dictionary";
    pub(super) const NONE: &[u8] = b"None";
    pub(super) const REFERENCE: &[u8] = b"reference";
    pub(super) const REMOTE: &[u8] = b"remote";
    pub(super) const SET: &[u8] = b"set";
    pub(super) const TEXT: &[u8] = b"unicode";
    pub(super) const TUPLE: &[u8] = b"tuple";
}
