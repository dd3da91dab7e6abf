//! The status API of a running master: its store's, and beside that what only the process can do.

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};
use weir_status_api::{
    At, BuildKey, Caller, Command, Control, Entity, Error, EventStream, Key, List, LogChunk, LogHits, LogKey,
    LogSearch, MasterId, Outcome, Page, Properties, PropertiesOf, Read, ReadExt, Result, Start, TopicFilter,
    View, ViewQuery, Watch,
};
use weir_status_db::Store;

/// What callers want of the process at a time, at the most; more wait.
const MOST_WISHES: usize = 16;

/// What a caller wants of the process.
pub(crate) struct Wish {
    /// Of which master.
    pub(crate) master: MasterId,
    pub(crate) what: Wanted,
    /// Who wants it, for logs.
    pub(crate) caller: String,
    pub(crate) answer: oneshot::Sender<Result<Outcome>>,
}

/// What can be wanted of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// To go by the configuration as it is now.
    Reconfigure,
    /// To tell what it is configured with.
    Describe,
}

/// The status API of the process.
pub(crate) struct Process {
    store: Store,
    wishes: mpsc::Sender<Wish>,
}

impl Process {
    /// That API, and the wishes of its callers, each to be answered.
    pub(crate) fn new(store: Store) -> (Self, mpsc::Receiver<Wish>) {
        let (wishes, wished) = mpsc::channel(MOST_WISHES);
        (Self { store, wishes }, wished)
    }

    async fn ask(&self, caller: &Caller, master: MasterId, what: Wanted) -> Result<Outcome> {
        // One that does not exist is not found, rather than elsewhere.
        self.store
            .one::<weir_status_api::Master>(Key::Master(master))
            .await?;
        let (answer, answered) = oneshot::channel();
        let wish = Wish {
            master,
            what,
            caller: caller.name().to_owned(),
            answer,
        };
        let ends = || Error::unavailable("the master ends");
        self.wishes.send(wish).await.map_err(|_| ends())?;
        answered.await.map_err(|_| ends())?
    }
}

#[async_trait]
impl Read for Process {
    async fn get(&self, key: Key) -> Result<At<Entity>> {
        self.store.get(key).await
    }

    async fn list(&self, list: List) -> Result<Page<Entity>> {
        self.store.list(list).await
    }

    async fn log_content(&self, log: LogKey, first: i64, limit: u32) -> Result<At<LogChunk>> {
        self.store.log_content(log, first, limit).await
    }

    async fn search_log(&self, log: LogKey, search: LogSearch) -> Result<At<LogHits>> {
        self.store.search_log(log, search).await
    }

    async fn properties(&self, of: PropertiesOf) -> Result<At<Properties>> {
        self.store.properties(of).await
    }

    async fn build_data(&self, build: BuildKey, name: String) -> Result<At<Vec<u8>>> {
        self.store.build_data(build, name).await
    }

    async fn view(&self, query: ViewQuery) -> Result<At<View>> {
        self.store.view(query).await
    }
}

#[async_trait]
impl Watch for Process {
    async fn watch(&self, filter: TopicFilter, start: Start) -> Result<EventStream> {
        self.store.watch(filter, start).await
    }
}

#[async_trait]
impl Control for Process {
    async fn control(&self, caller: &Caller, command: Command) -> Result<Outcome> {
        match command {
            Command::Reconfigure { master } => self.ask(caller, master, Wanted::Reconfigure).await,
            Command::DescribeConfiguration { master } => self.ask(caller, master, Wanted::Describe).await,
            other => self.store.control(caller, other).await,
        }
    }
}
