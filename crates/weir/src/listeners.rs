//! From the configuration of listeners to listeners, and those that run in a master.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;
use weir_config::ListenerConfig;
use weir_listeners::{Outlet, Webhook, WebhookOptions};
use weir_status_api::{Bookmarks, Listener, Runner, RunnerOptions, StatusApi};

use crate::failure::Failure;

/// The listeners that `configs` describe.
pub(crate) fn make(configs: &[ListenerConfig]) -> Result<Vec<Arc<dyn Listener>>, Failure> {
    configs.iter().map(make_one).collect()
}

fn make_one(config: &ListenerConfig) -> Result<Arc<dyn Listener>, Failure> {
    match config {
        ListenerConfig::Webhook(it) => {
            let secret = it.secret.as_ref().map(|it| it.expose().to_owned());
            let outlet = Outlet::open().with_secrets(secret.clone());
            let options = WebhookOptions {
                events: it.events.clone(),
                secret,
                ..WebhookOptions::to(&it.url)
            };
            let made = Webhook::new(it.name.clone(), options, &outlet);
            let wrong = |error| Failure::usage(format!("the webhook {}: {error}", it.name));
            Ok(Arc::new(made.map_err(wrong)?))
        }
    }
}

/// The listeners that run in a master.
pub(crate) struct Listeners {
    api: Arc<dyn StatusApi>,
    bookmarks: Arc<dyn Bookmarks>,
    running: Vec<(ListenerConfig, AbortOnDropHandle<()>)>,
}

/// The way from the listeners that run to others.
pub(crate) struct Change {
    wanted: Vec<ListenerConfig>,
    /// Those that do not run yet.
    new: Vec<(ListenerConfig, Arc<dyn Listener>)>,
}

impl Listeners {
    /// None yet; they will be told what `api` tells.
    pub(crate) fn new(api: Arc<dyn StatusApi>, bookmarks: Arc<dyn Bookmarks>) -> Self {
        Self {
            api,
            bookmarks,
            running: vec![],
        }
    }

    /// Prepares that those of `wanted` run; nothing changes yet.
    ///
    /// # Errors
    /// If one of them cannot be made.
    pub(crate) fn change_to(&self, wanted: &[ListenerConfig]) -> Result<Change, Failure> {
        let runs = |it: &&ListenerConfig| self.running.iter().any(|(config, _)| config == *it);
        let new = wanted.iter().filter(|it| !runs(it));
        let new = new.map(|it| make_one(it).map(|made| (it.clone(), made)));
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
            .partition(|(config, _)| wanted.contains(config));
        self.running = stay;
        end(leave).await;
        for (config, listener) in new {
            let runner = Runner::new(
                listener,
                Arc::clone(&self.api),
                Arc::clone(&self.bookmarks),
                RunnerOptions::default(),
            );
            let task: JoinHandle<()> = tokio::spawn(async move { runner.run().await });
            self.running.push((config, AbortOnDropHandle::new(task)));
        }
    }

    /// Ends all.
    pub(crate) async fn shutdown(self) {
        end(self.running).await;
    }
}

async fn end(running: Vec<(ListenerConfig, AbortOnDropHandle<()>)>) {
    for (_, task) in &running {
        task.abort();
    }
    for (config, task) in running {
        if let Err(error) = task.await
            && error.is_panic()
        {
            tracing::error!(listener = config.name(), %error, "a listener ended by a fault");
        }
    }
}
