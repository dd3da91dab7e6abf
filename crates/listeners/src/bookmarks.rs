//! Bookmarks in a folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde_json::json;
use weir_off_thread::off_thread;
use weir_status_api::{Bookmarks, Cursor, Error, Event, Place, Result};

/// How large a file of parked events may be, in bytes, when another comes.
const LARGE: u64 = 16 << 20;

/// Why a folder cannot hold bookmarks.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{} is in use by another process; stop that, or choose another folder", .0.display())]
    InUse(PathBuf),
    /// It cannot be made or locked.
    #[error("{} cannot be used: {source}", .folder.display())]
    Unusable {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Bookmarks in a folder of one process: `NAME.cursor`, the place: the cursor up to which all is done, and those done
/// beyond it; what the listener kept, `NAME.state.json`; and what could not be delivered, one JSON object a line, in
/// `NAME.parked.jsonl`. Once that has 16 MiB, the listener waits until somebody takes it away.
#[derive(Debug)]
pub struct FileBookmarks {
    folder: PathBuf,
    /// Locked for as long as it is open.
    _lock: File,
}

impl FileBookmarks {
    /// Those in `folder`, which is made if needed and locked against other processes.
    ///
    /// # Errors
    /// [`OpenError`] if it is in use or cannot be used.
    pub fn open(folder: impl Into<PathBuf>) -> std::result::Result<Self, OpenError> {
        let folder = folder.into();
        let unusable = |source| OpenError::Unusable {
            folder: folder.clone(),
            source,
        };
        std::fs::create_dir_all(&folder).map_err(unusable)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let lock = options.open(folder.join("lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(folder)),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    fn path(&self, listener: &str, extension: &str) -> PathBuf {
        self.folder.join(format!("{}.{extension}", file_name(listener)))
    }
}

#[async_trait]
impl Bookmarks for FileBookmarks {
    async fn load(&self, listener: &str) -> Result<Option<Place>> {
        let path = self.path(listener, "cursor");
        let Some(text) = read(path.clone()).await? else {
            return Ok(None);
        };
        let no_place = || Error::internal(format!("{} holds no cursor", path.display()));
        let mut cursors = text.split_whitespace().map(str::parse::<Cursor>);
        let after = cursors.next().and_then(|it| it.ok()).ok_or_else(no_place)?;
        let done = cursors
            .collect::<std::result::Result<_, _>>()
            .map_err(|_| no_place())?;
        Ok(Some(Place { after, done }))
    }

    async fn save(&self, listener: &str, place: &Place) -> Result<()> {
        let mut text = place.after.to_string();
        for cursor in &place.done {
            text.push_str(&format!(" {cursor}"));
        }
        write(self.path(listener, "cursor"), text + "\n").await
    }

    async fn state(&self, listener: &str) -> Result<Option<serde_json::Value>> {
        let path = self.path(listener, "state.json");
        let Some(text) = read(path.clone()).await? else {
            return Ok(None);
        };
        let wrong = |error| Error::internal(format!("{} holds no JSON: {error}", path.display()));
        serde_json::from_str(&text).map(Some).map_err(wrong)
    }

    async fn keep_state(&self, listener: &str, state: &serde_json::Value) -> Result<()> {
        write(self.path(listener, "state.json"), format!("{state}\n")).await
    }

    async fn park(&self, listener: &str, event: &Event, why: &str) -> Result<()> {
        let path = self.path(listener, "parked.jsonl");
        let topics: Vec<String> = event.topics().iter().map(ToString::to_string).collect();
        let line = json!({
            "listener": listener,
            "cursor": event.cursor.0,
            "time": event.at.as_secs(),
            "topics": topics,
            "why": why,
            "event": serde_json::to_value(event).map_err(Error::internal)?,
        });
        let line = format!("{line}\n");
        on_disk(move || match std::fs::metadata(&path) {
            Ok(file) if file.len() > LARGE => Err(full(&path)),
            _ => append(&path, &line).map_err(|error| failed(&path, &error)),
        })
        .await
    }
}

/// What the file holds; none if it is not there.
async fn read(path: PathBuf) -> Result<Option<String>> {
    on_disk(move || match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(&path, &error)),
    })
    .await
}

/// Puts `text` in the place of what the file holds.
async fn write(path: PathBuf, text: String) -> Result<()> {
    on_disk(move || replace(&path, &text).map_err(|error| failed(&path, &error))).await
}

/// Runs what waits for the disk where it keeps no other task waiting.
async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    off_thread(work)
        .await
        .map_err(|error| Error::internal(format!("the work on a bookmark ended early: {error}")))?
}

/// Puts `text` in the place of what the file holds, at once and durably: after a crash it holds the old or the new.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_added_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    sync_folder(path)
}

/// Adds `line` to the file durably.
fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(line.as_bytes())?;
    file.sync_all()?;
    sync_folder(path)
}

/// Makes a new or renamed file's name durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn full(path: &Path) -> Error {
    let path = path.display();
    let why =
        format!("{path} is full of events that could not be delivered: look at them and move the file away");
    Error::TooMany { why }
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::internal(format!("{}: {error}", path.display()))
}

/// The listener's name as part of a file's: other characters than letters, digits, `-` and `_` as `%` and their code,
/// so that no two names share a file and none leads out of the folder.
fn file_name(listener: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    listener
        .bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02x}"),
        })
        .collect()
}
