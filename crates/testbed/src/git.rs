//! Git repositories made for a test.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A git repository with a work tree, on branch `main`, untouched by the machine's own git settings.
#[derive(Debug)]
pub struct GitRepository {
    dir: PathBuf,
}

impl GitRepository {
    /// Makes an empty repository in `dir`, which is made if it is not there.
    ///
    /// # Panics
    /// If there is no git, or it fails.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        std::fs::create_dir_all(&dir)
            .unwrap_or_else(|error| panic!("{} is not made: {error}", dir.display()));
        let repository = Self { dir };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("file://{}", self.dir.display())
    }

    /// Writes `files` (path and content), commits everything as `author` (`Name <mail>`), and gives the revision.
    ///
    /// # Panics
    /// If a file cannot be written, or git fails.
    pub fn commit(&self, author: &str, files: &[(&str, &str)], message: &str) -> String {
        for (path, content) in files {
            let path = self.dir.join(path);
            let parent = path.parent().expect("a file has a folder");
            std::fs::create_dir_all(parent)
                .and_then(|()| std::fs::write(&path, content))
                .unwrap_or_else(|error| panic!("{} is not written: {error}", path.display()));
        }
        self.git(&["add", "--all"]);
        let author = format!("--author={author}");
        self.git(&[
            "commit",
            "--quiet",
            "--allow-empty",
            &author,
            "--message",
            message,
        ]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Goes to `branch`, which is made from where it stands if it is not there.
    ///
    /// # Panics
    /// If git fails.
    pub fn switch(&self, branch: &str) {
        let known = self.git(&["branch", "--list", "--format=%(refname:short)", branch]);
        if known == branch {
            self.git(&["switch", "--quiet", branch]);
        } else {
            self.git(&["switch", "--quiet", "--create", branch]);
        }
    }

    /// Runs git in the repository and gives its output without the last line's end.
    ///
    /// # Panics
    /// If there is no git, or it fails; the message holds what it said.
    pub fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .args(args)
            .current_dir(&self.dir)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_COMMITTER_NAME", "Committer")
            .env("GIT_COMMITTER_EMAIL", "committer@example.org")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env_remove("GIT_DIR")
            .output()
            .unwrap_or_else(|error| panic!("git does not start: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?} failed: {said}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }
}
