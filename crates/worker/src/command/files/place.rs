//! Where the files of a command are: never outside of the worker's own folder.

use std::path::{Component, Path, PathBuf};

use super::failure::{Doing, Failure};
use crate::home::OWN;

/// The folder from which a command's paths go.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    base: PathBuf,
    workdir: PathBuf,
}

impl Place {
    /// Of a command that runs in `workdir`, of a worker whose folder is `base`; both are real paths.
    pub(crate) const fn new(base: PathBuf, workdir: PathBuf) -> Self {
        Self { base, workdir }
    }

    /// The worker's own folder.
    pub(super) fn base(&self) -> &Path {
        &self.base
    }

    /// The folder of the command.
    pub(super) fn workdir(&self) -> &Path {
        &self.workdir
    }

    /// What is at `path`, be it a link.
    ///
    /// # Errors
    /// If that leads out of the worker's folder, or into what is the worker's own.
    pub(super) fn entry(&self, path: &str) -> Result<PathBuf, Failure> {
        self.walk(path, false)
    }

    /// What is at `path`, or that to which it links. What comes behind what is not there is not there either.
    ///
    /// # Errors
    /// As [`Place::entry`], or if a link leads nowhere.
    pub(super) fn target(&self, path: &str) -> Result<PathBuf, Failure> {
        self.walk(path, true)
    }

    fn walk(&self, path: &str, follows_last: bool) -> Result<PathBuf, Failure> {
        let path = Path::new(path);
        let (mut at, relative) = match path.strip_prefix(&self.base) {
            Ok(relative) => (self.base.clone(), relative),
            Err(_) => (self.workdir.clone(), path),
        };
        let mut parts = relative.components().peekable();
        while let Some(part) = parts.next() {
            let follows = follows_last || parts.peek().is_some();
            at = self.step(&at, part, follows)?;
        }
        Ok(at)
    }

    /// What is at `part` in the folder `at`, which is a real path; with `follows` that to which it links.
    ///
    /// # Errors
    /// As [`Place::target`].
    pub(super) fn step(&self, at: &Path, part: Component<'_>, follows: bool) -> Result<PathBuf, Failure> {
        let mut next = at.to_owned();
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                next.pop();
            }
            Component::Normal(name) => {
                next.push(name);
                if follows && next.is_symlink() {
                    next = next.canonicalize().doing("follow the link", &next)?;
                }
            }
            Component::RootDir | Component::Prefix(_) => next = PathBuf::from("/"),
        }
        if !next.starts_with(&self.base) {
            let (from, to) = (at.join(part), next.display());
            let from = from.display();
            let why = format!("{from} leads out of the worker's folder, to {to}");
            return Err(Failure::new(why));
        }
        if next.starts_with(self.base.join(OWN)) {
            let why = format!("{} is the worker's own", next.display());
            return Err(Failure::new(why));
        }
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn place() -> (tempfile::TempDir, Place) {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap().join("base");
        let workdir = base.join("b/build");
        fs::create_dir_all(&workdir).unwrap();
        fs::create_dir_all(base.join(OWN)).unwrap();
        symlink(&base, base.join("to-base")).unwrap();
        symlink("/etc", workdir.join("out")).unwrap();
        symlink("../build", workdir.join("here")).unwrap();
        symlink("nowhere", workdir.join("dangling")).unwrap();
        (dir, Place::new(base, workdir))
    }

    #[test]
    fn paths_go_from_the_commands_folder() {
        let (_dir, place) = place();
        let base = place.base().display().to_string();
        for (path, at) in [
            ("", "b/build"),
            (".", "b/build"),
            ("a/./b", "b/build/a/b"),
            ("..", "b"),
            ("../../other", "other"),
            ("here/x", "b/build/x"),
            ("not/../there", "b/build/there"),
            ("../../to-base/x", "x"),
        ] {
            assert_eq!(place.target(path).unwrap(), place.base().join(at), "{path}");
        }
        let absolute = format!("{base}/b/x");
        assert_eq!(place.target(&absolute).unwrap(), place.base().join("b/x"));
    }

    #[test]
    fn only_a_last_link_can_be_meant_itself() {
        let (_dir, place) = place();
        for link in ["out", "dangling"] {
            assert_eq!(place.entry(link).unwrap(), place.workdir().join(link));
            assert!(place.target(link).is_err());
            assert!(place.entry(&format!("{link}/x")).is_err(), "{link}");
        }
    }

    #[test]
    fn nothing_leads_out() {
        let (_dir, place) = place();
        let own = format!("../../{OWN}/lock");
        for path in [
            "/etc/passwd",
            "../../..",
            "../../../base/b",
            "out/passwd",
            &own,
            "here/../../../..",
        ] {
            assert!(place.target(path).is_err(), "{path}");
            assert!(place.entry(path).is_err(), "{path}");
        }
    }
}
