//! From expressions to bytes.

use super::{Dialect, Expression, SIZE_LIMIT, token, vocabulary};
use crate::{Error, Result};

/// The largest integer that is no long one; the smallest is one further from zero.
const LARGEST_INT: u128 = (1 << 31) - 1;

/// Appends an expression's bytes.
///
/// # Errors
/// [`Error::Limit`] if a string or a list is larger than [`SIZE_LIMIT`], which whoever runs Twisted would not take. Then
/// nothing is appended.
pub fn encode(expression: &Expression, dialect: Dialect, into: &mut Vec<u8>) -> Result<()> {
    let before = into.len();
    let written = append(expression, dialect, into);
    if written.is_err() {
        into.truncate(before);
    }
    written
}

fn append(expression: &Expression, dialect: Dialect, into: &mut Vec<u8>) -> Result<()> {
    match expression {
        Expression::Int(value) => int(*value, into),
        Expression::Float(value) => {
            into.push(token::FLOAT);
            into.extend_from_slice(&value.to_be_bytes());
        }
        Expression::Bytes(bytes) => string(bytes, dialect, into)?,
        Expression::List(items) => {
            small_enough("items in a list", items.len())?;
            number(items.len() as u128, token::LIST, into);
            for item in items {
                append(item, dialect, into)?;
            }
        }
    }
    Ok(())
}

fn int(value: i128, into: &mut Vec<u8>) {
    let size = value.unsigned_abs();
    let kind = match value {
        0.. if size <= LARGEST_INT => token::INT,
        0.. => token::LONGINT,
        _ if size <= LARGEST_INT + 1 => token::NEG,
        _ => token::LONGNEG,
    };
    number(size, kind, into);
}

fn string(bytes: &[u8], dialect: Dialect, into: &mut Vec<u8>) -> Result<()> {
    let word = match dialect {
        Dialect::Pb => vocabulary::number(bytes),
        Dialect::None => None,
    };
    if let Some(word) = word {
        number(word, token::VOCAB, into);
        return Ok(());
    }
    small_enough("bytes in a string", bytes.len())?;
    number(bytes.len() as u128, token::STRING, into);
    into.extend_from_slice(bytes);
    Ok(())
}

fn small_enough(what: &'static str, size: usize) -> Result<()> {
    match size <= SIZE_LIMIT {
        true => Ok(()),
        false => Err(Error::Limit {
            what,
            limit: SIZE_LIMIT,
        }),
    }
}

/// A number with what it means. Zero is one byte.
fn number(mut value: u128, kind: u8, into: &mut Vec<u8>) {
    loop {
        let [low, ..] = value.to_le_bytes();
        into.push(low & 0x7f);
        value >>= 7;
        if value == 0 {
            break;
        }
    }
    into.push(kind);
}
