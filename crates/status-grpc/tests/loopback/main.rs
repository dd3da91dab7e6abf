//! Client and server against each other, over a small status API that does what a test tells it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod access;
mod breaking;
mod calls;
mod compression;
mod deadlines;
mod scripted;
mod serving;
mod watching;
