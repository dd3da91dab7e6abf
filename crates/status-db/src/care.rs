//! Looking after a store from outside of the master: what is in it, its space, copies of it.

mod backup;
mod manifest;
mod restore;
mod stats;

pub use backup::{Backup, backup};
pub use restore::restore;
pub use stats::{AgeSpan, BuilderStats, Stats, TableStats, stats};

use crate::error::Result;
use crate::retention::tidy;
use crate::store::Store;

/// What tidying up a store brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Bytes of log segments that became free.
    pub log_bytes: u64,
    /// How much smaller the database is, in bytes.
    pub database_bytes: u64,
}

impl Store {
    /// Gives back the space that nothing needs: log segments of which a tenth or more is not referred to are written
    /// anew, and the database is vacuumed. Nothing else can be written meanwhile.
    ///
    /// # Errors
    /// Faults of the database and of the disk; an SQLite database needs as much free space as it has.
    pub async fn vacuum(&self) -> Result<Tidied> {
        let log_bytes = tidy(self).await?;
        let backend = &self.inner.backend;
        let before = backend.size().await?;
        backend.vacuum().await?;
        let after = backend.size().await?;
        Ok(Tidied {
            log_bytes,
            database_bytes: before.saturating_sub(after),
        })
    }
}
