//! The names of each resource's fields: in JSON, and in the status API's queries.

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
}

const fn column(name: &'static str, field: &'static str) -> Column {
    Column {
        name,
        field: Some(field),
        relation: false,
    }
}

/// Its name is the same in both.
const fn same(name: &'static str) -> Column {
    column(name, name)
}

/// It is shown only.
const fn shown(name: &'static str) -> Column {
    Column {
        name,
        field: None,
        relation: false,
    }
}

const fn relation(name: &'static str, field: &'static str) -> Column {
    Column {
        name,
        field: Some(field),
        relation: true,
    }
}

const MASTER: &[Column] = &[
    column("masterid", "id"),
    same("name"),
    same("active"),
    same("last_active"),
];
const BUILDER: &[Column] = &[
    column("builderid", "id"),
    same("name"),
    shown("masterids"),
    same("description"),
    shown("description_format"),
    shown("description_html"),
    shown("projectid"),
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
    same("complete_at"),
    same("locks_duration_s"),
    same("results"),
    column("state_string", "state"),
    shown("properties"),
    relation("changeid", "change"),
    relation("triggered_by_buildid", "triggered_by"),
];
const BUILD_REQUEST: &[Column] = &[
    column("buildrequestid", "id"),
    column("buildsetid", "buildset"),
    column("builderid", "builder"),
    same("priority"),
    same("claimed"),
    same("claimed_at"),
    column("claimed_by_masterid", "claimed_by"),
    same("complete"),
    same("complete_at"),
    same("results"),
    same("submitted_at"),
    same("waited_for"),
    shown("properties"),
];
const BUILDSET: &[Column] = &[
    column("bsid", "id"),
    column("external_idstring", "external_id"),
    same("reason"),
    column("rebuilt_buildid", "rebuilt_build"),
    same("submitted_at"),
    same("complete"),
    same("complete_at"),
    same("results"),
    shown("sourcestamps"),
    column("parent_buildid", "parent_build"),
    shown("parent_relationship"),
];
const SOURCE_STAMP: &[Column] = &[
    column("ssid", "id"),
    same("revision"),
    same("branch"),
    same("repository"),
    same("project"),
    same("codebase"),
    same("created_at"),
    shown("patch"),
    relation("bsid", "buildset"),
];
const CHANGE: &[Column] = &[
    column("changeid", "id"),
    shown("parent_changeids"),
    same("author"),
    same("committer"),
    shown("files"),
    same("comments"),
    same("revision"),
    same("branch"),
    same("category"),
    shown("revlink"),
    shown("properties"),
    same("repository"),
    same("project"),
    same("codebase"),
    shown("sourcestamp"),
    column("when_timestamp", "when"),
    relation("ssid", "source_stamp"),
    relation("buildid", "build"),
];
const STEP: &[Column] = &[
    column("stepid", "id"),
    same("number"),
    same("name"),
    column("buildid", "build"),
    same("started_at"),
    shown("locks_acquired_at"),
    same("complete"),
    same("complete_at"),
    same("results"),
    column("state_string", "state"),
    shown("urls"),
    same("hidden"),
];
const LOG: &[Column] = &[
    column("logid", "id"),
    same("name"),
    same("slug"),
    column("stepid", "step"),
    same("complete"),
    same("num_lines"),
    column("type", "kind"),
];
const WORKER: &[Column] = &[
    column("workerid", "id"),
    same("name"),
    shown("connected_to"),
    shown("configured_on"),
    shown("workerinfo"),
    same("paused"),
    shown("pause_reason"),
    same("graceful"),
    relation("builderid", "builder"),
    relation("masterid", "master"),
];
const SCHEDULER: &[Column] = &[
    column("schedulerid", "id"),
    same("name"),
    same("enabled"),
    shown("master"),
    relation("masterid", "master"),
];
const FORCE_SCHEDULER: &[Column] = &[
    same("name"),
    shown("button_name"),
    same("label"),
    same("builder_names"),
    same("enabled"),
    shown("all_fields"),
    shown("properties"),
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
    is_time(kind, column).then_some((column, Unit::Micros))
}

fn is_time(kind: Kind, column: &Column) -> bool {
    match column.field {
        Some(field) => field_type(kind, field) == Some(FieldType::Time),
        // The one time that cannot be filtered by.
        None => column.name == "locks_acquired_at",
    }
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
