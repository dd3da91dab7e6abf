//! Who has a mail already that not all have.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use weir_status_api::{Desk, ListenerError};

/// Of how many mails it is known, the newest.
const MOST: usize = 1000;

/// Remembers who has which mail, so that to try again sends it to nobody twice. It outlives a restart where the
/// listener can [keep state](Desk::keep_state).
#[derive(Default)]
pub(super) struct Taken {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    mails: VecDeque<Mail>,
    desk: Option<Desk>,
}

/// A mail that some have.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Mail {
    delivery: String,
    by: BTreeSet<String>,
}

/// What is kept.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    taken: VecDeque<Mail>,
}

impl Taken {
    /// Reads what was kept, and keeps it at `desk` from now on.
    pub(super) async fn attend(&self, desk: Desk) {
        let mut inner = self.inner.lock().await;
        match desk.state().await {
            Ok(state) => {
                let kept: Kept = state
                    .and_then(|it| serde_json::from_value(it).ok())
                    .unwrap_or_default();
                let newer = std::mem::replace(&mut inner.mails, kept.taken);
                inner.mails.extend(newer);
            }
            Err(error) => tracing::warn!("who has which mail already cannot be read: {error}"),
        }
        inner.desk = Some(desk);
    }

    /// Who has the mail.
    pub(super) async fn by(&self, delivery: &str) -> BTreeSet<String> {
        let inner = self.inner.lock().await;
        let found = inner.mails.iter().filter(|it| it.delivery == delivery);
        found.flat_map(|it| it.by.iter().cloned()).collect()
    }

    /// Notes that these have it too.
    pub(super) async fn note(&self, delivery: &str, by: BTreeSet<String>) -> Result<(), ListenerError> {
        if by.is_empty() {
            return Ok(());
        }
        let mut inner = self.inner.lock().await;
        match inner.mails.iter_mut().find(|it| it.delivery == delivery) {
            Some(mail) => mail.by.extend(by),
            None => inner.mails.push_back(Mail {
                delivery: delivery.to_owned(),
                by,
            }),
        }
        while inner.mails.len() > MOST {
            inner.mails.pop_front();
        }
        inner.keep().await
    }

    /// Forgets the mail: all have it.
    pub(super) async fn forget(&self, delivery: &str) {
        let mut inner = self.inner.lock().await;
        let before = inner.mails.len();
        inner.mails.retain(|it| it.delivery != delivery);
        if inner.mails.len() < before
            && let Err(error) = inner.keep().await
        {
            // Nobody gets anything twice by that: it is forgotten with the next.
            tracing::warn!("{error}");
        }
    }
}

impl Inner {
    async fn keep(&self) -> Result<(), ListenerError> {
        let Some(desk) = &self.desk else {
            return Ok(());
        };
        let kept = Kept {
            taken: self.mails.clone(),
        };
        let kept = serde_json::to_value(kept)
            .map_err(|error| ListenerError::Later(format!("who has the mail is no JSON: {error}")))?;
        desk.keep_state(&kept)
            .await
            .map_err(|error| ListenerError::Later(format!("who has the mail cannot be kept: {error}")))
    }
}
