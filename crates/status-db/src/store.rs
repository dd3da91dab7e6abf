//! The store: a database, the segment files beside it, the writer and the hub.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use weir_status_api::{BuildId, BuildRequestId, BuilderId, BuildsetId, Clock, Cursor, MasterId, StepId};

use crate::backend::Backend;
use crate::deadline::{soon, within_deadline};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::segments::{SegmentReader, SegmentWriter};
use crate::transition::{Applied, ConfigurationId, KeptCheckpoint, OpenBuild, Transition};
use crate::writer::{Writer, WriterHandle};
use crate::{postgres, sqlite};

/// How often a database that others write to is looked at for their events.
const POLL: Duration = Duration::from_millis(500);

/// Which database holds the state and the events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// SQLite, in the file `weir.sqlite` of the data directory.
    Sqlite,
    /// PostgreSQL, at a URL such as `postgres://user@host/database`.
    Postgres(String),
}

/// Where a store is.
#[derive(Clone)]
pub struct Options {
    /// The database.
    pub database: Database,
    /// The directory for log text, and for SQLite's file; made if it does not exist. Belongs to one master.
    pub data_dir: PathBuf,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
}

/// The store of a master; clones are the same store.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) hub: Hub,
    pub(crate) segments: SegmentReader,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) writer: WriterHandle,
    /// Where others tell of their events.
    hints: Option<JoinHandle<()>>,
    /// Held as long as the store is open.
    _lock: File,
}

impl Store {
    /// Opens a store; tables are made and migrated, and the data directory is locked against other masters.
    ///
    /// # Errors
    /// [`Error::InUse`] if another master has the data directory; [`Error::Unreachable`] if the database does
    /// not answer or cannot be migrated; [`Error::Io`] if the data directory cannot be used.
    pub async fn open(options: Options) -> Result<Self> {
        let Options {
            database,
            data_dir,
            clock,
        } = options;
        let lock = lock(&data_dir)?;
        let backend: Arc<dyn Backend> = match &database {
            Database::Sqlite => Arc::new(sqlite::open(&data_dir.join("weir.sqlite")).await?),
            Database::Postgres(url) => Arc::new(postgres::open(url).await?),
        };
        let folder = data_dir.join("logs");
        let segments = SegmentWriter::new(folder.clone()).await?;
        // On SQLite there is nobody else who writes events.
        let poll = matches!(database, Database::Postgres(_)).then_some(POLL);
        let hub = Hub::new(backend.clone(), poll).await?;
        let hints = match database {
            Database::Postgres(url) => Some(tokio::spawn(postgres::follow(url, hub.hint()))),
            Database::Sqlite => None,
        };
        let writer = Writer::start(backend.clone(), segments, hub.clone(), Arc::clone(&clock));
        Ok(Self {
            inner: Arc::new(Inner {
                backend,
                hub,
                segments: SegmentReader::new(folder),
                clock,
                writer,
                hints,
                _lock: lock,
            }),
        })
    }

    /// Stores what happened, with its events; the answer comes after the commit.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] and [`Error::Invalid`] say that it cannot happen, and nothing
    /// is stored; other errors are faults of the database or disk.
    pub async fn apply(&self, transition: Transition) -> Result<Applied> {
        let mut applied = self.apply_all(vec![transition]).await?;
        applied
            .pop()
            .ok_or_else(|| Error::data("a transition had no outcome"))
    }

    /// Stores several things that happened, in order, all or none of them.
    ///
    /// # Errors
    /// As [`Store::apply`], of the first that fails.
    pub async fn apply_all(&self, transitions: Vec<Transition>) -> Result<Vec<Applied>> {
        self.inner.writer.apply(transitions).await
    }

    /// The newest event that this process knows of, without asking the database. What this store wrote counts
    /// before its [`apply`](Self::apply) returns.
    pub fn newest(&self) -> Cursor {
        self.inner.hub.newest()
    }

    /// The state that a change source or scheduler kept, if it did.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn kept_state(&self, owner: &str) -> Result<Option<serde_json::Value>> {
        soon(self.inner.backend.kept_state(owner)).await
    }

    /// The buildset that a build has triggered with the key, and its requests, if it has; see [`Transition::Trigger`].
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn triggered(
        &self,
        parent: BuildId,
        key: &str,
    ) -> Result<Option<(BuildsetId, BTreeMap<BuilderId, BuildRequestId>)>> {
        soon(self.inner.backend.triggered(parent, key)).await
    }

    /// The builds that a master has begun and not ended, the oldest first: those of an earlier life of it, when it
    /// starts.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn open_builds(&self, master: MasterId) -> Result<Vec<OpenBuild>> {
        within_deadline(self.inner.backend.open_builds(master)).await
    }

    /// The checkpoint of a step that runs; none if it has none or has ended.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn checkpoint(&self, step: StepId) -> Result<Option<KeptCheckpoint>> {
        within_deadline(self.inner.backend.checkpoint(step)).await
    }

    /// What steps of a build that runs have [given](Transition::InsertSteps) with the steps that they added to it.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn plans(&self, build: BuildId) -> Result<BTreeMap<StepId, String>> {
        within_deadline(self.inner.backend.plans(build)).await
    }

    /// The text of a configuration that is kept.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn configuration(&self, id: ConfigurationId) -> Result<Option<String>> {
        soon(self.inner.backend.configuration(id)).await
    }

    /// Stores what was handed in so far, and closes the database. Later calls fail with [`Error::Closed`] or
    /// [`Error::Unreachable`].
    pub async fn close(&self) {
        self.inner.writer.close().await;
        self.inner.end_hints();
        self.inner.hub.close();
        self.inner.backend.close().await;
    }
}

impl Inner {
    fn end_hints(&self) {
        if let Some(hints) = &self.hints {
            hints.abort();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.end_hints();
    }
}

/// The database of a store as it is, whose master may run, to look at.
pub(crate) async fn open_backend(database: &Database, data_dir: &Path) -> Result<Arc<dyn Backend>> {
    Ok(match database {
        Database::Sqlite => Arc::new(sqlite::look(&data_dir.join("weir.sqlite"))?),
        Database::Postgres(url) => Arc::new(postgres::look(url).await?),
    })
}

/// Makes the data directory, and locks it for as long as the file is open.
pub(crate) fn lock(data_dir: &Path) -> Result<File> {
    let shown = data_dir.display();
    std::fs::create_dir_all(data_dir).map_err(|error| Error::io(format_args!("making {shown}"), error))?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(data_dir.join("lock"))
        .map_err(|error| Error::io(format_args!("opening {shown}/lock"), error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::InUse {
            dir: shown.to_string(),
        }),
        Err(std::fs::TryLockError::Error(error)) => {
            Err(Error::io(format_args!("locking {shown}/lock"), error))
        }
    }
}
