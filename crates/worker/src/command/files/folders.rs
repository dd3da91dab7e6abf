//! Making, copying and removing folders, and removing files.

use std::fs::{self, File, FileTimes, Metadata, Permissions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::Done;
use super::failure::{Doing, Failure, heed};
use super::place::Place;
use super::tree::{Met, Walk};

/// How many bytes of a file are copied before it is looked whether the command is to end.
const COPIED_AT_ONCE: u64 = 16 * 1024 * 1024;

/// Makes folders, and those above them.
pub(super) fn make(place: &Place, paths: &[String]) -> Done<()> {
    for path in paths {
        let folder = place.target(path)?;
        fs::create_dir_all(&folder).doing("make the folder", &folder)?;
    }
    Ok(())
}

/// Removes a file.
pub(super) fn remove_file(place: &Place, path: &str) -> Done<()> {
    let file = place.entry(path)?;
    fs::remove_file(&file).doing("remove", &file)
}

/// Removes folders or files with all in them; those that are not there are as good.
pub(super) fn remove(place: &Place, paths: &[String], stop: &CancellationToken) -> Done<()> {
    for path in paths {
        let path = place.entry(path)?;
        if place.base().starts_with(&path) {
            let why = format!(
                "{} is the worker's own folder, which is not removed",
                path.display()
            );
            return Err(Failure::new(why));
        }
        remove_all(&path, stop)?;
    }
    Ok(())
}

/// Removes what is at `path` with all in it. Folders in it that forbid that are changed first.
fn remove_all(path: &Path, stop: &CancellationToken) -> Done<()> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found.doing("look at", path)?,
    };
    if !metadata.is_dir() {
        return fs::remove_file(path).doing("remove", path);
    }
    let mut walk = opened(path, || Walk::new(path.to_owned())).doing("read the folder", path)?;
    while let Some(met) = walk.next() {
        heed(stop)?;
        match met {
            Met::Entry(entry) => {
                let is_folder = fs::symlink_metadata(&entry).is_ok_and(|it| it.is_dir());
                if is_folder {
                    opened(&entry, || walk.enter(entry.clone())).doing("read the folder", &entry)?;
                } else {
                    within_opened(&entry, || gone(fs::remove_file(&entry))).doing("remove", &entry)?;
                }
            }
            Met::Left(folder) if folder == path => {
                gone(fs::remove_dir(&folder)).doing("remove the folder", &folder)?;
            }
            Met::Left(folder) => {
                within_opened(&folder, || gone(fs::remove_dir(&folder)))
                    .doing("remove the folder", &folder)?;
            }
        }
    }
    Ok(())
}

/// What is removed may be gone already.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Does `act`, and if `folder` forbids it, allows all to its owner and does it again.
fn opened<T>(folder: &Path, mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    match act() {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let mode = fs::symlink_metadata(folder)?.permissions().mode();
            fs::set_permissions(folder, Permissions::from_mode(mode | 0o700))?;
            act()
        }
        done => done,
    }
}

/// As [`opened`], by the folder that `entry` is in.
fn within_opened(entry: &Path, act: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    opened(entry.parent().unwrap_or(entry), act)
}

/// Copies a folder with all in it; links, permissions and times stay as they are. The copy is there as a whole or not at
/// all. Gives what was left out, since it is neither a file, a folder nor a link.
pub(super) fn copy(
    place: &Place,
    from: &str,
    to: &str,
    id: &str,
    stop: &CancellationToken,
) -> Done<Vec<PathBuf>> {
    let (from, to) = (place.target(from)?, place.target(to)?);
    if to.starts_with(&from) {
        let why = format!(
            "{} cannot be copied into itself, to {}",
            from.display(),
            to.display()
        );
        return Err(Failure::new(why));
    }
    let metadata = fs::metadata(&from).doing("read the folder", &from)?;
    if !metadata.is_dir() {
        let error = io::Error::from_raw_os_error(nix::libc::ENOTDIR);
        return Err(Failure::of("copy", &from, &error));
    }
    if to.exists() {
        let error = io::Error::from_raw_os_error(nix::libc::EEXIST);
        return Err(Failure::of("copy to", &to, &error));
    }
    let part = part_of(&to, id)?;
    let copied = copy_all(&from, &metadata, &part, stop).and_then(|skipped| {
        fs::rename(&part, &to).doing("put the copy at", &to)?;
        Ok(skipped)
    });
    if copied.is_err() {
        // The first failure is the one to tell of.
        let _ = remove_all(&part, &CancellationToken::new());
    }
    copied
}

/// Where what becomes `target` is until it is whole: beside it, in a folder that is made.
pub(super) fn part_of(target: &Path, id: &str) -> Done<PathBuf> {
    let folder = target.parent().unwrap_or(target);
    fs::create_dir_all(folder).doing("make the folder", folder)?;
    let id: String = id
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() { it } else { '-' })
        .take(100)
        .collect();
    Ok(folder.join(format!(".weir-part-{id}")))
}

fn copy_all(from: &Path, metadata: &Metadata, to: &Path, stop: &CancellationToken) -> Done<Vec<PathBuf>> {
    let mut skipped = vec![];
    // Each folder with the copy of it, and how it is to be in the end.
    let mut open = vec![(to.to_owned(), metadata.clone())];
    fs::create_dir(to).doing("make the folder", to)?;
    let mut walk = Walk::new(from.to_owned()).doing("read the folder", from)?;
    while let Some(met) = walk.next() {
        heed(stop)?;
        let entry = match met {
            Met::Left(_) => {
                if let Some((copy, metadata)) = open.pop() {
                    as_before(&copy, &metadata).doing("set permissions and times of", &copy)?;
                }
                continue;
            }
            Met::Entry(entry) => entry,
        };
        let Some((folder, _)) = open.last() else {
            break;
        };
        let copy = folder.join(entry.file_name().unwrap_or_default());
        let metadata = fs::symlink_metadata(&entry).doing("look at", &entry)?;
        if metadata.is_dir() {
            fs::create_dir(&copy).doing("make the folder", &copy)?;
            open.push((copy, metadata));
            walk.enter(entry.clone()).doing("read the folder", &entry)?;
        } else if metadata.is_symlink() {
            let link = fs::read_link(&entry).doing("read the link", &entry)?;
            symlink(link, &copy).doing("make the link", &copy)?;
        } else if metadata.is_file() {
            copy_file(&entry, &copy, stop)?;
            as_before(&copy, &metadata).doing("set permissions and times of", &copy)?;
        } else {
            skipped.push(entry);
        }
    }
    Ok(skipped)
}

fn copy_file(from: &Path, to: &Path, stop: &CancellationToken) -> Done<()> {
    let mut source = File::open(from).doing("read", from)?;
    let mut copy = File::create_new(to).doing("write", to)?;
    loop {
        heed(stop)?;
        let mut piece = (&mut source).take(COPIED_AT_ONCE);
        if io::copy(&mut piece, &mut copy).doing("copy", from)? < COPIED_AT_ONCE {
            return Ok(());
        }
    }
}

/// Gives a copy the times and permissions that it is a copy of.
fn as_before(copy: &Path, metadata: &Metadata) -> io::Result<()> {
    let times = FileTimes::new()
        .set_accessed(metadata.accessed()?)
        .set_modified(metadata.modified()?);
    File::open(copy)?.set_times(times)?;
    fs::set_permissions(copy, metadata.permissions())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_tree_is_removed_and_copied() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let deep: PathBuf = std::iter::repeat_n("d", 1500).collect();
        fs::create_dir_all(base.join("a").join(&deep)).unwrap();
        let place = Place::new(base.clone(), base.clone());
        let stop = CancellationToken::new();
        let skipped = copy(&place, "a", "b", "1", &stop).unwrap();
        assert!(skipped.is_empty(), "{skipped:?}");
        assert!(base.join("b").join(&deep).is_dir());
        remove(&place, &["a".to_owned(), "b".to_owned()], &stop).unwrap();
        assert_eq!(base.read_dir().unwrap().count(), 0);
    }

    #[test]
    fn what_is_under_way_can_be_ended() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        fs::create_dir_all(base.join("a/b/c")).unwrap();
        let place = Place::new(base.clone(), base.clone());
        let stop = CancellationToken::new();
        stop.cancel();
        assert!(copy(&place, "a", "b", "1", &stop).is_err());
        assert!(remove(&place, &["a".to_owned()], &stop).is_err());
        // Nothing is left of the copy.
        let left: Vec<_> = base
            .read_dir()
            .unwrap()
            .map(|it| it.unwrap().file_name())
            .collect();
        assert_eq!(left, ["a"]);
    }
}
