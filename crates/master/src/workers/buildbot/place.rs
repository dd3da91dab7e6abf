//! Where things are on a worker.

use weir_buildbot_wire::worker::{Protocol, WorkerInfo};

/// How a worker's paths are written, and where its folder is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Home {
    protocol: Protocol,
    /// The worker's folder.
    basedir: String,
    is_windows: bool,
    /// The folder of the user who runs it.
    user: Option<String>,
}

/// The folder of a command, in two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Workdir<'a> {
    /// The builder's folder, below the worker's.
    pub(super) folder: &'a str,
    /// Where the command runs, below that.
    pub(super) below: &'a str,
}

impl<'a> Workdir<'a> {
    /// The parts of a folder below the worker's.
    pub(super) fn of(workdir: &'a str) -> Self {
        let workdir = workdir.trim_start_matches('/');
        let (folder, below) = workdir.split_once('/').unwrap_or((workdir, ""));
        Self { folder, below }
    }
}

impl Home {
    pub(super) fn of(protocol: Protocol, info: &WorkerInfo) -> Self {
        let is_windows = info.system.as_deref() == Some("nt");
        let variable = if is_windows { "USERPROFILE" } else { "HOME" };
        let user = info.environ.iter().find(|(name, _)| name == variable);
        Self {
            protocol,
            basedir: info.basedir.clone().unwrap_or_default(),
            is_windows,
            user: user.map(|(_, value)| value.clone()),
        }
    }

    /// The worker's folder.
    pub(super) fn basedir(&self) -> &str {
        &self.basedir
    }

    /// The folder in which a program runs: below its builder's over the perspective broker, else in full.
    pub(super) fn workdir(&self, workdir: Workdir<'_>) -> String {
        self.path(workdir, "")
    }

    /// A path of a command, which begins in its folder.
    pub(super) fn path(&self, workdir: Workdir<'_>, path: &str) -> String {
        match self.protocol {
            Protocol::Pb => self.join(workdir.below, path),
            Protocol::Msgpack => self.join(&self.in_full(workdir), &self.expanded(path)),
        }
    }

    /// The folder of a command, in full.
    pub(super) fn in_full(&self, workdir: Workdir<'_>) -> String {
        self.join(&self.below_home(workdir.folder), workdir.below)
    }

    /// A folder below the worker's, in full.
    pub(super) fn below_home(&self, folder: &str) -> String {
        self.join(&self.basedir, folder)
    }

    /// `~`, as the worker itself would take it.
    fn expanded(&self, path: &str) -> String {
        match (path.strip_prefix('~'), &self.user) {
            (Some(rest), Some(user)) if rest.is_empty() || rest.starts_with(['/', '\\']) => {
                format!("{user}{rest}")
            }
            _ => path.to_owned(),
        }
    }

    /// As `os.path.join` on the worker's system.
    fn join(&self, folder: &str, path: &str) -> String {
        let separator = if self.is_windows { '\\' } else { '/' };
        let is_joint = |c: char| c == '/' || (self.is_windows && c == '\\');
        match (folder, path) {
            (_, path) if path.starts_with(is_joint) || self.has_drive(path) => path.to_owned(),
            ("", path) => path.to_owned(),
            (folder, "" | ".") => folder.to_owned(),
            (folder, path) if folder.ends_with(is_joint) => format!("{folder}{path}"),
            (folder, path) => format!("{folder}{separator}{path}"),
        }
    }

    fn has_drive(&self, path: &str) -> bool {
        self.is_windows && path.as_bytes().get(1) == Some(&b':')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(protocol: Protocol, is_windows: bool) -> Home {
        Home {
            protocol,
            basedir: if is_windows { r"C:\w" } else { "/srv/w" }.to_owned(),
            is_windows,
            user: Some("/home/me".to_owned()),
        }
    }

    #[test]
    fn over_the_broker_paths_begin_in_the_builders_folder() {
        let home = home(Protocol::Pb, false);
        let workdir = Workdir::of("b1/build");
        assert_eq!(workdir.folder, "b1");
        assert_eq!(home.workdir(workdir), "build");
        assert_eq!(home.path(workdir, "a/b"), "build/a/b");
        assert_eq!(home.path(workdir, "/tmp/x"), "/tmp/x");
        assert_eq!(home.workdir(Workdir::of("b1")), "");
        assert_eq!(home.path(Workdir::of("b1"), "x"), "x");
    }

    #[test]
    fn over_msgpack_paths_are_whole() {
        let posix = home(Protocol::Msgpack, false);
        let workdir = Workdir::of("b1/build/sub");
        assert_eq!(posix.workdir(workdir), "/srv/w/b1/build/sub");
        assert_eq!(posix.path(workdir, "x"), "/srv/w/b1/build/sub/x");
        assert_eq!(posix.path(workdir, "~/x"), "/home/me/x");
        assert_eq!(posix.path(workdir, "~other/x"), "/srv/w/b1/build/sub/~other/x");
        let windows = home(Protocol::Msgpack, true);
        assert_eq!(windows.path(Workdir::of("b1/build"), "x"), r"C:\w\b1\build\x");
        assert_eq!(windows.path(Workdir::of("b1/build"), r"D:\x"), r"D:\x");
    }
}
