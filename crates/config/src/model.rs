//! The plain, validated configuration: what the master runs. No Starlark value is left in it, names refer to what
//! exists, and durations are positive.

mod canceller;
mod listener;
mod lock;
mod pattern;
mod project;
mod retention;
mod scheduler;
mod secret;
mod step;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use weir_access::Policy;
use weir_status_api::Change;

use crate::function::{Function, FunctionError, Functions};
use crate::locks::fault_of_added;
use crate::text::Text;

pub use canceller::{CancellerConfig, CancellerKind, SourceFilter};
pub use listener::{
    ListenerConfig, ListenerOptions, ListenerTerms, LookupConfig, PeopleConfig, ReportConfig, ReportKind,
    ReportMode, Reporting, TemplateText,
};
pub use lock::{LockAccess, LockConfig, LockMode, LockScope};
pub use pattern::{Pattern, any_admits};
pub use project::{CodebaseConfig, Description, ProjectConfig};
pub use retention::RetentionConfig;
pub use scheduler::{NightlyChanges, Priority, SchedulerConfig, SchedulerKind, SourceDefaults};
pub use secret::{SecretProvider, TokenReference, Vault, VaultLogin};
pub use step::{
    BuildDataStep, Command, Condition, DataOrigin, DownloadStep, Downloaded, FileStep, GitStep, Hiding,
    MasterPath, StepConfig, StepKind, TestFormat, UploadStep, Uploaded,
};
pub use step::{
    CONTRACT, Consequences, GenerateStep, GroupMember, LogFile, LogLimits, LogTerms, Observers,
    PropertyOrigin, PropertyValue, SequenceCommand, Terms, TestResultsStep, TriggerStep,
};

/// Property values by name; any JSON value.
pub type PropertyValues = BTreeMap<String, serde_json::Value>;

/// Environment variables by name; rendered just before a step runs.
pub type Env = BTreeMap<String, Text>;

/// How long builds wait for a worker, unless given: a worker tries again every 15 s at the latest.
const WORKER_GRACE: Duration = Duration::from_secs(60);

/// All that a master is configured with.
#[derive(Clone, Debug, PartialEq)]
pub struct MasterConfig {
    /// The title that displays show (Buildbot's `title`).
    pub title: String,
    /// Where people find the web status, for links that listeners tell; with a `/` at its end.
    pub web_url: Option<String>,
    /// The one address for the status API, the web and the workers; 127.0.0.1:8010 unless given.
    pub listen: SocketAddr,
    /// The certificate and key to serve with TLS; without TLS if none.
    pub tls: Option<weir_tls::Files>,
    /// Where Buildbot's workers are let in over the perspective broker. If nothing is said, there is one port where any
    /// worker [has a password](WorkerConfig::has_password): 9989, at the address of [`listen`](Self::listen).
    pub buildbot_pb: Option<Vec<WorkerPort>>,
    /// Where Buildbot's workers are let in over msgpack.
    pub buildbot_msgpack: Vec<WorkerPort>,
    /// Whether an address beyond loopback may be served without TLS.
    pub plain_text_beyond_loopback: bool,
    /// How long builds wait for a worker whose connection was lost, or that has not come since the master began.
    pub worker_grace: Duration,
    /// Which of several free workers takes a build, unless the builder says so (Buildbot's `select_next_worker`).
    pub next_worker: NextWorker,
    /// Which builder that has requests is looked at next (Buildbot's `prioritizeBuilders`).
    pub prioritize_builders: PrioritizeBuilders,
    /// The workers, in the file's order; names are unique.
    pub workers: Vec<WorkerConfig>,
    /// Where changes come from; names are unique.
    pub change_sources: Vec<ChangeSource>,
    /// What builders and codebases are grouped by; names are unique, and so are slugs.
    pub projects: Vec<ProjectConfig>,
    /// What has a history of its own; names are unique within their project, and so are slugs.
    pub codebases: Vec<CodebaseConfig>,
    /// What starts builds; names are unique.
    pub schedulers: Vec<SchedulerConfig>,
    /// What cancels builds that are not worth going on; names are unique.
    pub cancellers: Vec<CancellerConfig>,
    /// What there is only so much of at a time; names are unique.
    pub locks: Vec<LockConfig>,
    /// What is built; names are unique.
    pub builders: Vec<BuilderConfig>,
    /// Who is told; names are unique.
    pub listeners: Vec<ListenerConfig>,
    /// Who may see and do what; the names of users and of roles are unique.
    pub policy: Policy,
    /// Whether requests of one builder for the same are built by one build, unless the builder says otherwise
    /// (Buildbot's `collapseRequests`).
    pub collapse_requests: Collapse,
    /// The functions in all of it.
    pub functions: Functions,
    /// How long things are kept; for ever if none.
    pub retention: Option<RetentionConfig>,
    /// What is kept of logs, and how their bytes become text, unless a step says so.
    pub log: LogTerms,
    /// Properties of each build that has none of the same name from elsewhere (Buildbot's global `properties`).
    pub properties: PropertyValues,
    /// Where the secrets of steps come from; the first that has one gives it (Buildbot's `secretsProviders`).
    pub secret_providers: Vec<SecretProvider>,
    /// What all of this was read from.
    pub source: Source,
}

/// What a configuration was read from, so that it can be kept and [read again](crate::check_again).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// The file's text.
    pub text: String,
    /// The file's name, for mistakes.
    pub file_name: String,
    /// The folder that other files are relative to.
    pub folder: PathBuf,
}

impl fmt::Debug for Source {
    /// Does not show the text, which may hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("file_name", &self.file_name)
            .finish_non_exhaustive()
    }
}

impl MasterConfig {
    /// One with every default and nothing configured.
    pub(crate) fn bare() -> Self {
        Self {
            title: "Weir".to_owned(),
            web_url: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8010)),
            tls: None,
            buildbot_pb: None,
            buildbot_msgpack: vec![],
            plain_text_beyond_loopback: false,
            worker_grace: WORKER_GRACE,
            next_worker: NextWorker::LeastBusy,
            prioritize_builders: PrioritizeBuilders::default(),
            workers: vec![],
            change_sources: vec![],
            projects: vec![],
            codebases: vec![],
            schedulers: vec![],
            cancellers: vec![],
            locks: vec![],
            builders: vec![],
            listeners: vec![],
            policy: Policy::default(),
            collapse_requests: Collapse::Always,
            functions: Functions::default(),
            log: LogTerms::default(),
            properties: PropertyValues::new(),
            secret_providers: vec![],
            source: Source::default(),
            retention: None,
        }
    }

    /// Gives each step and each listener what is said of all.
    pub(crate) fn complete(&mut self) {
        let log = self.log;
        for step in self.builders.iter_mut().flat_map(|it| &mut it.steps) {
            step.log = step.log.or(log);
        }
        for reporting in self.listeners.iter_mut().filter_map(|it| it.reporting.as_mut()) {
            reporting.title.clone_from(&self.title);
            reporting.web_url.clone_from(&self.web_url);
        }
    }

    /// The builder of that name.
    pub fn builder(&self, name: &str) -> Option<&BuilderConfig> {
        self.builders.iter().find(|it| it.name == name)
    }

    /// Why steps that a function gave cannot be added to a build of the builder; none if they can.
    pub fn why_not_added(&self, builder: &BuilderConfig, steps: &[StepConfig]) -> Option<String> {
        fault_of_added(builder, steps, &self.locks)
    }

    /// The worker of that name.
    pub fn worker(&self, name: &str) -> Option<&WorkerConfig> {
        self.workers.iter().find(|it| it.name == name)
    }

    /// The project of that name.
    pub fn project(&self, name: &str) -> Option<&ProjectConfig> {
        self.projects.iter().find(|it| it.name == name)
    }

    /// The codebase of that name in the project of that name.
    pub fn codebase(&self, project: &str, name: &str) -> Option<&CodebaseConfig> {
        self.codebases
            .iter()
            .find(|it| it.project == project && it.name == name)
    }

    /// The scheduler of that name.
    pub fn scheduler(&self, name: &str) -> Option<&SchedulerConfig> {
        self.schedulers.iter().find(|it| it.name == name)
    }
}

/// A text that no log, error or `Debug` output shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` out of sight.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that compares or sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A worker that may connect (Buildbot's `Worker`).
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerConfig {
    /// Its name, which it presents when it connects.
    pub name: String,
    /// The token it must present, or its password if it is one of Buildbot's; read from its file if it was given as one.
    pub token: Secret,
    /// Whether that was given as a password, so that it may be one of Buildbot's.
    pub has_password: bool,
    /// How many builds it runs at once; no limit if none.
    pub max_builds: Option<u32>,
    /// Properties of each build that runs on it.
    pub properties: PropertyValues,
    /// How long it may be away before it is missed; never if none.
    pub missing_timeout: Option<Duration>,
    /// Who is to be told then: mail addresses, say.
    pub notify_on_missing: Vec<String>,
}

/// Where Buildbot's workers are let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerPort {
    /// The address.
    pub address: SocketAddr,
    /// Whether it is served with the master's TLS.
    pub tls: bool,
}

impl fmt::Display for WorkerPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = if self.tls { "tls:" } else { "" };
        write!(f, "{tls}{}", self.address)
    }
}

/// Where changes come from.
#[derive(Clone, Debug, PartialEq)]
pub enum ChangeSource {
    /// Asks a git repository in intervals (Buildbot's `GitPoller`).
    GitPoller(GitPoller),
    /// Is told by programs (Buildbot's `PBChangeSource`).
    Pb(PbChangeSource),
}

impl ChangeSource {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::GitPoller(it) => &it.name,
            Self::Pb(it) => &it.name,
        }
    }
}

/// Is told by programs that log in where Buildbot's workers do, such as `buildbot sendchange` (Buildbot's
/// `PBChangeSource`).
#[derive(Clone, Debug, PartialEq)]
pub struct PbChangeSource {
    /// Its name; the user's unless given.
    pub name: String,
    /// The name that programs log in with.
    pub user: String,
    /// The password that they log in with.
    pub password: Secret,
    /// What the paths of files begin with, which is taken away; other files are left out. All files if none.
    pub prefix: Option<String>,
}

/// Asks a git repository in intervals (Buildbot's `GitPoller`).
#[derive(Clone, Debug, PartialEq)]
pub struct GitPoller {
    /// Its name; the repository's address unless given.
    pub name: String,
    /// The repository's URL or absolute path.
    pub repository: String,
    /// The branches to follow; all if empty.
    pub branches: Vec<Pattern>,
    /// How long to wait between two looks.
    pub poll_interval: Duration,
    /// The project of its changes, may be empty.
    pub project: String,
    /// The codebase of its changes, may be empty. If the configuration has it in that project, the commits and
    /// branches are recorded as the codebase's.
    pub codebase: String,
    /// The category of its changes.
    pub category: Option<String>,
}

/// Which changes a scheduler looks at (Buildbot's `ChangeFilter`). An empty list admits everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeFilter {
    /// The branches; a change on the default branch has the branch "".
    pub branches: Vec<Pattern>,
    /// The projects.
    pub projects: Vec<Pattern>,
    /// The repositories.
    pub repositories: Vec<Pattern>,
    /// The codebases.
    pub codebases: Vec<Pattern>,
    /// The categories; a change without one has the category "".
    pub categories: Vec<Pattern>,
    /// The authors.
    pub authors: Vec<Pattern>,
    /// The files, one of which the change touches.
    pub files: Vec<Pattern>,
    /// Who is asked beside all of these (Buildbot's `filter_fn`); takes the change.
    pub function: Option<Function>,
    /// Which of them start builds (Buildbot's `fileIsImportant`); takes the change. All if none. The others wait and are
    /// built with the next that does.
    pub important: Option<Function>,
    /// Whether the others are passed over instead (Buildbot's `onlyImportant`).
    pub only_important: bool,
}

impl ChangeFilter {
    /// Whether the scheduler looks at `change`. A function is asked last, and waited for.
    ///
    /// # Errors
    /// [`FunctionError`], as [`Function::admits`].
    pub fn admits(&self, change: &Change) -> Result<bool, FunctionError> {
        match &self.function {
            _ if !self.matches(change) => Ok(false),
            Some(function) if !function.admits(change)? => Ok(false),
            _ if self.only_important => self.is_important(change),
            _ => Ok(true),
        }
    }

    /// Whether a change that it admits starts a build. A function is asked, and waited for.
    ///
    /// # Errors
    /// [`FunctionError`], as [`Function::admits`].
    pub fn is_important(&self, change: &Change) -> Result<bool, FunctionError> {
        self.important.as_ref().map_or(Ok(true), |it| it.admits(change))
    }

    fn matches(&self, change: &Change) -> bool {
        any_admits(&self.branches, change.branch.as_deref().unwrap_or_default())
            && any_admits(&self.projects, &change.project)
            && any_admits(&self.repositories, &change.repository)
            && any_admits(&self.codebases, &change.codebase)
            && any_admits(&self.categories, change.category.as_deref().unwrap_or_default())
            && any_admits(&self.authors, &change.author)
            && (self.files.is_empty() || change.files.iter().any(|it| any_admits(&self.files, it)))
    }
}

/// Which of several free workers takes a build (Buildbot's `nextWorker`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextWorker {
    /// The one with the fewest builds.
    LeastBusy,
    /// Any of them, by chance; Buildbot's default.
    Random,
    /// The first in the builder's list.
    First,
    /// The one that the function gives; it takes the list of workers and the request.
    Chosen(Function),
}

/// Which builder that has requests is looked at next (Buildbot's `prioritizeBuilders`). Those in the same place go by the
/// priority and age of their first request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrioritizeBuilders {
    /// Those that an earlier one of the patterns admits go first, those that none admits last. All are in the same place
    /// if it is empty.
    Named(Vec<Pattern>),
    /// In the order in which the function gives their names; it takes a list of them. Those that it leaves out go last.
    Chosen(Function),
}

impl Default for PrioritizeBuilders {
    fn default() -> Self {
        Self::Named(vec![])
    }
}

impl NextWorker {
    /// Those that have a name in the configuration.
    pub const NAMED: [(&str, Self); 3] = [
        ("least_busy", Self::LeastBusy),
        ("random", Self::Random),
        ("first", Self::First),
    ];
}

/// What is built, where, and by which steps (Buildbot's `BuilderConfig` and its factory).
#[derive(Clone, Debug, PartialEq)]
pub struct BuilderConfig {
    /// Its name.
    pub name: String,
    /// The workers that can run it, by name; never empty, all exist.
    pub workers: Vec<String>,
    /// Its steps, in order, with those of groups behind each other; never empty.
    pub steps: Vec<StepConfig>,
    /// How long a build may take; no limit if none.
    pub total_timeout: Option<Duration>,
    /// The locks that each of its builds holds from its beginning to its end, no lock twice.
    pub locks: Vec<LockAccess>,
    /// Environment of each command; a step's own goes over it.
    pub env: Env,
    /// Properties of each build.
    pub properties: PropertyValues,
    /// Properties that each build finds out when it starts.
    pub late_properties: Env,
    /// Properties of each build that has none of the same name from elsewhere (Buildbot's `defaultProperties`).
    pub default_properties: PropertyValues,
    /// Its tags.
    pub tags: Vec<String>,
    /// The name of its project, which exists.
    pub project: Option<String>,
    /// What it is for.
    pub description: Option<Description>,
    /// The folder of the steps below the builder's own on the worker; `build` unless given.
    pub workdir: Text,
    /// Whether a worker may build a request now (Buildbot's `canStartBuild`); takes the worker and the request.
    pub can_start_build: Option<Function>,
    /// Which request is built next (Buildbot's `nextBuild`); takes the list of requests.
    pub next_build: Option<Function>,
    /// Which of several free workers builds a request, in place of [`MasterConfig::next_worker`].
    pub next_worker: Option<NextWorker>,
    /// Whether requests for the same are built by one build; as the master says if none.
    pub collapse_requests: Option<Collapse>,
}

/// Whether requests of one builder are built by one build (Buildbot's `collapseRequests`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Collapse {
    /// Those whose sources can be built together.
    Always,
    /// None.
    Never,
    /// Two for which the function gives True; it takes both requests.
    If(Function),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself() {
        assert!(!format!("{:?}", Secret::new("hunter2")).contains("hunter2"));
    }
}
