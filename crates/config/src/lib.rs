//! The configuration of a Weir master: `weir.star`, a Starlark file, becomes a plain and validated [`MasterConfig`].
//!
//! # Goals
//! - One call shows every mistake of a file, each with its place, what was expected and a way out.
//! - What comes out is plain data: no name in it refers to nothing, and no Starlark value is left.
//! - Reading a file has no effect beyond reading it (and the token files that it names).
//!
//! # Non-goals
//! - It runs nothing and connects to nothing.
//! - It does not read other configuration files; functions and loops of one file do for matrices.

mod call;
mod depth;
mod describe;
mod diagnostic;
mod duration;
mod evaluate;
mod function;
mod functions;
mod init;
mod locks;
mod model;
mod nearest;
mod object;
mod range;
mod read;
mod session;
mod sites;
mod spell;
mod text;
mod times;

pub use describe::describe;
pub use diagnostic::{ConfigErrors, Diagnostic};
pub use duration::{DurationError, parse_duration, show_duration};
pub use evaluate::{check, check_again, check_listeners, load, load_listeners};
pub use function::{
    Answer, Argument, BuildFacts, Facts, Function, FunctionError, Functions, Generated, LONGEST_CALL,
    MAX_TICKS_OF_CALL, MOST_GENERATED, Observed, OutputEnd, OutputLine, RanStep, RequestFacts, StepFacts,
    StepOutput, WaitingBuilder,
};
pub use functions::{listener_functions, name_steps};
pub use init::{InitError, STARTER, init};
pub use model::{
    BuildDataStep, BuilderConfig, CancellerConfig, CancellerKind, ChangeFilter, ChangeSource, CodebaseConfig,
    Collapse, Command, Condition, DataOrigin, Description, DownloadStep, Downloaded, Env, FileStep,
    GitPoller, GitStep, Hiding, ListenerConfig, ListenerOptions, ListenerTerms, LockAccess, LockConfig,
    LockMode, LockScope, LookupConfig, MasterConfig, MasterPath, NextWorker, NightlyChanges, Pattern,
    PbChangeSource, PeopleConfig, PrioritizeBuilders, Priority, ProjectConfig, PropertyValues, ReportConfig,
    ReportKind, ReportMode, Reporting, RetentionConfig, SchedulerConfig, SchedulerKind, Secret,
    SecretProvider, Source, SourceDefaults, SourceFilter, StepConfig, StepKind, TemplateText, TestFormat,
    TokenReference, Vault, VaultLogin, WorkerConfig, WorkerPort, any_admits,
};
pub use model::{
    CONTRACT, Consequences, GenerateStep, GroupMember, LogFile, LogLimits, LogTerms, Observers,
    PropertyOrigin, PropertyValue, SequenceCommand, Terms, TestResultsStep, TriggerStep, UploadStep,
    Uploaded,
};
pub use text::{Keywords, Lookup, RenderError, SOURCE_ATTRIBUTES, TemplateError, Text};
pub use times::Times;
