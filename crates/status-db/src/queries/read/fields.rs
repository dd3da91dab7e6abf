//! Where the fields of each resource are: one line per field says how the database gets at it and what it
//! is of a resource at hand.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use weir_status_api::{
    Branch, BranchField, Build, BuildData, BuildDataField, BuildField, BuildRequest, BuildRequestField,
    Builder, BuilderField, Buildset, BuildsetField, Change, ChangeField, ChangeSource, ChangeSourceField,
    Codebase, CodebaseField, Commit, CommitField, DeadLetter, DeadLetterField, ForceScheduler,
    ForceSchedulerField, ListenerField, ListenerStatus, Log, LogField, Master, MasterField, Project,
    ProjectField, Scheduler, SchedulerField, SourceStamp, SourceStampField, Step, StepField, TestResult,
    TestResultField, TestResultSet, TestResultSetField, Value, Worker, WorkerField,
};

use super::column::{Access, Sql};
use super::plan::Listed;
use crate::schema::{
    branches, build_data, build_requests, builder_masters, builders, builds, buildset_changes,
    buildset_sources, buildsets, change_sources, changes, codebases, commits, configured_workers,
    dead_letters, force_schedulers, listeners, logs, masters, projects, schedulers, source_stamps, steps,
    test_result_sets, test_results, workers,
};

macro_rules! listed {
    ($resource:ident, $field:ident, $table:ident, key [$($key:ident),+], |$it:ident| {
        $($name:ident => $access:ident($expression:expr) $(, $value:expr)?;)+
    }) => {
        impl Listed for $resource {
            type Table = $table::table;
            const TABLE: &'static str = stringify!($table);
            const KEY: &[$field] = &[$($field::$key),+];

            fn access(field: $field) -> Access<$table::table> {
                match field { $($field::$name => Access::$access($expression),)+ }
            }

            fn value(&self, field: $field) -> Option<Value> {
                let $it = self;
                match field { $($field::$name => [$($value.map(Value::from),)? None].into_iter().flatten().next(),)+ }
            }
        }
    };
}

listed!(Master, MasterField, masters, key [Id], |it| {
    Id => value(masters::id), Some(it.id);
    Name => value(masters::name), Some(it.name.as_str());
    Active => value(masters::active), Some(it.active);
    LastActive => value(masters::last_active), Some(it.last_active);
});

listed!(Builder, BuilderField, builders, key [Id], |it| {
    Id => value(builders::id), Some(it.id);
    Name => value(builders::name), Some(it.name.as_str());
    Description => value(builders::description), it.description.as_deref();
    Project => value(builders::project), it.project;
    Tags => list(builders::tags_json);
    Master => Relation(builders_of_masters);
    Worker => Relation(builders_of_workers);
});

listed!(Build, BuildField, builds, key [Id], |it| {
    Id => value(builds::id), Some(it.id);
    Number => value(builds::number), Some(it.number);
    Builder => value(builds::builder), Some(it.builder);
    Request => value(builds::request), Some(it.request);
    Worker => value(builds::worker), Some(it.worker);
    Master => value(builds::master), Some(it.master);
    StartedAt => value(builds::started_at), Some(it.started_at);
    Complete => presence(builds::complete_at), Some(it.complete_at.is_some());
    CompleteAt => value(builds::complete_at), it.complete_at;
    LocksDuration => value(builds::locks_duration_s), Some(it.locks_duration_s);
    Results => value(builds::results), it.results;
    State => value(builds::state), Some(it.state.as_str());
    Change => Relation(builds_of_changes);
    TriggeredBy => Relation(builds_triggered_by);
});

listed!(BuildRequest, BuildRequestField, build_requests, key [Id], |it| {
    Id => value(build_requests::id), Some(it.id);
    Buildset => value(build_requests::buildset), Some(it.buildset);
    Builder => value(build_requests::builder), Some(it.builder);
    Priority => value(build_requests::priority), Some(i64::from(it.priority));
    Claimed => presence(build_requests::claimed_at), Some(it.claimed_at.is_some());
    ClaimedAt => value(build_requests::claimed_at), it.claimed_at;
    ClaimedBy => value(build_requests::claimed_by), it.claimed_by;
    Complete => presence(build_requests::complete_at), Some(it.complete_at.is_some());
    CompleteAt => value(build_requests::complete_at), it.complete_at;
    Results => value(build_requests::results), it.results;
    SubmittedAt => value(build_requests::submitted_at), Some(it.submitted_at);
    WaitedFor => value(build_requests::waited_for), Some(it.waited_for);
});

listed!(Buildset, BuildsetField, buildsets, key [Id], |it| {
    Id => value(buildsets::id), Some(it.id);
    ExternalId => value(buildsets::external_id), it.external_id.as_deref();
    Reason => long(buildsets::reason), Some(it.reason.as_str());
    RebuiltBuild => value(buildsets::rebuilt_build), it.rebuilt_build;
    SubmittedAt => value(buildsets::submitted_at), Some(it.submitted_at);
    Complete => presence(buildsets::complete_at), Some(it.complete_at.is_some());
    CompleteAt => value(buildsets::complete_at), it.complete_at;
    Results => value(buildsets::results), it.results;
    ParentBuild => value(buildsets::parent_build), it.parent_build;
});

listed!(SourceStamp, SourceStampField, source_stamps, key [Id], |it| {
    Id => value(source_stamps::id), Some(it.id);
    Revision => value(source_stamps::revision), it.revision.as_deref();
    Branch => value(source_stamps::branch), it.branch.as_deref();
    Repository => value(source_stamps::repository), Some(it.repository.as_str());
    Project => value(source_stamps::project), Some(it.project.as_str());
    Codebase => value(source_stamps::codebase), Some(it.codebase.as_str());
    CreatedAt => value(source_stamps::created_at), Some(it.created_at);
    Buildset => Relation(stamps_of_buildsets);
});

listed!(Change, ChangeField, changes, key [Id], |it| {
    Id => value(changes::id), Some(it.id);
    Author => value(changes::author), Some(it.author.as_str());
    Committer => value(changes::committer), it.committer.as_deref();
    Comments => long(changes::comments), Some(it.comments.as_str());
    Revision => value(changes::revision), it.revision.as_deref();
    Branch => value(changes::branch), it.branch.as_deref();
    Category => value(changes::category), it.category.as_deref();
    Repository => value(changes::repository), Some(it.repository.as_str());
    Project => value(changes::project), Some(it.project.as_str());
    Codebase => value(changes::codebase), Some(it.codebase.as_str());
    When => value(changes::made_at), Some(it.when);
    SourceStamp => value(changes::source_stamp), Some(it.source_stamp.id);
    Build => Relation(changes_of_builds);
});

listed!(Step, StepField, steps, key [Id], |it| {
    Id => value(steps::id), Some(it.id);
    Number => value(steps::number), Some(it.number);
    Name => value(steps::name), Some(it.name.as_str());
    Build => value(steps::build), Some(it.build);
    StartedAt => value(steps::started_at), it.started_at;
    Complete => presence(steps::complete_at), Some(it.complete_at.is_some());
    CompleteAt => value(steps::complete_at), it.complete_at;
    Results => value(steps::results), it.results;
    State => value(steps::state), Some(it.state.as_str());
    Hidden => value(steps::hidden), Some(it.hidden);
});

listed!(Log, LogField, logs, key [Id], |it| {
    Id => value(logs::id), Some(it.id);
    Name => value(logs::name), Some(it.name.as_str());
    Slug => value(logs::slug), Some(it.slug.as_str());
    Step => value(logs::step), Some(it.step);
    Complete => value(logs::complete), Some(it.complete);
    NumLines => value(logs::num_lines), Some(it.num_lines);
    Kind => value(logs::kind), Some(it.kind.letter());
});

listed!(Worker, WorkerField, workers, key [Id], |it| {
    Id => value(workers::id), Some(it.id);
    Name => value(workers::name), Some(it.name.as_str());
    Paused => value(workers::paused), Some(it.paused);
    Graceful => value(workers::graceful), Some(it.graceful);
    Builder => Relation(workers_of_builders);
    Master => Relation(workers_of_masters);
});

listed!(Scheduler, SchedulerField, schedulers, key [Id], |it| {
    Id => value(schedulers::id), Some(it.id);
    Name => value(schedulers::name), Some(it.name.as_str());
    Enabled => value(schedulers::enabled), Some(it.enabled);
    Master => value(schedulers::master), it.master;
});

/// A force scheduler is enabled as the scheduler of its name is.
const FORCE_ENABLED: &str =
    "COALESCE((SELECT s.enabled FROM schedulers s WHERE s.name = force_schedulers.name), TRUE)";

listed!(ForceScheduler, ForceSchedulerField, force_schedulers, key [Name], |it| {
    Name => value(force_schedulers::name), Some(it.name.as_str());
    Label => value(force_schedulers::label), Some(it.label.as_str());
    Enabled => value(sql::<Bool>(FORCE_ENABLED)), Some(it.enabled);
    Builders => list(force_schedulers::builder_names_json);
});

listed!(ChangeSource, ChangeSourceField, change_sources, key [Id], |it| {
    Id => value(change_sources::id), Some(it.id);
    Name => value(change_sources::name), Some(it.name.as_str());
    Master => value(change_sources::master), it.master;
});

/// A project is active if a builder of it is configured on a master.
const PROJECT_ACTIVE: &str = "EXISTS (SELECT 1 FROM builders b JOIN builder_masters m ON m.builder = b.id \
                              WHERE b.project = projects.id)";

listed!(Project, ProjectField, projects, key [Id], |it| {
    Id => value(projects::id), Some(it.id);
    Name => value(projects::name), Some(it.name.as_str());
    Slug => value(projects::slug), Some(it.slug.as_str());
    Description => value(projects::description), it.description.as_deref();
    Active => value(sql::<Bool>(PROJECT_ACTIVE)), Some(it.active);
});

listed!(Codebase, CodebaseField, codebases, key [Id], |it| {
    Id => value(codebases::id), Some(it.id);
    Project => value(codebases::project), Some(it.project);
    Name => value(codebases::name), Some(it.name.as_str());
    Slug => value(codebases::slug), Some(it.slug.as_str());
});

listed!(Branch, BranchField, branches, key [Id], |it| {
    Id => value(branches::id), Some(it.id);
    Codebase => value(branches::codebase), Some(it.codebase);
    Name => value(branches::name), Some(it.name.as_str());
    Commit => value(branches::head), it.commit;
    LastMovedAt => value(branches::last_moved_at), Some(it.last_moved_at);
});

listed!(Commit, CommitField, commits, key [Id], |it| {
    Id => value(commits::id), Some(it.id);
    Codebase => value(commits::codebase), Some(it.codebase);
    Author => value(commits::author), Some(it.author.as_str());
    Committer => value(commits::committer), it.committer.as_deref();
    Comments => long(commits::comments), Some(it.comments.as_str());
    When => value(commits::made_at), Some(it.when);
    Revision => value(commits::revision), Some(it.revision.as_str());
    Parent => value(commits::parent), it.parent;
});

listed!(BuildData, BuildDataField, build_data, key [Build, Name], |it| {
    Build => value(build_data::build), Some(it.build);
    Name => value(build_data::name), Some(it.name.as_str());
    Length => value(build_data::length), Some(it.length);
    Source => value(build_data::source), Some(it.source.as_str());
});

listed!(TestResultSet, TestResultSetField, test_result_sets, key [Id], |it| {
    Id => value(test_result_sets::id), Some(it.id);
    Builder => value(test_result_sets::builder), Some(it.builder);
    Build => value(test_result_sets::build), Some(it.build);
    Step => value(test_result_sets::step), Some(it.step);
    Description => long(test_result_sets::description), it.description.as_deref();
    Category => value(test_result_sets::category), Some(it.category.as_str());
    ValueUnit => value(test_result_sets::value_unit), Some(it.value_unit.as_str());
    TestsPassed => value(test_result_sets::tests_passed), it.tests_passed;
    TestsFailed => value(test_result_sets::tests_failed), it.tests_failed;
    Complete => value(test_result_sets::complete), Some(it.complete);
    Commit => Relation(result_sets_of_commits);
});

listed!(TestResult, TestResultField, test_results, key [Id], |it| {
    Id => value(test_results::id), Some(it.id);
    Builder => value(test_results::builder), Some(it.builder);
    Set => value(test_results::result_set), Some(it.set);
    TestName => long(test_results::test_name), it.test_name.as_deref();
    TestCodePath => long(test_results::test_code_path), it.test_code_path.as_deref();
    Line => value(test_results::line), it.line;
    DurationNs => value(test_results::duration_ns), it.duration_ns;
    Value => long(test_results::value), Some(it.value.as_str());
});

fn builders_of_masters(ids: Vec<i64>) -> Sql {
    let of = builder_masters::table.filter(builder_masters::master.eq_any(ids));
    Box::new(builders::id.eq_any(of.select(builder_masters::builder)))
}

fn builders_of_workers(ids: Vec<i64>) -> Sql {
    let of = configured_workers::table.filter(configured_workers::worker.eq_any(ids));
    Box::new(builders::id.eq_any(of.select(configured_workers::builder)))
}

fn workers_of_builders(ids: Vec<i64>) -> Sql {
    let of = configured_workers::table.filter(configured_workers::builder.eq_any(ids));
    Box::new(workers::id.eq_any(of.select(configured_workers::worker)))
}

fn workers_of_masters(ids: Vec<i64>) -> Sql {
    let of = configured_workers::table.filter(configured_workers::master.eq_any(ids));
    Box::new(workers::id.eq_any(of.select(configured_workers::worker)))
}

fn stamps_of_buildsets(ids: Vec<i64>) -> Sql {
    let of = buildset_sources::table.filter(buildset_sources::buildset.eq_any(ids));
    Box::new(source_stamps::id.eq_any(of.select(buildset_sources::source_stamp)))
}

fn changes_of_builds(ids: Vec<i64>) -> Sql {
    let of = buildset_changes::table
        .inner_join(build_requests::table.on(build_requests::buildset.eq(buildset_changes::buildset)))
        .inner_join(builds::table.on(builds::request.eq(build_requests::id)))
        .filter(builds::id.eq_any(ids));
    Box::new(changes::id.eq_any(of.select(buildset_changes::change)))
}

fn builds_of_changes(ids: Vec<i64>) -> Sql {
    let of = build_requests::table
        .inner_join(buildset_changes::table.on(buildset_changes::buildset.eq(build_requests::buildset)))
        .filter(buildset_changes::change.eq_any(ids));
    Box::new(builds::request.eq_any(of.select(build_requests::id)))
}

fn builds_triggered_by(ids: Vec<i64>) -> Sql {
    let of = build_requests::table
        .inner_join(buildsets::table.on(buildsets::id.eq(build_requests::buildset)))
        .filter(buildsets::parent_build.eq_any(ids));
    Box::new(builds::request.eq_any(of.select(build_requests::id)))
}

fn result_sets_of_commits(ids: Vec<i64>) -> Sql {
    // A revision has few source stamps, a codebase may have most of them: no index of codebases shall find them.
    let is_of_codebase = source_stamps::codebase.concat("").eq(codebases::name);
    let is_of_project = source_stamps::project
        .eq("")
        .or(source_stamps::project.eq(projects::name));
    let of = commits::table
        .inner_join(codebases::table.on(codebases::id.eq(commits::codebase)))
        .inner_join(projects::table.on(projects::id.eq(codebases::project)))
        .inner_join(source_stamps::table.on(source_stamps::revision.eq(commits::revision.nullable())))
        .inner_join(buildset_sources::table.on(buildset_sources::source_stamp.eq(source_stamps::id)))
        .inner_join(build_requests::table.on(build_requests::buildset.eq(buildset_sources::buildset)))
        .inner_join(builds::table.on(builds::request.eq(build_requests::id)))
        .filter(commits::id.eq_any(ids))
        .filter(is_of_codebase)
        .filter(is_of_project);
    Box::new(test_result_sets::build.eq_any(of.select(builds::id)))
}

listed!(ListenerStatus, ListenerField, listeners, key [Id], |it| {
    Id => value(listeners::id), Some(it.id);
    Name => value(listeners::name), Some(it.name.as_str());
    Kind => value(listeners::kind), Some(it.kind.as_str());
    Waiting => value(listeners::waiting), Some(it.waiting);
    DeadLetters => value(listeners::dead_letters), Some(it.dead_letters);
});

listed!(DeadLetter, DeadLetterField, dead_letters, key [Id], |it| {
    Id => value(dead_letters::id), Some(it.id);
    Listener => value(dead_letters::listener), Some(it.listener);
    Event => value(dead_letters::event), Some(it.event.cursor.0);
    Why => value(dead_letters::why), Some(it.why.as_str());
    ParkedAt => value(dead_letters::parked_at), Some(it.parked_at);
    Again => value(dead_letters::again), Some(it.again);
});
