//! The status API of a build master: what plugins, listeners, gateways and tools may know and ask.
//!
//! One set of async traits, the same over every binding: [`Read`] for resources, [`Watch`] for events,
//! [`Control`] for requests to act; [`StatusApi`] is all three. Code written against
//! `Arc<dyn StatusApi>` cannot tell whether a database, a gRPC channel or a JSON gateway answers.
//!
//! ```no_run
//! # async fn example(api: &dyn weir_status_api::StatusApi) -> weir_status_api::Result<()> {
//! use weir_status_api::{Build, BuildField, Query, ReadExt, Start, TopicFilter};
//!
//! let page = api.page(Query::<Build>::new().eq(BuildField::Complete, false).limit(50)).await?;
//! // Nothing is missed and nothing repeated between the page and the stream.
//! let events = api.watch(TopicFilter::parse("builds/*/*")?, Start::After(page.cursor)).await?;
//! # Ok(()) }
//! ```
//!
//! # Goals
//! - Few, object-safe methods; typed conveniences live in [`ReadExt`] and [`ControlExt`].
//! - Every answer carries the [`Cursor`] at which it is true; every stream resumes from one.
//! - No call returns an unbounded list.
//!
//! # Non-goals
//! - No transport, no database, no JSON field names: those belong to the bindings.
//! - No writing of builds: only the master's store does that.

mod access;
mod clock;
mod configuration;
#[cfg(feature = "conformance")]
pub mod conformance;
mod control;
mod error;
mod event;
mod id;
mod key;
mod listener;
mod pages;
mod query;
mod resource;
mod results;
mod search;
mod status;
mod topic;
mod view;

pub use access::{
    Access, Credentials, Identity, IssuedToken, NewToken, OpenToAll, Token, TokenOrigin, TokenScope,
};
pub use clock::{Clock, SystemClock, Timestamp};
pub use configuration::{
    Configuration, ConfigurationChange, ConfigurationPart, Difference, MAX_LISTED_CHANGES, Reconfigured,
};
pub use control::{
    Caller, ChangeParams, Command, ControlAction, ControlRecord, ControlTarget, DeadLetterChoice,
    ForceParams, ListenAsk, MAX_LEASE, Outcome,
};
pub use error::{Error, Result};
pub use event::{Cursor, Event, EventStream, PropertiesUpdate, Signal, Start};
pub use id::{
    BranchId, BuildId, BuildRequestId, BuilderId, BuildsetId, ChangeId, ChangeSourceId, CodebaseId, CommitId,
    DeadLetterId, ListenerId, LogId, MasterId, PatchId, ProjectId, SchedulerId, SourceStampId, StepId,
    TestResultId, TestResultSetId, TokenId, WorkerId,
};
pub use key::{
    BuildKey, BuilderKey, CodebaseKey, CommitKey, Key, ListenerKey, LogKey, ProjectKey, PropertiesOf,
    SchedulerKey, StepKey, WorkerKey,
};
pub use listener::{
    Again, Bookmarks, Desk, Hold, Lane, Listener, ListenerError, MAX_DONE, Place, Rate, Runner,
    RunnerOptions, Standing, StatusBookmarks, Turn,
};
pub use pages::Pages;
pub use query::{
    Condition, DEFAULT_LIMIT, Field, FieldType, Filter, List, ListParts, MAX_LIMIT, Op, Order, PageToken,
    Query, Value,
};
pub use resource::build::{
    Build, BuildField, BuildRequest, BuildRequestField, Buildset, BuildsetField, LineTime, Log, LogChunk,
    LogField, LogKind, Step, StepField, Url,
};
pub use resource::listener::{DeadLetter, DeadLetterField, ListenerField, ListenerStatus, MAX_DEAD_LETTERS};
pub use resource::machine::{Absence, ConfiguredOn, Master, MasterField, Worker, WorkerField, WorkerInfo};
pub use resource::outcome::{
    BuildData, BuildDataField, TestResult, TestResultField, TestResultSet, TestResultSetField,
};
pub use resource::project::{
    Branch, BranchField, Codebase, CodebaseField, Commit, CommitField, Project, ProjectField,
};
pub use resource::property::{Properties, Property};
pub use resource::setup::{
    Builder, BuilderField, ChangeSource, ChangeSourceField, ForceDefaults, ForceField, ForceFieldKind,
    ForceScheduler, ForceSchedulerField, ForceSource, Scheduler, SchedulerField, TextRules,
};
pub use resource::source::{Change, ChangeField, Patch, SourceStamp, SourceStampField};
pub use resource::{Entity, Kind, Resource};
pub use results::Results;
pub use search::{
    HitRange, LogHit, LogHits, LogSearch, MAX_HIT_RANGES, MAX_HIT_TEXT, MAX_REGEX_LINE, MAX_SEARCH_HITS,
    MAX_SEARCH_PATTERN, SearchPattern,
};
pub use status::{At, Control, ControlExt, Page, Read, ReadExt, StatusApi, Watch};
pub use topic::{Topic, TopicFilter, TopicPattern, Verb};
pub use view::{
    BrokenBuilder, BuildCell, BuilderChoice, Cell, CommitGraph, CommitGraphQuery, Console, ConsoleQuery,
    DEFAULT_HOME_LIMIT, DEFAULT_VIEW_ROWS, DEFAULT_WATERFALL_LIMIT, EXPECTED_BY_BUILDS, Grid, GridQuery,
    GridRevision, Home, HomeQuery, MAX_VIEW_BUILDERS, MAX_VIEW_BUILDS, MAX_VIEW_ROWS, RunningBuild, View,
    ViewQuery, WaitReason, WaitingRequest, Waterfall, WaterfallQuery,
};
