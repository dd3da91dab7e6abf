//! Putting a folder in its place, upon what may be there.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Moves what is in `fresh` into `to`: files take the place of those that are there, folders are put together, and what has
/// another name stays. Done again over what is left of `fresh`, it goes on.
///
/// # Errors
/// If a folder is to take the place of a file or link, or a file that of a folder, and whatever the system says.
pub(super) fn merge(fresh: &Path, to: &Path) -> io::Result<()> {
    if let Some(above) = to.parent() {
        fs::create_dir_all(above)?;
    }
    if !to.exists() {
        match fs::rename(fresh, to) {
            // Somebody else was first.
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {}
            moved => return moved,
        }
    }
    let mut folders = vec![(fresh.to_owned(), to.to_owned())];
    while let Some((from, to)) = folders.pop() {
        for entry in fs::read_dir(&from)? {
            let entry = entry?;
            let (source, target) = (entry.path(), to.join(entry.file_name()));
            let is_folder = entry.file_type()?.is_dir();
            let is_there = fs::symlink_metadata(&target).is_ok_and(|it| it.is_dir());
            if is_folder && is_there {
                folders.push((source, target));
                continue;
            }
            match fs::rename(&source, &target) {
                Err(error) if is_folder && error.kind() == ErrorKind::DirectoryNotEmpty => {
                    folders.push((source, target));
                }
                Err(error) => {
                    let text = format!("{} cannot be put there: {error}", target.display());
                    return Err(io::Error::new(error.kind(), text));
                }
                Ok(()) => {}
            }
        }
    }
    fs::remove_dir_all(fresh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_put_together() {
        let dir = tempfile::tempdir().unwrap();
        let path = |it: &str| dir.path().join(it);
        let write = |it: &str| {
            fs::create_dir_all(path(it).parent().unwrap()).unwrap();
            fs::write(path(it), it).unwrap();
        };
        write("fresh/a/new");
        write("fresh/a/both");
        merge(&path("fresh"), &path("x/to")).unwrap();
        write("fresh/a/both");
        write("fresh/b/c/d");
        write("x/to/stays");
        merge(&path("fresh"), &path("x/to")).unwrap();
        let text = |it: &str| fs::read_to_string(path(it)).unwrap();
        assert_eq!(text("x/to/a/both"), "fresh/a/both");
        assert_eq!(text("x/to/a/new"), "fresh/a/new");
        assert_eq!(text("x/to/b/c/d"), "fresh/b/c/d");
        assert_eq!(text("x/to/stays"), "x/to/stays");
        assert!(!path("fresh").exists());
        // Neither a folder over a file or link, nor a file over a folder.
        write("fresh/stays/x");
        assert!(merge(&path("fresh"), &path("x/to")).is_err());
        fs::remove_dir_all(path("fresh")).unwrap();
        write("fresh/a");
        assert!(merge(&path("fresh"), &path("x/to")).is_err());
        fs::remove_dir_all(path("fresh")).unwrap();
        fs::create_dir(path("outside")).unwrap();
        std::os::unix::fs::symlink(path("outside"), path("x/to/link")).unwrap();
        write("fresh/link/x");
        assert!(merge(&path("fresh"), &path("x/to")).is_err());
        assert_eq!(path("outside").read_dir().unwrap().count(), 0);
    }
}
