//! An access as a plain status API.

use std::sync::Arc;

use async_trait::async_trait;
use weir_status_api::{
    Access, At, BuildKey, Caller, Command, Control, Entity, EventStream, Key, List, LogChunk, LogHits,
    LogKey, LogSearch, Outcome, Page, Properties, PropertiesOf, Read, Result, Start, TopicFilter, View,
    ViewQuery, Watch,
};

/// A status API that shows what anonymous callers see, and carries out what the caller of each command may do. For
/// plugins and tests within a process, that know whose command they pass on.
#[derive(Clone)]
pub struct ByCall(pub Arc<dyn Access>);

impl ByCall {
    fn anybody(&self) -> Arc<dyn weir_status_api::StatusApi> {
        self.0.open(&Caller::anonymous())
    }
}

#[async_trait]
impl Read for ByCall {
    async fn get(&self, key: Key) -> Result<At<Entity>> {
        self.anybody().get(key).await
    }

    async fn list(&self, list: List) -> Result<Page<Entity>> {
        self.anybody().list(list).await
    }

    async fn log_content(&self, log: LogKey, first: i64, limit: u32) -> Result<At<LogChunk>> {
        self.anybody().log_content(log, first, limit).await
    }

    async fn search_log(&self, log: LogKey, search: LogSearch) -> Result<At<LogHits>> {
        self.anybody().search_log(log, search).await
    }

    async fn properties(&self, of: PropertiesOf) -> Result<At<Properties>> {
        self.anybody().properties(of).await
    }

    async fn build_data(&self, build: BuildKey, name: String) -> Result<At<Vec<u8>>> {
        self.anybody().build_data(build, name).await
    }

    async fn view(&self, query: ViewQuery) -> Result<At<View>> {
        self.anybody().view(query).await
    }
}

#[async_trait]
impl Watch for ByCall {
    async fn watch(&self, filter: TopicFilter, start: Start) -> Result<EventStream> {
        self.anybody().watch(filter, start).await
    }
}

#[async_trait]
impl Control for ByCall {
    async fn control(&self, caller: &Caller, command: Command) -> Result<Outcome> {
        self.0.open(caller).control(caller, command).await
    }
}
