//! Permission, decided in one place beneath all bindings.

use async_trait::async_trait;

use crate::{
    At, Caller, Command, Control, Entity, Error, EventStream, Key, List, LogChunk, LogKey, Outcome, Page,
    Properties, PropertiesOf, Read, Result, Start, TopicFilter, Watch,
};

/// Who may do what. Reads are public; control is for callers with a name, unless opened to all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether callers without a name may control.
    pub anonymous_control: bool,
}

impl Policy {
    /// Decides.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`] if `caller` may not control.
    pub fn check(&self, caller: &Caller) -> Result<()> {
        if caller.is_anonymous() && !self.anonymous_control {
            let why =
                "anonymous callers may only read (`master(anonymous_control = True)` opens control to all)";
            return Err(Error::PermissionDenied { why: why.to_owned() });
        }
        Ok(())
    }
}

/// A status API with a [`Policy`] in front of its control.
#[derive(Clone, Debug)]
pub struct Guarded<A> {
    api: A,
    policy: Policy,
}

impl<A> Guarded<A> {
    /// `api` as `policy` allows it.
    pub const fn new(api: A, policy: Policy) -> Self {
        Self { api, policy }
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
        self.policy.check(caller)?;
        self.api.control(caller, command).await
    }
}
