//! Why workers may not come, told to the registry.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::sleep;
use tracing::warn;

use super::account::Denied;
use super::lock;
use super::manager::Shared;

/// How long nothing more is told of a worker: whoever knows no token makes the store write no more often than this.
const REST: Duration = Duration::from_secs(5);

/// The workers of which something was told a short while ago.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    told: Mutex<HashSet<String>>,
}

/// What a worker presents.
#[derive(Clone, Copy, Debug)]
pub(super) enum Secret {
    /// One of ours: a token.
    Token,
    /// One of Buildbot's: a password.
    Password,
}

impl Shared {
    /// Tells the registry that somebody at `peer` may not be the worker `name`; of a name that is not configured nothing is
    /// told. Does not wait for that.
    pub(super) fn denied(self: &Arc<Self>, name: &str, peer: Option<IpAddr>, secret: Secret, denied: Denied) {
        let secret = match secret {
            Secret::Token => "token",
            Secret::Password => "password",
        };
        let from = peer.map_or_else(String::new, |it| format!(" from {}", it.to_canonical()));
        match denied {
            Denied::UnknownWorker => {}
            Denied::WrongToken => {
                self.refused(name, format!("a connection{from} presented the wrong {secret}"))
            }
        }
    }

    /// Tells the registry why the configured worker `name` was refused, unless it is connected. Does not wait for that.
    pub(super) fn refused(self: &Arc<Self>, name: &str, why: String) {
        let is_connected = self.existing_slot(name).is_some_and(|it| it.is_connected());
        if is_connected || self.stopping.is_cancelled() || !lock(&self.refusals.told).insert(name.to_owned())
        {
            return;
        }
        let (shared, name) = (Arc::clone(self), name.to_owned());
        self.tasks.spawn(async move {
            if let Err(error) = shared.registry.refused(&name, &why).await {
                warn!(worker = name, "cannot store that the worker was refused: {error}");
            }
            tokio::select! {
                () = sleep(REST) => {}
                () = shared.stopping.cancelled() => {}
            }
            lock(&shared.refusals.told).remove(&name);
        });
    }
}
