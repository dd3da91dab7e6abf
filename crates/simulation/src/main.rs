//! Deterministic simulation: a master, its workers, a gateway, listeners and people on one thread, in simulated time, on
//! a simulated network and under faults, all of which a seed decides. The same seed gives the same run.
//!
//! # Goals
//! - What runs is Weir itself: its engine, store, protocols and clients. Simulated are the network, time and chance, the
//!   disk's moods, and what commands do.
//! - A process that is killed is gone in the middle of what it did, with all its tasks, and starts again over its files.
//! - After each seed it is checked what must be true whatever happened.
//!
//! # Non-goals
//! - No check of what the system does beneath: processes, terminals, TCP, TLS, PostgreSQL. Other tests have those.

mod audit;
mod chance;
mod command_line;
mod faults;
mod here;
mod ledger;
mod nature;
mod network;
mod observe;
mod plan;
mod plant;
mod run;
mod site;
mod trace;
mod world;

use std::process::ExitCode;

fn main() -> ExitCode {
    command_line::run()
}
