//! What a runner promises, whatever its destination, its place and its process do. Time is the tests' own.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod delivery;
mod expired;
mod full;
mod hold;
mod restart;
mod world;
