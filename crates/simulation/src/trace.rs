//! What happened, as text for people and as one number to compare runs by.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, Write};

use crate::chance::mix;
use crate::here;

thread_local! {
    static HASH: Cell<u64> = const { Cell::new(0) };
    static IS_SHOWN: Cell<bool> = const { Cell::new(false) };
    static FORBIDDEN: RefCell<Option<String>> = const { RefCell::new(None) };
    static HAS_FORBIDDEN: Cell<bool> = const { Cell::new(false) };
    /// What a failure shows: the last lines.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// From now on it is remembered if this is noted.
pub(crate) fn forbid(text: &str) {
    FORBIDDEN.set(Some(text.to_owned()));
}

/// Whether something was noted that is forbidden.
pub(crate) fn has_forbidden() -> bool {
    HAS_FORBIDDEN.get()
}

/// Shows this, if lines are shown. It is no part of what happened.
pub(crate) fn show_beside(what: impl fmt::Display) {
    if IS_SHOWN.get() {
        eprintln!("{what}");
    }
}

/// Shows each line at once.
pub(crate) fn show() {
    IS_SHOWN.set(true);
}

/// A number for everything that was noted so far.
pub(crate) fn hash() -> u64 {
    HASH.get()
}

/// Notes bytes, which are not shown.
pub(crate) fn bytes(bytes: &[u8]) {
    let mut hash = HASH.get() ^ bytes.len() as u64;
    for part in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..part.len()].copy_from_slice(part);
        hash = mix::stir(hash.wrapping_add(mix::STEP) ^ u64::from_le_bytes(word));
    }
    HASH.set(hash);
}

/// Notes what happened now.
pub(crate) fn note(what: impl fmt::Display) {
    let line = format!("{:>10.3} {what}", here::now().as_secs_f64());
    bytes(line.as_bytes());
    if FORBIDDEN.with_borrow(|it| it.as_ref().is_some_and(|it| line.contains(it.as_str()))) {
        HAS_FORBIDDEN.set(true);
    }
    LINES.with_borrow_mut(|lines| {
        lines.push(line);
        if IS_SHOWN.get() {
            // A file that must not grow now gets them later.
            let all = lines.join("\n") + "\n";
            if io::stderr().write_all(all.as_bytes()).is_ok() {
                lines.clear();
            }
        }
    });
}

/// What was noted and not shown.
pub(crate) fn lines() -> Vec<String> {
    LINES.take()
}
