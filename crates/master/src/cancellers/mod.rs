//! What cancels builds that are not worth going on, as a person would who cancels their requests.

mod failing_buildsets;
mod old_builds;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use weir_config::{CancellerConfig, CancellerKind};
use weir_status_api::{
    BuildRequest, BuildRequestField, BuildRequestId, BuilderId, Caller, Command, Control, Cursor, Query,
    ReadExt,
};
use weir_status_db::Store;

use crate::current::Current;
use crate::error::{Error, Result};

use failing_buildsets::FailingBuildsets;
use old_builds::OldBuilds;

/// What every canceller works with.
pub(crate) struct Context {
    store: Store,
    config: CancellerConfig,
    current: watch::Receiver<Arc<Current>>,
}

impl Context {
    /// A canceller as configured; which builders there are, `current` tells.
    pub(crate) fn new(store: Store, config: CancellerConfig, current: watch::Receiver<Arc<Current>>) -> Self {
        Self {
            store,
            config,
            current,
        }
    }

    /// The name of the builder, if it is configured now.
    fn builder_name(&self, builder: BuilderId) -> Option<String> {
        self.current.borrow().builder_name(builder).map(str::to_owned)
    }

    /// The name of the builder, if it looks at its builds.
    fn looked_at(&self, builder: BuilderId) -> Option<String> {
        self.builder_name(builder).filter(|it| self.config.looks_at(it))
    }

    /// All requests that are not complete, the oldest first, and where they are true.
    async fn open_requests(&self) -> Result<(Vec<BuildRequest>, Cursor)> {
        let query = Query::<BuildRequest>::new()
            .eq(BuildRequestField::Complete, false)
            .ascending(BuildRequestField::Id);
        let mut open = vec![];
        let mut first = None;
        let mut pages = self.store.pages(query);
        while let Some(page) = pages.next().await? {
            open.extend(page.items);
            // What happens after the first page is among the events.
            first.get_or_insert(page.cursor);
        }
        Ok((open, first.unwrap_or(Cursor::ZERO)))
    }

    /// Cancels a request. One that is complete by now stays as it is.
    async fn cancel(&self, request: BuildRequestId, why: &str) -> Result<()> {
        let name = &self.config.name;
        let reason = format!("The canceller `{name}` cancelled this: {why}");
        tracing::info!(canceller = name, %request, why, "cancels a build request");
        let caller = Caller::named(format!("canceller {name}"));
        let reason = Some(reason);
        self.store
            .control(&caller, Command::CancelRequest { request, reason })
            .await?;
        Ok(())
    }
}

/// Runs a canceller until `stop`; a failure of the store is reported and tried again.
pub(crate) async fn run(context: Context, stop: CancellationToken) {
    let mut pause = Duration::from_millis(200);
    loop {
        let work = async {
            match &context.config.kind {
                CancellerKind::OldBuilds { .. } => OldBuilds::new(&context).run().await,
                CancellerKind::FailingBuildsets { cancel } => {
                    FailingBuildsets::new(&context, cancel).run().await
                }
            }
        };
        let error = tokio::select! {
            result = work => match result {
                Ok(()) => Error::Status(weir_status_api::Error::unavailable("the events ended")),
                Err(error) => error,
            },
            () = stop.cancelled() => return,
        };
        tracing::error!(canceller = context.config.name, %error, pause_ms = pause.as_millis(), "a canceller failed, trying again");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        pause = (pause * 2).min(Duration::from_secs(30));
    }
}
