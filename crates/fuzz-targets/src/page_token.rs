//! Page tokens: any text is one of the list or none, and what is in one comes back.

#[path = "../../status-db/src/page_token.rs"]
#[allow(unreachable_pub, reason = "it is public in its own crate")]
mod written;

use weir_status_api::{FieldType, Kind, PageToken, Timestamp, Value};
use written::{ListId, decode, encode};

const TYPES: [FieldType; 4] = [FieldType::Int, FieldType::Text, FieldType::Bool, FieldType::Time];

pub(crate) fn try_it(data: (i64, Option<&str>, bool, &str)) {
    let (number, text, yes, token) = data;
    let list = ListId::new(Kind::Build, "a list");
    let row = [
        Some(Value::Int(number)),
        text.map(Value::from),
        Some(Value::Bool(yes)),
        Some(Value::Time(Timestamp(number))),
    ];
    let written = encode(list, &row);
    assert_eq!(decode(list, &TYPES, &written), Some(row.to_vec()));
    assert_eq!(
        decode(ListId::new(Kind::Build, "another"), &TYPES, &written),
        None
    );
    // What a client made of a token, and what it made up.
    let place = written.0.len() / 2;
    let mut changed = written.0.clone();
    changed.replace_range(place.., token);
    for text in [token.to_owned(), changed] {
        if let Some(row) = decode(list, &TYPES, &PageToken(text)) {
            assert_eq!(decode(list, &TYPES, &encode(list, &row)), Some(row));
        }
    }
}
