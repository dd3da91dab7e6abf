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
    /// Whether none of them starts a build.
    #[serde(default)]
    unimportant: bool,
}

/// Lines of changes that start no build, and changes in each, that are kept until one does; the newest.
const MOST_UNIMPORTANT: usize = 100;

/// What is built together: changes of one branch of one repository.
pub(crate) fn line(change: &Change) -> String {
    let branch = change.branch.as_deref().unwrap_or_default();
    format!(
        "{}\n{}\n{}\n{branch}",
        change.codebase, change.project, change.repository
    )
}

impl Pending {
    /// Takes up a change of a line that came at `now`. One that is not important waits for one that is.
    pub(crate) fn add(&mut self, line: String, change: &Change, is_important: bool, now: Timestamp) {
        let waiting = self.waiting.entry(line).or_insert(Waiting {
            changes: vec![],
            newest_at: now,
            unimportant: true,
        });
        waiting.changes.push(change.id.0);
        waiting.newest_at = now;
        waiting.unimportant &= !is_important;
        if waiting.unimportant {
            self.forget_oldest();
        }
    }

    /// Keeps what starts no build within bounds.
    fn forget_oldest(&mut self) {
        let unimportant = self.waiting.iter_mut().filter(|(_, it)| it.unimportant);
        let mut lines: Vec<(Timestamp, String)> = vec![];
        for (line, waiting) in unimportant {
            let more = waiting.changes.len().saturating_sub(MOST_UNIMPORTANT);
            waiting.changes.drain(..more);
            lines.push((waiting.newest_at, line.clone()));
        }
        lines.sort();
        let more = lines.len().saturating_sub(MOST_UNIMPORTANT);
        for (_, line) in lines.into_iter().take(more) {
            self.waiting.remove(&line);
        }
    }

    /// The lines that have a change which starts a build.
    fn important(&self) -> impl Iterator<Item = (&String, &Waiting)> {
        self.waiting.iter().filter(|(_, it)| !it.unimportant)
    }

    /// What came later than `now` came by a clock that was set back since: as if it had come now.
    pub(crate) fn set_back(&mut self, now: Timestamp) {
        for waiting in self.waiting.values_mut() {
            waiting.newest_at = waiting.newest_at.min(now);
        }
    }

    /// When the first line that waits has been stable for `stable`.
    pub(crate) fn next_due(&self, stable: Duration) -> Option<Timestamp> {
        self.important().map(|(_, it)| it.newest_at.plus(stable)).min()
    }

    /// Takes out the changes of one line that is stable at `now`.
    pub(crate) fn take_due(&mut self, stable: Duration, now: Timestamp) -> Option<Vec<ChangeId>> {
        let due = self
            .important()
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

#[cfg(test)]
mod tests {
    use weir_status_api::SourceStamp;

    use super::*;

    fn change(id: i64) -> Change {
        Change {
            id: ChangeId(id),
            parents: vec![],
            author: String::new(),
            committer: None,
            files: vec![],
            comments: String::new(),
            revision: None,
            branch: None,
            category: None,
            revlink: None,
            properties: Default::default(),
            repository: String::new(),
            project: String::new(),
            codebase: String::new(),
            source_stamp: SourceStamp {
                id: SourceStampId(id),
                revision: None,
                branch: None,
                repository: String::new(),
                project: String::new(),
                codebase: String::new(),
                created_at: Timestamp(0),
                patch: None,
            },
            when: Timestamp(0),
        }
    }

    #[test]
    fn what_is_not_important_comes_along_with_what_is() {
        const STABLE: Duration = Duration::from_micros(10);
        let mut pending = Pending::default();
        let mut add = |line: &str, id, is_important, at| {
            pending.add(line.to_owned(), &change(id), is_important, Timestamp(at));
            pending.clone()
        };
        assert_eq!(add("a", 1, false, 0).next_due(STABLE), None);
        assert_eq!(add("b", 2, true, 3).next_due(STABLE), Some(Timestamp(13)));
        assert_eq!(add("a", 3, true, 5).next_due(STABLE), Some(Timestamp(13)));
        // It is not stable before the last change, important or not.
        let mut pending = add("a", 4, false, 20);
        let ids =
            |changes: Option<Vec<ChangeId>>| changes.map(|it| it.iter().map(|it| it.0).collect::<Vec<_>>());
        assert_eq!(ids(pending.take_due(STABLE, Timestamp(20))), Some(vec![2]));
        assert_eq!(ids(pending.take_due(STABLE, Timestamp(20))), None);
        assert_eq!(ids(pending.take_due(STABLE, Timestamp(30))), Some(vec![1, 3, 4]));
    }

    #[test]
    fn what_came_by_a_clock_that_was_ahead_does_not_wait_for_it() {
        const STABLE: Duration = Duration::from_micros(10);
        let mut pending = Pending::default();
        pending.add("a".to_owned(), &change(1), true, Timestamp(7000));
        pending.set_back(Timestamp(100));
        assert_eq!(pending.next_due(STABLE), Some(Timestamp(110)));
        pending.set_back(Timestamp(105));
        assert_eq!(pending.next_due(STABLE), Some(Timestamp(110)));
    }

    #[test]
    fn what_waits_for_an_important_change_is_bounded() {
        let mut pending = Pending::default();
        for id in 0..i64::try_from(3 * MOST_UNIMPORTANT).unwrap() {
            pending.add("a".to_owned(), &change(id), false, Timestamp(id));
            pending.add(format!("b{id}"), &change(id), false, Timestamp(id));
        }
        assert_eq!(pending.waiting.len(), MOST_UNIMPORTANT);
        assert_eq!(pending.waiting["a"].changes.len(), MOST_UNIMPORTANT);
        pending.add("a".to_owned(), &change(9999), true, Timestamp(9999));
        let changes = pending.take_due(Duration::ZERO, Timestamp(9999));
        assert_eq!(changes.map(|it| it.len()), Some(MOST_UNIMPORTANT + 1));
    }

    #[test]
    fn what_an_earlier_version_kept_is_important() {
        let kept = r#"{"seen": 7, "waiting": {"a": {"changes": [7], "newest_at": 0}}}"#;
        let mut pending: Pending = serde_json::from_str(kept).unwrap();
        assert_eq!(
            pending.take_due(Duration::ZERO, Timestamp(0)),
            Some(vec![ChangeId(7)])
        );
    }
}
