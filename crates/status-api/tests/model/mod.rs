//! A status API in memory: the shortest one that keeps every promise, and, with a [`Fault`], one that breaks one.
//!
//! It is an example for those who implement the traits: one lock around the state, each event put into it with
//! the change that it tells, and streams that read what is stored at their own pace.

mod control;
mod door;
mod force;
mod listeners;
mod outcome;
mod read;
mod search;
mod setup;
mod view;
mod watch;
mod write;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::watch as signal;
use weir_status_api::conformance::{HandClock, Stage, Writer};
use weir_status_api::{
    Branch, Build, BuildData, BuildId, BuildRequest, Builder, Buildset, BuildsetId, Change, ChangeId,
    ChangeSource, Clock, Codebase, Commit, Cursor, DeadLetter, Entity, Event, ForceScheduler, ListenerId,
    ListenerStatus, Log, LogId, Master, MasterId, Outcome, Project, Properties, Scheduler, SourceStamp,
    StatusApi, Step, TestResult, TestResultSet, Timestamp, Verb, Worker,
};

/// What a model does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    DropsEvents,
    SwapsEvents,
    RepeatsOnResume,
    LosesWhenSlow,
    FiltersByFirstTopic,
    BeginsLate,
    BeginsEarly,
    HasNoBookmarks,
    ExpiresSilently,
    WaitsForTheFuture,
    ForgetsWhatFollows,
    ReadsAheadOfItsCursor,
    SkipsRowsBetweenPages,
    RepeatsRowsBetweenPages,
    TakesForeignTokens,
    PutsMissingLast,
    SettlesUpwards,
    MissingIsUnequal,
    ContainsAnyCase,
    LogsBeginLate,
    LogsWithoutBound,
    /// Takes the last line's time for that of all that are read with it.
    TimesTheLastLine,
    /// Tells of no line but those with which something came.
    TimesFirstLinesOnly,
    ShowsDeletedContents,
    /// Searches lines with their streams' letters and escape sequences.
    SearchesAsStored,
    /// Tells where something is in bytes.
    CountsBytes,
    /// Takes the first full answer for all.
    SearchesOnePart,
    /// Knows no case.
    SearchesOneCase,
    AdmitsAll,
    IgnoresDefaults,
    RepeatsAsNobody,
    ForcesTwice,
    SharesKeysOfForces,
    RemembersForcesForEver,
    TakesLongKeys,
    MissesMergedBuilds,
    MissesBuildsOfTheStamp,
    MissesLostBuilds,
    MissesCrossingBuilds,
    TakesCancelledForGood,
    TakesHiddenStepsAway,
    SplitsRevisions,
    ShowsTooMuch,
    TakesNoLimitForNothing,
    ShowsRemovedBuilders,
    IgnoresTagsLeftOut,
    WantsAllTags,
    ClaimsTheWholeRange,
    KnowsNoReason,
    StartsWaysAtTheCommonOne,
    TakesDataForText,
    FindsNamesInAnyCase,
    FindsCommitsAnywhere,
    KeepsTheFirstData,
    MovesBranchesThatStay,
    AddsCommitsTwice,
    TellsOfTestResults,
    KeepsQuietOfMissingWorkers,
    /// Has why a worker was away although it is there.
    KeepsWhyWorkersWereAway,
    ForgetsWhyWorkersLeft,
    TellsOfRefusalsOfTheConnected,
    /// Has an event of each refusal, though nothing changes.
    RepeatsRefusals,
    KeepsProjectsActive,
    PrioritizesSilently,
    PrioritizesTheEnded,
    CancelsTheEnded,
    StopsInsteadOfKilling,
    RebuildsWhatIsRemoved,
    RebuildsWithoutChanges,
    /// Lets every runner hold a listener.
    SharesListeners,
    /// Lets those keep something of a listener that do not hold it any more.
    TakesFromAnybody,
    /// Keeps the place of a runner that does not know of a rewind.
    ForgetsRewinds,
    /// Makes a dead letter of an event each time.
    ParksTwice,
    /// Has no bound of a listener's dead letters.
    ParksBeyondTheMost,
    /// Forgets a listener that somebody runs.
    ForgetsWhoRuns,
    /// Keeps the dead letters of a listener that was forgotten.
    RemembersTheForgotten,
    /// Has an event of each place.
    TellsOfPlaces,
    /// Makes dead letters of what is about dead letters.
    ParksWhatIsAboutListeners,
    /// Records changes that nobody made, or of files without a name.
    TakesAnyChange,
}

/// All there is.
#[derive(Default)]
struct State {
    events: Vec<Arc<Event>>,
    oldest: Cursor,
    /// How often all streams were cut.
    cuts: u64,
    masters: Vec<Master>,
    builders: Vec<Builder>,
    builds: Vec<Build>,
    requests: Vec<BuildRequest>,
    buildsets: Vec<Buildset>,
    stamps: Vec<SourceStamp>,
    changes: Vec<Change>,
    steps: Vec<Step>,
    logs: Vec<Log>,
    workers: Vec<Worker>,
    schedulers: Vec<Scheduler>,
    force_schedulers: Vec<ForceScheduler>,
    change_sources: Vec<ChangeSource>,
    projects: Vec<Project>,
    codebases: Vec<Codebase>,
    branches: Vec<Branch>,
    commits: Vec<Commit>,
    build_data: Vec<BuildData>,
    result_sets: Vec<TestResultSet>,
    results: Vec<TestResult>,
    build_properties: BTreeMap<BuildId, Properties>,
    buildset_properties: BTreeMap<BuildsetId, Properties>,
    buildset_changes: BTreeMap<BuildsetId, Vec<ChangeId>>,
    contents: BTreeMap<LogId, Vec<String>>,
    /// When each line of a log came.
    times: BTreeMap<LogId, Vec<Timestamp>>,
    data: BTreeMap<(BuildId, String), Vec<u8>>,
    listeners: Vec<ListenerStatus>,
    /// How many listeners there ever were.
    made: i64,
    /// What nobody sees of listeners, by id.
    kept: BTreeMap<ListenerId, listeners::Kept>,
    dead_letters: Vec<DeadLetter>,
    /// How many dead letters there ever were.
    parked: i64,
    /// What forces with a key of the client's made, by caller, scheduler and key.
    forced: BTreeMap<(String, String, String), (Timestamp, Outcome)>,
}

impl State {
    fn cursor(&self) -> Cursor {
        Cursor(self.events.len() as i64)
    }
}

/// The model. Its clones are the same one.
#[derive(Clone)]
pub(crate) struct Model {
    state: Arc<Mutex<State>>,
    /// Tells streams that there is more to read.
    grown: signal::Sender<()>,
    clock: HandClock,
    fault: Option<Fault>,
}

impl Model {
    /// A master that runs, with nothing configured.
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        let model = Self {
            state: Arc::default(),
            grown: signal::channel(()).0,
            clock: HandClock::default(),
            fault,
        };
        let master = Master {
            id: MasterId(1),
            name: "model".to_owned(),
            active: true,
            last_active: model.clock.now(),
        };
        model.transact(|state| {
            state.masters.push(master.clone());
            state.emit(Verb::Started, master);
        });
        model
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Changes the state and its events as one, then wakes the streams.
    fn transact<T>(&self, change: impl FnOnce(&mut Transaction<'_>) -> T) -> T {
        let mut state = self.lock();
        let begun = state.events.len();
        let done = change(&mut Transaction {
            now: self.clock.now(),
            fault: self.fault,
            state: &mut state,
        });
        if self.has(Fault::SwapsEvents) && state.events.len() > begun + 1 {
            state.events.swap(begun, begun + 1);
        }
        drop(state);
        self.grown.send_replace(());
        done
    }
}

/// A change in progress.
struct Transaction<'a> {
    now: Timestamp,
    fault: Option<Fault>,
    state: &'a mut State,
}

impl std::ops::Deref for Transaction<'_> {
    type Target = State;
    fn deref(&self) -> &State {
        self.state
    }
}

impl std::ops::DerefMut for Transaction<'_> {
    fn deref_mut(&mut self) -> &mut State {
        self.state
    }
}

impl Transaction<'_> {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Tells what happened to a resource; properties go out by themselves.
    fn emit(&mut self, verb: Verb, entity: impl Into<Entity>) {
        let mut entity = entity.into();
        match &mut entity {
            Entity::Build(build) => build.properties.clear(),
            Entity::BuildRequest(request) => request.properties.clear(),
            _ => {}
        }
        let cursor = Cursor(self.state.cursor().0 + 1);
        let event = Event {
            cursor,
            at: self.now,
            verb,
            entity,
        };
        self.state.events.push(Arc::new(event));
    }
}

/// A model and who may control it.
pub(crate) struct ModelStage {
    model: Model,
}

impl ModelStage {
    /// A stage of a model with that fault.
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        Self {
            model: Model::new(fault),
        }
    }

    /// Tells the newest event.
    #[allow(dead_code, reason = "only a gateway in the same process wants to know")]
    pub(crate) fn newest(&self) -> impl Fn() -> Cursor + Send + Sync + use<> {
        let model = self.model.clone();
        move || model.lock().cursor()
    }
}

#[async_trait]
impl Stage for ModelStage {
    fn api(&self) -> Arc<dyn StatusApi> {
        Arc::new(self.model.clone())
    }

    fn guarded(&self) -> Arc<dyn StatusApi> {
        Arc::new(door::Closed(self.model.clone()))
    }

    fn writer(&self) -> &dyn Writer {
        &self.model
    }

    /// Ends all streams, as a lost connection does.
    async fn disconnect(&self) {
        self.model.transact(|state| state.cuts += 1);
    }
}
