//! Copies of a store, made while its master serves.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;
use weir_status_api::Timestamp;

use super::manifest::{self, DATABASE, Entry, FORMAT, MANIFEST, Manifest};
use crate::error::{Error, Result};
use crate::retention::COPYING;
use crate::segments::{off_thread, segment_path};

/// A copy that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    /// How many files it has.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Copies the store in `data_dir`, with its SQLite database, into the new folder `target`: as all was at one moment. The
/// master may serve meanwhile, and goes on writing; only the space of logs is not freed.
///
/// # Errors
/// [`Error::Conflict`] if `target` holds something; faults of the database and of the disks, after which `target` is not
/// there.
pub async fn backup(data_dir: PathBuf, target: PathBuf, at: Timestamp) -> Result<Backup> {
    off_thread(move || {
        manifest::refuse_unless_empty(&target)?;
        let source = data_dir.join(DATABASE);
        if !source.is_file() {
            return Err(Error::not_found(format_args!("database {}", source.display())));
        }
        let _no_segment_goes = hold(&data_dir.join("logs"))?;
        manifest::whole(&target, |folder| copy_into(&data_dir, folder, at))
    })
    .await
}

/// Held while segments are copied.
fn hold(logs: &Path) -> Result<File> {
    let path = logs.join(COPYING);
    let failed = |source| Error::io(format_args!("locking {}", path.display()), source);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(failed)?;
    file.lock_shared().map_err(failed)?;
    Ok(file)
}

fn copy_into(data_dir: &Path, folder: &Path, at: Timestamp) -> Result<Backup> {
    let database = folder.join(DATABASE);
    copy_database(&data_dir.join(DATABASE), &database)?;
    let length = fs::metadata(&database)
        .map_err(|error| manifest::writing(&database, error))?
        .len();
    let mut files = vec![Entry {
        name: DATABASE.to_owned(),
        bytes: length,
        sha256: manifest::copy(&database, None, length)?,
    }];
    let logs = folder.join("logs");
    fs::create_dir(&logs).map_err(|error| manifest::writing(&logs, error))?;
    // What the copy of the database refers to was on disk before.
    for (segment, end) in extents(&database)? {
        let from = segment_path(&data_dir.join("logs"), segment);
        let to = segment_path(&logs, segment);
        let sha256 = manifest::copy(&from, Some(&to), end)?;
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        files.push(Entry {
            name: format!("logs/{name}"),
            bytes: end,
            sha256,
        });
    }
    manifest::sync(&logs)?;
    let made = Backup {
        files: files.len(),
        bytes: files.iter().map(|it| it.bytes).sum(),
    };
    let text = serde_json::to_vec_pretty(&Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: at.0,
        files,
    });
    let text = text.map_err(|error| Error::data(format_args!("a manifest: {error}")))?;
    let path = folder.join(MANIFEST);
    fs::write(&path, text)
        .and_then(|()| File::open(&path)?.sync_all())
        .map_err(|error| manifest::writing(&path, error))?;
    Ok(made)
}

/// A copy as of one moment, without what is free in the database.
fn copy_database(from: &Path, to: &Path) -> Result<()> {
    let (Some(from), Some(to)) = (from.to_str(), to.to_str()) else {
        return Err(Error::invalid(
            "backup",
            "its path and the data folder's must be UTF-8",
        ));
    };
    let mut conn = connect(from)?;
    conn.batch_execute("PRAGMA busy_timeout = 60000; PRAGMA synchronous = FULL;")?;
    conn.batch_execute(&format!("VACUUM INTO '{}'", to.replace('\'', "''")))?;
    File::open(to)
        .and_then(|file| file.sync_all())
        .map_err(|error| manifest::writing(Path::new(to), error))
}

fn connect(path: &str) -> Result<SqliteConnection> {
    SqliteConnection::establish(path).map_err(|error| Error::Unreachable {
        why: format!("{path}: {error}"),
    })
}

#[derive(QueryableByName)]
struct Extent {
    #[diesel(sql_type = BigInt)]
    segment: i64,
    #[diesel(sql_type = BigInt)]
    extent: i64,
}

/// The segments that the database refers to, and up to where.
fn extents(database: &Path) -> Result<Vec<(i64, u64)>> {
    let mut conn = connect(database.to_str().unwrap_or_default())?;
    let sql = "SELECT segment, MAX(byte_offset + byte_length) AS extent FROM log_chunks GROUP BY segment ORDER BY segment";
    let rows: Vec<Extent> = diesel::sql_query(sql).load(&mut conn)?;
    rows.into_iter()
        .map(|Extent { segment, extent }| match u64::try_from(extent) {
            Ok(extent) => Ok((segment, extent)),
            Err(_) => Err(Error::data(format_args!("segment {segment} ends at {extent}"))),
        })
        .collect()
}
