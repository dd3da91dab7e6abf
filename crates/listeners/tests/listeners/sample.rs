//! Reports as destinations are given them.

use serde_json::Value;
use weir_listeners::{
    About, BuildReport, BuildsetReport, Excerpt, Message, Occasion, Outlet, Report, RequestReport, StepReport,
};
use weir_status_api::{
    Build, BuildId, BuildRequest, BuildRequestId, Builder, BuilderId, Buildset, BuildsetId, Cursor, MasterId,
    Properties, Property, Results, SourceStamp, SourceStampId, Step, StepId, Timestamp, Worker, WorkerId,
    WorkerInfo,
};

/// What no error and no printed text may have in it.
pub(crate) const SECRET: &str = "hunter2-hunter2";

/// The revision that is built.
pub(crate) const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";

const BEGAN: Timestamp = Timestamp::from_secs(1_700_000_000);
const ENDED: Timestamp = Timestamp::from_secs(1_700_000_062);

/// A source stamp of `repository` at `main`.
pub(crate) fn stamp(repository: &str) -> SourceStamp {
    SourceStamp {
        id: SourceStampId(5),
        revision: Some(REVISION.to_owned()),
        branch: Some("main".to_owned()),
        repository: repository.to_owned(),
        project: String::new(),
        codebase: String::new(),
        created_at: BEGAN,
        patch: None,
    }
}

fn buildset(stamps: Vec<SourceStamp>) -> Buildset {
    Buildset {
        id: BuildsetId(6),
        external_id: None,
        reason: "a change".to_owned(),
        rebuilt_build: None,
        submitted_at: BEGAN,
        complete_at: None,
        results: None,
        source_stamps: stamps,
        parent_build: None,
        parent_relationship: None,
    }
}

fn builder(name: &str) -> Builder {
    Builder {
        id: BuilderId(2),
        name: name.to_owned(),
        masters: vec![MasterId(1)],
        description: None,
        description_format: None,
        project: None,
        tags: vec![],
    }
}

fn request() -> BuildRequest {
    BuildRequest {
        id: BuildRequestId(3),
        buildset: BuildsetId(6),
        builder: BuilderId(2),
        priority: 0,
        claimed_at: None,
        claimed_by: None,
        complete_at: None,
        results: None,
        submitted_at: BEGAN,
        waited_for: false,
        waiting_for: None,
        properties: Properties::new(),
    }
}

/// A build of the builder `linux`; it goes on if there are no results.
pub(crate) fn build(stamp: SourceStamp, results: Option<Results>) -> BuildReport {
    BuildReport {
        build: Build {
            id: BuildId(17),
            number: 4,
            builder: BuilderId(2),
            request: BuildRequestId(3),
            worker: WorkerId(4),
            master: MasterId(1),
            started_at: BEGAN,
            complete_at: results.map(|_| ENDED),
            locks_duration_s: 0,
            results,
            state: "tests ended".to_owned(),
            properties: Properties::new(),
        },
        builder: builder("linux"),
        request: request(),
        buildset: buildset(vec![stamp]),
        project: Some("weir".to_owned()),
        worker: "worker-1".to_owned(),
        properties: Properties::new(),
        changes: vec![],
        steps: vec![],
        step: None,
        previous: None,
        blamelist: vec![],
        owners: vec![],
        url: Some("https://ci.example.org/builders/2/builds/4".to_owned()),
    }
}

/// A step with the end of a log.
pub(crate) fn step(name: &str, results: Results, text: &str) -> StepReport {
    StepReport {
        step: Step {
            id: StepId(8),
            number: 0,
            name: name.to_owned(),
            build: BuildId(17),
            started_at: Some(BEGAN),
            locks_acquired_at: None,
            complete_at: Some(ENDED),
            results: Some(results),
            state: "ended".to_owned(),
            urls: vec![],
            hidden: false,
        },
        logs: vec![],
        url: None,
        excerpts: vec![Excerpt {
            log: "stdio".to_owned(),
            first_line: 0,
            text: text.to_owned(),
        }],
    }
}

/// The report of a build.
pub(crate) fn of_build(build: BuildReport) -> Report {
    let occasion = match build.build.results {
        Some(_) => Occasion::BuildFinished,
        None => Occasion::BuildStarted,
    };
    of(occasion, About::Build(Box::new(build)))
}

/// The report of a build of `repository` that ended so.
pub(crate) fn ended(repository: &str, results: Results) -> Report {
    of_build(build(stamp(repository), Some(results)))
}

/// The report of a request for a build of `repository`.
pub(crate) fn requested(repository: &str) -> Report {
    let about = RequestReport {
        request: request(),
        builder: builder("linux"),
        buildset: buildset(vec![stamp(repository)]),
        properties: Properties::new(),
        project: None,
        url: None,
    };
    of(Occasion::RequestAdded, About::Request(Box::new(about)))
}

/// The report of a buildset with these builds, each named after its builder.
pub(crate) fn of_buildset(builds: Vec<BuildReport>) -> Report {
    let stamps = builds[0].buildset.source_stamps.clone();
    let results = Results::of_all(builds.iter().filter_map(|it| it.build.results));
    let about = BuildsetReport {
        buildset: Buildset {
            complete_at: Some(ENDED),
            results: Some(results),
            ..buildset(stamps)
        },
        properties: builds[0].properties.clone(),
        builds,
        unbuilt: vec![],
        url: None,
    };
    of(Occasion::BuildsetFinished, About::Buildset(Box::new(about)))
}

/// The report of a worker that is missing.
pub(crate) fn missing_worker() -> Report {
    let worker = Worker {
        id: WorkerId(4),
        name: "worker-1".to_owned(),
        configured_on: vec![],
        connected_to: vec![],
        info: WorkerInfo::default(),
        paused: false,
        pause_reason: None,
        away_reason: None,
        graceful: false,
        absence: None,
    };
    of(Occasion::WorkerMissing, About::Worker(Box::new(worker)))
}

fn of(occasion: Occasion, about: About) -> Report {
    Report {
        delivery: "tell-17".to_owned(),
        cursor: Cursor(17),
        at: ENDED,
        occasion,
        about,
        message: Message {
            subject: "linux #4: the build ended".to_owned(),
            text: "All is told here.\n".to_owned(),
            ..Message::default()
        },
    }
}

/// The build with a property.
pub(crate) fn with(mut build: BuildReport, name: &str, value: impl Into<Value>) -> BuildReport {
    build
        .properties
        .insert(name.to_owned(), Property::new(value, "Change"));
    build
}

/// The build of another builder.
pub(crate) fn of_builder(mut build: BuildReport, name: &str) -> BuildReport {
    build.builder.name = name.to_owned();
    build
}

/// A way out that sends, and knows the secret.
pub(crate) fn open() -> Outlet {
    Outlet::open().with_secrets([SECRET.to_owned()])
}
