//! Buildbot's database, read and handed to a store.
//!
//! # Goals
//! - All that Buildbot 2.10 to 4.3 keeps of builds comes over, with its ids.
//! - The database is only read, and what is stored is compared with it.
//! - An import can be ended at any moment, and gone on with.
//!
//! # Non-goals
//! - No configuration: `weir convert` is for that.
//! - No SQL of Weir's store: [`weir_status_db::Import`] has that.

mod closing;
mod compression;
mod copy;
mod error;
mod known;
mod note;
mod parts;
mod record;
mod report;
mod schema;
mod source;

use std::path::PathBuf;

use weir_status_api::Timestamp;
use weir_status_db::Database;

pub use copy::import;
pub use error::{Error, Result};
pub use report::{KnownUser, Report, TableReport};
pub use source::Place;

/// What is imported from where to where.
#[derive(Clone, Debug)]
pub struct Options {
    /// Buildbot's database.
    pub from: Place,
    /// The database of the store, which must not be there yet.
    pub database: Database,
    /// Its data directory.
    pub data_dir: PathBuf,
    /// Whether requests that wait are cancelled. Otherwise they are built here.
    pub cancel_waiting: bool,
    /// Whether what is damaged of logs is replaced by a line that says so. Otherwise it ends the import.
    pub replace_damaged: bool,
    /// The time now, at which what was under way ended.
    pub at: Timestamp,
}

/// How far an import is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// What is being done.
    pub doing: &'a str,
    /// Rows, indexes or lines so far.
    pub done: i64,
    /// How many there are.
    pub total: i64,
}
