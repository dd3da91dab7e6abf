//! What a poller records of its codebase beside changes: commits, and where the branches are.

use weir_status_api::{CodebaseId, CommitId, CommitKey, Error as StatusError, Key, ReadExt};
use weir_status_db::{Applied, KeptState, NewCommit, Store, Transition};

use super::git_poller::Heads;
use crate::error::{Error, Result};
use crate::{Commit, Mirror};

/// How many commits are recorded of what was there before the first look.
const HISTORY: usize = 200;

/// Records commits and branches of a codebase.
pub(super) struct CodebaseRecord {
    pub(super) store: Store,
    pub(super) mirror: Mirror,
    pub(super) codebase: CodebaseId,
    /// Under which name it is kept that the history was recorded.
    pub(super) owner: String,
}

impl CodebaseRecord {
    /// Records, once, the newest commits that were there before the first look, and where the branches were then.
    pub(super) async fn begin(&self, heads: &Heads) -> Result<()> {
        let begun = serde_json::Value::from(self.codebase.0);
        if self.store.kept_state(&self.owner).await?.as_ref() == Some(&begun) {
            return Ok(());
        }
        let tips: Vec<&str> = heads.values().map(String::as_str).collect();
        for commit in self.mirror.history(&tips, HISTORY).await? {
            self.add(commit).await?;
        }
        for (branch, head) in heads {
            self.move_branch(branch, head).await?;
        }
        let state = KeptState {
            owner: self.owner.clone(),
            value: begun,
        };
        self.store.apply(Transition::KeepState(state)).await?;
        Ok(())
    }

    /// Notes that the branch is at `head`, whose commit is recorded if it is not yet.
    pub(super) async fn move_branch(&self, branch: &str, head: &str) -> Result<()> {
        let commit = match self.recorded(head).await? {
            Some(commit) => commit,
            None => match self.mirror.history(&[head], 1).await?.pop() {
                Some(commit) => self.add(commit).await?,
                None => return Ok(()),
            },
        };
        let moved = Transition::MoveBranch {
            codebase: self.codebase,
            name: branch.to_owned(),
            head: Some(commit),
        };
        self.store.apply(moved).await?;
        Ok(())
    }

    async fn recorded(&self, revision: &str) -> Result<Option<CommitId>> {
        let key = CommitKey::Revision(self.codebase.into(), revision.to_owned());
        match self.store.one::<weir_status_api::Commit>(Key::Commit(key)).await {
            Ok(at) => Ok(Some(at.value.id)),
            Err(StatusError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn add(&self, commit: Commit) -> Result<CommitId> {
        let parent = match &commit.parent {
            Some(parent) => self.recorded(parent).await?,
            None => None,
        };
        let new = NewCommit {
            codebase: self.codebase,
            author: commit.author,
            committer: Some(commit.committer),
            comments: commit.comments,
            when: commit.when,
            revision: commit.revision,
            parent,
        };
        match self.store.apply(Transition::AddCommit(new)).await? {
            Applied::Commit(id) => Ok(id),
            other => Err(Error::Answer(format!("{other:?}"))),
        }
    }
}
