//! What a copy of a store holds.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// The file in which a copy says what it holds.
pub(super) const MANIFEST: &str = "manifest.json";
/// The only form that there is.
pub(super) const FORMAT: u32 = 1;
/// The file of an SQLite database.
pub(super) const DATABASE: &str = "weir.sqlite";

/// How much is read at once.
const PART: usize = 1024 * 1024;

/// All that a copy holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// [`FORMAT`].
    pub(super) format: u32,
    /// The version that made it.
    pub(super) version: String,
    /// When, in microseconds since the Unix epoch.
    pub(super) made_at: i64,
    /// Its files.
    pub(super) files: Vec<Entry>,
}

/// A file of a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Its name: the database's, or `logs/` and a segment's.
    pub(super) name: String,
    /// Its length.
    pub(super) bytes: u64,
    /// The SHA-256 of its content, in hexadecimal.
    pub(super) sha256: String,
}

impl Entry {
    /// The path within `folder`; none if the name is not that of a store's file.
    pub(super) fn path(&self, folder: &Path) -> Option<PathBuf> {
        let segment = self
            .name
            .strip_prefix("logs/")
            .and_then(|it| it.strip_suffix(".zst"));
        let is_segment = segment.is_some_and(|it| !it.is_empty() && it.bytes().all(|c| c.is_ascii_digit()));
        (is_segment || self.name == DATABASE).then(|| folder.join(&self.name))
    }
}

/// Copies the first `bytes` bytes of a file to a new one, durably; or only reads them, without `to`. Gives their hash.
pub(super) fn copy(from: &Path, to: Option<&Path>, bytes: u64) -> Result<String> {
    let reading = |source| Error::io(format_args!("reading {}", from.display()), source);
    let mut source = File::open(from).map_err(reading)?.take(bytes);
    let mut target = match to {
        None => None,
        Some(path) => {
            let made = File::options().write(true).create_new(true).open(path);
            Some((path, made.map_err(|error| writing(path, error))?))
        }
    };
    let mut hash = Sha256::new();
    let mut buffer = vec![0; PART];
    let mut copied = 0;
    loop {
        let count = source.read(&mut buffer).map_err(reading)?;
        let part = buffer.get(..count).unwrap_or_default();
        if part.is_empty() {
            break;
        }
        hash.update(part);
        copied += count as u64;
        if let Some((path, file)) = &mut target {
            file.write_all(part).map_err(|error| writing(path, error))?;
        }
    }
    if copied < bytes {
        let short = io::Error::new(
            io::ErrorKind::UnexpectedEof,
            format!("it has {copied} bytes of {bytes}"),
        );
        return Err(reading(short));
    }
    if let Some((path, file)) = target {
        file.sync_all().map_err(|error| writing(path, error))?;
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

pub(super) fn writing(path: &Path, source: io::Error) -> Error {
    Error::io(format_args!("writing {}", path.display()), source)
}

/// The folder beside `target` in which it is made, until it is whole.
pub(super) fn unfinished(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    target.with_file_name(name)
}

/// Makes a folder by `make` in one beside it, so that it is whole or not there. What was begun is removed on an error.
pub(super) fn whole<T>(target: &Path, make: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    let begun = unfinished(target);
    // One that was interrupted.
    if begun.exists() {
        std::fs::remove_dir_all(&begun).map_err(|error| writing(&begun, error))?;
    }
    std::fs::create_dir_all(&begun).map_err(|error| writing(&begun, error))?;
    let made = make(&begun).and_then(|made| {
        sync(&begun)?;
        std::fs::rename(&begun, target).map_err(|error| writing(target, error))?;
        match target.parent().filter(|it| !it.as_os_str().is_empty()) {
            Some(parent) => sync(parent)?,
            None => sync(Path::new("."))?,
        }
        Ok(made)
    });
    if made.is_err() {
        // The first error tells more than that of clearing up.
        let _ = std::fs::remove_dir_all(&begun);
    }
    made
}

/// Lets the names in a folder last.
pub(super) fn sync(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|it| it.sync_all())
        .map_err(|error| writing(folder, error))
}

/// Refuses a folder that holds something.
pub(super) fn refuse_unless_empty(folder: &Path) -> Result<()> {
    let occupied = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => {
            return Err(Error::io(
                format_args!("looking into {}", folder.display()),
                error,
            ));
        }
    };
    if occupied {
        return Err(Error::conflict(format_args!(
            "{} is not empty; name a folder that is, or that does not exist",
            folder.display()
        )));
    }
    Ok(())
}
