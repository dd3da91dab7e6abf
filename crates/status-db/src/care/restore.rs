//! A store from a copy.

use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::{self, DATABASE, Entry, FORMAT, MANIFEST, Manifest};
use crate::error::{Error, Result};
use crate::segments::off_thread;

/// Makes the folder `data_dir` a store as it was when the copy in `backup` was made. Every byte is compared with what the
/// copy says of itself.
///
/// # Errors
/// [`Error::Conflict`] if `data_dir` holds something; [`Error::Invalid`] if the copy is not whole; faults of the disks.
/// Then `data_dir` is as it was.
pub async fn restore(backup: PathBuf, data_dir: PathBuf) -> Result<()> {
    off_thread(move || {
        manifest::refuse_unless_empty(&data_dir)?;
        let manifest = read(&backup)?;
        manifest::whole(&data_dir, |folder| {
            let logs = folder.join("logs");
            fs::create_dir_all(&logs).map_err(|error| manifest::writing(&logs, error))?;
            for file in &manifest.files {
                put_back(&backup, folder, file)?;
            }
            manifest::sync(&logs)
        })
    })
    .await
}

fn read(backup: &Path) -> Result<Manifest> {
    let path = backup.join(MANIFEST);
    let text = fs::read(&path).map_err(|error| {
        Error::io(
            format_args!(
                "{} is no whole copy of a store: reading {MANIFEST}",
                backup.display()
            ),
            error,
        )
    })?;
    let bad = |why: &dyn std::fmt::Display| Error::invalid(path.display(), why);
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| bad(&error))?;
    if manifest.format != FORMAT {
        let why = format!(
            "it has the format {}; this version reads {FORMAT}",
            manifest.format
        );
        return Err(bad(&why));
    }
    if !manifest.files.iter().any(|it| it.name == DATABASE) {
        return Err(bad(&"it names no database"));
    }
    Ok(manifest)
}

fn put_back(backup: &Path, folder: &Path, file: &Entry) -> Result<()> {
    let (Some(from), Some(to)) = (file.path(backup), file.path(folder)) else {
        return Err(Error::invalid(
            MANIFEST,
            format_args!("`{}` is no file of a store", file.name),
        ));
    };
    let damaged = |why: String| Error::invalid(from.display(), why);
    let length = fs::metadata(&from)
        .map_err(|error| damaged(format!("it cannot be read: {error}")))?
        .len();
    if length != file.bytes {
        let why = format!("it has {length} bytes, and had {} when it was copied", file.bytes);
        return Err(damaged(why));
    }
    if manifest::copy(&from, Some(&to), length)? != file.sha256 {
        return Err(damaged(
            "it is not what was copied: its checksum is another".to_owned(),
        ));
    }
    Ok(())
}
