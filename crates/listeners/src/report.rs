//! What a destination is told: what happened, all that is known of it, and the message that was made of it.

use weir_status_api::{
    Build, BuildRequest, Builder, Buildset, Change, Cursor, Log, Properties, Results, SourceStamp, Step,
    Timestamp, Worker,
};

/// One report of one event.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Its delivery id: the same each time that it is delivered, and no other's. `NAME-CURSOR` with the listener's name
    /// and the event's cursor, and `.K` behind it for the listener's further reports of one event (`mail-17.2`).
    pub delivery: String,
    /// Which event it is of: what has a lower one happened before.
    pub cursor: Cursor,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub occasion: Occasion,
    /// What it happened to.
    pub about: About,
    /// What people read.
    pub message: Message,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Occasion {
    /// A build has begun.
    BuildStarted,
    /// A build has ended.
    BuildFinished,
    /// A step has begun.
    StepStarted,
    /// A step has ended.
    StepFinished,
    /// All builds of a buildset have ended.
    BuildsetFinished,
    /// A builder was asked for a build.
    RequestAdded,
    /// A request was cancelled before it was built.
    RequestCancelled,
    /// A worker is missing for longer than it may be.
    WorkerMissing,
}

/// What a report is about.
#[derive(Clone, Debug, PartialEq)]
pub enum About {
    /// A build, or a step of it ([`BuildReport::step`]).
    Build(Box<BuildReport>),
    /// A buildset with its builds, in the order of their builders' names.
    Buildset(Box<BuildsetReport>),
    /// A request that is not built (yet).
    Request(Box<RequestReport>),
    /// A worker.
    Worker(Box<Worker>),
}

/// All that is known of a build.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildReport {
    /// It, as it was after what happened.
    pub build: Build,
    /// Its builder.
    pub builder: Builder,
    /// What asked for it.
    pub request: BuildRequest,
    /// The request's buildset, with the source stamps.
    pub buildset: Buildset,
    /// The name of the builder's project.
    pub project: Option<String>,
    /// The name of its worker.
    pub worker: String,
    /// Its properties.
    pub properties: Properties,
    /// The changes that it is of, oldest first: the newest 100.
    pub changes: Vec<Change>,
    /// Its steps with their logs, in order.
    pub steps: Vec<StepReport>,
    /// The step that a report of a step is about, by its place in `steps`.
    pub step: Option<usize>,
    /// The build of its builder before it that has ended.
    pub previous: Option<Build>,
    /// Who made all of its changes, `Name <mail>` or a name, each once (Buildbot's blamelist).
    pub blamelist: Vec<String>,
    /// Who asked for the build (properties `owner` and `owners`), each once.
    pub owners: Vec<String>,
    /// Where people look at it.
    pub url: Option<String>,
}

/// A step and its logs.
#[derive(Clone, Debug, PartialEq)]
pub struct StepReport {
    /// It.
    pub step: Step,
    /// Its logs.
    pub logs: Vec<Log>,
    /// Where people look at it.
    pub url: Option<String>,
    /// The last lines of its logs, if the report wants them: of steps that did not go well only.
    pub excerpts: Vec<Excerpt>,
}

/// The end of a log. Secrets are masked in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The log's name.
    pub log: String,
    /// Its first line's number within the log, from 0.
    pub first_line: i64,
    /// The lines, each with its end.
    pub text: String,
}

/// A buildset and its builds.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildsetReport {
    /// It, with its source stamps.
    pub buildset: Buildset,
    /// Its properties.
    pub properties: Properties,
    /// Its builds that have ended.
    pub builds: Vec<BuildReport>,
    /// Requests of it that were not built: cancelled before, or not needed.
    pub unbuilt: Vec<RequestReport>,
    /// Where people look at it.
    pub url: Option<String>,
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestReport {
    /// It.
    pub request: BuildRequest,
    /// The builder that it asks.
    pub builder: Builder,
    /// Its buildset, with the source stamps.
    pub buildset: Buildset,
    /// The buildset's properties.
    pub properties: Properties,
    /// The name of the builder's project.
    pub project: Option<String>,
    /// Where people look at it.
    pub url: Option<String>,
}

/// What people read: the same in several forms. A destination takes the best of those that it shows, and `text` always
/// will do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// A whole HTML document or a part of one, if the report has such a template.
    pub html: Option<String>,
    /// Markdown (CommonMark), if the report has such a template.
    pub markdown: Option<String>,
    /// Whether this is of no interest by itself, e.g. a build that began: shown quietly where a destination can.
    pub quiet: bool,
    /// Who gets it beside those whom the destination names: addresses, each once. The reporter finds them by what the
    /// configuration says of [`People`](crate::People): those who made what is built, those who asked for it, and of a
    /// missing worker those whom it names.
    pub recipients: Vec<String>,
    /// Files to go with it.
    pub attachments: Vec<Attachment>,
}

/// A file that goes with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The file's name, such as `compile.stdio.txt`.
    pub name: String,
    /// Its media type, such as `text/plain; charset=utf-8`.
    pub media_type: String,
    /// Its content.
    pub content: Vec<u8>,
}

impl About {
    /// How it went; none while it goes on, and of workers.
    pub fn results(&self) -> Option<Results> {
        match self {
            Self::Build(build) => match build.step() {
                Some(step) => step.step.results,
                None => build.build.results,
            },
            Self::Buildset(it) => it.buildset.results,
            Self::Request(it) => it.request.results,
            Self::Worker(_) => None,
        }
    }

    /// The source stamps that it is of; none of a worker.
    pub fn source_stamps(&self) -> &[SourceStamp] {
        match self {
            Self::Build(it) => &it.buildset.source_stamps,
            Self::Buildset(it) => &it.buildset.source_stamps,
            Self::Request(it) => &it.buildset.source_stamps,
            Self::Worker(_) => &[],
        }
    }

    /// Its properties; none of a worker.
    pub fn properties(&self) -> Option<&Properties> {
        match self {
            Self::Build(it) => Some(&it.properties),
            Self::Buildset(it) => Some(&it.properties),
            Self::Request(it) => Some(&it.properties),
            Self::Worker(_) => None,
        }
    }

    /// Where people look at it.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Build(it) => it.url.as_deref(),
            Self::Buildset(it) => it.url.as_deref(),
            Self::Request(it) => it.url.as_deref(),
            Self::Worker(_) => None,
        }
    }

    /// The builds that it is about.
    pub fn builds(&self) -> &[BuildReport] {
        match self {
            Self::Build(it) => std::slice::from_ref(it),
            Self::Buildset(it) => &it.builds,
            Self::Request(_) | Self::Worker(_) => &[],
        }
    }
}

impl BuildReport {
    /// The step that the report is about, if it is about one.
    pub fn step(&self) -> Option<&StepReport> {
        self.steps.get(self.step?)
    }
}

impl Message {
    /// The Markdown, or else the text.
    pub fn markdown_or_text(&self) -> &str {
        self.markdown.as_deref().unwrap_or(&self.text)
    }
}
