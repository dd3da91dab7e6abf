//! A door in front of a model: reads are public, and one user may control.

use async_trait::async_trait;
use weir_status_api::conformance::{TOKEN, USER};
use weir_status_api::{
    At, BuildKey, Caller, Command, Control, Entity, Error, EventStream, Key, List, LogChunk, LogHits, LogKey,
    LogSearch, Outcome, Page, Properties, PropertiesOf, Read, Result, Start, TopicFilter, View, ViewQuery,
    Watch,
};

use super::{Fault, Model};

/// A model that lets only the kit's user control.
pub(crate) struct Closed(pub(crate) Model);

impl Closed {
    fn admit(&self, caller: &Caller) -> Result<Caller> {
        match caller.token() {
            Some(TOKEN) => Ok(Caller::named(USER)),
            Some(_) => Err(Error::Unauthenticated {
                why: "this token is nobody's".to_owned(),
            }),
            None if self.0.has(Fault::AdmitsAll) => Ok(caller.clone()),
            None => Err(Error::PermissionDenied {
                why: "anonymous callers may only read".to_owned(),
            }),
        }
    }
}

#[async_trait]
impl Read for Closed {
    async fn get(&self, key: Key) -> Result<At<Entity>> {
        self.0.get(key).await
    }

    async fn list(&self, list: List) -> Result<Page<Entity>> {
        self.0.list(list).await
    }

    async fn log_content(&self, log: LogKey, first: i64, limit: u32) -> Result<At<LogChunk>> {
        self.0.log_content(log, first, limit).await
    }

    async fn search_log(&self, log: LogKey, search: LogSearch) -> Result<At<LogHits>> {
        self.0.search_log(log, search).await
    }

    async fn properties(&self, of: PropertiesOf) -> Result<At<Properties>> {
        self.0.properties(of).await
    }

    async fn build_data(&self, build: BuildKey, name: String) -> Result<At<Vec<u8>>> {
        self.0.build_data(build, name).await
    }

    async fn view(&self, query: ViewQuery) -> Result<At<View>> {
        self.0.view(query).await
    }
}

#[async_trait]
impl Watch for Closed {
    async fn watch(&self, filter: TopicFilter, start: Start) -> Result<EventStream> {
        self.0.watch(filter, start).await
    }
}

#[async_trait]
impl Control for Closed {
    async fn control(&self, caller: &Caller, command: Command) -> Result<Outcome> {
        self.0.control(&self.admit(caller)?, command).await
    }
}
