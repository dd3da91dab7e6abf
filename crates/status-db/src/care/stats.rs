//! What is in a store.

use std::path::Path;
use std::time::Duration;

use weir_status_api::Timestamp;

use crate::error::Result;
use crate::segments::{SegmentReader, segment_files};
use crate::store::{Database, open_backend};

/// How long counting may take.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// What is in a store, and how much room it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Each table, the largest first.
    pub tables: Vec<TableStats>,
    /// Bytes of the database.
    pub database_bytes: u64,
    /// Bytes of the files of log segments.
    pub segment_bytes: u64,
    /// Bytes of them that logs refer to.
    pub log_bytes: u64,
    /// Builds, by their beginning.
    pub builds: Option<AgeSpan>,
    /// Changes, by when they came.
    pub changes: Option<AgeSpan>,
    /// Events.
    pub events: Option<AgeSpan>,
    /// The builders that have builds, by name.
    pub builders: Vec<BuilderStats>,
}

/// A table of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableStats {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Its bytes, with its indexes.
    pub bytes: u64,
}

/// From when to when things are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgeSpan {
    /// The oldest.
    pub oldest: Timestamp,
    /// The newest.
    pub newest: Timestamp,
}

/// What a builder has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuilderStats {
    /// Its name.
    pub name: String,
    /// Its builds.
    pub builds: u64,
    /// From when to when they began.
    pub began: AgeSpan,
}

/// Counts what is in a store, whose master may serve meanwhile. It reads all of the database.
///
/// # Errors
/// Faults of the database and of the disk, e.g. that there is no store.
pub async fn stats(database: &Database, data_dir: &Path) -> Result<Stats> {
    let backend = open_backend(database, data_dir).await?;
    let counted = tokio::time::timeout(PATIENCE, backend.stats()).await;
    let mut stats = counted.map_err(|_| crate::Error::Unreachable {
        why: format!("no answer within {} s", PATIENCE.as_secs()),
    })??;
    stats
        .tables
        .sort_by(|a, b| (b.bytes, &a.name).cmp(&(a.bytes, &b.name)));
    let logs = data_dir.join("logs");
    if logs.is_dir() {
        let segments = SegmentReader::new(logs.clone());
        for segment in segment_files(logs).await? {
            stats.segment_bytes += segments.length(segment).await?;
        }
    }
    Ok(stats)
}
