//! What came, against what happened.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use weir_status_api::Lane;

use super::destinations::{Came, Delivery};
use super::kinds::Kind;
use super::storm::Damage;
use super::{Happened, What};
use crate::Result;

/// How many events a runner delivers at once, unless told: so many may come again after each time that it was killed.
const AT_ONCE: usize = 8;

/// What became of the deliveries of one listener.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    /// Deliveries, each counted once.
    pub(super) told: usize,
    /// Those that came more than once, by how often beyond the first.
    pub(super) repeats: usize,
    /// As many as that may be: what was on its way, and answers that were lost.
    pub(super) allowed: usize,
}

/// What became of all deliveries.
#[derive(Debug)]
pub(super) struct Audit {
    /// By listeners.
    pub(super) counts: BTreeMap<Kind, Count>,
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
            counts: BTreeMap::new(),
            faults: vec![],
        };
        for (kind, ids) in missing(happened, came) {
            let (name, first) = (kind.name(), ids.first());
            audit.faults.push(format!(
                "{name} was not told {} times, first {first:?}",
                ids.len()
            ));
        }
        for (kind, deliveries) in came {
            let killed = damage
                .killed
                .get(&kind.runner().name())
                .copied()
                .unwrap_or_default();
            let lost = damage.lost.get(kind).copied().unwrap_or_default();
            audit.look_at(*kind, deliveries, happened, killed * AT_ONCE + lost);
        }
        Ok(audit)
    }

    fn look_at(&mut self, kind: Kind, deliveries: &[Delivery], happened: &Happened, allowed: usize) {
        let (name, wanted) = (kind.name(), wanted(kind, happened));
        let mut seen: HashSet<i64> = HashSet::new();
        let mut newest: HashMap<&Lane, i64> = HashMap::new();
        let mut count = Count {
            allowed,
            ..Count::default()
        };
        for Delivery { id, .. } in deliveries {
            let Some((cursor, happening)) = wanted.get(id).and_then(|it| Some((*it, happened.get(it)?)))
            else {
                self.faults
                    .push(format!("{name} was told of {id}, which did not happen"));
                continue;
            };
            if !seen.insert(cursor) {
                count.repeats += 1;
                continue;
            }
            count.told += 1;
            let before = newest.entry(&happening.lane).or_default();
            if *before > cursor {
                self.faults.push(format!(
                    "{name} was told of {cursor} after {before}, of one build"
                ));
            }
            *before = cursor.max(*before);
        }
        if count.repeats > allowed {
            let repeats = count.repeats;
            self.faults.push(format!(
                "{name} was told {repeats} times again, of at most {allowed}"
            ));
        }
        self.counts.insert(kind, count);
    }

    /// All of them.
    pub(super) fn total(&self) -> Count {
        self.counts.values().fold(Count::default(), |sum, it| Count {
            told: sum.told + it.told,
            repeats: sum.repeats + it.repeats,
            allowed: sum.allowed + it.allowed,
        })
    }

    /// An error if anything is not as it must be.
    pub(super) fn judge(&self) -> Result<()> {
        let shown: Vec<&str> = self.faults.iter().take(20).map(String::as_str).collect();
        match self.faults.is_empty() {
            true => Ok(()),
            false => Err(format!("{} faults: {}", self.faults.len(), shown.join("; "))),
        }
    }
}

/// What a listener has to tell, by the ids by which it does.
fn wanted(kind: Kind, happened: &Happened) -> HashMap<String, i64> {
    let ids = happened
        .iter()
        .filter_map(|(cursor, it)| Some((kind.id(*cursor, it)?, *cursor)));
    ids.collect()
}

/// What listeners were not told of, of those that anything is known of.
pub(super) fn missing(happened: &Happened, came: &Came) -> BTreeMap<Kind, Vec<String>> {
    let mut missing = BTreeMap::new();
    for (kind, deliveries) in came {
        let told: HashSet<&str> = deliveries.iter().map(|it| it.id.as_str()).collect();
        let not: BTreeSet<(i64, String)> = wanted(*kind, happened)
            .into_iter()
            .filter(|(id, _)| !told.contains(id.as_str()))
            .map(|(id, cursor)| (cursor, id))
            .collect();
        if !not.is_empty() {
            missing.insert(*kind, not.into_iter().map(|(_, id)| id).collect());
        }
    }
    missing
}

/// How many builds ended after the first cursor, up to the second.
pub(super) fn ends(happened: &Happened, after: i64, upto: i64) -> usize {
    let within = happened
        .iter()
        .filter(|(cursor, _)| (after + 1..=upto).contains(*cursor));
    within.filter(|(_, it)| it.what == What::End).count()
}

/// How long the first delivery of each event after the first cursor, up to the second, took from its commit, in order, by
/// listeners.
pub(super) fn lags(happened: &Happened, came: &Came, after: i64, upto: i64) -> BTreeMap<Kind, Vec<Duration>> {
    let mut all = BTreeMap::new();
    for (kind, deliveries) in came {
        let wanted = wanted(*kind, happened);
        let mut seen = HashSet::new();
        let mut lags = vec![];
        for Delivery { id, at } in deliveries {
            let Some((cursor, at)) = wanted.get(id).copied().zip(*at) else {
                continue;
            };
            if (after + 1..=upto).contains(&cursor)
                && seen.insert(cursor)
                && let Some(happening) = happened.get(&cursor)
            {
                let lag = u64::try_from(at - happening.at).unwrap_or_default();
                lags.push(Duration::from_micros(lag));
            }
        }
        lags.sort_unstable();
        all.insert(*kind, lags);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::Happening;
    use super::super::kinds::Runner;
    use super::*;

    fn happened() -> Happened {
        let happening = |what| Happening {
            at: 5_000,
            lane: Lane::Thing("builds/1".to_owned()),
            page: "http://w/1".to_owned(),
            what,
        };
        Happened::from([(1, happening(What::Begin)), (2, happening(What::End))])
    }

    fn audit(ids: &[&str], damage: &Damage) -> Result<()> {
        let deliveries = ids.iter().map(|id| Delivery {
            id: (*id).to_owned(),
            at: Some(7_000),
        });
        let came = Came::from([(Kind::Webhook, deliveries.collect())]);
        Audit::of(&happened(), &came, damage)?.judge()
    }

    #[test]
    fn what_is_missing_wrong_out_of_order_or_too_often_is_a_fault() {
        let calm = Damage::default();
        assert_eq!(audit(&["webhook-1", "webhook-2"], &calm), Ok(()));
        for (ids, fault) in [
            (&["webhook-1"][..], "not told 1 times"),
            (&["webhook-1", "webhook-2", "webhook-3"], "did not happen"),
            (&["webhook-2", "webhook-1"], "of one build"),
            (&["webhook-1", "webhook-1", "webhook-2"], "1 times again"),
        ] {
            let error = audit(ids, &calm).unwrap_err();
            assert!(error.contains(fault), "{error}");
        }
        let killed = Damage {
            killed: BTreeMap::from([(Runner::Master.name(), 1)]),
            ..Damage::default()
        };
        assert_eq!(audit(&["webhook-1", "webhook-1", "webhook-2"], &killed), Ok(()));
    }
}
