//! Views: the kit's own reading of them over the rows, and what a model that breaks a promise makes of it.

use weir_status_api::conformance::ViewRows;
use weir_status_api::{BuilderChoice, Result, Results, View, ViewQuery, WaitReason};

use super::{Fault, Model, State};

impl State {
    fn view_rows(&self) -> ViewRows {
        ViewRows {
            masters: self.masters.clone(),
            builders: self.builders.clone(),
            workers: self.workers.clone(),
            builds: self.builds.clone(),
            requests: self.requests.clone(),
            buildsets: self.buildsets.clone(),
            steps: self.steps.clone(),
            changes: self.changes.clone(),
            commits: self.commits.clone(),
            buildset_changes: self.buildset_changes.clone(),
        }
    }
}

impl Model {
    pub(super) fn show(&self, state: &State, mut query: ViewQuery) -> Result<View> {
        query.validate()?;
        let mut rows = state.view_rows();
        if self.fault.is_some() {
            self.misread(&mut rows, &query);
            self.misunderstand(&mut query);
        }
        let mut view = rows.view(&query)?;
        if self.fault.is_some() {
            self.misreport(&mut view, &query);
        }
        Ok(view)
    }

    /// Rows that a query misses.
    fn misread(&self, rows: &mut ViewRows, query: &ViewQuery) {
        match (self.fault, query) {
            (Some(Fault::MissesMergedBuilds), _) => {
                let lists = rows.buildset_changes.values_mut();
                lists.for_each(|it| drop(it.drain(..it.len().saturating_sub(1))));
            }
            (Some(Fault::MissesBuildsOfTheStamp), ViewQuery::Console(_)) => {
                rows.buildsets.iter_mut().for_each(|it| it.source_stamps.clear());
            }
            (Some(Fault::MissesLostBuilds), _) => {
                rows.builds.retain(|it| it.results != Some(Results::Retry));
            }
            (Some(Fault::MissesCrossingBuilds), ViewQuery::Waterfall(query)) => {
                rows.builds.retain(|it| it.started_at >= query.from);
            }
            (Some(Fault::TakesCancelledForGood), _) => {
                let cancelled = rows.builds.iter_mut();
                let cancelled = cancelled.filter(|it| it.results == Some(Results::Cancelled));
                cancelled.for_each(|it| it.results = Some(Results::Success));
            }
            (Some(Fault::TakesHiddenStepsAway), _) => rows.steps.retain(|it| !it.hidden),
            (Some(Fault::SplitsRevisions), ViewQuery::Grid(_)) => {
                for (place, buildset) in rows.buildsets.iter_mut().enumerate() {
                    let stamps = buildset.source_stamps.iter_mut();
                    stamps.for_each(|it| it.id.0 = it.id.0 * 1_000 + place as i64);
                }
            }
            _ => {}
        }
    }

    /// A query that is taken for another.
    fn misunderstand(&self, query: &mut ViewQuery) {
        if let (Some(Fault::ShowsTooMuch), ViewQuery::Home(query)) = (self.fault, &mut *query) {
            query.limit = query.limit.saturating_add(1);
        }
        let fault = self.fault;
        let choose = |choice: &mut BuilderChoice| match fault {
            Some(Fault::ShowsRemovedBuilders) => choice.removed_too = true,
            Some(Fault::IgnoresTagsLeftOut) => choice.without_tags.clear(),
            Some(Fault::WantsAllTags) if choice.tags.len() > 1 => choice.tags.truncate(1),
            _ => {}
        };
        match query {
            ViewQuery::Home(query) => choose(&mut query.builders),
            ViewQuery::Waterfall(query) => choose(&mut query.builders),
            ViewQuery::Grid(query) => choose(&mut query.builders),
            ViewQuery::Console(query) => choose(&mut query.builders),
            _ => {}
        }
    }

    /// An answer that says what is not so.
    fn misreport(&self, view: &mut View, query: &ViewQuery) {
        match (self.fault, view, query) {
            (Some(Fault::ClaimsTheWholeRange), View::Waterfall(view), ViewQuery::Waterfall(query)) => {
                view.complete_from = query.from;
            }
            (Some(Fault::KnowsNoReason), View::Home(view), _) => {
                view.waiting.iter_mut().for_each(|it| it.why = WaitReason::Ready);
            }
            (Some(Fault::TakesNoLimitForNothing), View::Home(view), ViewQuery::Home(query))
                if query.limit == 0 =>
            {
                view.recent.clear();
            }
            (Some(Fault::TakesNoLimitForNothing), View::Waterfall(view), ViewQuery::Waterfall(query))
                if query.limit == 0 =>
            {
                view.builds.clear();
            }
            (Some(Fault::TakesNoLimitForNothing), View::Grid(view), ViewQuery::Grid(query))
                if query.revisions == 0 =>
            {
                view.revisions.clear();
            }
            (Some(Fault::TakesNoLimitForNothing), View::Console(view), ViewQuery::Console(query))
                if query.changes == 0 =>
            {
                view.changes.clear();
            }
            (Some(Fault::StartsWaysAtTheCommonOne), View::CommitGraph(view), _) => {
                if let Some(common) = &view.common {
                    view.to_first.insert(0, common.id);
                }
            }
            _ => {}
        }
    }
}
