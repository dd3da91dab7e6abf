//! The starter configuration that `weir init` writes.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A commented configuration for one repository, one worker and one builder. It takes the worker's token from
/// `worker.token` beside it.
pub const STARTER: &str = include_str!("starter.star");

/// Why a starter configuration cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// One of the files is there already; nothing was written.
    #[error("{} is there already; remove it, or choose another folder", .0.display())]
    Exists(PathBuf),
    /// A file or folder cannot be made.
    #[error("{} cannot be written: {source}", .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Writes `weir.star` and `worker.token`, which holds `random_token` and is its owner's alone, into `folder`; makes
/// the folder if needed. Gives the files' paths.
///
/// # Errors
/// [`InitError`] if one of them is there already, or cannot be written.
pub fn init(folder: &Path, random_token: &str) -> Result<Vec<PathBuf>, InitError> {
    let files = [
        (folder.join("weir.star"), STARTER.to_owned(), 0o644),
        (folder.join("worker.token"), format!("{random_token}\n"), 0o600),
    ];
    if let Some((there, ..)) = files.iter().find(|(path, ..)| path.symlink_metadata().is_ok()) {
        return Err(InitError::Exists(there.clone()));
    }
    DirBuilder::new()
        .recursive(true)
        .create(folder)
        .map_err(|source| InitError::Write {
            path: folder.to_owned(),
            source,
        })?;
    let mut written = vec![];
    for (path, text, mode) in files {
        write_new(&path, &text, mode)?;
        written.push(path);
    }
    Ok(written)
}

/// Writes a file that is not there yet; nobody can come between the look and the writing.
fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), InitError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => InitError::Exists(path.to_owned()),
        _ => InitError::Write {
            path: path.to_owned(),
            source,
        },
    })
}
