//! What happened, as text for people and as one number to compare runs by.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, Write};

use crate::here;

/// FNV-1a.
const FIRST: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

thread_local! {
    static HASH: Cell<u64> = const { Cell::new(FIRST) };
    static IS_SHOWN: Cell<bool> = const { Cell::new(false) };
    /// What a failure shows: the last lines.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
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
    let hash = bytes.iter().fold(HASH.get(), |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(PRIME)
    });
    HASH.set(hash);
}

/// Notes what happened now.
pub(crate) fn note(what: impl fmt::Display) {
    let line = format!("{:>10.3} {what}", here::now().as_secs_f64());
    bytes(line.as_bytes());
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
