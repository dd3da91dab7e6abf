//! From values to bytes.

use rmp::encode as write;

use crate::{Error, Result, Value};

/// The bytes of a value, in the shortest form for each, as Python's msgpack has it.
///
/// # Errors
/// [`Error::Type`] for sets, objects and failures, for which msgpack has no form, [`Error::Integer`] for an integer beyond
/// 64 bits, [`Error::Limit`] for something with more than 4 GiB.
pub fn encode(value: &Value) -> Result<Vec<u8>> {
    let mut bytes = vec![];
    append(value, &mut bytes)?;
    Ok(bytes)
}

fn append(value: &Value, into: &mut Vec<u8>) -> Result<()> {
    match value {
        Value::None => written(write::write_nil(into)),
        Value::Bool(value) => written(write::write_bool(into, *value)),
        Value::Int(value) => int(*value, into),
        Value::Float(value) => written(write::write_f64(into, *value)),
        Value::Bytes(bytes) => {
            written(write::write_bin_len(into, length(bytes.len())?))?;
            into.extend_from_slice(bytes);
            Ok(())
        }
        Value::Text(text) => {
            written(write::write_str_len(into, length(text.len())?))?;
            into.extend_from_slice(text.as_bytes());
            Ok(())
        }
        Value::List(items) | Value::Tuple(items) => {
            written(write::write_array_len(into, length(items.len())?))?;
            items.iter().try_for_each(|it| append(it, into))
        }
        Value::Map(pairs) => {
            written(write::write_map_len(into, length(pairs.len())?))?;
            pairs.iter().try_for_each(|(key, value)| {
                append(key, into)?;
                append(value, into)
            })
        }
        other => Err(Error::Type(other.kind().to_owned())),
    }
}

fn int(value: i128, into: &mut Vec<u8>) -> Result<()> {
    if let Ok(value) = u64::try_from(value) {
        return written(write::write_uint(into, value));
    }
    let value = i64::try_from(value).map_err(|_| Error::Integer)?;
    written(write::write_sint(into, value))
}

fn length(length: usize) -> Result<u32> {
    let limit = u32::MAX as usize;
    u32::try_from(length).map_err(|_| Error::Limit {
        what: "bytes or items",
        limit,
    })
}

/// To write to memory does not fail.
fn written<T, E: std::fmt::Display>(written: Result<T, E>) -> Result<()> {
    match written {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::Msgpack(error.to_string())),
    }
}
