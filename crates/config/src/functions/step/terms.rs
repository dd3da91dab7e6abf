//! How a command runs and ends.

use std::collections::BTreeMap;

use starlark::values::Value;
use starlark::values::dict::DictRef;

use super::LONGEST_STEP_NAME;
use super::tests::unknown;
use crate::call::Call;
use crate::model::{LogFile, Terms};
use crate::read::{self, Reading};
use crate::text::Text;

/// How many files of one command a worker follows.
const MOST_FILES: usize = 20;

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
    terms.max_lines = max_lines(call);
    of_files(call, terms);
}

/// The files that commands write and that become logs.
pub(super) fn of_files(call: &mut Call<'_, '_>, terms: &mut Terms) {
    let files = read::dict(log_name, log_file);
    let files = call.or("logfiles", files, BTreeMap::new());
    if files.len() > MOST_FILES {
        let message = format!(
            "'logfiles' has {} files; at most {MOST_FILES} can be followed",
            files.len()
        );
        call.mistake("logfiles", &message, None);
    }
    terms.log_files = files
        .into_iter()
        .map(|(name, (path, follow))| LogFile { name, path, follow })
        .collect();
    terms.lazy_log_files = call.or("lazy_logfiles", read::boolean, false);
}

/// The name of a log beside `stdio`.
fn log_name(value: Value<'_>) -> Reading<String> {
    match read::name(LONGEST_STEP_NAME)(value)? {
        name if name == "stdio" => read::wrong(
            "must not be 'stdio': that is the log of the command's own output",
            Some("give the log another name"),
        ),
        name => Ok(name),
    }
}

/// A file, as its path or with how it is read.
fn log_file(value: Value<'_>) -> Reading<(Text, bool)> {
    let Some(dict) = DictRef::from_value(value) else {
        return read::folder(value).map(|path| (path, false));
    };
    let (mut path, mut follow) = (None, false);
    for (key, value) in dict.iter() {
        match key.unpack_str() {
            Some("filename") => path = Some(read::folder(value)?),
            Some("follow") => follow = read::boolean(value)?,
            _ => {
                let help = "write {\"filename\": \"test.log\", \"follow\": True}";
                return read::wrong(format!("has no key {}", key.to_repr()), Some(help));
            }
        }
    }
    match path {
        Some(path) => Ok((path, follow)),
        None => read::wrong(
            "has no 'filename'",
            Some("write {\"filename\": \"test.log\", \"follow\": True}"),
        ),
    }
}

/// How many lines a command may write.
pub(super) fn max_lines(call: &mut Call<'_, '_>) -> Option<u64> {
    call.optional("max_lines", read::count).map(u64::from)
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
