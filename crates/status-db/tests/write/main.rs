//! The write side through its public interface: transitions, their events, and what survives.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod away;
mod care;
mod crash;
mod faults;
mod forces;
mod lifecycle;
mod listeners;
mod logs;
mod outcomes;
mod plans;
mod projects;
mod requests;
mod restart;
mod retention;
mod rig;
mod tokens;
mod triggers;
mod waiting;
