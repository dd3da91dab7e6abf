//! What the results of a part mean for the whole: Buildbot's rules.

use weir_config::Consequences;
use weir_status_api::Results;

/// What follows from the results of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weight {
    /// How it counts for the whole; none if it does not.
    pub(crate) counts: Option<Results>,
    /// Whether no further parts come, but for those that always do.
    pub(crate) halts: bool,
}

/// What `results` mean.
pub(crate) const fn weigh(consequences: &Consequences, results: Results) -> Weight {
    let is_failure = matches!(results, Results::Failure);
    let (flunks, warns) = match results {
        Results::Success | Results::Skipped => (false, false),
        Results::Warnings => (consequences.flunk_on_warnings, consequences.warn_on_warnings),
        Results::Failure => (consequences.flunk_on_failure, consequences.warn_on_failure),
        Results::Exception | Results::Retry | Results::Cancelled => {
            return Weight {
                counts: Some(results),
                halts: true,
            };
        }
    };
    Weight {
        counts: match (flunks, warns) {
            (true, _) => Some(Results::Failure),
            (false, true) => Some(Results::Warnings),
            (false, false) => None,
        },
        halts: is_failure && consequences.halt_on_failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Buildbot's `computeResultAndTermination`, as it is told in its manual, over every combination.
    #[test]
    fn every_combination_is_as_in_buildbots_table() {
        use Results::*;
        for bits in 0..32 {
            let has = |bit: u8| bits & 1 << bit != 0;
            let consequences = Consequences {
                halt_on_failure: has(0),
                flunk_on_failure: has(1),
                warn_on_failure: has(2),
                flunk_on_warnings: has(3),
                warn_on_warnings: has(4),
            };
            for results in [Success, Warnings, Failure, Skipped, Exception, Retry, Cancelled] {
                let mut overall = results;
                let mut terminate = false;
                if results == Failure {
                    if !has(1) {
                        overall = Success;
                    }
                    if has(2) {
                        overall = Warnings;
                    }
                    if has(1) {
                        overall = Failure;
                    }
                    terminate = has(0);
                } else if results == Warnings {
                    overall = if has(4) { Warnings } else { Success };
                    if has(3) {
                        overall = Failure;
                    }
                } else if matches!(results, Exception | Retry | Cancelled) {
                    terminate = true;
                }
                let weight = weigh(&consequences, results);
                for before in [Success, Warnings, Failure] {
                    let ours = before.worst(weight.counts.unwrap_or(Success));
                    assert_eq!(ours, before.worst(overall), "{consequences:?} {results}");
                }
                assert_eq!(weight.halts, terminate, "{consequences:?} {results}");
            }
        }
    }
}
