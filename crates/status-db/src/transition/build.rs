//! What builds and their steps make and keep.

use std::collections::BTreeMap;
use std::fmt;

use weir_status_api::{BuildId, LogKind, StepId};

use super::ConfigurationId;

/// How many bytes the value of a piece of build data can have: 16 MiB. It lives in a row of the database, and
/// is read and written as a whole.
pub const MAX_BUILD_DATA: usize = 16 * 1024 * 1024;

/// Steps that a step adds to its build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSteps {
    /// The step that gave them, which has not ended and gave none before: else it is a conflict. They stand behind it.
    pub after: StepId,
    /// Their names; the store makes them unique.
    pub names: Vec<String>,
    /// What the engine must know of them, kept until the build ends.
    pub plan: String,
}

/// How far a step that runs has come.
#[derive(Clone, PartialEq, Eq)]
pub struct NewCheckpoint {
    /// The step, which has begun and not ended.
    pub step: StepId,
    /// 1 for its first checkpoint, then always one more: any other number is a conflict. So one of which is not known
    /// whether it was stored can be handed in again.
    pub number: i64,
    /// What the engine must know to go on.
    pub value: Vec<u8>,
    /// What is kept beside the value until the step ends, under this number.
    pub piece: Option<Vec<u8>>,
}

impl fmt::Debug for NewCheckpoint {
    /// Shows lengths, not the bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewCheckpoint")
            .field("step", &self.step)
            .field("number", &self.number)
            .field("value", &self.value.len())
            .field("piece", &self.piece.as_ref().map(Vec::len))
            .finish()
    }
}

/// A step's checkpoint, as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptCheckpoint {
    /// Its number.
    pub number: i64,
    /// The engine's value.
    pub value: Vec<u8>,
    /// The pieces, by the number of the checkpoint that each came with.
    pub pieces: BTreeMap<i64, Vec<u8>>,
}

/// A build that a master has begun and not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBuild {
    /// The build.
    pub build: BuildId,
    /// The configuration by which it is built.
    pub configuration: Option<ConfigurationId>,
    /// Who asked for its end and why, if somebody did.
    pub stop: Option<String>,
    /// The names of the secrets that it has used.
    pub used_secrets: Vec<String>,
}

/// A log to be opened on a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLog {
    /// The step.
    pub step: StepId,
    /// Its name; the store makes the slug.
    pub name: String,
    /// What it holds.
    pub kind: LogKind,
}

/// A piece of data that a build keeps.
#[derive(Clone, PartialEq, Eq)]
pub struct NewBuildData {
    /// The build.
    pub build: BuildId,
    /// Its name within the build, 1 to 256 bytes.
    pub name: String,
    /// [`MAX_BUILD_DATA`] bytes at the most.
    pub value: Vec<u8>,
    /// Who sets it, e.g. the name of a step.
    pub source: String,
}

impl fmt::Debug for NewBuildData {
    /// Shows the length of the value, not the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewBuildData")
            .field("build", &self.build)
            .field("name", &self.name)
            .field("length", &self.value.len())
            .field("source", &self.source)
            .finish()
    }
}

/// A set of test results to be opened on a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTestResultSet {
    /// The step.
    pub step: StepId,
    /// What the step says of it.
    pub description: Option<String>,
    /// The kind of results, e.g. `pass_fail`.
    pub category: String,
    /// The unit of its results' values, e.g. `boolean`.
    pub value_unit: String,
}

/// A test result to be added to a set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTestResult {
    /// The name of the test. It or the path must be there.
    pub test_name: Option<String>,
    /// The path of the source it is about.
    pub test_code_path: Option<String>,
    /// The line there, from 1.
    pub line: Option<i64>,
    /// How long it took, in nanoseconds.
    pub duration_ns: Option<i64>,
    /// The result, in its set's unit.
    pub value: String,
}
