//! Who is told about events.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::{Pattern, Secret};
use crate::function::Function;

/// What a listener takes as its own, by name, as plain data.
pub type ListenerOptions = BTreeMap<&'static str, Value>;

/// Who is told about events: a listener in the master, or in a process of its own.
#[derive(Clone, PartialEq)]
pub struct ListenerConfig {
    /// Its name; unique.
    pub name: String,
    /// The function that made it, which says what it is: `mail`, `webhook`.
    pub kind: &'static str,
    /// Its own options by name, those that are given, as plain data. Durations are seconds, and what is secret is in
    /// them as it is.
    pub options: ListenerOptions,
    /// The texts among the options that nobody may read.
    pub secrets: Vec<Secret>,
    /// The options that are the values of secrets, by the secrets' names: whoever makes the listener gets them.
    pub named_secrets: BTreeMap<&'static str, String>,
    /// What it tells of events; none if it takes them as they are, by its option `events`.
    pub reporting: Option<Reporting>,
    /// How its events are delivered.
    pub terms: ListenerTerms,
}

impl fmt::Debug for ListenerConfig {
    /// Shows no option's value, one of which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListenerConfig")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("options", &self.options.keys().collect::<Vec<_>>())
            .field("named_secrets", &self.named_secrets)
            .field("reporting", &self.reporting)
            .field("terms", &self.terms)
            .finish_non_exhaustive()
    }
}

/// What a listener tells, and whom.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reporting {
    /// Its reports; never empty.
    pub reports: Vec<ReportConfig>,
    /// Whom it tells beside those whom its own options name.
    pub people: PeopleConfig,
    /// The master's title.
    pub title: String,
    /// Where people find the web status.
    pub web_url: Option<String>,
}

/// How events are delivered to a listener; what is none is as [`weir_status_api::RunnerOptions`] has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListenerTerms {
    /// How many events are on their way at once at the most.
    pub at_once: Option<u32>,
    /// How many are delivered in how long at the most.
    pub rate: Option<(u32, Duration)>,
    /// How long an event is tried before it is put aside.
    pub give_up_after: Option<Duration>,
}

/// Whom reports go to beside those whom the listener names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PeopleConfig {
    /// Those who made what is built.
    pub blamelist: bool,
    /// Those who asked for it.
    pub owners: bool,
    /// How their names become addresses.
    pub lookup: LookupConfig,
}

/// How names become addresses (Buildbot's `lookup`).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum LookupConfig {
    /// Those that are addresses are taken.
    #[default]
    AsIs,
    /// Others are of this domain.
    Domain(String),
    /// By name.
    Map(BTreeMap<String, String>),
    /// As the function says, which takes the name and gives an address or None.
    Function(Function),
}

/// One kind of report.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportConfig {
    /// What is told.
    pub kind: ReportKind,
    /// Which results of it; never empty.
    pub modes: Vec<ReportMode>,
    /// The builders; as all of these, any if empty.
    pub builders: Vec<Pattern>,
    /// Tags of builders.
    pub tags: Vec<Pattern>,
    /// The branches; what has none has the branch "".
    pub branches: Vec<Pattern>,
    /// The schedulers.
    pub schedulers: Vec<Pattern>,
    /// The projects.
    pub projects: Vec<Pattern>,
    /// The codebases.
    pub codebases: Vec<Pattern>,
    /// Who is asked beside all of these; takes the report's facts.
    pub when: Option<Function>,
    /// The words, by their forms `subject`, `text`, `html` and `markdown`, as far as they are given.
    pub templates: BTreeMap<&'static str, TemplateText>,
    /// Who says them; takes the report's facts.
    pub format: Option<Function>,
    /// How many lines are shown of the end of each log of a step that did not go well.
    pub excerpt_lines: u32,
    /// The logs that go with it as files, all if empty; none if none.
    pub attach_logs: Option<Vec<Pattern>>,
    /// How many bytes such files have together at the most.
    pub attach_most: u64,
    /// Whether patches go with it as files.
    pub attach_patch: bool,
}

/// What is told.
#[derive(Clone, Debug, PartialEq)]
pub enum ReportKind {
    /// Builds.
    Build {
        /// When they begin.
        start: bool,
        /// When they end.
        finish: bool,
    },
    /// Steps.
    Step {
        /// Their names; any if empty.
        steps: Vec<Pattern>,
        /// When they begin.
        start: bool,
        /// When they end.
        finish: bool,
    },
    /// Buildsets, in one message.
    Buildset {
        /// Whether as a whole.
        combined: bool,
    },
    /// Requests.
    Request {
        /// When they are made.
        added: bool,
        /// When they are cancelled.
        cancelled: bool,
    },
    /// Workers that are missing.
    Worker {
        /// Their names; any if empty.
        workers: Vec<Pattern>,
    },
}

/// A template of MiniJinja, whose syntax is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateText {
    /// Its file's name, or where it stands, for people.
    pub name: String,
    /// It.
    pub source: String,
}

/// Which results are told (Buildbot's `mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the book says what each of Buildbot's words means")]
pub enum ReportMode {
    Failing,
    Passing,
    Warnings,
    Problem,
    Change,
    Exception,
    Cancelled,
}

impl ReportMode {
    /// All, with their names in the configuration.
    pub const NAMED: [(&str, Self); 7] = [
        ("failing", Self::Failing),
        ("passing", Self::Passing),
        ("warnings", Self::Warnings),
        ("problem", Self::Problem),
        ("change", Self::Change),
        ("exception", Self::Exception),
        ("cancelled", Self::Cancelled),
    ];
    /// Those that `all` stands for.
    pub const EVERY: [Self; 5] = [
        Self::Failing,
        Self::Passing,
        Self::Warnings,
        Self::Exception,
        Self::Cancelled,
    ];
}
