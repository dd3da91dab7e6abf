//! From the configuration of listeners to listeners, and those that run in a process.

mod make;
mod places;
mod reports;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use weir_config::{ListenerConfig, SecretProvider};
use weir_listeners::Outlet;
use weir_status_api::{Bookmarks, Listener, Runner, RunnerOptions, Start, StatusApi};

use crate::failure::Failure;

pub(crate) use make::check;
use make::{make_one, runner_options};
pub(crate) use places::{NoPlaces, places};

/// The listeners that run in a process.
pub(crate) struct Listeners {
    api: Arc<dyn StatusApi>,
    bookmarks: Arc<dyn Bookmarks>,
    outlet: Outlet,
    /// Where those begin that were never here.
    start: Start,
    running: Vec<Running>,
}

/// A listener that runs.
struct Running {
    config: ListenerConfig,
    /// Ends it in peace.
    stop: CancellationToken,
    task: AbortOnDropHandle<()>,
}

/// The way from the listeners that run to others.
pub(crate) struct Change {
    wanted: Vec<ListenerConfig>,
    /// Those that do not run yet.
    new: Vec<(ListenerConfig, Arc<dyn Listener>)>,
}

impl Listeners {
    /// None yet; they will be told what `api` tells, from now on or from their places.
    pub(crate) fn new(api: Arc<dyn StatusApi>, bookmarks: Arc<dyn Bookmarks>) -> Self {
        Self {
            api,
            bookmarks,
            outlet: Outlet::open(),
            start: Start::Now,
            running: vec![],
        }
    }

    /// The same, which send by way of `outlet`, and begin at `start` if they have no place.
    pub(crate) fn by(self, outlet: Outlet, start: Start) -> Self {
        Self {
            outlet,
            start,
            ..self
        }
    }

    /// Prepares that `wanted` run, with their secrets from `providers`; nothing changes yet. One whose configuration is
    /// as it was runs on with the secrets that it has.
    ///
    /// # Errors
    /// If one of them cannot be made.
    pub(crate) fn change_to(
        &self,
        wanted: &[ListenerConfig],
        providers: &[SecretProvider],
    ) -> Result<Change, Failure> {
        let runs = |it: &&ListenerConfig| self.running.iter().any(|running| running.config == **it);
        let new = wanted.iter().filter(|it| !runs(it));
        let new = new.map(|it| make_one(it, providers, &self.outlet).map(|made| (it.clone(), made)));
        Ok(Change {
            wanted: wanted.to_vec(),
            new: new.collect::<Result<_, Failure>>()?,
        })
    }

    /// Ends those that are not wanted any more, and begins the new ones where those of their name were. The others run
    /// on.
    pub(crate) async fn make(&mut self, Change { wanted, new }: Change) {
        let (stay, leave): (Vec<_>, Vec<_>) = std::mem::take(&mut self.running)
            .into_iter()
            .partition(|it| wanted.contains(&it.config));
        self.running = stay;
        end(leave).await;
        for (config, listener) in new {
            let runner = Runner::new(
                listener,
                Arc::clone(&self.api),
                Arc::clone(&self.bookmarks),
                RunnerOptions {
                    start: self.start,
                    ..runner_options(&config.terms)
                },
            );
            let stop = CancellationToken::new();
            let stopped = stop.clone().cancelled_owned();
            let task = AbortOnDropHandle::new(tokio::spawn(async move { runner.run_until(stopped).await }));
            self.running.push(Running { config, stop, task });
        }
    }

    /// Ends all.
    pub(crate) async fn shutdown(self) {
        end(self.running).await;
    }
}

/// Ends them; what they have on its way has some seconds to arrive.
async fn end(running: Vec<Running>) {
    for it in &running {
        it.stop.cancel();
    }
    for Running { config, task, .. } in running {
        if let Err(error) = task.await {
            tracing::error!(listener = config.name, %error, "a listener ended by a fault");
        }
    }
}
