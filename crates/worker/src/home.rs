//! The worker's own folder.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use weir_off_thread::off_thread;

use crate::journal::Journal;
use crate::options::{Error, Options};

/// Where, below the worker's folder, is what is the worker's and no command's. No builder's folder begins with a dot.
pub(crate) const OWN: &str = ".weir";

/// How long to wait for another process to leave the folder.
const PATIENCE: Duration = Duration::from_secs(1);

/// The folder below which commands run; no other worker has it.
#[derive(Debug)]
pub(crate) struct Home {
    /// As a real path.
    pub(crate) base_dir: PathBuf,
    pub(crate) journal: Arc<Journal>,
    /// Locked while the process lives.
    _lock: File,
}

impl Home {
    /// Makes the folder if it is not there, takes it, and removes the journals of an earlier process.
    ///
    /// # Errors
    /// [`Error::BaseDir`], or [`Error::InUse`] if another process has it.
    pub(crate) async fn open(options: &Options) -> Result<Self, Error> {
        let (path, limit) = (options.base_dir.clone(), options.journal_size);
        let failed = |source| Error::BaseDir {
            path: options.base_dir.clone(),
            source,
        };
        let until = Instant::now() + PATIENCE;
        loop {
            let path = path.clone();
            let opened = off_thread(move || open(&path, limit)).await;
            match opened.map_err(|error| failed(io::Error::other(error)))? {
                Ok(Some(home)) => return Ok(home),
                // A process that ends may hold it for a moment.
                Ok(None) if Instant::now() < until => sleep(PATIENCE / 20).await,
                Ok(None) => {
                    return Err(Error::InUse {
                        path: options.base_dir.clone(),
                    });
                }
                Err(error) => return Err(failed(error)),
            }
        }
    }
}

/// The folder; none if another process has it.
fn open(path: &Path, limit: u64) -> io::Result<Option<Home>> {
    fs::create_dir_all(path)?;
    let base_dir = path.canonicalize()?;
    let own = base_dir.join(OWN);
    fs::create_dir_all(&own)?;
    let lock = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(own.join("lock"))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let journal = own.join("journal");
    match fs::remove_dir_all(&journal) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    Ok(Some(Home {
        base_dir,
        journal: Arc::new(Journal::new(journal, limit)),
        _lock: lock,
    }))
}
