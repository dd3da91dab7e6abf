//! What a database does for the store, the same for both.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use weir_status_api::{
    At, BuildId, BuildKey, BuildRequestId, BuilderId, BuildsetId, ChangeId, Cursor, Entity, Event, Key, List,
    LogId, LogKey, LogKind, MasterId, Page, Properties, PropertiesOf, SourceStampId, StepId, Timestamp,
    Token, TokenId, View, ViewQuery,
};

use crate::care::Stats;
use crate::error::{Error, Result};
use crate::segments::Place;
use crate::transition::{
    Applied, ConfigurationId, ForceKey, KeptCheckpoint, OpenBuild, Recalled, Transition,
};

/// How long a caller waits for a connection to be free or made.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A compressed chunk of whole lines that is safe on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlacedChunk {
    /// How many lines it holds.
    pub(crate) lines: i64,
    /// Where it is.
    pub(crate) place: Place,
}

/// A chunk in a segment, with whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentChunk {
    /// Its log.
    pub(crate) log: i64,
    /// Its first line's number within the log.
    pub(crate) first_line: i64,
    /// Where it is.
    pub(crate) place: Place,
}

/// A chunk whose bytes were copied to another place, and are safe on disk there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MovedChunk {
    /// As it was.
    pub(crate) from: SegmentChunk,
    /// Where it is now.
    pub(crate) to: Place,
}

/// What of a segment is referred to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SegmentUse {
    /// Chunks.
    pub(crate) chunks: i64,
    /// Their bytes.
    pub(crate) bytes: i64,
}

/// Which things are looked for by their age; each from behind the last that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Search {
    /// Builds that ended before.
    Builds(Timestamp),
    /// Builds of a builder that it has too many of: all ended ones but the newest so many.
    Excess(BuilderId, u32),
    /// Requests without a build that ended before.
    Requests(Timestamp),
    /// Buildsets without a request that ended before.
    Buildsets(Timestamp),
    /// Logs of a kind whose builds ended before.
    Logs(LogKind, Timestamp),
    /// Changes that came before and that no buildset refers to.
    Changes(Timestamp),
}

/// Where a [`Search`] is: behind what has this value and id.
pub(crate) type Behind = (i64, i64);

/// What a [`Search`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The ids, the oldest first.
    pub(crate) ids: Vec<i64>,
    /// Where to go on; none at the end.
    pub(crate) next: Option<Behind>,
}

/// A chunk of a log, as the index has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IndexedChunk {
    /// Its first line's number within the log, from 0.
    pub(crate) first_line: i64,
    /// How many lines it holds.
    pub(crate) line_count: i64,
    /// Where it is.
    pub(crate) place: Place,
    /// When it was stored; not noted of old ones.
    pub(crate) stored_at: Option<Timestamp>,
}

/// The chunks that hold the lines that were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogChunks {
    /// The log.
    pub(crate) log: LogId,
    /// What it holds.
    pub(crate) kind: LogKind,
    /// In the order of their lines, without a hole between them.
    pub(crate) chunks: Vec<IndexedChunk>,
}

/// One thing to write: a transition, or lines whose bytes are already on disk.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    /// A transition other than [`Transition::AppendLog`].
    Transition(Transition),
    /// Chunks to be added to a log.
    Append(LogId, Vec<PlacedChunk>),
    /// Chunks that were copied from one segment to another.
    Move(Vec<MovedChunk>),
}

/// Writes that hold together or not at all.
pub(crate) type Unit = Vec<Write>;

/// What a batch led to, once it is committed.
#[derive(Debug, Default)]
pub(crate) struct Committed {
    /// What came of each unit, in order.
    pub(crate) applied: Vec<Vec<Applied>>,
    /// Its events, numbered, in order.
    pub(crate) events: Vec<Arc<Event>>,
}

/// Why nothing of a batch was committed.
#[derive(Debug)]
pub(crate) struct BatchError {
    /// The error.
    pub(crate) error: Error,
    /// Whether one unit alone is to blame, so that the others can be applied without it.
    pub(crate) one_unit: bool,
}

/// What a transaction can keep other masters away from, with all that hangs on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lockable {
    /// A builder: the numbers of its builds.
    Builder(BuilderId),
    /// A buildset: whether its requests are complete.
    Buildset(BuildsetId),
    /// A build request: who has it.
    Request(BuildRequestId),
}

/// The first and last of the events that are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    /// The oldest cursor from which a watch can start: the number before the first kept event's.
    pub(crate) oldest: Cursor,
    /// The number of the last event; zero if there was none yet.
    pub(crate) newest: Cursor,
}

/// What a build was made from, to make it again.
#[derive(Clone, Debug)]
pub(crate) struct Blueprint {
    /// The build's own id, however it was named.
    pub(crate) build: BuildId,
    /// Its builder.
    pub(crate) builder: BuilderId,
    /// The source stamps of its buildset.
    pub(crate) source_stamps: Vec<SourceStampId>,
    /// The changes of its buildset.
    pub(crate) changes: Vec<ChangeId>,
    /// The properties of its buildset.
    pub(crate) properties: Properties,
    /// The priority of its request.
    pub(crate) priority: i32,
}

/// A database with the store's tables.
#[async_trait]
pub(crate) trait Backend: Send + Sync {
    /// Applies units in order within one transaction, numbers their events, and commits.
    async fn apply(&self, units: &[Unit], at: Timestamp) -> Result<Committed, BatchError>;

    /// Makes the row of a new segment and gives its id; committed at once.
    async fn new_segment(&self, at: Timestamp) -> Result<i64>;

    /// The resource that `key` names.
    async fn get(&self, key: &Key) -> Result<At<Entity>>;

    /// A page of a list.
    async fn list(&self, list: List) -> Result<Page<Entity>>;

    /// The chunks with the lines from `first` on, at most `limit` lines and some megabytes of them.
    async fn log_chunks(&self, log: &LogKey, first: i64, limit: u32) -> Result<At<LogChunks>>;

    /// The properties of a build or buildset.
    async fn properties(&self, of: &PropertiesOf) -> Result<At<Properties>>;

    /// The value of the data that a build keeps under `name`.
    async fn build_data(&self, build: &BuildKey, name: &str) -> Result<At<Vec<u8>>>;

    /// What a synthesis display shows.
    async fn view(&self, query: &ViewQuery) -> Result<At<View>>;

    /// The first `limit` events after `cursor`; `CursorExpired` if some of them are no longer kept.
    async fn events_after(&self, cursor: Cursor, limit: u32) -> Result<Vec<Arc<Event>>>;

    /// Which events are kept.
    async fn span(&self) -> Result<Span>;

    /// The state that `owner` keeps.
    async fn kept_state(&self, owner: &str) -> Result<Option<serde_json::Value>>;

    /// The builds that a master has begun and not ended.
    async fn open_builds(&self, master: MasterId) -> Result<Vec<OpenBuild>>;

    /// How far a step that runs has come.
    async fn checkpoint(&self, step: StepId) -> Result<Option<KeptCheckpoint>>;

    /// What steps of a build that runs gave to it.
    async fn plans(&self, build: BuildId) -> Result<BTreeMap<StepId, String>>;

    /// The text of a configuration.
    async fn configuration(&self, id: ConfigurationId) -> Result<Option<String>>;

    /// What is kept of the listener of that name, if it is known.
    async fn recall(&self, listener: &str) -> Result<Option<Recalled>>;

    /// What a build was made from.
    async fn blueprint(&self, build: &BuildKey) -> Result<Blueprint>;

    /// What a force with this key made within the day before `at`, if it did.
    async fn forced(
        &self,
        key: &ForceKey,
        at: Timestamp,
    ) -> Result<Option<(BuildsetId, BTreeMap<BuilderId, BuildRequestId>)>>;

    /// The buildset that a build has triggered with the key, and its requests, if it has.
    async fn triggered(
        &self,
        parent: BuildId,
        key: &str,
    ) -> Result<Option<(BuildsetId, BTreeMap<BuilderId, BuildRequestId>)>>;

    /// Up to `limit` of the things that are looked for, behind a place.
    async fn search(&self, search: Search, behind: Behind, limit: u32) -> Result<Found>;

    /// The ids of all builders.
    async fn builder_ids(&self) -> Result<Vec<BuilderId>>;

    /// The last event that happened before `before`; none if the first that is kept is newer.
    async fn last_event_before(&self, before: Timestamp) -> Result<Option<Cursor>>;

    /// What of a segment is referred to; none if the database does not know the segment.
    async fn segment_use(&self, segment: i64) -> Result<Option<SegmentUse>>;

    /// Chunks of a segment, the first `limit` by their places.
    async fn segment_chunks(&self, segment: i64, limit: u32) -> Result<Vec<SegmentChunk>>;

    /// Forgets a segment that nothing refers to.
    async fn forget_segment(&self, segment: i64) -> Result<()>;

    /// What is in the database; this reads all of it.
    async fn stats(&self) -> Result<Stats>;

    /// The bytes of the database.
    async fn size(&self) -> Result<u64>;

    /// Gives back the room that is free; nothing can be written meanwhile.
    async fn vacuum(&self) -> Result<()>;

    /// Keeps a token under the hash of its text; its id is the database's.
    async fn add_token(&self, token: &Token, hash: [u8; 32]) -> Result<Token>;

    /// The token whose text has that hash.
    async fn token(&self, hash: [u8; 32]) -> Result<Option<Token>>;

    /// Tokens, the newest first, 10,000 at the most.
    async fn tokens(&self, user: Option<&str>) -> Result<Vec<Token>>;

    /// Notes that a token was revoked, unless that is noted.
    async fn revoke_token(&self, token: TokenId, at: Timestamp) -> Result<()>;

    /// Forgets tokens that ended before `before`.
    async fn forget_tokens(&self, before: Timestamp) -> Result<()>;

    /// Brings all to rest and closes the connections.
    async fn close(&self);
}
