//! Asks a git repository in intervals and records what is new (Buildbot's `GitPoller`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;
use weir_config::{GitPoller, any_admits};
use weir_status_api::CodebaseId;
use weir_status_db::{ChangeCommit, KeptState, NewChange, Store, Transition};

use super::codebase::CodebaseRecord;
use super::git::is_revision;
use crate::error::{Error, Result};
use crate::{Commit, Mirror};

/// The newest revision of each branch that has been recorded.
pub(super) type Heads = BTreeMap<String, String>;

/// One poller at work.
pub(crate) struct GitPollerTask {
    config: GitPoller,
    mirror: Mirror,
    store: Store,
    owner: String,
    /// The configured codebase that the repository is.
    codebase: Option<CodebaseRecord>,
}

impl GitPollerTask {
    /// A poller as configured, its mirror kept below `folder`; what it sees is the history of `codebase`.
    pub(crate) fn new(config: GitPoller, store: Store, folder: &Path, codebase: Option<CodebaseId>) -> Self {
        // Two pollers never share a mirror, and any name makes a folder.
        let hash = Sha256::digest(format!("{}\n{}", config.name, config.repository));
        let name: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let mirror = Mirror::new(folder.join(format!("{name}.git")), config.repository.clone());
        let owner = format!("git_poller/{}", config.name);
        let codebase = codebase.map(|codebase| CodebaseRecord {
            store: store.clone(),
            mirror: mirror.clone(),
            codebase,
            owner: format!("git_poller_codebase/{}", config.name),
        });
        Self {
            config,
            mirror,
            store,
            owner,
            codebase,
        }
    }

    /// Polls until `stop`. A repository that cannot be read is reported when that begins and when it ends,
    /// not at every poll.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let name = &self.config.name;
        let mut reported: Option<String> = None;
        loop {
            let polled = tokio::select! {
                polled = self.poll(&stop) => polled,
                // Whatever git waits for, it is ended.
                () = stop.cancelled() => return,
            };
            match polled {
                Ok(()) if reported.take().is_some() => {
                    tracing::info!(poller = name, "the repository can be read again");
                }
                Ok(()) => {}
                Err(error) => {
                    let why = error.to_string();
                    if reported.as_ref() != Some(&why) {
                        tracing::error!(
                            poller = name,
                            repository = self.config.repository,
                            why,
                            "polling failed; trying again every {} s",
                            self.config.poll_interval.as_secs_f32(),
                        );
                        reported = Some(why);
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(self.config.poll_interval) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn poll(&self, stop: &CancellationToken) -> Result<()> {
        let heads: Heads = self
            .mirror
            .fetch()
            .await?
            .into_iter()
            .filter(|(branch, _)| any_admits(&self.config.branches, branch))
            .collect();
        if let Some(codebase) = &self.codebase {
            codebase.begin(&heads).await?;
        }
        let Some(mut recorded) = self.recorded().await? else {
            // What was there before the first look is history, not change; as Buildbot has it.
            tracing::info!(
                poller = self.config.name,
                branches = heads.len(),
                "first look at the repository"
            );
            return self.keep(&heads).await;
        };
        let before = recorded.clone();
        recorded.retain(|branch, _| heads.contains_key(branch));
        for (branch, head) in &heads {
            if recorded.get(branch) != Some(head) {
                self.record(branch, head, &before, &mut recorded, stop).await?;
            }
        }
        if recorded == before {
            return Ok(());
        }
        self.keep(&recorded).await
    }

    /// Records the commits that are new on `branch`, each in one transaction with the place it brings us to.
    async fn record(
        &self,
        branch: &str,
        head: &str,
        before: &Heads,
        recorded: &mut Heads,
        stop: &CancellationToken,
    ) -> Result<()> {
        let known: BTreeSet<&str> = match before.get(branch) {
            // Commits that another branch had before are changes of this one too, when it comes to have them.
            Some(last) if self.mirror.has(last).await => BTreeSet::from([last.as_str()]),
            // A new branch, or one whose past is gone: what any branch had is no change.
            _ => before
                .values()
                .chain(recorded.values())
                .map(String::as_str)
                .collect(),
        };
        let known: Vec<&str> = known.into_iter().collect();
        let commits = self.mirror.commits(head, &known).await?;
        if let (Some(codebase), true) = (&self.codebase, commits.is_empty()) {
            codebase.move_branch(branch, head).await?;
        }
        // The newest of a bounded number of commits need not be the head; the next poll goes on from it.
        let reached = commits.last().map_or(head, |it| &it.revision).to_owned();
        for commit in commits {
            if stop.is_cancelled() {
                return Ok(());
            }
            recorded.insert(branch.to_owned(), commit.revision.clone());
            let change = self.change(branch, commit, recorded)?;
            self.store.apply(Transition::AddChange(Box::new(change))).await?;
        }
        recorded.insert(branch.to_owned(), reached);
        Ok(())
    }

    fn change(&self, branch: &str, commit: Commit, recorded: &Heads) -> Result<NewChange> {
        let of_codebase = |codebase: &CodebaseRecord| ChangeCommit {
            codebase: codebase.codebase,
            parent: commit.parent.clone(),
        };
        Ok(NewChange {
            commit: self.codebase.as_ref().map(of_codebase),
            author: commit.author,
            committer: Some(commit.committer),
            files: commit.files,
            comments: commit.comments,
            revision: Some(commit.revision),
            branch: Some(branch.to_owned()),
            category: self.config.category.clone(),
            repository: self.config.repository.clone(),
            project: self.config.project.clone(),
            codebase: self.config.codebase.clone(),
            when: commit.when,
            state: Some(self.state(recorded)?),
            ..NewChange::default()
        })
    }

    async fn recorded(&self) -> Result<Option<Heads>> {
        let Some(value) = self.store.kept_state(&self.owner).await? else {
            return Ok(None);
        };
        let mut heads: Heads =
            serde_json::from_value(value).map_err(|error| self.kept_state_error(&error))?;
        heads.retain(|_, revision| is_revision(revision));
        Ok(Some(heads))
    }

    async fn keep(&self, heads: &Heads) -> Result<()> {
        let state = self.state(heads)?;
        self.store.apply(Transition::KeepState(state)).await?;
        Ok(())
    }

    fn state(&self, heads: &Heads) -> Result<KeptState> {
        let value = serde_json::to_value(heads).map_err(|error| self.kept_state_error(&error))?;
        Ok(KeptState {
            owner: self.owner.clone(),
            value,
        })
    }

    fn kept_state_error(&self, error: &serde_json::Error) -> Error {
        Error::KeptState {
            owner: self.owner.clone(),
            why: error.to_string(),
        }
    }
}
