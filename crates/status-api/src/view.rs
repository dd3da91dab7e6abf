//! Views: what the synthesis displays show, each as one question with one bounded answer.
//!
//! A display that fetched builds and joined them itself would fetch too many or miss some. These are answered
//! by a number of indexed queries that does not depend on how many builders, changes or builds there are.

use serde::{Deserialize, Serialize};

use crate::{
    Build, BuildId, BuildRequest, BuildRequestId, Builder, BuilderId, Change, ChangeId, Commit, CommitId,
    Error, ProjectId, Result, Results, SourceStamp, Step, Timestamp, Worker,
};

/// Builders that a view shows at the most.
pub const MAX_VIEW_BUILDERS: u32 = 1_000;
/// Changes or revisions that a view shows at the most.
pub const MAX_VIEW_ROWS: u32 = 200;
/// Builds that a view shows at the most.
pub const MAX_VIEW_BUILDS: u32 = 10_000;

/// What a [`Home`] shows at the most of each if the query does not say.
pub const DEFAULT_HOME_LIMIT: u32 = 100;
/// Builds that a [`Waterfall`] shows at the most if the query does not say.
pub const DEFAULT_WATERFALL_LIMIT: u32 = 1_000;
/// How many builds of its builder before a build tell when it is expected to end.
pub const EXPECTED_BY_BUILDS: i64 = 30;
/// Changes or revisions that a view shows at the most if the query does not say.
pub const DEFAULT_VIEW_ROWS: u32 = 50;

/// Which builders a view shows: those that meet all conditions, by name, at most [`MAX_VIEW_BUILDERS`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BuilderChoice {
    /// These; all if none are given.
    pub builders: Vec<BuilderId>,
    /// Those of this project.
    pub project: Option<ProjectId>,
    /// Those with one of these tags; all if none are given.
    pub tags: Vec<String>,
    /// Not those with one of these tags.
    pub without_tags: Vec<String>,
    /// Those too that are configured on no master any more.
    pub removed_too: bool,
}

/// What a view is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ViewQuery {
    /// What runs, what waits and why, what is broken.
    Home(HomeQuery),
    /// What was done when.
    Waterfall(WaterfallQuery),
    /// Builders by revisions; transposed or not, the data is the same.
    Grid(GridQuery),
    /// Changes by builders.
    Console(ConsoleQuery),
    /// How two commits of one codebase are related (Buildbot's `commits_common_parent`).
    CommitGraph(CommitGraphQuery),
}

/// Asks for a [`Home`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HomeQuery {
    /// Which builders.
    pub builders: BuilderChoice,
    /// Running builds, waiting requests and recent builds at the most, each; 0 for [`DEFAULT_HOME_LIMIT`],
    /// [`MAX_VIEW_BUILDS`] at the most.
    pub limit: u32,
}

/// Asks for a [`Waterfall`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WaterfallQuery {
    /// Which builders.
    pub builders: BuilderChoice,
    /// The range begins with this moment.
    pub from: Timestamp,
    /// The range ends before this moment.
    pub to: Timestamp,
    /// Whether the builds' steps are wanted.
    pub steps: bool,
    /// Builds at the most, those that began last; 0 for [`DEFAULT_WATERFALL_LIMIT`], [`MAX_VIEW_BUILDS`] at the
    /// most. Changes likewise.
    pub limit: u32,
}

/// Asks for a [`Grid`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GridQuery {
    /// Which builders.
    pub builders: BuilderChoice,
    /// Source stamps of this branch only; of every branch if none.
    pub branch: Option<String>,
    /// Source stamps of this codebase only; of every one if none.
    pub codebase: Option<String>,
    /// Revisions at the most, the newest; 0 for [`DEFAULT_VIEW_ROWS`], [`MAX_VIEW_ROWS`] at the most.
    pub revisions: u32,
}

/// Asks for a [`Console`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConsoleQuery {
    /// Which builders.
    pub builders: BuilderChoice,
    /// Changes of this branch only; of every branch if none.
    pub branch: Option<String>,
    /// Changes of this codebase only; of every one if none.
    pub codebase: Option<String>,
    /// Changes before this one only; the newest if none.
    pub before: Option<ChangeId>,
    /// Changes at the most, the newest; 0 for [`DEFAULT_VIEW_ROWS`], [`MAX_VIEW_ROWS`] at the most.
    pub changes: u32,
}

/// Asks for a [`CommitGraph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CommitGraphQuery {
    /// One commit.
    pub first: CommitId,
    /// Another of the same codebase.
    pub second: CommitId,
}

/// The limit that counts: none asked for is the `usual` one, more than the `highest` is that.
fn counted(asked: u32, usual: u32, highest: u32) -> u32 {
    if asked == 0 { usual } else { asked.min(highest) }
}

impl HomeQuery {
    /// What is shown of each at the most, whatever [`Self::limit`] is.
    pub fn most(&self) -> u32 {
        counted(self.limit, DEFAULT_HOME_LIMIT, MAX_VIEW_BUILDS)
    }
}

impl WaterfallQuery {
    /// How many builds, and changes, are shown at the most, whatever [`Self::limit`] is.
    pub fn most(&self) -> u32 {
        counted(self.limit, DEFAULT_WATERFALL_LIMIT, MAX_VIEW_BUILDS)
    }
}

impl GridQuery {
    /// How many revisions are shown at the most, whatever [`Self::revisions`] is.
    pub fn most(&self) -> u32 {
        counted(self.revisions, DEFAULT_VIEW_ROWS, MAX_VIEW_ROWS)
    }
}

impl ConsoleQuery {
    /// How many changes are shown at the most, whatever [`Self::changes`] is.
    pub fn most(&self) -> u32 {
        counted(self.changes, DEFAULT_VIEW_ROWS, MAX_VIEW_ROWS)
    }
}

impl ViewQuery {
    /// Checks what every implementation must refuse in the same words.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] if a range ends before it begins, or too many builders or tags are named.
    pub fn validate(&self) -> Result<()> {
        let builders = match self {
            Self::Home(query) => &query.builders,
            Self::Waterfall(query) => {
                if query.to <= query.from {
                    return Err(Error::invalid("to", "the range must end after it begins"));
                }
                &query.builders
            }
            Self::Grid(query) => &query.builders,
            Self::Console(query) => &query.builders,
            Self::CommitGraph(_) => return Ok(()),
        };
        if builders.builders.len() > MAX_VIEW_BUILDERS as usize {
            return Err(Error::invalid(
                "builders",
                format!("takes {MAX_VIEW_BUILDERS} builders at the most"),
            ));
        }
        if builders.tags.len().max(builders.without_tags.len()) > 100 {
            return Err(Error::invalid("tags", "takes 100 tags at the most"));
        }
        Ok(())
    }
}

/// A view, as asked for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum View {
    /// Answers [`ViewQuery::Home`].
    Home(Home),
    /// Answers [`ViewQuery::Waterfall`].
    Waterfall(Waterfall),
    /// Answers [`ViewQuery::Grid`].
    Grid(Grid),
    /// Answers [`ViewQuery::Console`].
    Console(Console),
    /// Answers [`ViewQuery::CommitGraph`].
    CommitGraph(CommitGraph),
}

/// What runs, what waits and why, what is broken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Home {
    /// The builders, by name.
    pub builders: Vec<Builder>,
    /// The workers of what runs, by id.
    pub workers: Vec<Worker>,
    /// The builds that run, the newest first.
    pub running: Vec<RunningBuild>,
    /// The requests that are open and have no build that runs, those that go first before the others: by
    /// priority, then by when they were made.
    pub waiting: Vec<WaitingRequest>,
    /// The newest ended builds, the last to end first.
    pub recent: Vec<Build>,
    /// The builders whose last build failed or met an exception, by name.
    pub broken: Vec<BrokenBuilder>,
}

/// A build that runs, and the step it is at.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningBuild {
    /// The build.
    pub build: Build,
    /// The step that runs; of several the one with the highest number.
    pub step: Option<Step>,
    /// When it is expected to end (an estimate of what is left, Buildbot's ETA): after the mean time that good builds
    /// took, those of success or warnings among the [`EXPECTED_BY_BUILDS`] of its builder before it. Only those on
    /// its worker count, if there are any. None if there are no good builds; it may have passed.
    pub expected_end_at: Option<Timestamp>,
}

/// A request that waits, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct WaitingRequest {
    /// The request.
    pub request: BuildRequest,
    /// Why nobody builds it.
    pub why: WaitReason,
}

/// Why nobody builds a request: the first of these that holds, but for [`WaitReason::Starting`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum WaitReason {
    /// Its builder is configured on no running master.
    NoMaster,
    /// No worker is configured for its builder.
    NoWorker,
    /// None of its builder's workers is connected.
    NotConnected,
    /// Those of its builder's workers that are connected are paused, or end after their builds.
    Paused,
    /// It is [waiting for](BuildRequest::waiting_for) what only its master knows: a lock.
    Locked,
    /// Each of its builder's workers that are connected, and neither paused nor ending, has a build that runs.
    Busy,
    /// A master has claimed it and is about to start the build; it comes before all other reasons.
    Starting,
    /// A worker has no build that runs: a master will take the request, or waits for what it does not tell, such as a
    /// function that says no.
    Ready,
}

impl WaitReason {
    /// All reasons.
    pub const ALL: [Self; 8] = [
        Self::NoMaster,
        Self::NoWorker,
        Self::NotConnected,
        Self::Paused,
        Self::Locked,
        Self::Busy,
        Self::Starting,
        Self::Ready,
    ];

    /// The reason's word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoMaster => "no_master",
            Self::NoWorker => "no_worker",
            Self::NotConnected => "not_connected",
            Self::Paused => "paused",
            Self::Locked => "locked",
            Self::Busy => "busy",
            Self::Starting => "starting",
            Self::Ready => "ready",
        }
    }

    /// The reason of that word, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// A builder whose last build failed or met an exception.
///
/// The last is the one with the highest number among those that ended. Builds that ended skipped, as retry or
/// cancelled tell nothing of what they built; they are passed over here.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokenBuilder {
    /// The builder.
    pub builder: BuilderId,
    /// Its last build.
    pub last: BuildCell,
    /// Its first bad build since it last went well, with warnings or without.
    pub since: BuildCell,
    /// The last build that went well, if one ever did.
    pub last_good: Option<BuildId>,
}

/// A build as one cell of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildCell {
    /// Its id.
    pub id: BuildId,
    /// Its number within its builder.
    pub number: i64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub complete_at: Option<Timestamp>,
    /// How it ended.
    pub results: Option<Results>,
}

/// What was done when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waterfall {
    /// The builders, by name.
    pub builders: Vec<Builder>,
    /// Builds of them that ran within the range, however short a time (they began before its end, and did not end
    /// before its beginning), the last to begin first.
    pub builds: Vec<Build>,
    /// The steps of those builds that began, by build and number, if they were asked for; 100,000 at the most.
    pub steps: Vec<Step>,
    /// The changes made within the range, the newest first.
    pub changes: Vec<Change>,
    /// All builds that began, and all changes made, within the range and not before this moment are here. It is
    /// the range's beginning, unless there was more than the limit: then it is a microsecond after the earliest
    /// build, or change, that is here, if that is within the range. Those that began or were made earlier are
    /// missing, and of those of the same moment some may be. Ask for the rest with a range that ends there, and a
    /// limit above 1: that earliest one stands in it too.
    pub complete_from: Timestamp,
}

/// Builders by revisions. The newest 10,000 buildsets are looked at, and of each revision
/// the newest 20 that ask for one of the builders.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// The builders, by name.
    pub builders: Vec<Builder>,
    /// The revisions that were last asked to be built on any of them, the newest first: those with a source stamp of
    /// the branch and codebase asked for.
    pub revisions: Vec<GridRevision>,
    /// What was built; empty ones are left out.
    pub cells: Vec<Cell>,
}

/// One revision of a [`Grid`]: the set of source stamps of one or more buildsets.
#[derive(Clone, Debug, PartialEq)]
pub struct GridRevision {
    /// The source stamps that were built together, by id.
    pub source_stamps: Vec<SourceStamp>,
    /// When it was last asked to be built.
    pub submitted_at: Timestamp,
}

/// Changes by builders.
///
/// A build is of a change if its buildset lists the change, or builds the change's source stamp. Of each change the
/// newest 20 buildsets that ask for one of the builders are looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Console {
    /// The builders, by name.
    pub builders: Vec<Builder>,
    /// The changes, the newest (by id) first.
    pub changes: Vec<Change>,
    /// What was built; empty ones are left out. A build of several changes stands in the cell of each.
    pub cells: Vec<Cell>,
}

/// What there is of one builder for one revision or change. Cells come by row and builder id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The place of the revision or change in the view's list, from 0.
    pub row: u32,
    /// The builder.
    pub builder: BuilderId,
    /// Its builds, the newest first; 20 at the most.
    pub builds: Vec<BuildCell>,
    /// Its requests that are open and have no build that runs, by id; 20 at the most.
    pub waiting: Vec<BuildRequestId>,
}

/// How two commits are related.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CommitGraph {
    /// The last commit that is an ancestor of both, or one of the two itself; none if they share nothing, and
    /// then each way begins with its first commit.
    pub common: Option<Commit>,
    /// The commits from behind the common one up to the first, the oldest first; 10,000 at the most.
    pub to_first: Vec<CommitId>,
    /// The commits from behind the common one up to the second, the oldest first; 10,000 at the most.
    pub to_second: Vec<CommitId>,
}
