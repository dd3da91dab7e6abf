//! How a command runs and ends.

use starlark::values::Value;

use super::tests::unknown;
use crate::call::Call;
use crate::model::Terms;
use crate::read::{self, Reading};

/// The signals that can ask a command to end.
const SIGNALS: [&str; 7] = ["TERM", "INT", "HUP", "QUIT", "KILL", "USR1", "USR2"];

/// What every step has.
pub(super) fn of_every_step(call: &mut Call<'_, '_>) -> Terms {
    Terms {
        stop_signal: call.optional("stop_signal", signal),
        stop_grace: call.optional("stop_grace", read::duration),
        ..Terms::default()
    }
}

/// What `shell(…)` has beyond that.
pub(super) fn of_shell(call: &mut Call<'_, '_>, terms: &mut Terms) {
    terms.pty = call.or("pty", read::boolean, false);
    terms.stdin = call.optional("stdin", read::template);
}

/// A signal's name, with or without `SIG`.
fn signal(value: Value<'_>) -> Reading<String> {
    let word = read::text(value)?;
    let name = word.strip_prefix("SIG").unwrap_or(&word);
    if SIGNALS.contains(&name) {
        return Ok(name.to_owned());
    }
    unknown("no signal that ends a command", &word, "signals", &SIGNALS)
}
