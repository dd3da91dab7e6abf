//! Weir's store: the status API in-process over SQLite or PostgreSQL, and the write side of the master.
//!
//! # Goals
//! - One source of queries for both databases.
//! - Every [`Transition`] is stored with its events in one transaction, many in one commit.
//!
//! # Non-goals
//! - No scheduling, no decisions: what to store is the master's business.

#![allow(
    clippy::duplicate_mod,
    reason = "one source of queries, compiled once for each database"
)]

mod backend;
mod bookmarks;
mod care;
mod control;
mod deadline;
mod error;
mod hub;
mod import;
mod inserts;
mod page_token;
mod postgres;
mod retention;
mod schema;
mod search;
mod segments;
mod sqlite;
mod status;
mod store;
mod texts;
mod tokens;
mod transition;
mod writer;

pub use care::{AgeSpan, Backup, BuilderStats, Stats, TableStats, Tidied, backup, restore, stats};
pub use error::{Error, Result};
pub use import::{
    History, Import, ImportedBuildData, ImportedBuildset, ImportedChange, ImportedLines, Opened, Settled,
};
pub use retention::{Retained, Retention};
pub use store::{Database, Options, Store};
pub use tokens::TokenStore;
pub use transition::{
    Applied, BuilderSetup, BuildsetSource, ChangeCommit, CodebaseSetup, ConfigurationId, Deleted, ForceKey,
    KeptCheckpoint, KeptState, MAX_BUILD_DATA, MAX_PATCH, NewBuildData, NewBuildset, NewChange,
    NewCheckpoint, NewCommit, NewLog, NewPatch, NewSourceStamp, NewSteps, NewTestResult, NewTestResultSet,
    OpenBuild, Outdated, ProjectSetup, Setup, SetupIds, Transition,
};
