#![expect(clippy::unwrap_used, reason = "a test may panic")]
//! Listeners through their public interface, against a server on this machine.

mod bookmarks;
mod delivery;
mod events;
mod support;
mod webhook;
