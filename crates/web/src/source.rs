//! What one answer reads, and how old the oldest part of it can be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use weir_status_api::{
    At, Cursor, Entity, Key, List, LogChunk, LogHits, LogKey, LogSearch, Page, Properties, PropertiesOf,
    Result, StatusApi, View, ViewQuery,
};

/// The status API for one answer. It notes the cursor of each read: an answer of several reads holds only what
/// was true at the oldest of them.
pub(crate) struct Source {
    api: Arc<dyn StatusApi>,
    oldest: AtomicI64,
    failed: AtomicBool,
}

impl Source {
    pub(crate) fn new(api: Arc<dyn StatusApi>) -> Self {
        Self {
            api,
            oldest: AtomicI64::new(i64::MAX),
            failed: AtomicBool::new(false),
        }
    }

    /// The oldest cursor of the reads so far. None if one of them failed: since when that is so, nobody knows.
    pub(crate) fn since(&self) -> Option<Cursor> {
        let known = !self.failed.load(Ordering::Relaxed);
        known.then(|| Cursor(self.oldest.load(Ordering::Relaxed)))
    }

    fn note<T>(&self, answer: Result<T>, cursor: impl Fn(&T) -> Cursor) -> Result<T> {
        match &answer {
            Ok(it) => drop(self.oldest.fetch_min(cursor(it).0, Ordering::Relaxed)),
            Err(_) => self.failed.store(true, Ordering::Relaxed),
        }
        answer
    }

    pub(crate) async fn get(&self, key: Key) -> Result<At<Entity>> {
        self.note(self.api.get(key).await, |it| it.cursor)
    }

    pub(crate) async fn list(&self, list: List) -> Result<Page<Entity>> {
        self.note(self.api.list(list).await, |it| it.cursor)
    }

    pub(crate) async fn log_content(&self, log: LogKey, first: i64, limit: u32) -> Result<At<LogChunk>> {
        self.note(self.api.log_content(log, first, limit).await, |it| it.cursor)
    }

    pub(crate) async fn search_log(&self, log: LogKey, search: LogSearch) -> Result<At<LogHits>> {
        self.note(self.api.search_log(log, search).await, |it| it.cursor)
    }

    pub(crate) async fn properties(&self, of: PropertiesOf) -> Result<At<Properties>> {
        self.note(self.api.properties(of).await, |it| it.cursor)
    }
    pub(crate) async fn view(&self, query: ViewQuery) -> Result<At<View>> {
        self.note(self.api.view(query).await, |it| it.cursor)
    }
}
