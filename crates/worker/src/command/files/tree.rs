//! Walking through a folder with all in it, without recursion, so that its depth does not matter.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A walk through a folder: each folder comes before what is in it, and once more after that.
#[derive(Debug)]
pub(super) struct Walk {
    /// The folders from the first one to where the walk is, each with the names that are still to come, in order from the
    /// end.
    open: Vec<(PathBuf, Vec<OsString>)>,
}

/// What a walk comes to.
#[derive(Debug)]
pub(super) enum Met {
    /// Something in the folder. Whoever walks says by [`Walk::enter`] if it goes into it.
    Entry(PathBuf),
    /// All in this folder was met.
    Left(PathBuf),
}

impl Walk {
    /// Through the folder.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn new(folder: PathBuf) -> io::Result<Self> {
        let mut walk = Self { open: vec![] };
        walk.enter(folder)?;
        Ok(walk)
    }

    /// Goes into a folder: what is in it comes next.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn enter(&mut self, folder: PathBuf) -> io::Result<()> {
        let mut names = names(&folder)?;
        names.reverse();
        self.open.push((folder, names));
        Ok(())
    }

    /// What comes next; none at the end.
    pub(super) fn next(&mut self) -> Option<Met> {
        let (folder, names) = self.open.last_mut()?;
        if let Some(name) = names.pop() {
            return Some(Met::Entry(folder.join(name)));
        }
        self.open.pop().map(|(folder, _)| Met::Left(folder))
    }
}

/// The names of what is in a folder, in order.
///
/// # Errors
/// If it cannot be read.
pub(super) fn names(folder: &Path) -> io::Result<Vec<OsString>> {
    let entries = fs::read_dir(folder)?;
    let names: io::Result<Vec<_>> = entries.map(|it| it.map(|it| it.file_name())).collect();
    let mut names = names?;
    names.sort();
    Ok(names)
}
