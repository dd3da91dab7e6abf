//! Putting in its place what has come as a whole. Done again after a crash in the middle, each goes on.

use std::fs::{self, File, FileTimes, Permissions};
use std::io::{self, BufReader, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio_util::sync::CancellationToken;
use weir_worker_protocol::v1::FileFacts;

use super::super::merge::merge;
use super::super::unpack::Unpacking;

/// When a file was read and written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    accessed: SystemTime,
    modified: SystemTime,
}

impl Times {
    /// Those of a file on the worker.
    pub(super) fn of(facts: &FileFacts) -> Self {
        let time = |seconds: i64| {
            let distance = Duration::from_secs(seconds.unsigned_abs());
            let time = match seconds < 0 {
                true => UNIX_EPOCH.checked_sub(distance),
                false => UNIX_EPOCH.checked_add(distance),
            };
            time.unwrap_or(UNIX_EPOCH)
        };
        Self {
            accessed: time(facts.accessed),
            modified: time(facts.modified),
        }
    }
}

/// Makes the `part`, which has `size` bytes, the file `to`.
///
/// # Errors
/// One sentence.
pub(super) fn put_file(
    part: &Path,
    to: &Path,
    size: u64,
    mode: Option<u32>,
    times: Option<Times>,
) -> Result<(), String> {
    move_file(part, to, size, mode, times)
        .map_err(|error| format!("the master cannot write {}: {error}", to.display()))
}

fn move_file(part: &Path, to: &Path, size: u64, mode: Option<u32>, times: Option<Times>) -> io::Result<()> {
    let file = match File::open(part) {
        Err(error) if error.kind() == ErrorKind::NotFound => match size {
            // Nothing came, so that nothing was written.
            0 => empty(part)?,
            // It was put there before a crash.
            _ if to.is_file() => return Ok(()),
            _ => return Err(error),
        },
        opened => opened?,
    };
    if let Some(mode) = mode {
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    if let Some(times) = times {
        let set = FileTimes::new()
            .set_accessed(times.accessed)
            .set_modified(times.modified);
        file.set_times(set)?;
    }
    file.sync_all()?;
    fs::rename(part, to)?;
    keep(to)
}

fn empty(part: &Path) -> io::Result<File> {
    if let Some(folder) = part.parent() {
        fs::create_dir_all(folder)?;
    }
    File::create(part)
}

/// Unpacks the archive `part` into the folder `to`, upon what is there.
///
/// # Errors
/// One sentence.
pub(super) fn put_folder(
    part: &Path,
    to: &Path,
    gzip: bool,
    most: Option<u64>,
    stop: &CancellationToken,
) -> Result<(), String> {
    let failed = |error: io::Error| format!("the master cannot write {}: {error}", to.display());
    let archive = match File::open(part) {
        // It was put there before a crash: an archive is never empty.
        Err(error) if error.kind() == ErrorKind::NotFound && to.is_dir() => return Ok(()),
        opened => opened.map_err(failed)?,
    };
    let fresh = part.with_extension("new");
    remove(&fresh).map_err(failed)?;
    fs::create_dir(&fresh).map_err(failed)?;
    let unpacking = Unpacking {
        folder: &fresh,
        most,
        stop,
    };
    let unpacked = unpacking.run(BufReader::new(archive), gzip);
    let put = unpacked.and_then(|_| merge(&fresh, to).and_then(|()| keep_all(to)).map_err(failed));
    let removed = remove(&fresh).and_then(|()| fs::remove_file(part));
    put.and(removed.map_err(failed))
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Waits until the disk has the names in the folder that `path` is in.
fn keep(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(path))?.sync_all()
}

/// Waits until the disk has what is in the folder, as far as the system tells.
fn keep_all(folder: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    nix::unistd::syncfs(File::open(folder)?)?;
    keep(folder)
}
