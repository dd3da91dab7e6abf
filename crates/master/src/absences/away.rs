//! Which workers are away, and since when.

use std::collections::BTreeMap;
use std::time::Duration;

use weir_status_api::{Absence, Timestamp, WorkerId};

/// How long a worker may be away.
#[derive(Clone, Debug)]
pub(super) struct Patience {
    pub(super) timeout: Duration,
    /// Who is to be told then.
    pub(super) notify: Vec<String>,
}

#[derive(Debug)]
struct Since {
    at: Timestamp,
    /// Whether it was told that it is missing; once is enough.
    told: bool,
}

/// The workers that are expected, and those of them that are away.
#[derive(Debug)]
pub(super) struct Away {
    expected: BTreeMap<WorkerId, Patience>,
    since: BTreeMap<WorkerId, Since>,
}

impl Away {
    /// Nobody is away yet.
    pub(super) fn new(expected: BTreeMap<WorkerId, Patience>) -> Self {
        Self {
            expected,
            since: BTreeMap::new(),
        }
    }

    /// Others are expected from now on; gives those that were not until now. How long one is away already stays known.
    pub(super) fn expect(&mut self, expected: BTreeMap<WorkerId, Patience>) -> Vec<WorkerId> {
        let before = std::mem::replace(&mut self.expected, expected);
        self.since.retain(|worker, _| self.expected.contains_key(worker));
        let new = self.expected.keys().filter(|it| !before.contains_key(it));
        new.copied().collect()
    }

    /// The workers that are expected.
    pub(super) fn expected(&self) -> impl Iterator<Item = WorkerId> {
        self.expected.keys().copied()
    }

    /// The worker is there.
    pub(super) fn came(&mut self, worker: WorkerId) {
        self.since.remove(&worker);
    }

    /// The worker is not there, as was seen at `at`; if it was away before, since then.
    pub(super) fn left(&mut self, worker: WorkerId, at: Timestamp) {
        if self.expected.contains_key(&worker) {
            self.since.entry(worker).or_insert(Since { at, told: false });
        }
    }

    /// When the next worker is missing, unless it comes.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.untold().map(|(_, due, _)| due).min()
    }

    /// The workers that are missing now and were not told so.
    pub(super) fn missing(&self, now: Timestamp) -> Vec<(WorkerId, Absence)> {
        self.untold()
            .filter(|(_, due, _)| *due <= now)
            .map(|(worker, _, absence)| (worker, absence))
            .collect()
    }

    /// It was told that the worker is missing.
    pub(super) fn told(&mut self, worker: WorkerId) {
        if let Some(since) = self.since.get_mut(&worker) {
            since.told = true;
        }
    }

    fn untold(&self) -> impl Iterator<Item = (WorkerId, Timestamp, Absence)> {
        self.since
            .iter()
            .filter(|(_, since)| !since.told)
            .filter_map(|(worker, since)| {
                let patience = self.expected.get(worker)?;
                let absence = Absence {
                    last_connection: since.at,
                    notify: patience.notify.clone(),
                };
                Some((*worker, since.at.plus(patience.timeout), absence))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const W1: WorkerId = WorkerId(1);
    const W2: WorkerId = WorkerId(2);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn away() -> Away {
        let patience = |seconds, notify: &[&str]| Patience {
            timeout: Duration::from_secs(seconds),
            notify: notify.iter().map(|it| (*it).to_owned()).collect(),
        };
        Away::new([(W1, patience(10, &["ada"])), (W2, patience(60, &[]))].into())
    }

    fn names(away: &Away, seconds: i64) -> Vec<WorkerId> {
        away.missing(at(seconds)).into_iter().map(|it| it.0).collect()
    }

    #[test]
    fn who_is_away_for_long_is_missed_once() {
        let mut away = away();
        assert_eq!(away.next(), None);
        away.left(W1, at(100));
        away.left(W2, at(100));
        assert_eq!(away.next(), Some(at(110)));
        assert!(names(&away, 109).is_empty());
        let absence = Absence {
            last_connection: at(100),
            notify: vec!["ada".to_owned()],
        };
        assert_eq!(away.missing(at(110)), [(W1, absence)]);
        assert_eq!(names(&away, 111), [W1], "until it is told, it is to be told");
        away.told(W1);
        // That it is away is seen again, e.g. when it is paused.
        away.left(W1, at(115));
        assert_eq!(away.next(), Some(at(160)));
        assert_eq!(names(&away, 1000), [W2]);
    }

    #[test]
    fn who_comes_back_is_not_missed_before_it_leaves_again() {
        let mut away = away();
        away.left(W1, at(100));
        away.came(W1);
        assert_eq!(away.next(), None);
        away.left(W1, at(200));
        away.left(W1, at(205));
        assert_eq!(
            away.next(),
            Some(at(210)),
            "it is away since it was first seen so"
        );
        away.told(W1);
        away.came(W1);
        away.left(W1, at(300));
        assert_eq!(names(&away, 310), [W1]);
    }

    #[test]
    fn who_is_away_stays_so_when_others_are_expected() {
        let mut away = away();
        away.left(W1, at(100));
        away.left(W2, at(100));
        let patience = Patience {
            timeout: Duration::from_secs(5),
            notify: vec![],
        };
        let others = [(W1, patience.clone()), (WorkerId(3), patience)];
        assert_eq!(away.expect(others.into()), [WorkerId(3)]);
        assert_eq!(names(&away, 105), [W1], "it has been away long enough by now");
        assert_eq!(names(&away, 1000), [W1], "W2 is not expected any more");
    }

    #[test]
    fn who_is_not_expected_is_not_missed() {
        let mut away = away();
        away.left(WorkerId(3), at(100));
        assert_eq!(away.next(), None);
    }
}
