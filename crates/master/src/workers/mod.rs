//! The master's side of the worker protocol: who may connect, who is connected, and the commands that run.
//!
//! # Goals
//! - A command's events come in order and exactly once, across lost connections and lives of the master, or the
//!   command is lost.
//! - Whatever a worker does, the memory that it takes here is bounded: a command holds at most its window.
//!
//! # Non-goals
//! - Nothing is stored here, and nothing is known of builds: the owner of a command acknowledges its events
//!   when they are stored.

mod account;
mod buildbot;
mod command;
mod event;
mod manager;
mod refusals;
mod registry;
mod service;
mod session;
mod slot;
mod spec;
mod tellers;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use account::{WorkerAccount, WorkerBuilder};
pub use buildbot::Buildbot;
pub use command::RunningCommand;
pub use event::{CommandEvent, Limit, Outcome, OutputStream};
pub use manager::{Held, Order, Settings, WorkerGone, WorkerManager};
pub use registry::WorkerRegistry;
pub use service::{Service, WorkerService};
pub use spec::{CommandSpec, FileCommand, FollowedFile, What};
pub use tellers::{Admission, Teller, Tellers, Told};

/// Locks, whether or not somebody panicked with the lock in hand: each holder leaves the state whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
