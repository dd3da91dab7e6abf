//! The queries, one source for both databases.
//!
//! `sqlite.rs` and `postgres.rs` each include this module, which finds in its parent what differs:
//! `Conn`, `Db`, `begin_read`, `begin_write`, `lock_row`, `lock_events`, `rest`.

mod apply;
mod care;
mod read;
mod rows;
mod tokens;

#[cfg(test)]
#[allow(unused_imports, reason = "tests look at the plans of SQLite only")]
pub(super) use read::{sql_of, sql_of_builders_newest, sql_of_crossing, sql_of_events};

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::{AsyncConnection, TransactionManager};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use weir_status_api::{
    At, BuildId, BuildKey, BuilderId, Cursor, Entity, Event, Key, List, LogKey, MasterId, Page, Properties,
    PropertiesOf, StepId, Timestamp, Token, TokenId, View, ViewQuery,
};

use super::{Conn, Db};
use crate::backend::{
    Backend, BatchError, Behind, Blueprint, Committed, Found, LogChunks, PATIENCE, Search, SegmentChunk,
    SegmentUse, Span, Unit,
};
use crate::care::Stats;
use crate::deadline::written;
use crate::error::{Error, Result};
use crate::transition::{ConfigurationId, ForceKey, KeptCheckpoint, OpenBuild, Recalled};
use apply::force_keys::Made;

/// How often a transaction that clashes with another master's is tried.
const ATTEMPTS: u32 = 5;

/// A database: one connection to write, a few to read.
pub(crate) struct Database {
    writer: Pool<Conn>,
    readers: Pool<Conn>,
    /// Told after each transaction of the writer.
    written: Arc<Notify>,
    /// Work beside both, which ends with them.
    meanwhile: Option<AbortHandle>,
}

impl Database {
    pub(crate) fn new(writer: Pool<Conn>, readers: Pool<Conn>) -> Self {
        Self {
            writer,
            readers,
            written: Arc::default(),
            meanwhile: None,
        }
    }

    /// The same, with work that goes on until the database is closed or dropped, and is told after each transaction.
    #[allow(dead_code, reason = "PostgreSQL looks after itself")]
    pub(crate) fn meanwhile<W>(mut self, work: impl FnOnce(Arc<Notify>) -> W) -> Self
    where
        W: Future<Output = ()> + Send + 'static,
    {
        self.meanwhile = Some(tokio::spawn(work(Arc::clone(&self.written))).abort_handle());
        self
    }

    fn end_meanwhile(&self) {
        if let Some(work) = &self.meanwhile {
            work.abort();
        }
    }

    /// A connection within a transaction in which nothing changes while it lasts.
    async fn view(&self) -> Result<Object<Conn>> {
        let mut conn = connection(&self.readers).await?;
        super::begin_read(&mut conn).await?;
        Ok(conn)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.end_meanwhile();
    }
}

async fn connection(pool: &Pool<Conn>) -> Result<Object<Conn>> {
    let why = match tokio::time::timeout(PATIENCE, pool.get()).await {
        Ok(Ok(conn)) => return Ok(conn),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no connection was free or made within {} s", PATIENCE.as_secs()),
    };
    Err(Error::Unreachable { why })
}

async fn commit(conn: &mut Conn) -> Result<()> {
    Ok(<Conn as AsyncConnection>::TransactionManager::commit_transaction(conn).await?)
}

/// Ends a transaction that was not committed; if that fails, the pool drops the connection.
async fn roll_back(conn: &mut Conn) {
    if let Err(error) = <Conn as AsyncConnection>::TransactionManager::rollback_transaction(conn).await {
        tracing::warn!(%error, "a transaction could not be rolled back");
    }
}

/// Evaluates a query within one consistent view, and adds the cursor at which it is true.
macro_rules! at_cursor {
    ($database:expr, |$conn:ident| $query:expr) => {{
        let mut view = $database.view().await?;
        let $conn: &mut Conn = &mut view;
        let result: Result<_> = async {
            let cursor = read::span($conn).await?.newest;
            Ok::<_, Error>(At {
                value: $query.await?,
                cursor,
            })
        }
        .await;
        roll_back(&mut view).await;
        result
    }};
}

#[async_trait]
impl Backend for Database {
    async fn apply(&self, units: &[Unit], at: Timestamp) -> Result<Committed, BatchError> {
        let mut conn = connection(&self.writer).await.map_err(|error| BatchError {
            error,
            one_unit: false,
        })?;
        let writing = async {
            let mut attempts = 1;
            loop {
                match apply::batch(&mut conn, units, at).await {
                    // Of two masters that wait for each other the database gives one up, which then has its way.
                    Err(failed) if failed.error.is_clash() && attempts < ATTEMPTS => attempts += 1,
                    outcome => return outcome,
                }
            }
        };
        let outcome = written(writing, |error| BatchError {
            error,
            one_unit: false,
        })
        .await;
        self.written.notify_one();
        outcome
    }

    async fn new_segment(&self, at: Timestamp) -> Result<i64> {
        apply::logs::new_segment(&mut *connection(&self.writer).await?, at).await
    }

    async fn get(&self, key: &Key) -> Result<At<Entity>> {
        at_cursor!(self, |conn| read::get(conn, key))
    }

    async fn list(&self, list: List) -> Result<Page<Entity>> {
        let At { value, cursor } = at_cursor!(self, |conn| read::list(conn, list))?;
        let (items, next) = value;
        Ok(Page { items, cursor, next })
    }

    async fn log_chunks(&self, log: &LogKey, first: i64, limit: u32) -> Result<At<LogChunks>> {
        at_cursor!(self, |conn| read::log_chunks(conn, log, first, limit))
    }

    async fn properties(&self, of: &PropertiesOf) -> Result<At<Properties>> {
        at_cursor!(self, |conn| read::properties(conn, of))
    }

    async fn build_data(&self, build: &BuildKey, name: &str) -> Result<At<Vec<u8>>> {
        at_cursor!(self, |conn| read::build_data(conn, build, name))
    }

    async fn view(&self, query: &ViewQuery) -> Result<At<View>> {
        at_cursor!(self, |conn| read::view(conn, query))
    }

    async fn events_after(&self, cursor: Cursor, limit: u32) -> Result<Vec<Arc<Event>>> {
        let events = at_cursor!(self, |conn| read::events_after(conn, cursor, limit))?;
        Ok(events.value.into_iter().map(Arc::new).collect())
    }

    async fn span(&self) -> Result<Span> {
        read::span(&mut *connection(&self.readers).await?).await
    }

    async fn kept_state(&self, owner: &str) -> Result<Option<serde_json::Value>> {
        apply::kept_states::kept_state(&mut *connection(&self.readers).await?, owner).await
    }

    async fn open_builds(&self, master: MasterId) -> Result<Vec<OpenBuild>> {
        apply::builds::open(&mut *connection(&self.readers).await?, master).await
    }

    async fn checkpoint(&self, step: StepId) -> Result<Option<KeptCheckpoint>> {
        Ok(at_cursor!(self, |conn| apply::checkpoints::load(conn, step))?.value)
    }

    async fn plans(&self, build: BuildId) -> Result<BTreeMap<StepId, String>> {
        apply::plans::load(&mut *connection(&self.readers).await?, build).await
    }

    async fn configuration(&self, id: ConfigurationId) -> Result<Option<String>> {
        apply::configurations::text(&mut *connection(&self.readers).await?, id).await
    }

    async fn recall(&self, listener: &str) -> Result<Option<Recalled>> {
        apply::listeners::recall(&mut *connection(&self.readers).await?, listener).await
    }

    async fn blueprint(&self, build: &BuildKey) -> Result<Blueprint> {
        Ok(at_cursor!(self, |conn| apply::builds::blueprint(conn, build))?.value)
    }

    async fn forced(&self, key: &ForceKey, at: Timestamp) -> Result<Option<Made>> {
        let made = at_cursor!(self, |conn| apply::force_keys::forced(conn, key, at))?;
        Ok(made.value)
    }

    async fn triggered(&self, parent: BuildId, key: &str) -> Result<Option<Made>> {
        let made = at_cursor!(self, |conn| apply::buildsets::triggered(conn, parent, key))?;
        Ok(made.value)
    }

    async fn search(&self, search: Search, behind: Behind, limit: u32) -> Result<Found> {
        read::outdated::search(&mut *connection(&self.readers).await?, search, behind, limit).await
    }

    async fn builder_ids(&self) -> Result<Vec<BuilderId>> {
        read::outdated::builders(&mut *connection(&self.readers).await?).await
    }

    async fn last_event_before(&self, before: Timestamp) -> Result<Option<Cursor>> {
        read::outdated::last_event_before(&mut *connection(&self.readers).await?, before).await
    }

    async fn segment_use(&self, segment: i64) -> Result<Option<SegmentUse>> {
        read::outdated::segment_use(&mut *connection(&self.readers).await?, segment).await
    }

    async fn segment_chunks(&self, segment: i64, limit: u32) -> Result<Vec<SegmentChunk>> {
        read::outdated::segment_chunks(&mut *connection(&self.readers).await?, segment, limit).await
    }

    async fn forget_segment(&self, segment: i64) -> Result<()> {
        apply::logs::forget_segment(&mut *connection(&self.writer).await?, segment).await
    }

    async fn stats(&self) -> Result<Stats> {
        care::stats(&mut *connection(&self.readers).await?).await
    }

    async fn size(&self) -> Result<u64> {
        care::size(&mut *connection(&self.readers).await?).await
    }

    async fn vacuum(&self) -> Result<()> {
        Ok(super::vacuum(&mut *connection(&self.writer).await?).await?)
    }

    async fn add_token(&self, token: &Token, hash: [u8; 32]) -> Result<Token> {
        tokens::add(&mut *connection(&self.writer).await?, token, hash).await
    }

    async fn token(&self, hash: [u8; 32]) -> Result<Option<Token>> {
        tokens::by_hash(&mut *connection(&self.readers).await?, hash).await
    }

    async fn tokens(&self, user: Option<&str>) -> Result<Vec<Token>> {
        tokens::list(&mut *connection(&self.readers).await?, user).await
    }

    async fn revoke_token(&self, token: TokenId, at: Timestamp) -> Result<()> {
        tokens::revoke(&mut *connection(&self.writer).await?, token, at).await
    }

    async fn forget_tokens(&self, before: Timestamp) -> Result<()> {
        tokens::forget(&mut *connection(&self.writer).await?, before).await
    }

    async fn close(&self) {
        self.end_meanwhile();
        self.readers.close();
        match connection(&self.writer).await {
            Ok(mut conn) => super::rest(&mut conn).await,
            Err(error) => tracing::warn!(%error, "the database could not be brought to rest"),
        }
        self.writer.close();
    }
}
