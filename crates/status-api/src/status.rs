//! The traits. This is the promise; everything else serves it.

use async_trait::async_trait;

use crate::{
    BuildKey, Caller, Command, Cursor, Entity, Error, EventStream, ForceParams, Key, List, LogChunk, LogHits,
    LogKey, LogSearch, Outcome, PageToken, Pages, Properties, PropertiesOf, Query, Resource, Result, Start,
    TopicFilter, View, ViewQuery,
};

/// An answer, and the cursor at which it is true.
#[derive(Clone, Debug, PartialEq)]
pub struct At<T> {
    /// The answer.
    pub value: T,
    /// The last event that the answer takes account of.
    pub cursor: Cursor,
}

/// A bounded part of a list, and the cursor at which it is true.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The rows, in the query's order.
    pub items: Vec<T>,
    /// The last event that the rows take account of.
    pub cursor: Cursor,
    /// Where the next page begins; none on the last page.
    pub next: Option<PageToken>,
}

/// Reads resources. Each answer is one consistent view, true at its cursor.
#[async_trait]
pub trait Read: Send + Sync {
    /// The resource that `key` names; of builds and build requests without properties, as in events.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none.
    async fn get(&self, key: Key) -> Result<At<Entity>>;

    /// The resources that the query asks for, never more than [`MAX_LIMIT`](crate::MAX_LIMIT).
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] if the query does not [validate](Query::validate) or its page token is not
    /// one of this list.
    async fn list(&self, list: List) -> Result<Page<Entity>>;

    /// Lines of a log: `limit` of them at the most, from line `first` (from 0). Beyond the end, or with a limit
    /// of 0, the content is empty; [`LogChunk::first_line`] is `first` always. An answer is bounded in bytes too: it can hold fewer lines than asked for, but at least
    /// one where there is one; ask again from the line after its last. [`LogChunk::times`] tell when its lines came.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such log; [`Error::ContentDeleted`] if its content is no longer kept, which
    /// its kind [`LogKind::Deleted`](crate::LogKind::Deleted) tells too; [`Error::InvalidQuery`] if `first` is negative.
    async fn log_content(&self, log: LogKey, first: i64, limit: u32) -> Result<At<LogChunk>>;

    /// The lines of a log in which something is found, from the search's first line on: at most as many as it wants, and
    /// at most [`MAX_SEARCH_HITS`](crate::MAX_SEARCH_HITS). An answer takes a short time only: it can end before the log
    /// does, even without a line, but has searched at least one where there is one; search on from
    /// [`LogHits::next`] until [`LogHits::complete`].
    ///
    /// # Errors
    /// As [`Read::log_content`]; [`Error::InvalidQuery`] if the search does not [validate](LogSearch::validate), or its
    /// regular expression is none or too large.
    async fn search_log(&self, log: LogKey, search: LogSearch) -> Result<At<LogHits>>;

    /// The properties of a build or buildset.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such build or buildset.
    async fn properties(&self, of: PropertiesOf) -> Result<At<Properties>>;

    /// The value of the data that a build keeps under `name`, as it was set: bytes.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such build, or it keeps nothing of that name.
    async fn build_data(&self, build: BuildKey, name: String) -> Result<At<Vec<u8>>>;

    /// What a synthesis display shows, bounded, true at one cursor.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] if the query does not [validate](ViewQuery::validate); [`Error::NotFound`] if a
    /// commit that it names does not exist, and [`Error::InvalidQuery`] if two are not of one codebase.
    async fn view(&self, query: ViewQuery) -> Result<At<View>>;
}

/// Watches events.
///
/// # Guarantees
/// Over every binding, across reconnects and restarts of the master:
/// - *Total order*: events come in the order of their cursors.
/// - *No gap*: after a read at cursor `c`, a watch from `Start::After(c)` gives every matching event that
///   the read did not take account of. A cursor that is too old gets [`Error::CursorExpired`], never silence.
/// - *No duplicate*: an event comes once in a stream, and a stream resumed after a cursor does not repeat
///   what came up to it.
/// - *A slow reader harms itself only*: it is served from the store at its own pace; nobody waits for it.
#[async_trait]
pub trait Watch: Send + Sync {
    /// The events that match `filter`, from `start` on, without end; with bookmarks in between, so that within
    /// a few seconds even a watcher whose filter nothing matches has a cursor near the newest event. The first comes as
    /// soon as the watcher has all that was there when it began: from then on it is up to date.
    ///
    /// [`Start::Now`] means: what is committed after this call has returned comes, what was committed before
    /// it was made does not. A stream may be left unread for as long as one likes.
    ///
    /// # Errors
    /// [`Error::CursorExpired`] if events after the cursor are no longer kept, at once or within the stream;
    /// [`Error::InvalidQuery`] if the cursor is in the future, at once or as the stream's first item; [`Error::Unavailable`] within the stream if the
    /// connection is lost.
    async fn watch(&self, filter: TopicFilter, start: Start) -> Result<EventStream>;
}

/// Asks for actions.
#[async_trait]
pub trait Control: Send + Sync {
    /// Carries out or records `command` for `caller`; the answer comes after the commit.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`] if the caller may not; [`Error::NotFound`] if what it is about does not
    /// exist; [`Error::InvalidInput`] if the parameters of a force do not fit; [`Error::Conflict`] if the
    /// present state forbids it.
    async fn control(&self, caller: &Caller, command: Command) -> Result<Outcome>;
}

/// All three.
pub trait StatusApi: Read + Watch + Control {}

impl<T: Read + Watch + Control + ?Sized> StatusApi for T {}

/// Typed conveniences over [`Read`].
#[async_trait]
pub trait ReadExt: Read {
    /// The resource of type `R` that `key` names.
    ///
    /// # Errors
    /// As [`Read::get`]; [`Error::InvalidQuery`] if the key names another type.
    async fn one<R: Resource>(&self, key: Key) -> Result<At<R>> {
        let what = key.to_string();
        let At { value, cursor } = self.get(key).await?;
        let value = R::from_entity(value)
            .ok_or_else(|| Error::invalid("key", format!("{what} is no {:?}", R::KIND)))?;
        Ok(At { value, cursor })
    }

    /// A page of resources of type `R`.
    ///
    /// # Errors
    /// As [`Read::list`].
    async fn page<R: Resource>(&self, query: Query<R>) -> Result<Page<R>> {
        let Page { items, cursor, next } = self.list(R::into_list(query)).await?;
        let items = items
            .into_iter()
            .map(|entity| R::from_entity(entity).ok_or_else(|| Error::internal("a list of mixed kinds")))
            .collect::<Result<_>>()?;
        Ok(Page { items, cursor, next })
    }

    /// All pages of `query`, one after the other.
    fn pages<R: Resource>(&self, query: Query<R>) -> Pages<'_, Self, R> {
        Pages::new(self, query)
    }
}

impl<T: Read + ?Sized> ReadExt for T {}

/// Typed conveniences over [`Control`].
#[async_trait]
pub trait ControlExt: Control {
    /// Makes a buildset through the force scheduler `scheduler`.
    ///
    /// # Errors
    /// As [`Control::control`].
    async fn force(&self, caller: &Caller, scheduler: &str, params: ForceParams) -> Result<Outcome> {
        self.control(
            caller,
            Command::Force {
                scheduler: scheduler.to_owned(),
                params,
            },
        )
        .await
    }

    /// Stops a build.
    ///
    /// # Errors
    /// As [`Control::control`].
    async fn stop_build(&self, caller: &Caller, build: BuildKey, reason: &str) -> Result<()> {
        let reason = (!reason.is_empty()).then(|| reason.to_owned());
        self.control(caller, Command::StopBuild { build, reason })
            .await
            .map(drop)
    }
}

impl<T: Control + ?Sized> ControlExt for T {}
