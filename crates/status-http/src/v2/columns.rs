//! The names of each resource's fields: in JSON, and in the status API's queries; and what they hold.

use weir_status_api as api;
use weir_status_api::{Field, FieldType, Kind};

use super::form::MICROS;

/// A field of a JSON object, or a parameter that stands for a relation to another resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in JSON.
    pub name: &'static str,
    /// The name of the status API's field; none if it cannot be filtered and ordered by.
    pub field: Option<&'static str>,
    /// Whether it is no field of the object, but a parameter only (an extension of Weir's).
    pub relation: bool,
    /// Whether it can be null.
    pub nullable: bool,
    /// What it holds, where that is not what the status API's field does.
    shape: Option<Shape>,
}

/// What a field of a JSON object holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A whole number.
    Int,
    /// Text.
    Text,
    /// Text without spaces and signs, as the names of steps.
    Identifier,
    /// True or false.
    Flag,
    /// A moment: whole seconds, and beside it under a name that ends in `_us` microseconds.
    Time,
    /// Bytes; null always, since JSON has none.
    Bytes,
    /// `{name: [value, source]}`.
    Properties,
    /// An object of its own kind.
    Object,
    /// A resource.
    One(Kind),
    /// A list of such.
    List(&'static Shape),
}

impl Column {
    const fn new(name: &'static str, field: Option<&'static str>) -> Self {
        Self {
            name,
            field,
            relation: false,
            nullable: false,
            shape: None,
        }
    }

    const fn null(mut self) -> Self {
        self.nullable = true;
        self
    }

    const fn of(mut self, shape: Shape) -> Self {
        self.shape = Some(shape);
        self
    }

    /// What it holds in an object of `kind`.
    pub fn shape(&self, kind: Kind) -> Shape {
        if let Some(shape) = self.shape {
            return shape;
        }
        match self.field.and_then(|field| field_type(kind, field)) {
            Some(FieldType::Int) => Shape::Int,
            Some(FieldType::Bool) => Shape::Flag,
            Some(FieldType::Time) => Shape::Time,
            Some(FieldType::TextList) => Shape::List(&Shape::Text),
            Some(FieldType::Text) | None => Shape::Text,
        }
    }
}

const fn column(name: &'static str, field: &'static str) -> Column {
    Column::new(name, Some(field))
}

/// Its name is the same in both.
const fn same(name: &'static str) -> Column {
    column(name, name)
}

/// It is shown only.
const fn shown(name: &'static str, shape: Shape) -> Column {
    Column::new(name, None).of(shape)
}

const fn relation(name: &'static str, field: &'static str) -> Column {
    let mut column = column(name, field);
    column.relation = true;
    column
}

use Shape::{Bytes, Identifier, Int, List, Object, One, Text, Time};

const MASTER: &[Column] = &[
    column("masterid", "id"),
    same("name"),
    same("active"),
    same("last_active"),
];
const BUILDER: &[Column] = &[
    column("builderid", "id"),
    same("name"),
    shown("masterids", List(&Int)),
    same("description").null(),
    shown("description_format", Text).null(),
    shown("description_html", Text).null(),
    column("projectid", "project").null(),
    same("tags"),
    relation("masterid", "master"),
    relation("workerid", "worker"),
];
const BUILD: &[Column] = &[
    column("buildid", "id"),
    same("number"),
    column("builderid", "builder"),
    column("buildrequestid", "request"),
    column("workerid", "worker"),
    column("masterid", "master"),
    same("started_at"),
    same("complete"),
    same("complete_at").null(),
    same("locks_duration_s"),
    same("results").null(),
    column("state_string", "state"),
    shown("properties", Shape::Properties),
    relation("changeid", "change"),
    relation("triggered_by_buildid", "triggered_by"),
];
const BUILD_REQUEST: &[Column] = &[
    column("buildrequestid", "id"),
    column("buildsetid", "buildset"),
    column("builderid", "builder"),
    same("priority"),
    same("claimed"),
    same("claimed_at").null(),
    column("claimed_by_masterid", "claimed_by").null(),
    same("complete"),
    same("complete_at").null(),
    same("results"),
    same("submitted_at"),
    same("waited_for"),
    shown("waiting_for", Text).null(),
    shown("properties", Shape::Properties).null(),
];
const BUILDSET: &[Column] = &[
    column("bsid", "id"),
    column("external_idstring", "external_id").null(),
    same("reason"),
    column("rebuilt_buildid", "rebuilt_build").null(),
    same("submitted_at"),
    same("complete"),
    same("complete_at").null(),
    same("results").null(),
    shown("sourcestamps", List(&One(Kind::SourceStamp))),
    column("parent_buildid", "parent_build").null(),
    shown("parent_relationship", Text).null(),
];
const SOURCE_STAMP: &[Column] = &[
    column("ssid", "id"),
    same("revision").null(),
    same("branch").null(),
    same("repository"),
    same("project"),
    same("codebase"),
    same("created_at"),
    shown("patch", Object).null(),
    relation("bsid", "buildset"),
];
const CHANGE: &[Column] = &[
    column("changeid", "id"),
    shown("parent_changeids", List(&Int)),
    same("author"),
    same("committer").null(),
    shown("files", List(&Text)),
    same("comments"),
    same("revision").null(),
    same("branch").null(),
    same("category").null(),
    shown("revlink", Text),
    shown("properties", Shape::Properties),
    same("repository"),
    same("project"),
    same("codebase"),
    shown("sourcestamp", One(Kind::SourceStamp)),
    column("when_timestamp", "when"),
    relation("ssid", "source_stamp"),
    relation("buildid", "build"),
];
const STEP: &[Column] = &[
    column("stepid", "id"),
    same("number"),
    same("name").of(Identifier),
    column("buildid", "build"),
    same("started_at").null(),
    shown("locks_acquired_at", Time).null(),
    same("complete"),
    same("complete_at").null(),
    same("results").null(),
    column("state_string", "state"),
    shown("urls", List(&Object)),
    same("hidden"),
];
const LOG: &[Column] = &[
    column("logid", "id"),
    same("name"),
    same("slug").of(Identifier),
    column("stepid", "step"),
    same("complete"),
    same("num_lines"),
    column("type", "kind").of(Identifier),
];
const WORKER: &[Column] = &[
    column("workerid", "id"),
    same("name"),
    shown("connected_to", List(&Object)),
    shown("configured_on", List(&Object)),
    shown("workerinfo", Object),
    same("paused"),
    shown("pause_reason", Text).null(),
    shown("away_reason", Text).null(),
    same("graceful"),
    relation("builderid", "builder"),
    relation("masterid", "master"),
];
const SCHEDULER: &[Column] = &[
    column("schedulerid", "id"),
    same("name"),
    same("enabled"),
    shown("master", One(Kind::Master)).null(),
    relation("masterid", "master"),
];
const FORCE_SCHEDULER: &[Column] = &[
    same("name").of(Identifier),
    shown("button_name", Text),
    same("label"),
    same("builder_names"),
    same("enabled"),
    shown("all_fields", List(&Object)),
    shown("properties", Shape::Properties),
];
const CHANGE_SOURCE: &[Column] = &[
    column("changesourceid", "id"),
    same("name"),
    shown("master", One(Kind::Master)).null(),
    relation("masterid", "master"),
];
const PROJECT: &[Column] = &[
    column("projectid", "id"),
    same("name"),
    same("slug").of(Identifier),
    same("active"),
    same("description").null(),
    shown("description_format", Text).null(),
    shown("description_html", Text).null(),
];
const CODEBASE: &[Column] = &[
    column("codebaseid", "id"),
    column("projectid", "project"),
    same("name"),
    same("slug").of(Identifier),
];
const BRANCH: &[Column] = &[
    column("branchid", "id"),
    column("codebaseid", "codebase"),
    same("name"),
    column("commitid", "commit").null(),
    column("last_timestamp", "last_moved_at"),
];
const COMMIT: &[Column] = &[
    column("commitid", "id"),
    column("codebaseid", "codebase"),
    same("author"),
    same("committer").null(),
    same("comments"),
    column("when_timestamp", "when"),
    same("revision"),
    column("parent_commitid", "parent").null(),
];
const BUILD_DATA: &[Column] = &[
    column("buildid", "build"),
    same("name"),
    same("length"),
    shown("value", Bytes).null(),
    same("source"),
];
const TEST_RESULT_SET: &[Column] = &[
    column("test_result_setid", "id"),
    column("builderid", "builder"),
    column("buildid", "build"),
    column("stepid", "step"),
    same("description").null(),
    same("category"),
    same("value_unit"),
    same("tests_passed").null(),
    same("tests_failed").null(),
    same("complete"),
    relation("commitid", "commit"),
];
const TEST_RESULT: &[Column] = &[
    column("test_resultid", "id"),
    column("builderid", "builder"),
    column("test_result_setid", "set"),
    same("test_name").null(),
    same("test_code_path").null(),
    same("line").null(),
    same("duration_ns").null(),
    same("value"),
];
const LISTENER: &[Column] = &[
    column("listenerid", "id"),
    same("name"),
    same("kind"),
    shown("held_by", Text).null(),
    shown("held_until", Time).null(),
    same("waiting"),
    shown("waiting_reason", Text).null(),
    shown("waiting_since", Time).null(),
    shown("place", Int).null(),
    same("dead_letters"),
];
const DEAD_LETTER: &[Column] = &[
    column("dead_letterid", "id"),
    column("listenerid", "listener"),
    column("cursor", "event"),
    shown("event", Object),
    same("why"),
    same("parked_at"),
    same("again"),
];

/// The columns of resources of `kind`.
pub const fn columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Master => MASTER,
        Kind::Builder => BUILDER,
        Kind::Build => BUILD,
        Kind::BuildRequest => BUILD_REQUEST,
        Kind::Buildset => BUILDSET,
        Kind::SourceStamp => SOURCE_STAMP,
        Kind::Change => CHANGE,
        Kind::Step => STEP,
        Kind::Log => LOG,
        Kind::Worker => WORKER,
        Kind::Scheduler => SCHEDULER,
        Kind::ForceScheduler => FORCE_SCHEDULER,
        Kind::ChangeSource => CHANGE_SOURCE,
        Kind::Project => PROJECT,
        Kind::Codebase => CODEBASE,
        Kind::Branch => BRANCH,
        Kind::Commit => COMMIT,
        Kind::BuildData => BUILD_DATA,
        Kind::TestResultSet => TEST_RESULT_SET,
        Kind::TestResult => TEST_RESULT,
        Kind::Listener => LISTENER,
        Kind::DeadLetter => DEAD_LETTER,
    }
}

/// The unit in which a parameter tells a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Whole seconds, as Buildbot.
    Seconds,
    /// Microseconds: the field's name is followed by `_us`.
    Micros,
}

/// The column of that name, and the unit if it is a time.
pub(crate) fn column_named(kind: Kind, name: &str) -> Option<(&'static Column, Unit)> {
    let find = |name: &str| columns(kind).iter().find(|column| column.name == name);
    if let Some(column) = find(name) {
        return Some((column, Unit::Seconds));
    }
    let column = find(name.strip_suffix(MICROS)?)?;
    (column.shape(kind) == Time).then_some((column, Unit::Micros))
}

/// What the field `name` of the status API holds.
pub(crate) fn field_type(kind: Kind, name: &str) -> Option<FieldType> {
    fn of<F: Field>(name: &str) -> Option<FieldType> {
        F::from_name(name).ok().map(F::field_type)
    }
    match kind {
        Kind::Master => of::<api::MasterField>(name),
        Kind::Builder => of::<api::BuilderField>(name),
        Kind::Build => of::<api::BuildField>(name),
        Kind::BuildRequest => of::<api::BuildRequestField>(name),
        Kind::Buildset => of::<api::BuildsetField>(name),
        Kind::SourceStamp => of::<api::SourceStampField>(name),
        Kind::Change => of::<api::ChangeField>(name),
        Kind::Step => of::<api::StepField>(name),
        Kind::Log => of::<api::LogField>(name),
        Kind::Worker => of::<api::WorkerField>(name),
        Kind::Scheduler => of::<api::SchedulerField>(name),
        Kind::ForceScheduler => of::<api::ForceSchedulerField>(name),
        Kind::ChangeSource => of::<api::ChangeSourceField>(name),
        Kind::Project => of::<api::ProjectField>(name),
        Kind::Codebase => of::<api::CodebaseField>(name),
        Kind::Branch => of::<api::BranchField>(name),
        Kind::Commit => of::<api::CommitField>(name),
        Kind::BuildData => of::<api::BuildDataField>(name),
        Kind::TestResultSet => of::<api::TestResultSetField>(name),
        Kind::TestResult => of::<api::TestResultField>(name),
        Kind::Listener => of::<api::ListenerField>(name),
        Kind::DeadLetter => of::<api::DeadLetterField>(name),
    }
}

/// JSON's name of the status API's field `field`; the name itself if it is none (a parameter such as `after`).
pub fn json_name(kind: Kind, field: &str) -> &str {
    let column = columns(kind).iter().find(|column| column.field == Some(field));
    column.map_or(field, |column| column.name)
}

/// The status API's name of JSON's `name`; the name itself if it is none.
pub fn field_name(kind: Kind, name: &str) -> &str {
    let column = columns(kind).iter().find(|column| column.name == name);
    column.and_then(|column| column.field).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_status_api_has_one_name() {
        fn fields<F: Field>() -> Vec<&'static str> {
            F::ALL.iter().map(|field| field.name()).collect()
        }
        for (kind, fields) in [
            (Kind::Master, fields::<api::MasterField>()),
            (Kind::Builder, fields::<api::BuilderField>()),
            (Kind::Build, fields::<api::BuildField>()),
            (Kind::BuildRequest, fields::<api::BuildRequestField>()),
            (Kind::Buildset, fields::<api::BuildsetField>()),
            (Kind::SourceStamp, fields::<api::SourceStampField>()),
            (Kind::Change, fields::<api::ChangeField>()),
            (Kind::Step, fields::<api::StepField>()),
            (Kind::Log, fields::<api::LogField>()),
            (Kind::Worker, fields::<api::WorkerField>()),
            (Kind::Scheduler, fields::<api::SchedulerField>()),
            (Kind::ForceScheduler, fields::<api::ForceSchedulerField>()),
            (Kind::ChangeSource, fields::<api::ChangeSourceField>()),
            (Kind::Project, fields::<api::ProjectField>()),
            (Kind::Codebase, fields::<api::CodebaseField>()),
            (Kind::Branch, fields::<api::BranchField>()),
            (Kind::Commit, fields::<api::CommitField>()),
            (Kind::BuildData, fields::<api::BuildDataField>()),
            (Kind::TestResultSet, fields::<api::TestResultSetField>()),
            (Kind::TestResult, fields::<api::TestResultField>()),
            (Kind::Listener, fields::<api::ListenerField>()),
            (Kind::DeadLetter, fields::<api::DeadLetterField>()),
        ] {
            for field in fields {
                let named = columns(kind).iter().filter(|column| column.field == Some(field));
                assert_eq!(named.count(), 1, "{field} of {kind:?}");
                assert_eq!(field_name(kind, json_name(kind, field)), field);
            }
            for column in columns(kind) {
                let known = column.field.is_none_or(|field| field_type(kind, field).is_some());
                assert!(known, "{} of {kind:?}", column.name);
            }
        }
    }
}
