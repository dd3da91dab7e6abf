//! What schedulers and change sources refer to in the state that they keep.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::super::super::rows::from_json;
use super::super::Tx;
use crate::error::Result;
use crate::schema::kept_states;

/// All numbers in kept states. What they mean only their owners know: each may be the id of a change, a source stamp, a
/// buildset, a request or a build, so that nothing with that id goes.
pub(super) struct Kept {
    numbers: HashSet<i64>,
}

impl Kept {
    pub(super) async fn load(tx: &mut Tx<'_>) -> Result<Self> {
        let texts: Vec<String> = kept_states::table
            .select(kept_states::value_json)
            .load(tx.conn)
            .await?;
        let mut numbers = HashSet::new();
        for text in texts {
            gather(&from_json("kept_states.value_json", &text)?, &mut numbers);
        }
        Ok(Self { numbers })
    }

    /// Whether somebody may refer to what has that id.
    pub(super) fn has(&self, id: i64) -> bool {
        self.numbers.contains(&id)
    }
}

/// The whole numbers in `value`, also those that are written as texts or names.
fn gather(value: &Value, numbers: &mut HashSet<i64>) {
    match value {
        Value::Number(it) => numbers.extend(it.as_i64()),
        Value::String(it) => numbers.extend(it.parse::<i64>().ok()),
        Value::Array(items) => items.iter().for_each(|it| gather(it, numbers)),
        Value::Object(fields) => {
            for (name, it) in fields {
                numbers.extend(name.parse::<i64>().ok());
                gather(it, numbers);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_wherever_they_are() {
        let mut numbers = HashSet::new();
        let value =
            serde_json::json!({"seen": 7, "pending": {"main": [8, "9"], "10": null}, "at": 1.5, "on": true});
        gather(&value, &mut numbers);
        let mut numbers: Vec<i64> = numbers.into_iter().collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [7, 8, 9, 10]);
    }
}
