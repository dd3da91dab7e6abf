//! The steps of a build.

mod files;
mod generate;
mod group;
mod log;
mod observers;
mod property;
mod sequence;
mod terms;
mod tests;
mod trigger;

use std::collections::BTreeMap;
use std::time::Duration;

use weir_status_api::Results;

use super::{Env, LockAccess};
use crate::function::Function;
use crate::text::Text;

pub use files::{DownloadStep, Downloaded, FileStep, MasterPath, UploadStep, Uploaded};
pub use generate::{CONTRACT, GenerateStep};
pub use group::GroupMember;
pub use log::{LogLimits, LogTerms};
pub use observers::Observers;
pub use property::{PropertyOrigin, PropertyValue};
pub use sequence::{Consequences, SequenceCommand};
pub use terms::{LogFile, Terms};
pub use tests::{TestFormat, TestResultsStep};
pub use trigger::TriggerStep;

/// One step of a build (Buildbot's `BuildStep`).
#[derive(Clone, Debug, PartialEq)]
pub struct StepConfig {
    /// Its name, unique in its builder.
    pub name: String,
    /// What its results mean for the build.
    pub consequences: Consequences,
    /// What the exit codes of its command mean; 0 is success and every other one a failure unless it is here
    /// (Buildbot's `decodeRC`).
    pub decode_rc: BTreeMap<i32, Results>,
    /// How often it is tried again if it fails.
    pub retries: u32,
    /// How long to wait before that; may be zero.
    pub retry_delay: Duration,
    /// Runs even if the build has ended early.
    pub always_run: bool,
    /// How long the command may be silent; no limit if none.
    pub idle_timeout: Option<Duration>,
    /// How long the command may run; no limit if none.
    pub total_timeout: Option<Duration>,
    /// How its commands run and end.
    pub terms: Terms,
    /// What is kept of its logs, and how their bytes become text; with what the master says of all.
    pub log: LogTerms,
    /// Who sees the output of its commands while it comes.
    pub observers: Observers,
    /// Environment of its commands, over the builder's.
    pub env: Env,
    /// Its folder, in place of the builder's.
    pub workdir: Option<Text>,
    /// The locks that it holds while it runs, no lock twice and none of its builder's.
    pub locks: Vec<LockAccess>,
    /// Whether it runs (Buildbot's `doStepIf`).
    pub do_if: Condition,
    /// Whether displays hide it once it has ended (Buildbot's `hideStepIf`).
    pub hide_if: Hiding,
    /// The group of steps that run at the same time, if it is one of them.
    pub group: Option<GroupMember>,
    /// What it does.
    pub kind: StepKind,
}

/// Whether a step runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It does.
    Always,
    /// It does not.
    Never,
    /// If the function gives True; it takes the build.
    If(Function),
}

/// Whether a step is hidden once it has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hiding {
    /// If it ended like this.
    On(Vec<Results>),
    /// If the function gives True; it takes the build and the name of the step's results.
    If(Function),
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// Gets the build's source stamp from git (Buildbot's `Git`).
    Git(GitStep),
    /// Runs a command (Buildbot's `ShellCommand`).
    Shell {
        /// The command.
        command: Command,
        /// How its output tells of tests, if their results are to be kept.
        tests: Option<TestFormat>,
    },
    /// Runs one command after the other (Buildbot's `ShellSequence`); never empty.
    Sequence(Vec<SequenceCommand>),
    /// Runs a command on the master's machine (Buildbot's `MasterShellCommand`).
    MasterShell {
        /// The command.
        command: Command,
        /// Whether it is run again if the master was started anew while it ran; else the build is.
        rerun: bool,
    },
    /// Keeps a piece of data with the build (Buildbot's `setBuildData`).
    BuildData(BuildDataStep),
    /// Sets properties of the build (Buildbot's `SetProperty`, `SetProperties` and `SetPropertyFromCommand`).
    SetProperties(PropertyOrigin),
    /// Has other builders build (Buildbot's `Trigger`).
    Trigger(TriggerStep),
    /// Does something to files, or takes them from the worker or gives them to it.
    Files(FileStep),
    /// Reads files of test results.
    TestResults(TestResultsStep),
    /// Adds the steps that a function gives.
    Generate(GenerateStep),
}

/// Keeps a piece of data with the build.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildDataStep {
    /// The data's name; the step's own may have a number behind it.
    pub name: String,
    /// Who is said to set it.
    pub source: String,
    /// Where it comes from.
    pub from: DataOrigin,
}

/// Where a piece of build data comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum DataOrigin {
    /// This text.
    Value(Text),
    /// What this command writes to its standard output.
    Output(Command),
}

/// Gets the build's source stamp from git (Buildbot's `Git`).
#[derive(Clone, Debug, PartialEq)]
pub struct GitStep {
    /// The repository's URL.
    pub repository: Text,
    /// The branch if the source stamp has none; the remote's default branch if this is none as well.
    pub branch: Option<Text>,
    /// Which of the build's source stamps it gets, may be empty.
    pub codebase: String,
    /// Fetches only the newest commit where that is enough.
    pub shallow: bool,
    /// Gets submodules as well.
    pub submodules: bool,
    /// Removes everything that git does not know before the build (`git clean -ffdx`).
    pub clean: bool,
}

/// A command to run.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// A program and its arguments, without a shell; never empty.
    Argv(Vec<Text>),
    /// A script for the worker's shell.
    Script(Text),
}
