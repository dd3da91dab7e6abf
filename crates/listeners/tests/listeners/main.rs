#![expect(clippy::unwrap_used, reason = "a test may panic")]
//! Listeners through their public interface, against a server on this machine.

mod bookmarks;
mod chat;
mod delivery;
mod events;
mod forge;
mod mail;
#[path = "../../../status-api/tests/model/mod.rs"]
#[allow(dead_code, reason = "the kit of the status API uses more of it")]
mod model;
mod push;
mod reports;
mod sample;
mod servers;
mod support;
mod webhook;
