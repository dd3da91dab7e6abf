//! Who may connect.

use std::collections::{HashMap, HashSet};
use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A worker that may connect.
#[derive(Clone, PartialEq, Eq)]
pub struct WorkerAccount {
    /// Its name.
    pub name: String,
    /// The token that it presents.
    pub token: String,
}

impl fmt::Debug for WorkerAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerAccount")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Why somebody may not connect. The outside learns no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Denied {
    #[error("no worker of this name is configured")]
    UnknownWorker,
    #[error("the token is wrong")]
    WrongToken,
}

/// The tokens of the workers, as hashes: comparing those in constant time tells nothing of a token, nor of
/// its length.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    known: HashMap<String, [u8; 32]>,
    /// Earlier tokens of workers that run builds, and are let in until these have ended.
    leaving: HashMap<String, Vec<[u8; 32]>>,
}

impl Accounts {
    pub(super) fn new(accounts: Vec<WorkerAccount>) -> Self {
        let hashed = |it: WorkerAccount| (it.name, hash(&it.token));
        Self {
            known: accounts.into_iter().map(hashed).collect(),
            leaving: HashMap::new(),
        }
    }

    /// Keeps the tokens that `before` had for the `busy` workers, beside those that they have now.
    pub(super) fn with_leaving(mut self, before: Self, busy: &HashSet<&str>) -> Self {
        let Self { known, mut leaving } = before;
        leaving.retain(|name, _| busy.contains(name.as_str()));
        for (name, token) in known {
            if busy.contains(name.as_str()) {
                leaving.entry(name).or_default().push(token);
            }
        }
        for (name, tokens) in &mut leaving {
            let now = self.known.get(name);
            tokens.retain(|it| Some(it) != now);
            tokens.sort();
            tokens.dedup();
        }
        leaving.retain(|_, tokens| !tokens.is_empty());
        self.leaving = leaving;
        self
    }

    /// The worker's earlier tokens are good no more; false if it has none.
    pub(super) fn let_leave(&mut self, name: &str) -> bool {
        self.leaving.remove(name).is_some()
    }

    /// Whether `token` is that of the worker `name`; takes as long for a name that there is not.
    pub(super) fn admit(&self, name: &str, token: &str) -> Result<(), Denied> {
        let presented = hash(token);
        let known = self.known.get(name);
        let earlier = self.leaving.get(name);
        let is_equal = bool::from(presented.ct_eq(known.unwrap_or(&[0; 32])));
        let is_earlier = earlier.is_some_and(|it| it.iter().any(|it| bool::from(presented.ct_eq(it))));
        match known {
            _ if is_earlier => Ok(()),
            None => Err(Denied::UnknownWorker),
            Some(_) if !is_equal => Err(Denied::WrongToken),
            Some(_) => Ok(()),
        }
    }

    /// Whether `other` has the worker `name` with the same token.
    pub(super) fn agrees_with(&self, other: &Self, name: &str) -> bool {
        self.known.get(name) == other.known.get(name)
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(token: &str) -> Accounts {
        Accounts::new(vec![WorkerAccount {
            name: "w1".to_owned(),
            token: token.to_owned(),
        }])
    }

    #[test]
    fn only_the_right_token_admits() {
        let accounts = accounts("secret");
        assert_eq!(accounts.admit("w1", "secret"), Ok(()));
        assert_eq!(accounts.admit("w1", "secret "), Err(Denied::WrongToken));
        assert_eq!(accounts.admit("w1", ""), Err(Denied::WrongToken));
        assert_eq!(accounts.admit("w2", "secret"), Err(Denied::UnknownWorker));
    }

    #[test]
    fn a_new_token_is_another_account() {
        let old = accounts("old");
        assert!(old.agrees_with(&accounts("old"), "w1"));
        assert!(!old.agrees_with(&accounts("new"), "w1"));
        assert!(!old.agrees_with(&Accounts::default(), "w1"));
    }

    #[test]
    fn the_earlier_token_of_a_busy_worker_is_good_until_it_is_let_leave() {
        let busy = HashSet::from(["w1"]);
        let mut accounts = accounts("new").with_leaving(accounts("old"), &busy);
        assert_eq!(accounts.admit("w1", "old"), Ok(()));
        assert_eq!(accounts.admit("w1", "new"), Ok(()));
        assert!(accounts.let_leave("w1"));
        assert_eq!(accounts.admit("w1", "old"), Err(Denied::WrongToken));
        assert_eq!(accounts.admit("w1", "new"), Ok(()));

        let mut removed = Accounts::default().with_leaving(accounts, &busy);
        assert_eq!(removed.admit("w1", "new"), Ok(()));
        assert!(removed.let_leave("w1") && !removed.let_leave("w1"));
        assert_eq!(removed.admit("w1", "new"), Err(Denied::UnknownWorker));
    }

    #[test]
    fn a_token_does_not_show_itself() {
        let account = WorkerAccount {
            name: "w1".to_owned(),
            token: "hunter2".to_owned(),
        };
        assert!(!format!("{account:?}").contains("hunter2"));
    }
}
