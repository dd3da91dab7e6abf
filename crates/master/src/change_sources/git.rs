//! Reading a git repository through the `git` program, with deadlines.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use weir_status_api::Timestamp;

/// How long one call of `git` may take.
const DEADLINE: Duration = Duration::from_secs(120);
/// Commits taken up by one poll of one branch; the rest follow at the next.
const MOST_COMMITS: usize = 500;
/// A commit as [`FIELDS`] fields, each behind a NUL; its files follow the last one.
const FORMAT: &str = "--format=%x00%H%x00%P%x00%an <%ae>%x00%cn <%ce>%x00%ct%x00%B%x00";
const FIELDS: usize = 7;

/// Why a repository could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// `git` is not there.
    #[error("`git` could not be started ({0}); install it on the master's machine")]
    Missing(String),
    /// `git` said no.
    #[error("`git {command}` failed: {why}")]
    Failed {
        /// Its subcommand.
        command: String,
        /// The last line of what it said.
        why: String,
    },
    /// It took too long.
    #[error("`git {0}` took longer than {deadline} seconds", deadline = DEADLINE.as_secs())]
    TooLong(String),
}

/// One commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub revision: String,
    /// The hash of the commit before it, of a merge the first; none if it is a beginning.
    pub parent: Option<String>,
    /// Who wrote it, `Name <mail>`.
    pub author: String,
    /// Who committed it, `Name <mail>`.
    pub committer: String,
    /// When it was committed.
    pub when: Timestamp,
    /// Its whole message.
    pub comments: String,
    /// The files it touches.
    pub files: Vec<String>,
}

/// A bare copy of a repository in a folder of its own.
#[derive(Clone, Debug)]
pub struct Mirror {
    folder: PathBuf,
    url: String,
}

impl Mirror {
    /// A copy of the repository at `url` in `folder`, which is made at the first [`Mirror::fetch`].
    pub fn new(folder: PathBuf, url: String) -> Self {
        Self { folder, url }
    }

    /// Brings the copy up to date and gives the newest revision of each branch.
    ///
    /// # Errors
    /// [`GitError`] if the repository cannot be reached or read.
    pub async fn fetch(&self) -> Result<BTreeMap<String, String>, GitError> {
        if !self.folder.join("HEAD").exists() {
            let folder = self.folder.to_string_lossy();
            git(None, &["init", "--quiet", "--bare", "--", &folder]).await?;
        }
        let refs = "+refs/heads/*:refs/heads/*";
        git(
            Some(&self.folder),
            &["fetch", "--quiet", "--prune", "--no-tags", "--", &self.url, refs],
        )
        .await?;
        let format = "--format=%(refname:lstrip=2) %(objectname)";
        let heads = git(Some(&self.folder), &["for-each-ref", format, "refs/heads"]).await?;
        Ok(heads
            .lines()
            .filter_map(|line| line.rsplit_once(' '))
            .map(|(branch, revision)| (branch.to_owned(), revision.to_owned()))
            .collect())
    }

    /// The commits that lead to `to` and are in none of `known`, oldest first; at most 500 of them. Revisions
    /// that are not there exclude nothing.
    ///
    /// # Errors
    /// [`GitError`] if the history cannot be read.
    pub async fn commits(&self, to: &str, known: &[&str]) -> Result<Vec<Commit>, GitError> {
        let mut list = vec!["rev-list", "--reverse", "--first-parent", "--ignore-missing", to];
        if !known.is_empty() {
            list.push("--not");
            list.extend(known);
        }
        list.push("--");
        let revisions = git(Some(&self.folder), &list).await?;
        let revisions: Vec<&str> = revisions.lines().take(MOST_COMMITS).collect();
        self.show(&revisions).await
    }

    /// The newest commits that lead to `tips`, at most `most`, each before those that follow it.
    ///
    /// # Errors
    /// [`GitError`] if the history cannot be read.
    pub async fn history(&self, tips: &[&str], most: usize) -> Result<Vec<Commit>, GitError> {
        let most = format!("--max-count={most}");
        let list = ["rev-list", "--reverse", "--topo-order", "--first-parent", &most];
        let tips: Vec<&str> = tips.iter().copied().filter(|it| is_revision(it)).collect();
        if tips.is_empty() {
            return Ok(vec![]);
        }
        let revisions = git(Some(&self.folder), &[&list[..], &tips, &["--"]].concat()).await?;
        self.show(&revisions.lines().collect::<Vec<_>>()).await
    }

    /// These commits, in this order.
    async fn show(&self, revisions: &[&str]) -> Result<Vec<Commit>, GitError> {
        if revisions.is_empty() {
            return Ok(vec![]);
        }
        let shown = [
            "log",
            "--no-walk=unsorted",
            "--first-parent",
            "-m",
            "--name-only",
            FORMAT,
        ];
        let log = [&shown[..], revisions, &["--"]].concat();
        let text = git(Some(&self.folder), &log).await?;
        // No message can hold the separator, so whatever people write stays within its field.
        let fields: Vec<&str> = text.split('\0').skip(1).collect();
        Ok(fields.chunks(FIELDS).filter_map(parse_commit).collect())
    }

    /// Whether the copy has the revision.
    pub async fn has(&self, revision: &str) -> bool {
        let commit = format!("{revision}^{{commit}}");
        is_revision(revision)
            && git(Some(&self.folder), &["cat-file", "-e", &commit])
                .await
                .is_ok()
    }
}

/// Whether `text` is the whole hash of a commit, and so never an option of `git`.
pub(super) fn is_revision(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn parse_commit(fields: &[&str]) -> Option<Commit> {
    let [revision, parents, author, committer, when, comments, files] = fields else {
        return None;
    };
    if !is_revision(revision) {
        return None;
    }
    let files = files.lines().filter(|line| !line.is_empty());
    Some(Commit {
        revision: (*revision).to_owned(),
        parent: parents.split_whitespace().next().map(str::to_owned),
        author: (*author).to_owned(),
        committer: (*committer).to_owned(),
        when: Timestamp::from_secs(when.parse().ok()?),
        comments: comments.trim_end().to_owned(),
        files: files.map(str::to_owned).collect(),
    })
}

async fn git(folder: Option<&Path>, arguments: &[&str]) -> Result<String, GitError> {
    let command = arguments.first().map_or("", |it| it).to_owned();
    let mut git = Command::new("git");
    if let Some(folder) = folder {
        git.arg("--git-dir").arg(folder);
    }
    // Never ask at a terminal; names of files come as they are, not quoted.
    git.args(["-c", "core.quotePath=false"])
        .args(arguments)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C");
    git.stdin(Stdio::null()).kill_on_drop(true);
    let output = match tokio::time::timeout(DEADLINE, git.output()).await {
        Err(_) => return Err(GitError::TooLong(command)),
        Ok(Err(error)) => return Err(GitError::Missing(error.to_string())),
        Ok(Ok(output)) => output,
    };
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let why = said
        .lines()
        .find(|line| line.starts_with("fatal:") || line.starts_with("error:"));
    let why = why
        .or_else(|| said.lines().last())
        .unwrap_or("it did not say why")
        .trim();
    Err(GitError::Failed {
        command,
        why: why.to_owned(),
    })
}
