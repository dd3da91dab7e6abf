//! Access through its front door: callers with credentials over a model in memory.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "faults are planted elsewhere")]
#[path = "../../../status-api/tests/model/mod.rs"]
mod model;

mod commands;
mod hiding;
mod house;
mod sign_in;
mod streams;
mod tokens;
mod twins;
mod unseen;
