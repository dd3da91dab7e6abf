//! Answers that a gateway keeps are never older than they may be, over a real store.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod api;
mod at_once;
mod hindered;
mod random;
#[path = "../../../status-db/tests/stage/mod.rs"]
mod stage;
mod writes;
