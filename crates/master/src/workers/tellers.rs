//! Who may tell of changes over the perspective broker, as `buildbot sendchange` does.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{mpsc, oneshot};
use weir_status_api::ChangeParams;

/// Somebody who may log in and tell of changes.
#[derive(Clone)]
pub struct Teller {
    /// The name that they log in with; no worker has it.
    pub user: String,
    /// Their password.
    pub password: String,
    /// Who takes their changes.
    pub to: mpsc::Sender<Told>,
}

/// A change that was told of, and waits to be recorded.
#[derive(Debug)]
pub struct Told {
    /// The change.
    pub change: ChangeParams,
    /// Takes what whoever told it is answered: why it is not recorded, in a sentence.
    pub answer: oneshot::Sender<Result<(), String>>,
}

impl Teller {
    /// Hands over a change, and gives once it is recorded.
    ///
    /// # Errors
    /// Why it is not, in a sentence.
    pub(super) async fn tell(&self, change: ChangeParams) -> Result<(), String> {
        let (answer, answered) = oneshot::channel();
        // Whoever is not there any more drops the answer.
        let _ = self.to.send(Told { change, answer }).await;
        answered.await.unwrap_or_else(|_| {
            Err("the change is not recorded: the master ends, or is configured anew".to_owned())
        })
    }
}

impl fmt::Debug for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teller")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// All who may. Cheap to clone: each is the same list.
#[derive(Clone, Debug, Default)]
pub struct Tellers(Arc<RwLock<Vec<Teller>>>);

/// Somebody may tell of changes until this is dropped.
#[derive(Debug)]
pub struct Admission {
    tellers: Tellers,
    to: mpsc::Sender<Told>,
}

impl Tellers {
    /// Lets somebody tell of changes.
    #[must_use]
    pub fn admit(&self, teller: Teller) -> Admission {
        let to = teller.to.clone();
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(teller);
        Admission {
            tellers: self.clone(),
            to,
        }
    }

    /// Whoever logs in with this name.
    pub(super) fn find(&self, user: &str) -> Option<Teller> {
        let tellers = self.0.read().unwrap_or_else(PoisonError::into_inner);
        tellers.iter().find(|it| it.user == user).cloned()
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut tellers = self.tellers.0.write().unwrap_or_else(PoisonError::into_inner);
        tellers.retain(|it| !it.to.same_channel(&self.to));
    }
}
