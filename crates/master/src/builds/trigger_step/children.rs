//! Waiting for builds that a step has triggered.

use futures::StreamExt;
use weir_status_api::{
    Build, BuildField, BuildRequestId, Buildset, BuildsetId, Caller, Command, Control, Cursor, EventStream,
    Key, Query, ReadExt, Results, Start, TopicFilter, Url, Watch,
};
use weir_status_db::Transition;

use super::super::log::LogWriter;
use super::super::patience::{self, Patience};
use super::super::step::{StepEnd, StepRun};
use crate::error::Result;

/// What may change what the step shows or comes to.
const TOPICS: [&str; 2] = ["builds/*/new", "buildsets/*/complete"];

/// What one scheduler has made.
pub(super) struct Child {
    pub(super) scheduler: String,
    pub(super) buildset: BuildsetId,
    pub(super) requests: Vec<BuildRequestId>,
    /// Whether it counts for the step.
    pub(super) is_important: bool,
}

/// What all schedulers of a step have made.
pub(super) struct Children<'s> {
    step: &'s StepRun<'s>,
    children: Vec<Child>,
    /// What the step shows.
    state: String,
    urls: Vec<Url>,
}

impl<'s> Children<'s> {
    pub(super) fn new(step: &'s StepRun<'s>, children: Vec<Child>, state: String) -> Self {
        Self {
            step,
            children,
            state,
            urls: vec![],
        }
    }

    /// Waits until all are complete, and shows their builds meanwhile. If the step is to end, they are cancelled.
    pub(super) async fn wait(mut self, log: &mut LogWriter) -> Result<StepEnd> {
        let store = &self.step.engine.store;
        let filter = TopicFilter::parse_all(TOPICS)?;
        loop {
            let (cursor, ended) = self.look().await?;
            if let Some(ended) = ended {
                return Ok(self.end(&ended, log));
            }
            let mut events = store.watch(filter.clone(), Start::After(cursor)).await?;
            tokio::select! {
                () = self.step.stop.wait() => {
                    self.cancel(log).await?;
                    let (results, why) = self.step.stop.told().unwrap_or((Results::Cancelled, "stopped"));
                    return Ok(StepEnd::new(results, why));
                }
                () = event(&mut events) => {}
            }
        }
    }

    /// Shows the builds that there are. Gives what the buildsets came to once all are complete, and the cursor from
    /// which on this can change.
    async fn look(&mut self) -> Result<(Cursor, Option<Vec<Results>>)> {
        let store = &self.step.engine.store;
        let mut cursor = None;
        let mut urls = vec![];
        let mut ended = vec![];
        for child in &self.children {
            let set = Key::Buildset(child.buildset);
            let at = patience::read(|| store.one::<Buildset>(set.clone())).await?;
            // The first is the oldest.
            cursor.get_or_insert(at.cursor);
            ended.push(at.value.results);
            for request in &child.requests {
                let builds = Query::<Build>::new()
                    .eq(BuildField::Request, *request)
                    .ascending(BuildField::Id);
                let builds = patience::read(|| store.page(builds.clone())).await?.items;
                urls.extend(builds.iter().map(|build| Url {
                    name: format!("{} #{}", child.scheduler, build.number),
                    url: format!("#/builders/{}/builds/{}", build.builder, build.number),
                }));
            }
        }
        if urls != self.urls {
            self.urls.clone_from(&urls);
            let update = Transition::UpdateStep {
                step: self.step.step,
                state: self.state.clone(),
                urls,
            };
            let mut patience = Patience::new();
            while let Err(error) = store.apply(update.clone()).await {
                if !patience.outlasts(&error).await {
                    return Err(error.into());
                }
            }
        }
        let cursor = cursor.unwrap_or(Cursor(0));
        Ok((cursor, ended.into_iter().collect()))
    }

    /// What the step comes to: the worst of what counts.
    fn end(&self, ended: &[Results], log: &mut LogWriter) -> StepEnd {
        let mut counted = vec![];
        let mut failed = vec![];
        for (child, results) in self.children.iter().zip(ended) {
            log.say(&format!("{}: {results}", child.scheduler));
            if child.is_important {
                counted.push(*results);
                if !matches!(results, Results::Success | Results::Skipped) {
                    failed.push(format!("{} ({results})", child.scheduler));
                }
            }
        }
        let state = match failed.as_slice() {
            [] => self.state.clone(),
            failed => failed.join(", "),
        };
        StepEnd::new(Results::of_all(counted), state)
    }

    async fn cancel(&self, log: &mut LogWriter) -> Result<()> {
        let why = format!("build {}, which waits for it, was stopped", self.step.build);
        log.say("cancels what it has triggered");
        let caller = Caller::named("trigger");
        for request in self.children.iter().flat_map(|it| &it.requests) {
            let cancel = Command::CancelRequest {
                request: *request,
                reason: Some(why.clone()),
            };
            self.step.engine.store.control(&caller, cancel).await?;
        }
        Ok(())
    }
}

/// Waits for an event; a watch that ends is as good as one.
async fn event(events: &mut EventStream) {
    while let Some(Ok(signal)) = events.next().await {
        if matches!(signal, weir_status_api::Signal::Event(_)) {
            return;
        }
    }
}
