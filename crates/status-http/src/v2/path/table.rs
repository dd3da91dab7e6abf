//! The table of paths: which words may follow which, and what each path names.

use weir_status_api::{
    BranchId, BuildId, BuildKey, BuildRequestId, BuilderId, BuildsetId, ChangeId, ChangeSourceId, CodebaseId,
    CodebaseKey, CommitId, CommitKey, DeadLetterId, Key, Kind, ListenerId, LogId, LogKey, MasterId,
    ProjectId, SchedulerId, SourceStampId, StepId, StepKey, TestResultId, TestResultSetId, WorkerId,
    WorkerKey,
};

use super::ViewName;
use super::routes::{Named, Place, Relation, Route, Word};

const fn fixed(word: &'static str, names: Named) -> Route {
    Route {
        word: Word::Fixed(word),
        names: Some(names),
        below: &[],
    }
}

/// A word that names nothing without one that follows.
const fn prefix(word: &'static str, below: &'static [Route]) -> Route {
    Route {
        word: Word::Fixed(word),
        names: None,
        below,
    }
}

const fn list(word: &'static str, kind: Kind, relation: Relation, below: &'static [Route]) -> Route {
    Route {
        word: Word::Fixed(word),
        names: Some(Named::List(kind, relation)),
        below,
    }
}

const fn one(kind: Kind, word: Word, below: &'static [Route]) -> Route {
    Route {
        word,
        names: Some(Named::One(kind)),
        below,
    }
}

use Relation::{Has, Is, OnTheWay, Starts, Top};
use Word::{Identifier, Number, Text};

/// The paths, below `/api/v2/`. The lists at the top are in the order of the root links.
pub(crate) const ROOT: &[Route] = &[
    list("builders", Kind::Builder, Top, BUILDERS),
    list("buildrequests", Kind::BuildRequest, Top, BUILD_REQUESTS),
    list("builds", Kind::Build, Top, BUILDS),
    list("buildsets", Kind::Buildset, Top, BUILDSETS),
    list("changes", Kind::Change, Top, CHANGES),
    list("changesources", Kind::ChangeSource, Top, CHANGE_SOURCES),
    list("codebases", Kind::Codebase, Top, CODEBASES),
    list("forceschedulers", Kind::ForceScheduler, Top, FORCE_SCHEDULERS),
    list("logs", Kind::Log, Top, LOGS),
    list("masters", Kind::Master, Top, MASTERS),
    list("projects", Kind::Project, Top, PROJECTS),
    list("schedulers", Kind::Scheduler, Top, SCHEDULERS),
    list("sourcestamps", Kind::SourceStamp, Top, SOURCE_STAMPS),
    list("steps", Kind::Step, Top, STEPS),
    list("test_result_sets", Kind::TestResultSet, Top, TEST_RESULT_SETS),
    list("workers", Kind::Worker, Top, WORKERS),
    // Weir's own: all that Buildbot lists below a parent only, and what it does not have.
    list("branches", Kind::Branch, Top, BRANCHES),
    list("build_data", Kind::BuildData, Top, &[]),
    list("commits", Kind::Commit, Top, COMMITS),
    list("dead_letters", Kind::DeadLetter, Top, DEAD_LETTERS),
    list("listeners", Kind::Listener, Top, LISTENERS),
    list("test_results", Kind::TestResult, Top, TEST_RESULTS),
    prefix("views", VIEWS),
    fixed("application.spec", Named::Spec),
];

const VIEWS: &[Route] = &[
    fixed("console", Named::View(ViewName::Console)),
    fixed("grid", Named::View(ViewName::Grid)),
    fixed("home", Named::View(ViewName::Home)),
    fixed("waterfall", Named::View(ViewName::Waterfall)),
];

const MASTERS: &[Route] = &[one(
    Kind::Master,
    Number("masterid", |place, id| place.at(Key::Master(MasterId(id)))),
    MASTER,
)];
const MASTER: &[Route] = &[
    list("builders", Kind::Builder, Is("master"), BUILDERS_OF_MASTER),
    list("workers", Kind::Worker, Is("master"), WORKERS_WITHIN),
    list("schedulers", Kind::Scheduler, Is("master"), SCHEDULERS_OF_MASTER),
    list(
        "changesources",
        Kind::ChangeSource,
        Is("master"),
        CHANGE_SOURCES_OF_MASTER,
    ),
];
const BUILDERS_OF_MASTER: &[Route] = &[one(
    Kind::Builder,
    Number("builderid", |place, id| {
        place.within(Key::Builder(BuilderId(id).into()))
    }),
    &[list("workers", Kind::Worker, Is("builder"), WORKERS_WITHIN)],
)];
const SCHEDULERS_OF_MASTER: &[Route] = &[
    one(
        Kind::Scheduler,
        Number("schedulerid", |place, id| {
            place.within(Key::Scheduler(SchedulerId(id).into()))
        }),
        &[],
    ),
    one(
        Kind::Scheduler,
        Identifier("name", |place, name| place.within(Key::Scheduler(name.into()))),
        &[],
    ),
];
const CHANGE_SOURCES_OF_MASTER: &[Route] = &[one(
    Kind::ChangeSource,
    Number("changesourceid", |place, id| {
        place.within(Key::ChangeSource(ChangeSourceId(id)))
    }),
    &[],
)];
const WORKERS_WITHIN: &[Route] = &[
    one(
        Kind::Worker,
        Number("workerid", |place, id| {
            place.within(Key::Worker(WorkerId(id).into()))
        }),
        &[],
    ),
    one(
        Kind::Worker,
        Identifier("name", |place, name| place.within(Key::Worker(name.into()))),
        &[],
    ),
];
const MASTERS_OF_BUILDER: &[Route] = &[one(
    Kind::Master,
    Number("masterid", |place, id| place.within(Key::Master(MasterId(id)))),
    &[],
)];

const BUILDERS: &[Route] = &[
    one(
        Kind::Builder,
        Number("builderid", |place, id| {
            place.at(Key::Builder(BuilderId(id).into()))
        }),
        BUILDER,
    ),
    one(
        Kind::Builder,
        Text("buildername", |place, name| place.at(Key::Builder(name.into()))),
        BUILDER,
    ),
];
const BUILDER: &[Route] = &[
    list("builds", Kind::Build, Is("builder"), BUILDS_OF_BUILDER),
    list("buildrequests", Kind::BuildRequest, Is("builder"), &[]),
    list("workers", Kind::Worker, Is("builder"), WORKERS_WITHIN),
    list("masters", Kind::Master, Has, MASTERS_OF_BUILDER),
    list("forceschedulers", Kind::ForceScheduler, Starts, &[]),
    list("test_result_sets", Kind::TestResultSet, Is("builder"), &[]),
];

const BUILDS: &[Route] = &[one(
    Kind::Build,
    Number("buildid", |place, id| place.at(Key::Build(BuildId(id).into()))),
    BUILD,
)];
const BUILDS_OF_BUILDER: &[Route] = &[one(
    Kind::Build,
    Number("build_number", |place, number| {
        let key = BuildKey::Number(place.builder()?, number);
        place.at(Key::Build(key))
    }),
    BUILD,
)];
const BUILD: &[Route] = &[
    fixed("properties", Named::Properties),
    fixed("property_list", Named::PropertyList),
    list("changes", Kind::Change, Is("build"), &[]),
    list("triggered_builds", Kind::Build, Is("triggered_by"), &[]),
    list("steps", Kind::Step, Is("build"), STEPS_OF_BUILD),
    list("data", Kind::BuildData, Is("build"), DATA_OF_BUILD),
    list("test_result_sets", Kind::TestResultSet, Is("build"), &[]),
];
const DATA_OF_BUILD: &[Route] = &[one(
    Kind::BuildData,
    Identifier("name", |place, name| {
        let key = Key::BuildData(place.build()?, name.to_owned());
        place.at(key)
    }),
    &[fixed("value", Named::BuildDataValue)],
)];

const STEPS: &[Route] = &[one(
    Kind::Step,
    Number("stepid", |place, id| place.at(Key::Step(StepId(id).into()))),
    STEP,
)];
const STEPS_OF_BUILD: &[Route] = &[
    one(
        Kind::Step,
        Number("step_number", |place, number| {
            let key = StepKey::Number(place.build()?, number);
            place.at(Key::Step(key))
        }),
        STEP,
    ),
    one(
        Kind::Step,
        Identifier("step_name", |place, name| {
            let key = StepKey::Name(place.build()?, name.to_owned());
            place.at(Key::Step(key))
        }),
        STEP,
    ),
];
const STEP: &[Route] = &[
    list("logs", Kind::Log, Is("step"), LOGS_OF_STEP),
    list("test_result_sets", Kind::TestResultSet, Is("step"), &[]),
];

const LOGS: &[Route] = &[one(
    Kind::Log,
    Number("logid", |place, id| place.at(Key::Log(LogId(id).into()))),
    LOG,
)];
const LOGS_OF_STEP: &[Route] = &[one(
    Kind::Log,
    Identifier("log_slug", |place, slug| {
        let key = LogKey::Slug(place.step()?, slug.to_owned());
        place.at(Key::Log(key))
    }),
    LOG,
)];
const LOG: &[Route] = &[
    fixed("contents", Named::Contents),
    fixed("search", Named::Search),
    fixed("raw", Named::Raw { inline: false }),
    fixed("raw_inline", Named::Raw { inline: true }),
];

const BUILD_REQUESTS: &[Route] = &[one(
    Kind::BuildRequest,
    Number("buildrequestid", |place, id| {
        place.at(Key::BuildRequest(BuildRequestId(id)))
    }),
    &[list("builds", Kind::Build, Is("request"), &[])],
)];
const BUILDSETS: &[Route] = &[one(
    Kind::Buildset,
    Number("bsid", |place, id| place.at(Key::Buildset(BuildsetId(id)))),
    &[
        list("sourcestamps", Kind::SourceStamp, Is("buildset"), &[]),
        fixed("properties", Named::Properties),
        fixed("properties_list", Named::PropertyList),
    ],
)];
const SOURCE_STAMPS: &[Route] = &[one(
    Kind::SourceStamp,
    Number("ssid", |place, id| place.at(Key::SourceStamp(SourceStampId(id)))),
    &[list("changes", Kind::Change, Is("source_stamp"), &[])],
)];
const CHANGES: &[Route] = &[one(
    Kind::Change,
    Number("changeid", |place, id| place.at(Key::Change(ChangeId(id)))),
    &[
        list("builds", Kind::Build, Is("change"), &[]),
        fixed("properties_list", Named::PropertyList),
    ],
)];
const CHANGE_SOURCES: &[Route] = &[one(
    Kind::ChangeSource,
    Number("changesourceid", |place, id| {
        place.at(Key::ChangeSource(ChangeSourceId(id)))
    }),
    &[],
)];

const WORKERS: &[Route] = &[
    one(
        Kind::Worker,
        Number("workerid", |place, id| place.at(Key::Worker(WorkerId(id).into()))),
        WORKER,
    ),
    one(
        Kind::Worker,
        Identifier("name", |place, name| {
            place.at(Key::Worker(WorkerKey::Name(name.to_owned())))
        }),
        WORKER,
    ),
];
const WORKER: &[Route] = &[
    list("builders", Kind::Builder, Is("worker"), &[]),
    list("builds", Kind::Build, Is("worker"), &[]),
];

const SCHEDULERS: &[Route] = &[
    one(
        Kind::Scheduler,
        Number("schedulerid", |place, id| {
            place.at(Key::Scheduler(SchedulerId(id).into()))
        }),
        &[],
    ),
    one(
        Kind::Scheduler,
        Identifier("name", |place, name| place.at(Key::Scheduler(name.into()))),
        &[],
    ),
];
const FORCE_SCHEDULERS: &[Route] = &[one(
    Kind::ForceScheduler,
    Identifier("schedulername", |place, name| {
        place.at(Key::ForceScheduler(name.to_owned()))
    }),
    &[],
)];

const PROJECTS: &[Route] = &[
    one(
        Kind::Project,
        Number("projectid", |place, id| {
            place.at(Key::Project(ProjectId(id).into()))
        }),
        PROJECT,
    ),
    one(
        Kind::Project,
        Identifier("projectname", |place, slug| place.at(Key::Project(slug.into()))),
        PROJECT,
    ),
];
const PROJECT: &[Route] = &[
    list("builders", Kind::Builder, Is("project"), &[]),
    list("codebases", Kind::Codebase, Is("project"), CODEBASES_OF_PROJECT),
];
const CODEBASES: &[Route] = &[one(
    Kind::Codebase,
    Number("codebaseid", |place, id| {
        place.at(Key::Codebase(CodebaseId(id).into()))
    }),
    CODEBASE,
)];
const CODEBASES_OF_PROJECT: &[Route] = &[one(
    Kind::Codebase,
    Identifier("slug", |place, slug| {
        let key = CodebaseKey::Slug(place.project()?, slug.to_owned());
        place.at(Key::Codebase(key))
    }),
    CODEBASE,
)];
const CODEBASE: &[Route] = &[
    list("branches", Kind::Branch, Is("codebase"), &[]),
    list("commits", Kind::Commit, Is("codebase"), &[]),
    prefix(
        "commits_by_revision",
        &[one(
            Kind::Commit,
            Text("revision", |place, revision| {
                let key = CommitKey::Revision(place.codebase()?, revision.to_owned());
                place.at(Key::Commit(key))
            }),
            &[],
        )],
    ),
    prefix(
        "commit_range",
        &[Route {
            word: Number("commitid1", Place::commit),
            names: None,
            below: &[Route {
                word: Number("commitid2", Place::commit),
                names: None,
                below: &[
                    fixed("commits_common_parent", Named::CommitGraph),
                    list("test_result_sets", Kind::TestResultSet, OnTheWay("commit"), &[]),
                ],
            }],
        }],
    ),
];
const BRANCHES: &[Route] = &[one(
    Kind::Branch,
    Number("branchid", |place, id| place.at(Key::Branch(BranchId(id)))),
    &[],
)];
const COMMITS: &[Route] = &[one(
    Kind::Commit,
    Number("commitid", |place, id| place.at(Key::Commit(CommitId(id).into()))),
    &[],
)];

const TEST_RESULT_SETS: &[Route] = &[one(
    Kind::TestResultSet,
    Number("test_result_setid", |place, id| {
        place.at(Key::TestResultSet(TestResultSetId(id)))
    }),
    &[list("results", Kind::TestResult, Is("set"), &[])],
)];
const TEST_RESULTS: &[Route] = &[one(
    Kind::TestResult,
    Number("test_resultid", |place, id| {
        place.at(Key::TestResult(TestResultId(id)))
    }),
    &[],
)];

const LISTENERS: &[Route] = &[
    one(
        Kind::Listener,
        Number("listenerid", |place, id| {
            place.at(Key::Listener(ListenerId(id).into()))
        }),
        LISTENER,
    ),
    one(
        Kind::Listener,
        Identifier("name", |place, name| place.at(Key::Listener(name.into()))),
        LISTENER,
    ),
];
const LISTENER: &[Route] = &[list("dead_letters", Kind::DeadLetter, Is("listener"), &[])];
const DEAD_LETTERS: &[Route] = &[one(
    Kind::DeadLetter,
    Number("dead_letterid", |place, id| {
        place.at(Key::DeadLetter(DeadLetterId(id)))
    }),
    &[],
)];
