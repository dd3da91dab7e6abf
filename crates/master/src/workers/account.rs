//! Who may connect.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A worker that may connect.
#[derive(Clone, PartialEq, Eq)]
pub struct WorkerAccount {
    /// Its name.
    pub name: String,
    /// The token that it presents: a Buildbot worker's password.
    pub token: String,
    /// What it builds for.
    pub builders: Vec<WorkerBuilder>,
}

/// A builder, as a worker that builds for it has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerBuilder {
    /// Its name.
    pub name: String,
    /// Its folder, below the worker's own.
    pub folder: String,
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

/// A token. It is compared by its hash: in constant time that tells nothing of a token, nor of its length.
#[derive(Clone)]
struct Token {
    hash: [u8; 32],
    /// As it is, for whoever proves that they know it without saying it.
    text: String,
}

/// The workers that there are.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    known: HashMap<String, Token>,
    /// Earlier tokens of workers that run builds, and are let in until these have ended.
    leaving: HashMap<String, Vec<Token>>,
    builders: HashMap<String, Arc<[WorkerBuilder]>>,
}

impl Accounts {
    pub(super) fn new(accounts: Vec<WorkerAccount>) -> Self {
        let mut all = Self::default();
        for WorkerAccount {
            name,
            token,
            builders,
        } in accounts
        {
            all.builders.insert(name.clone(), builders.into());
            all.known.insert(name, Token::new(token));
        }
        all
    }

    /// What a worker builds for.
    pub(super) fn builders(&self, name: &str) -> Arc<[WorkerBuilder]> {
        self.builders.get(name).cloned().unwrap_or_default()
    }

    /// Keeps the tokens that `before` had for the `busy` workers, beside those that they have now.
    pub(super) fn with_leaving(mut self, before: Self, busy: &HashSet<&str>) -> Self {
        let Self {
            known, mut leaving, ..
        } = before;
        leaving.retain(|name, _| busy.contains(name.as_str()));
        for (name, token) in known {
            if busy.contains(name.as_str()) {
                leaving.entry(name).or_default().push(token);
            }
        }
        for (name, tokens) in &mut leaving {
            let now = self.known.get(name);
            tokens.retain(|it| Some(it) != now);
            tokens.sort_by_key(|it| it.hash);
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
        let is_equal = bool::from(presented.ct_eq(known.map_or(&[0; 32], |it| &it.hash)));
        let is_same = |it: &Token| bool::from(presented.ct_eq(&it.hash));
        let is_earlier = earlier.is_some_and(|it| it.iter().any(is_same));
        match known {
            _ if is_earlier => Ok(()),
            None => Err(Denied::UnknownWorker),
            Some(_) if !is_equal => Err(Denied::WrongToken),
            Some(_) => Ok(()),
        }
    }

    /// The token of the worker `name` that `proves` says somebody knows; it asks as often for a name that there is not.
    pub(super) fn admit_proven(&self, name: &str, proves: impl Fn(&str) -> bool) -> Result<String, Denied> {
        let nobody = Token::new(String::new());
        let known = self.known.get(name);
        let earlier = self.leaving.get(name).into_iter().flatten();
        let is_known = proves(&known.unwrap_or(&nobody).text);
        let earlier = earlier.filter(|it| proves(&it.text)).last();
        match (known, earlier) {
            (_, Some(token)) => Ok(token.text.clone()),
            (None, None) => Err(Denied::UnknownWorker),
            (Some(token), None) if is_known => Ok(token.text.clone()),
            (Some(_), None) => Err(Denied::WrongToken),
        }
    }

    /// Whether `other` has the worker `name` with the same token.
    pub(super) fn agrees_with(&self, other: &Self, name: &str) -> bool {
        self.known.get(name) == other.known.get(name)
    }
}

impl Token {
    fn new(text: String) -> Self {
        let hash = hash(&text);
        Self { hash, text }
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
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
            builders: vec![],
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
    fn who_proves_to_know_a_token_is_admitted_by_it() {
        let knows = |secret: &'static str| move |token: &str| token == secret;
        let busy = HashSet::from(["w1"]);
        let accounts = accounts("new").with_leaving(self::accounts("old"), &busy);
        assert_eq!(accounts.admit_proven("w1", knows("new")), Ok("new".to_owned()));
        assert_eq!(accounts.admit_proven("w1", knows("old")), Ok("old".to_owned()));
        assert_eq!(
            accounts.admit_proven("w1", knows("other")),
            Err(Denied::WrongToken)
        );
        // Nobody has an empty token, not even one who is not there.
        assert_eq!(accounts.admit_proven("w2", knows("")), Err(Denied::UnknownWorker));
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
            builders: vec![],
        };
        assert!(!format!("{account:?}").contains("hunter2"));
        assert!(!format!("{:?}", Accounts::new(vec![account])).contains("hunter2"));
    }
}
