//! What schedulers and cancellers make of changes, of the time and of builds, on a master whose time is simulated.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod cancellers;
mod chains;
mod codebases;
mod forces;
mod importance;
mod nightly;
mod site;
