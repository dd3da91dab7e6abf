//! The gateway through its front door: requests in, answers out, over a model in memory.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../../status-api/tests/model/mod.rs"]
#[allow(dead_code, reason = "the tests of the kit plant more faults in the model")]
mod model;

mod assets;
mod auth;
mod commit_range;
mod control;
mod events;
mod kept;
mod load;
mod logs;
mod neighbours;
mod openapi;
mod passage;
mod reads;
mod refusals;
mod revoked;
mod scene;
mod sockets;
mod through;
