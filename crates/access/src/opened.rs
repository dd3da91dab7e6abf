//! The status API as one caller may see it.

use std::sync::Arc;

use async_trait::async_trait;
use weir_status_api::{
    At, BuildKey, Caller, Command, Control, Entity, Error, EventStream, Key, List, LogChunk, LogHits, LogKey,
    LogSearch, Outcome, Page, Properties, PropertiesOf, Read, Result, Start, TokenScope, TopicFilter, View,
    ViewQuery, Watch,
};

use crate::eyes::Eyes;
use crate::guarded::Shared;
use crate::policy::{Action, Grant};
use crate::standing::Standing;

/// The API for one caller.
#[derive(Clone)]
pub(crate) struct Opened {
    pub(crate) shared: Arc<Shared>,
    pub(crate) caller: Caller,
}

/// What somebody sees.
pub(crate) enum Sight {
    /// Everything.
    All,
    /// What belongs to no hidden builder.
    Some(Eyes),
}

impl Opened {
    /// What the caller sees now.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if their token is no longer valid; [`Error::PermissionDenied`] if they see nothing.
    pub(crate) async fn sight(&self) -> Result<Sight> {
        let who = self.shared.standing(&self.caller).await?;
        who.must_have(TokenScope::Read)?;
        self.sight_of(&who)
    }

    pub(crate) fn sight_of(&self, who: &Standing) -> Result<Sight> {
        match self.shared.policy().grant(Action::Read, who) {
            Grant::Everything => Ok(Sight::All),
            Grant::Some(limits) => Ok(Sight::Some(Eyes {
                shared: Arc::clone(&self.shared),
                limits,
            })),
            Grant::Nothing => Err(denied(Action::Read, who)),
        }
    }
}

/// Tells who is refused what, and the way out.
pub(crate) fn denied(action: Action, who: &Standing) -> Error {
    let why = match (who, action) {
        (Standing::Anonymous, Action::Read) => {
            "reading is for those who are known by name; sign in, or present a token".to_owned()
        }
        (Standing::Anonymous, _) => {
            "anonymous callers may only read; sign in, or present the token of a `user(…)` of the master's \
             configuration"
                .to_owned()
        }
        (who, action) => format!(
            "`{}` may not do this; a rule `allow(\"{}\", …)` of the master's configuration must allow it",
            who.caller().name(),
            action.name()
        ),
    };
    Error::PermissionDenied { why }
}

/// That something is missing, in the same words whichever part of its name is nobody's: else those for a build that
/// is not there would tell that its builder is.
pub(crate) fn missing(error: Error, what: &impl std::fmt::Display) -> Error {
    match error {
        Error::NotFound { .. } => Error::not_found(what),
        other => other,
    }
}

#[async_trait]
impl Read for Opened {
    async fn get(&self, key: Key) -> Result<At<Entity>> {
        match self.sight().await? {
            Sight::All => self.shared.api.get(key).await,
            Sight::Some(eyes) => eyes.get(key).await,
        }
    }

    async fn list(&self, list: List) -> Result<Page<Entity>> {
        match self.sight().await? {
            Sight::All => self.shared.api.list(list).await,
            Sight::Some(eyes) => eyes.list(list).await,
        }
    }

    async fn log_content(&self, log: LogKey, first: i64, limit: u32) -> Result<At<LogChunk>> {
        match self.sight().await? {
            Sight::All => self.shared.api.log_content(log, first, limit).await,
            Sight::Some(eyes) => eyes.log_content(log, first, limit).await,
        }
    }

    async fn search_log(&self, log: LogKey, search: LogSearch) -> Result<At<LogHits>> {
        match self.sight().await? {
            Sight::All => self.shared.api.search_log(log, search).await,
            Sight::Some(eyes) => eyes.search_log(log, search).await,
        }
    }

    async fn properties(&self, of: PropertiesOf) -> Result<At<Properties>> {
        match self.sight().await? {
            Sight::All => self.shared.api.properties(of).await,
            Sight::Some(eyes) => eyes.properties(of).await,
        }
    }

    async fn build_data(&self, build: BuildKey, name: String) -> Result<At<Vec<u8>>> {
        match self.sight().await? {
            Sight::All => self.shared.api.build_data(build, name).await,
            Sight::Some(eyes) => eyes.build_data(build, name).await,
        }
    }

    async fn view(&self, query: ViewQuery) -> Result<At<View>> {
        match self.sight().await? {
            Sight::All => self.shared.api.view(query).await,
            Sight::Some(eyes) => eyes.view(query).await,
        }
    }
}

#[async_trait]
impl Watch for Opened {
    async fn watch(&self, filter: TopicFilter, start: Start) -> Result<EventStream> {
        // Whoever sees nothing is told at once.
        drop(self.sight().await?);
        let events = self.shared.api.watch(filter, start).await?;
        Ok(crate::watch::watched(self.clone(), events))
    }
}

#[async_trait]
impl Control for Opened {
    /// For the caller to whom this was opened, whatever `_caller` says.
    async fn control(&self, _caller: &Caller, command: Command) -> Result<Outcome> {
        self.carry_out(command).await
    }
}

impl Eyes {
    async fn get(&self, key: Key) -> Result<At<Entity>> {
        let got = self.shared.api.get(key.clone()).await;
        let At { mut value, cursor } = got.map_err(|error| missing(error, &key))?;
        self.end_as_seen(std::slice::from_mut(&mut value)).await?;
        match self.show(value).await? {
            Some(value) => Ok(At { value, cursor }),
            None => Err(Error::not_found(key)),
        }
    }

    async fn log_content(&self, log: LogKey, first: i64, limit: u32) -> Result<At<LogChunk>> {
        let chunk = self.shared.api.log_content(log.clone(), first, limit).await;
        let chunk = chunk.map_err(|error| missing(error, &log))?;
        match self.sees_log(chunk.value.log).await? {
            true => Ok(chunk),
            false => Err(Error::not_found(log)),
        }
    }

    async fn search_log(&self, log: LogKey, search: LogSearch) -> Result<At<LogHits>> {
        let hits = self.shared.api.search_log(log.clone(), search).await;
        let hits = hits.map_err(|error| missing(error, &log))?;
        match self.sees_log(hits.value.log).await? {
            true => Ok(hits),
            false => Err(Error::not_found(log)),
        }
    }

    async fn properties(&self, of: PropertiesOf) -> Result<At<Properties>> {
        let seen = match &of {
            PropertiesOf::Build(build) => match self.build(build).await {
                Ok(_) => true,
                Err(Error::NotFound { .. }) => false,
                Err(error) => return Err(error),
            },
            PropertiesOf::Buildset(id) => self.sees_buildset(*id).await?,
        };
        match seen {
            true => {
                let properties = self.shared.api.properties(of.clone()).await;
                properties.map_err(|error| missing(error, &of))
            }
            false => Err(Error::not_found(of)),
        }
    }
}
