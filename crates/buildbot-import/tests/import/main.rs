//! Databases of real Buildbots become stores.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod refused;
mod rig;
mod whole;
