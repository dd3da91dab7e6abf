//! What was done when.

use std::cmp::Reverse;

use super::ViewRows;
use crate::{Build, Change, Step, Timestamp, Waterfall, WaterfallQuery};

/// Steps at the most.
const MAX_STEPS: usize = 100_000;

impl ViewRows {
    pub(super) fn waterfall(&self, query: &WaterfallQuery) -> Waterfall {
        let limit = query.most() as usize;
        let within = |at: Timestamp| query.from <= at && at < query.to;
        let builders = self.chosen(&query.builders);
        let mut builds = self.builds_of(&builders);
        builds.retain(|build| {
            build.started_at < query.to && build.complete_at.is_none_or(|end| end >= query.from)
        });
        let mut changes: Vec<Change> = self
            .changes
            .iter()
            .filter(|change| within(change.when))
            .cloned()
            .collect();
        changes.sort_by_key(|change| Reverse((change.when, change.id)));
        let builds_from = cut(&mut builds, limit, query, |build| build.started_at);
        let changes_from = cut(&mut changes, limit, query, |change| change.when);
        Waterfall {
            builders,
            steps: if query.steps { self.begun(&builds) } else { vec![] },
            builds,
            changes,
            complete_from: builds_from.max(changes_from),
        }
    }

    fn begun(&self, builds: &[Build]) -> Vec<Step> {
        let has =
            |step: &&Step| step.started_at.is_some() && builds.iter().any(|build| build.id == step.build);
        let mut steps: Vec<Step> = self.steps.iter().filter(has).cloned().collect();
        steps.sort_by_key(|step| (step.build, step.number));
        steps.truncate(MAX_STEPS);
        steps
    }
}

/// Leaves the first `limit` of the rows, and gives the moment from which on all are here.
fn cut<T>(
    rows: &mut Vec<T>,
    limit: usize,
    query: &WaterfallQuery,
    at: impl Fn(&T) -> Timestamp,
) -> Timestamp {
    if rows.len() <= limit {
        return query.from;
    }
    rows.truncate(limit);
    // Others may have begun at the same moment as the last one here.
    let from = rows.last().map_or(query.to, |row| Timestamp(at(row).0 + 1));
    from.max(query.from)
}
