//! Tables: builders by revisions, and changes by builders.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{ViewRows, cell};
use crate::{
    Build, BuildRequest, Builder, Buildset, BuildsetId, Cell, Change, Console, ConsoleQuery, Grid, GridQuery,
    GridRevision, SourceStamp, SourceStampId,
};

/// Buildsets that are looked at in all.
const MAX_BUILDSETS: usize = 10_000;
/// Buildsets of one row, and builds or requests of one cell, at the most.
const MAX_OF_ROW: usize = 20;

impl ViewRows {
    pub(super) fn grid(&self, query: &GridQuery) -> Grid {
        let builders = self.chosen(&query.builders);
        let is_asked_for = |buildset: &&Buildset| {
            let of = |request: &BuildRequest| request.buildset == buildset.id;
            let shown = |request: &BuildRequest| builders.iter().any(|it| it.id == request.builder);
            self.requests.iter().any(|request| of(request) && shown(request))
        };
        let mut asked: Vec<&Buildset> = self.buildsets.iter().filter(is_asked_for).collect();
        asked.sort_by_key(|buildset| Reverse((buildset.submitted_at, buildset.id)));
        asked.truncate(MAX_BUILDSETS);
        let mut revisions: Vec<(Vec<SourceStampId>, GridRevision)> = vec![];
        let mut buildsets: BTreeMap<Vec<SourceStampId>, Vec<BuildsetId>> = BTreeMap::new();
        for buildset in asked {
            let mut source_stamps = buildset.source_stamps.clone();
            source_stamps.sort_by_key(|stamp| stamp.id);
            let ids: Vec<SourceStampId> = source_stamps.iter().map(|stamp| stamp.id).collect();
            buildsets.entry(ids.clone()).or_default().push(buildset.id);
            let fits = source_stamps.iter().any(|stamp| fits(stamp, query));
            if fits && !revisions.iter().any(|(known, _)| *known == ids) {
                let submitted_at = buildset.submitted_at;
                let revision = GridRevision {
                    source_stamps,
                    submitted_at,
                };
                revisions.push((ids, revision));
            }
        }
        revisions.truncate(query.most() as usize);
        let (rows, revisions): (Vec<_>, Vec<_>) = revisions
            .into_iter()
            .map(|(ids, revision)| (buildsets[&ids].clone(), revision))
            .unzip();
        Grid {
            cells: self.cells(&builders, rows),
            builders,
            revisions,
        }
    }

    pub(super) fn console(&self, query: &ConsoleQuery) -> Console {
        let builders = self.chosen(&query.builders);
        let is_wanted = |change: &&Change| {
            (query.branch.is_none() || change.branch == query.branch)
                && query
                    .codebase
                    .as_ref()
                    .is_none_or(|wanted| *wanted == change.codebase)
                && query.before.is_none_or(|before| change.id < before)
        };
        let mut changes: Vec<Change> = self.changes.iter().filter(is_wanted).cloned().collect();
        changes.sort_by_key(|change| Reverse(change.id));
        changes.truncate(query.most() as usize);
        let rows = changes.iter().map(|change| self.buildsets_of(change)).collect();
        Console {
            cells: self.cells(&builders, rows),
            builders,
            changes,
        }
    }

    /// The buildsets that list the change, and those that build its source stamp.
    fn buildsets_of(&self, change: &Change) -> Vec<BuildsetId> {
        let lists = |buildset: &Buildset| {
            let listed = self.buildset_changes.get(&buildset.id);
            listed.is_some_and(|changes| changes.contains(&change.id))
        };
        let builds = |buildset: &Buildset| {
            let mut stamps = buildset.source_stamps.iter();
            stamps.any(|stamp| stamp.id == change.source_stamp.id)
        };
        let of = self.buildsets.iter().filter(|it| lists(it) || builds(it));
        of.map(|buildset| buildset.id).collect()
    }

    /// The cells of rows of these buildsets.
    fn cells(&self, builders: &[Builder], rows: Vec<Vec<BuildsetId>>) -> Vec<Cell> {
        let mut cells = vec![];
        for (row, mut buildsets) in (0..).zip(rows) {
            buildsets.sort_by_key(|id| Reverse(*id));
            buildsets.truncate(MAX_OF_ROW);
            let mut builders: Vec<&Builder> = builders.iter().collect();
            builders.sort_by_key(|builder| builder.id);
            let of_row = builders
                .into_iter()
                .map(|builder| self.cell(row, builder, &buildsets));
            cells.extend(of_row.filter(|cell| !cell.builds.is_empty() || !cell.waiting.is_empty()));
        }
        cells
    }

    fn cell(&self, row: u32, builder: &Builder, buildsets: &[BuildsetId]) -> Cell {
        let is_of =
            |request: &&BuildRequest| request.builder == builder.id && buildsets.contains(&request.buildset);
        let requests: Vec<&BuildRequest> = self.requests.iter().filter(is_of).collect();
        let answers = |build: &&Build| requests.iter().any(|request| request.id == build.request);
        let mut builds: Vec<_> = self.builds.iter().filter(answers).map(cell).collect();
        builds.sort_by_key(|build| Reverse(build.id));
        builds.truncate(MAX_OF_ROW);
        let open = requests.iter().filter(|request| self.waits(request));
        let mut waiting: Vec<_> = open.map(|request| request.id).collect();
        waiting.sort();
        waiting.truncate(MAX_OF_ROW);
        Cell {
            row,
            builder: builder.id,
            builds,
            waiting,
        }
    }
}

fn fits(stamp: &SourceStamp, query: &GridQuery) -> bool {
    let branch_fits = query.branch.is_none() || stamp.branch == query.branch;
    branch_fits
        && query
            .codebase
            .as_ref()
            .is_none_or(|wanted| *wanted == stamp.codebase)
}
