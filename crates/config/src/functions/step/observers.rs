//! Who sees the output of a step while it comes.

use starlark::values::Value;

use crate::call::Call;
use crate::model::{Observers, Pattern};
use crate::object::{Item, Object};
use crate::read::{self, Reading};

/// What a step with commands says of that.
pub(super) fn observers(call: &mut Call<'_, '_>) -> Observers {
    let observers = Observers {
        function: call.optional("observe", read::observer),
        warnings: call.optional("warning_pattern", pattern),
        most_warnings: call.optional("max_warn_count", most),
    };
    if call.has("max_warn_count") && !call.has("observe") && !call.has("warning_pattern") {
        let help = "add warning_pattern = …, which says what a warning is, or remove it";
        call.mistake(
            "max_warn_count",
            "'max_warn_count' is given, but nothing counts warnings",
            Some(help.to_owned()),
        );
    }
    observers
}

/// What a line that is a warning is like.
fn pattern(value: Value<'_>) -> Reading<Pattern> {
    match Object::from_value(value) {
        Some(Object(Item::Regex(pattern))) => Ok(pattern.clone()),
        _ if value.unpack_str().is_some() => read::text(value).map(Pattern::Text),
        _ => read::unexpected(value, "a string or regex(…)", None),
    }
}

/// How many warnings there may be.
fn most(value: Value<'_>) -> Reading<u32> {
    let number = read::integer(value)?;
    u32::try_from(number).or_else(|_| read::wrong("must be 0 or a positive number", None))
}
