//! A folder out of a tar archive of somebody who may mean harm: nothing leads out of the folder, and there are files, folders
//! and links only.

use std::fs::{self, File, FileTimes, Permissions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry, EntryType};
use tokio_util::sync::CancellationToken;

/// How many entries an archive may have.
const MOST_ENTRIES: u64 = 1_000_000;

/// How long a path may be, in bytes.
const LONGEST_PATH: usize = 4_000;

/// What an archive is to become.
pub(super) struct Unpacking<'u> {
    /// The folder, which is there and empty.
    pub(super) folder: &'u Path,
    /// How many bytes all files together may have; no limit if none.
    pub(super) most: Option<u64>,
    /// Whether it is to end early.
    pub(super) stop: &'u CancellationToken,
}

impl Unpacking<'_> {
    /// Unpacks the archive, which is compressed by `gzip` or not. Gives how many files there are.
    ///
    /// # Errors
    /// One sentence, for the first entry that cannot be taken.
    pub(super) fn run(&self, archive: impl Read, gzip: bool) -> Result<u64, String> {
        match gzip {
            true => self.entries(Archive::new(MultiGzDecoder::new(archive))),
            false => self.entries(Archive::new(archive)),
        }
    }

    fn entries(&self, mut archive: Archive<impl Read>) -> Result<u64, String> {
        let broken = |error: io::Error| format!("the archive is broken: {error}");
        let mut left = self.most.unwrap_or(u64::MAX);
        let (mut count, mut files) = (0, 0);
        for entry in archive.entries().map_err(broken)? {
            let mut entry = entry.map_err(broken)?;
            if self.stop.is_cancelled() {
                return Err("the archive was not unpacked to its end".to_owned());
            }
            count += 1;
            if count > MOST_ENTRIES {
                return Err(format!("the archive has more than {MOST_ENTRIES} entries"));
            }
            let name = entry.path_bytes().into_owned();
            let name = String::from_utf8_lossy(&name).into_owned();
            let is_file = self
                .entry(&mut entry, &mut left)
                .map_err(|why| format!("the archive's entry `{name}` cannot be taken: {why}"))?;
            files += u64::from(is_file);
        }
        Ok(files)
    }

    /// Takes an entry; whether it is a file.
    fn entry(&self, entry: &mut Entry<'_, impl Read>, left: &mut u64) -> Result<bool, String> {
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            return Ok(false);
        }
        let path = entry.path().map_err(|error| error.to_string())?.into_owned();
        // Python writes the folder itself so, where it has no name in the archive.
        let is_whole = kind == EntryType::Directory && path == Path::new("/");
        let path = if is_whole { PathBuf::new() } else { below(&path)? };
        let system = |error: io::Error| error.to_string();
        let above = path.parent().unwrap_or(Path::new(""));
        self.make(if kind == EntryType::Directory {
            &path
        } else {
            above
        })?;
        let at = self.folder.join(&path);
        if kind == EntryType::Directory {
            // Its owner can always change it, so that it can be put together with another.
            let mode = entry.header().mode().map_err(system)? & 0o777 | 0o700;
            fs::set_permissions(&at, Permissions::from_mode(mode)).map_err(system)?;
            return Ok(false);
        }
        if path.as_os_str().is_empty() {
            return Err("it is the folder itself, but not a folder".to_owned());
        }
        match fs::remove_file(&at) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(system(error)),
            _ => {}
        }
        let link = entry.link_name().map_err(system)?.map(|it| it.into_owned());
        match (kind, link) {
            (EntryType::Regular | EntryType::Continuous, _) => {
                self.file(entry, &at, left)?;
                return Ok(true);
            }
            (EntryType::Symlink, Some(link)) => {
                stays_below(above, &link)?;
                symlink(&link, &at).map_err(system)?;
            }
            (EntryType::Link, Some(link)) => {
                let link = below(&link)?;
                self.leads_to_folder(link.parent().unwrap_or(Path::new("")))?;
                let first = self.folder.join(link);
                let is_file = fs::symlink_metadata(&first).is_ok_and(|it| it.is_file());
                if !is_file {
                    return Err("it is a link to what is not a file of the archive".to_owned());
                }
                fs::hard_link(first, &at).map_err(system)?;
                return Ok(true);
            }
            _ => return Err("it is neither a file, a folder nor a link".to_owned()),
        }
        Ok(false)
    }

    fn file(&self, entry: &mut Entry<'_, impl Read>, at: &Path, left: &mut u64) -> Result<(), String> {
        let system = |error: io::Error| error.to_string();
        let header = entry.header();
        let (mode, time) = (header.mode().map_err(system)?, header.mtime().map_err(system)?);
        let mut file = File::create_new(at).map_err(system)?;
        while self.piece(entry, &mut file, left)? {}
        // Times beyond what the system knows are those of now.
        if let Some(time) = UNIX_EPOCH.checked_add(Duration::from_secs(time)) {
            let _ = file.set_times(FileTimes::new().set_modified(time));
        }
        fs::set_permissions(at, Permissions::from_mode(mode & 0o777)).map_err(system)
    }

    /// Writes a piece of the file; whether there may be more.
    fn piece(&self, entry: &mut impl Read, file: &mut File, left: &mut u64) -> Result<bool, String> {
        /// How many bytes are written before it is looked whether it is to end early.
        const AT_ONCE: u64 = 16 * 1024 * 1024;

        if self.stop.is_cancelled() {
            return Err("it was not unpacked to its end".to_owned());
        }
        let most = AT_ONCE.min(left.saturating_add(1));
        let count = io::copy(&mut entry.take(most), file).map_err(|error| error.to_string())?;
        *left = left
            .checked_sub(count)
            .ok_or_else(|| "there is more in the archive than is allowed".to_owned())?;
        Ok(count == most)
    }

    /// Makes the folder, and those above it, as real folders.
    fn make(&self, path: &Path) -> Result<(), String> {
        let mut at = self.folder.to_owned();
        for part in path {
            at.push(part);
            match fs::create_dir(&at) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => made.map_err(|error| error.to_string())?,
            }
        }
        self.leads_to_folder(path)
    }

    /// Whether the path leads to a folder by folders only.
    fn leads_to_folder(&self, path: &Path) -> Result<(), String> {
        let mut at = self.folder.to_owned();
        for part in path {
            at.push(part);
            let is_folder = fs::symlink_metadata(&at).is_ok_and(|it| it.is_dir());
            if !is_folder {
                return Err("it leads through what is not a folder".to_owned());
            }
        }
        Ok(())
    }
}

/// The path without what changes nothing.
fn below(path: &Path) -> Result<PathBuf, String> {
    let mut below = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => below.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err("it leads out of the folder".to_owned());
            }
        }
    }
    if below.as_os_str().len() > LONGEST_PATH {
        return Err(format!("its path has more than {LONGEST_PATH} bytes"));
    }
    Ok(below)
}

/// Whether a link in the folder `above`, to which real folders lead, stays in the outermost folder. Where it goes up, it does
/// so at its beginning: behind another link, a `..` could lead anywhere.
fn stays_below(above: &Path, link: &Path) -> Result<(), String> {
    let mut depth = above.components().count();
    let mut goes_down = false;
    for part in link.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(_) => goes_down = true,
            Component::ParentDir if !goes_down && depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(format!(
                    "its link to `{}` leads out of the folder",
                    link.display()
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
