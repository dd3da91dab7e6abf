//! Ids: one type per resource, all whole numbers above zero.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<$name> for crate::Value {
            fn from(id: $name) -> Self {
                Self::Int(id.0)
            }
        }
    )+};
}

ids! {
    /// Id of a [`Master`](crate::Master) (`masterid`).
    MasterId;
    /// Id of a [`Builder`](crate::Builder) (`builderid`).
    BuilderId;
    /// Id of a [`Build`](crate::Build), unique over all builders (`buildid`).
    BuildId;
    /// Id of a [`BuildRequest`](crate::BuildRequest) (`buildrequestid`).
    BuildRequestId;
    /// Id of a [`Buildset`](crate::Buildset) (`bsid`).
    BuildsetId;
    /// Id of a [`SourceStamp`](crate::SourceStamp) (`ssid`).
    SourceStampId;
    /// Id of a [`Patch`](crate::Patch) (`patchid`).
    PatchId;
    /// Id of a [`Change`](crate::Change) (`changeid`).
    ChangeId;
    /// Id of a [`Step`](crate::Step), unique over all builds (`stepid`).
    StepId;
    /// Id of a [`Log`](crate::Log), unique over all steps (`logid`).
    LogId;
    /// Id of a [`Worker`](crate::Worker) (`workerid`).
    WorkerId;
    /// Id of a [`Scheduler`](crate::Scheduler) (`schedulerid`).
    SchedulerId;
    /// Id of a [`Project`](crate::Project) (`projectid`).
    ProjectId;
    /// Id of a [`Codebase`](crate::Codebase) (`codebaseid`).
    CodebaseId;
    /// Id of a [`Branch`](crate::Branch) (`branchid`).
    BranchId;
    /// Id of a [`Commit`](crate::Commit) (`commitid`).
    CommitId;
    /// Id of a [`ChangeSource`](crate::ChangeSource) (`changesourceid`).
    ChangeSourceId;
    /// Id of a [`TestResultSet`](crate::TestResultSet) (`test_result_setid`).
    TestResultSetId;
    /// Id of a [`TestResult`](crate::TestResult) (`test_resultid`).
    TestResultId;
    /// Id of a [`ListenerStatus`](crate::ListenerStatus) (`listenerid`).
    ListenerId;
    /// Id of a [`DeadLetter`](crate::DeadLetter) (`dead_letterid`).
    DeadLetterId;
    /// Id of a [`Token`](crate::Token).
    TokenId;
}
