//! What the configuration says of how requests are given to workers.

use std::collections::HashMap;

use weir_config::{Collapse, LockAccess, NextWorker};
use weir_status_api::{BuildRequestId, BuilderId, WorkerId};

use super::ask::Asked;
use crate::current::Current;

/// The rules of one builder.
#[derive(Debug)]
pub(super) struct Rules {
    /// Its name.
    pub(super) name: String,
    /// The workers that serve it, in the configuration's order.
    pub(super) workers: Vec<WorkerId>,
    /// What each of its builds holds.
    pub(super) locks: Vec<LockAccess>,
    /// Which of several free workers takes a build.
    pub(super) next_worker: NextWorker,
    /// Functions that are asked first.
    pub(super) asked: Option<Asked>,
    /// Whether a new request stands for the older ones that are like it.
    pub(super) collapse: Collapse,
}

/// The rules of all builders, and the builders of each worker.
#[derive(Debug, Default)]
pub(super) struct Book {
    builders: HashMap<BuilderId, Rules>,
    served: HashMap<WorkerId, Vec<BuilderId>>,
}

impl Book {
    /// Those of a configuration.
    pub(super) fn of(current: &Current) -> Self {
        let mut book = Self::default();
        let (config, ids) = (&current.config, &current.ids);
        for builder in &config.builders {
            let Some(id) = ids.builders.get(&builder.name) else {
                continue;
            };
            let known = |name: &String| ids.workers.get(name).copied();
            let next_worker = builder.next_worker.as_ref().unwrap_or(&config.next_worker);
            let rules = Rules {
                name: builder.name.clone(),
                workers: builder.workers.iter().filter_map(known).collect(),
                locks: builder.locks.clone(),
                asked: Asked::of(builder, next_worker),
                next_worker: next_worker.clone(),
                collapse: builder
                    .collapse_requests
                    .as_ref()
                    .unwrap_or(&config.collapse_requests)
                    .clone(),
            };
            book.add(*id, rules);
        }
        book
    }

    /// Adds a builder.
    pub(super) fn add(&mut self, builder: BuilderId, rules: Rules) {
        for worker in &rules.workers {
            self.served.entry(*worker).or_default().push(builder);
        }
        self.builders.insert(builder, rules);
    }

    /// The rules of the builder, if it is configured.
    pub(super) fn rules(&self, builder: BuilderId) -> Option<&Rules> {
        self.builders.get(&builder)
    }

    /// The builders that the worker serves.
    pub(super) fn served_by(&self, worker: WorkerId) -> &[BuilderId] {
        self.served.get(&worker).map_or(&[], Vec::as_slice)
    }
}

/// A worker that could take a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Free {
    /// The worker.
    pub(super) worker: WorkerId,
    /// How many builds it does now.
    pub(super) builds: usize,
}

/// Puts the workers, which are in the configuration's order, in the order in which they are tried for the request.
pub(super) fn sort(rule: &NextWorker, request: BuildRequestId, workers: &mut [Free]) {
    match rule {
        // Where no function can be asked, or it failed, the usual rule goes on.
        NextWorker::LeastBusy | NextWorker::Chosen(_) => workers.sort_by_key(|it| (it.builds, it.worker)),
        NextWorker::First => {}
        // By chance, and yet the same each time that the request is looked at.
        NextWorker::Random => workers.sort_by_key(|it| scatter(scatter(request.0) ^ it.worker.0)),
    }
}

/// A number that looks random, made of another (the finisher of SplitMix64).
fn scatter(number: i64) -> i64 {
    let mut bits = number.cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits ^ (bits >> 31)).cast_signed()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn order(rule: &NextWorker, request: i64) -> Vec<i64> {
        let mut workers = [(3, 1), (1, 2), (2, 1)].map(|(worker, builds)| Free {
            worker: WorkerId(worker),
            builds,
        });
        sort(rule, BuildRequestId(request), &mut workers);
        workers.iter().map(|it| it.worker.0).collect()
    }

    #[test]
    fn each_rule_has_its_order() {
        assert_eq!(order(&NextWorker::LeastBusy, 1), [2, 3, 1]);
        assert_eq!(order(&NextWorker::First, 1), [3, 1, 2]);
        assert_eq!(order(&NextWorker::Random, 7), order(&NextWorker::Random, 7));
        let mut firsts: BTreeMap<i64, u32> = BTreeMap::new();
        for request in 0..300 {
            *firsts.entry(order(&NextWorker::Random, request)[0]).or_default() += 1;
        }
        assert!(
            firsts.len() == 3 && firsts.values().all(|it| *it > 70),
            "{firsts:?}"
        );
    }
}
