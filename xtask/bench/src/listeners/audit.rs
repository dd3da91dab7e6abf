//! What came, against what happened.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::Happened;
use super::receivers::{Came, Delivery};
use super::storm::Damage;
use crate::Result;

/// How many events a runner delivers at once, unless told: so many may come again after each time that it was killed.
const AT_ONCE: usize = 8;

/// What became of all deliveries.
#[derive(Debug)]
pub(super) struct Audit {
    /// Deliveries in all, each counted once.
    pub(super) told: usize,
    /// Those that came more than once, by how often beyond the first.
    pub(super) repeats: usize,
    /// As many as that may be: what was on its way, and answers that were lost.
    pub(super) allowed: usize,
    /// What is not as it must be.
    faults: Vec<String>,
}

impl Audit {
    /// Compares.
    ///
    /// # Errors
    /// If nothing can be compared.
    pub(super) fn of(happened: &Happened, came: &Came, damage: &Damage) -> Result<Self> {
        if happened.is_empty() || came.is_empty() {
            return Err("nothing happened, or nothing came".to_owned());
        }
        let mut audit = Self {
            told: 0,
            repeats: 0,
            allowed: 0,
            faults: vec![],
        };
        for (listener, cursors) in missing(happened, came) {
            audit.faults.push(format!(
                "{listener} was not told of {} events, first {:?}",
                cursors.len(),
                cursors.first()
            ));
        }
        for (listener, deliveries) in came {
            let killed = damage.killed.get(listener).copied().unwrap_or_default();
            let lost = damage.lost.get(listener).copied().unwrap_or_default();
            audit.look_at(listener, deliveries, happened, killed * AT_ONCE + lost);
        }
        Ok(audit)
    }

    fn look_at(&mut self, listener: &str, deliveries: &[Delivery], happened: &Happened, allowed: usize) {
        let mut times: BTreeMap<i64, usize> = BTreeMap::new();
        let mut newest: HashMap<i64, i64> = HashMap::new();
        for delivery in deliveries {
            let Some(happening) = happened.get(&delivery.cursor) else {
                self.faults.push(format!(
                    "{listener} was told of {}, which did not happen",
                    delivery.id
                ));
                continue;
            };
            if delivery.id != format!("{listener}-{}", delivery.cursor) {
                self.faults
                    .push(format!("{listener} was told by the id {}", delivery.id));
            }
            let count = times.entry(delivery.cursor).or_default();
            *count += 1;
            let before = newest.entry(happening.build).or_default();
            if *count == 1 && *before > delivery.cursor {
                self.faults.push(format!(
                    "{listener} was told of {} after {before}, of one build",
                    delivery.cursor
                ));
            }
            *before = delivery.cursor.max(*before);
        }
        let repeats = times.values().map(|it| it - 1).sum::<usize>();
        if repeats > allowed {
            self.faults.push(format!(
                "{listener} was told {repeats} times again, of at most {allowed}"
            ));
        }
        self.told += times.len();
        self.repeats += repeats;
        self.allowed += allowed;
    }

    /// An error if anything is not as it must be.
    pub(super) fn judge(&self) -> Result<()> {
        match self.faults.is_empty() {
            true => Ok(()),
            false => Err(format!(
                "{} faults: {}",
                self.faults.len(),
                self.faults.join("; ")
            )),
        }
    }
}

/// What each listener was not told of.
pub(super) fn missing(happened: &Happened, came: &Came) -> BTreeMap<String, Vec<i64>> {
    let mut missing = BTreeMap::new();
    for runner in super::site::Runner::ALL {
        for listener in runner.listeners() {
            let told: BTreeSet<i64> = came
                .get(&listener)
                .into_iter()
                .flatten()
                .map(|it| it.cursor)
                .collect();
            let not: Vec<i64> = happened.keys().copied().filter(|it| !told.contains(it)).collect();
            if !not.is_empty() {
                missing.insert(listener, not);
            }
        }
    }
    missing
}

/// How many builds ended up to a cursor, and after it.
pub(super) fn ends(happened: &Happened, border: i64) -> [usize; 2] {
    let ends = |after: bool| {
        happened
            .iter()
            .filter(|(cursor, it)| it.end && (**cursor > border) == after)
            .count()
    };
    [ends(false), ends(true)]
}

/// How long the first delivery of each wanted event took from its commit, in order.
pub(super) fn lags(happened: &Happened, came: &Came, wanted: impl Fn(i64) -> bool) -> Vec<Duration> {
    let mut lags = vec![];
    for deliveries in came.values() {
        let mut seen = BTreeSet::new();
        for it in deliveries
            .iter()
            .filter(|it| wanted(it.cursor) && seen.insert(it.cursor))
        {
            if let Some(happening) = happened.get(&it.cursor) {
                let lag = u64::try_from(it.at - happening.at).unwrap_or_default();
                lags.push(Duration::from_micros(lag));
            }
        }
    }
    lags.sort_unstable();
    lags
}
