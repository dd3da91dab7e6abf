//! Permission, decided in one place beneath all bindings.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    At, BuildKey, Caller, Command, Control, Entity, Error, EventStream, Key, List, LogChunk, LogKey, Outcome,
    Page, Properties, PropertiesOf, Read, Result, Start, TopicFilter, View, ViewQuery, Watch,
};

/// Somebody who may control, known by the hash of a token (SHA-256: tokens are long and random).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    name: String,
    token_hash: [u8; 32],
}

impl User {
    /// The user `name` who presents `token`.
    pub fn new(name: impl Into<String>, token: &str) -> Self {
        Self {
            name: name.into(),
            token_hash: Sha256::digest(token).into(),
        }
    }
}

/// Who may do what. Reads are public; control is for [`User`]s, unless opened to all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether callers without a name may control.
    pub anonymous_control: bool,
    /// Those who may control.
    pub users: Vec<User>,
}

impl Policy {
    /// Who `caller` is, if they may control.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`] if their token is nobody's, or they are anonymous and may not control.
    pub fn admit(&self, caller: &Caller) -> Result<Caller> {
        let denied = |why: &str| Err(Error::PermissionDenied { why: why.to_owned() });
        if let Some(token) = caller.token() {
            let hash: [u8; 32] = Sha256::digest(token).into();
            let user = self
                .users
                .iter()
                .find(|user| bool::from(user.token_hash.ct_eq(&hash)));
            return match user {
                Some(user) => Ok(Caller::named(&user.name)),
                None => denied("this token is nobody's"),
            };
        }
        if caller.is_anonymous() && !self.anonymous_control {
            return denied(
                "anonymous callers may only read; present the token of a `user(…)` of the master's configuration",
            );
        }
        Ok(caller.clone())
    }
}

/// A status API with a [`Policy`] in front of its control.
#[derive(Clone, Debug)]
pub struct Guarded<A> {
    api: A,
    policy: Arc<RwLock<Policy>>,
}

impl<A> Guarded<A> {
    /// `api` as `policy` allows it.
    pub fn new(api: A, policy: Policy) -> Self {
        Self {
            api,
            policy: Arc::new(RwLock::new(policy)),
        }
    }

    /// Puts another policy in place, for this and all its clones.
    pub fn set_policy(&self, policy: Policy) {
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = policy;
    }
}

#[async_trait]
impl<A: Read> Read for Guarded<A> {
    async fn get(&self, key: Key) -> Result<At<Entity>> {
        self.api.get(key).await
    }

    async fn list(&self, list: List) -> Result<Page<Entity>> {
        self.api.list(list).await
    }

    async fn log_content(&self, log: LogKey, first: i64, limit: u32) -> Result<At<LogChunk>> {
        self.api.log_content(log, first, limit).await
    }

    async fn properties(&self, of: PropertiesOf) -> Result<At<Properties>> {
        self.api.properties(of).await
    }

    async fn build_data(&self, build: BuildKey, name: String) -> Result<At<Vec<u8>>> {
        self.api.build_data(build, name).await
    }

    async fn view(&self, query: ViewQuery) -> Result<At<View>> {
        self.api.view(query).await
    }
}

#[async_trait]
impl<A: Watch> Watch for Guarded<A> {
    async fn watch(&self, filter: TopicFilter, start: Start) -> Result<EventStream> {
        self.api.watch(filter, start).await
    }
}

#[async_trait]
impl<A: Control> Control for Guarded<A> {
    async fn control(&self, caller: &Caller, command: Command) -> Result<Outcome> {
        let caller = self
            .policy
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .admit(caller)?;
        self.api.control(&caller, command).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_who_it_is() {
        let policy = Policy {
            anonymous_control: true,
            users: vec![User::new("ada", "a-long-token"), User::new("eva", "another")],
        };
        assert_eq!(
            policy.admit(&Caller::bearer("another")).unwrap(),
            Caller::named("eva")
        );
        assert!(policy.admit(&Caller::anonymous()).unwrap().is_anonymous());
        // A wrong token is refused even where anonymous callers are not: it is a mistake to be told of.
        let error = policy.admit(&Caller::bearer("wrong")).unwrap_err();
        assert!(matches!(error, Error::PermissionDenied { .. }), "{error:?}");
        let closed = Policy::default();
        assert!(closed.admit(&Caller::anonymous()).is_err());
        assert!(closed.admit(&Caller::named("scheduler")).is_ok());
    }

    #[test]
    fn a_token_does_not_show() {
        assert!(!format!("{:?}", Caller::bearer("hunter2")).contains("hunter2"));
    }
}
