//! Changes that wait until their branch is stable.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use weir_status_api::{Change, ChangeId, SourceStampId, Timestamp};

/// Changes looked at, and those that wait. Kept in the store at every step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// The newest change looked at.
    pub(crate) seen: i64,
    /// What waits, by [`line`].
    waiting: BTreeMap<String, Waiting>,
    /// The source stamp of the newest change of each codebase that is built with others (Buildbot's
    /// `lastCodebases`).
    #[serde(default)]
    newest: BTreeMap<String, i64>,
}

/// The changes of one line of development, oldest first, and when the newest of them came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Waiting {
    changes: Vec<i64>,
    newest_at: Timestamp,
}

/// What is built together: changes of one branch of one repository.
pub(crate) fn line(change: &Change) -> String {
    let branch = change.branch.as_deref().unwrap_or_default();
    format!(
        "{}\n{}\n{}\n{branch}",
        change.codebase, change.project, change.repository
    )
}

impl Pending {
    /// Takes up an important change of a line that came at `now`.
    pub(crate) fn add(&mut self, line: String, change: &Change, now: Timestamp) {
        let waiting = self.waiting.entry(line).or_insert(Waiting {
            changes: vec![],
            newest_at: now,
        });
        waiting.changes.push(change.id.0);
        waiting.newest_at = now;
    }

    /// When the first line that waits has been stable for `stable`.
    pub(crate) fn next_due(&self, stable: Duration) -> Option<Timestamp> {
        self.waiting.values().map(|it| it.newest_at.plus(stable)).min()
    }

    /// Takes out the changes of one line that is stable at `now`.
    pub(crate) fn take_due(&mut self, stable: Duration, now: Timestamp) -> Option<Vec<ChangeId>> {
        let due = self
            .waiting
            .iter()
            .find(|(_, it)| it.newest_at.plus(stable) <= now)
            .map(|(line, _)| line.clone())?;
        let waiting = self.waiting.remove(&due)?;
        Some(waiting.changes.into_iter().map(ChangeId).collect())
    }

    /// Notes the newest change of its codebase.
    pub(crate) fn note_newest(&mut self, change: &Change) {
        self.newest
            .insert(change.codebase.clone(), change.source_stamp.id.0);
    }

    /// The source stamp of the newest change of the codebase, if one came.
    pub(crate) fn newest_of(&self, codebase: &str) -> Option<SourceStampId> {
        self.newest.get(codebase).copied().map(SourceStampId)
    }

    /// Forgets what waits: the scheduler was disabled.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }
}
