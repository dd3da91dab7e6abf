//! Reading and watching the store.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod content;
mod fill;
mod lists;
mod load;
#[allow(dead_code, reason = "shared with the tests of the write side")]
#[path = "../write/rig.rs"]
mod rig;
mod search;
mod views;
