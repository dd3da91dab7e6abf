//! Page tokens: where a list's next page begins.
//!
//! A token holds the order's values of the last row and a hash of the list that it belongs to, as hex.

use std::hash::{DefaultHasher, Hash, Hasher};

use weir_status_api::{FieldType, Kind, PageToken, Timestamp, Value};

/// A list, as far as its tokens depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListId(u64);

impl ListId {
    /// The list of `kind` that has these filters and order, however they are written down.
    pub(crate) fn new(kind: Kind, filters_and_order: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        (kind, filters_and_order).hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// The token for the page behind the row that has these values in the list's order.
pub(crate) fn encode(list: ListId, row: &[Option<Value>]) -> PageToken {
    let values: Vec<serde_json::Value> = row
        .iter()
        .map(|value| match value {
            None => serde_json::Value::Null,
            Some(Value::Int(number)) => (*number).into(),
            Some(Value::Time(time)) => time.0.into(),
            Some(Value::Text(text)) => text.as_str().into(),
            Some(Value::Bool(yes)) => (*yes).into(),
        })
        .collect();
    let json = serde_json::Value::from(values).to_string();
    let bytes = list.0.to_be_bytes().into_iter().chain(json.into_bytes());
    PageToken(bytes.map(|byte| format!("{byte:02x}")).collect())
}

/// The values in a token, whose types are `types`; none if it is no token of the list.
pub(crate) fn decode(list: ListId, types: &[FieldType], token: &PageToken) -> Option<Vec<Option<Value>>> {
    let bytes = from_hex(&token.0)?;
    let (hash, json) = bytes.split_at_checked(8)?;
    if hash != list.0.to_be_bytes() {
        return None;
    }
    let values: Vec<serde_json::Value> = serde_json::from_slice(json).ok()?;
    if values.len() != types.len() {
        return None;
    }
    values
        .into_iter()
        .zip(types)
        .map(|(value, field_type)| match (value, field_type) {
            (serde_json::Value::Null, _) => Some(None),
            (value, FieldType::Int) => value.as_i64().map(Value::Int).map(Some),
            (value, FieldType::Time) => value.as_i64().map(Timestamp).map(Value::Time).map(Some),
            (value, FieldType::Bool) => value.as_bool().map(Value::Bool).map(Some),
            (serde_json::Value::String(text), _) => Some(Some(Value::Text(text))),
            _ => None,
        })
        .collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list() -> ListId {
        ListId::new(Kind::Build, "a list")
    }

    proptest! {
        #[test]
        fn values_come_back(number: i64, text: String, yes: bool) {
            let row = [
                Some(Value::Int(number)), None, Some(Value::Text(text)), Some(Value::Bool(yes)),
                Some(Value::Time(Timestamp(number))),
            ];
            let types = [FieldType::Int, FieldType::Int, FieldType::Text, FieldType::Bool, FieldType::Time];
            let token = encode(list(), &row);
            prop_assert_eq!(decode(list(), &types, &token), Some(row.to_vec()));
            prop_assert_eq!(decode(list(), &types[1..], &token), None);
            prop_assert_eq!(decode(ListId::new(Kind::Step, "a list"), &types, &token), None);
        }

        #[test]
        fn anything_else_is_no_token(text in "[0-9a-fA-Fxé ]{0,40}") {
            prop_assert_eq!(decode(list(), &[FieldType::Int], &PageToken(text)), None);
        }
    }
}
