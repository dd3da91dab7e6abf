//! The resources, as plain data.
//!
//! The serde derives serve storage and a plugin's own files; they are not the JSON API, whose names
//! only its binding knows.

pub(crate) mod build;
pub(crate) mod listener;
pub(crate) mod machine;
pub(crate) mod outcome;
pub(crate) mod project;
pub(crate) mod property;
pub(crate) mod setup;
pub(crate) mod source;

use serde::{Deserialize, Serialize};

use crate::control::ControlRecord;
use crate::event::PropertiesUpdate;
use crate::query::{Field, List, Query};

/// A type of resource that can be got and listed.
pub trait Resource: Clone + Send + Sync + Sized + 'static {
    /// The fields by which it can be filtered and ordered.
    type Field: Field;
    /// Its kind.
    const KIND: Kind;
    /// It as one of all resources.
    fn into_entity(self) -> Entity;
    /// The resource in `entity`, if it is of this type.
    fn from_entity(entity: Entity) -> Option<Self>;
    /// A query for it as one of all lists.
    fn into_list(query: Query<Self>) -> List;
}

macro_rules! resources {
    ($($(#[$doc:meta])* $name:ident($resource:ty, $field:ty);)+) => {
        /// The kinds of resource that can be got and listed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Kind { $($(#[$doc])* $name,)+ }

        impl Kind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];
        }

        /// Any one resource. Events carry it, [`Read::get`](crate::Read::get) gives it.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[allow(clippy::large_enum_variant, reason = "a build is the common case")]
        pub enum Entity {
            $($(#[$doc])* $name($resource),)+
            /// Properties of a build that were set; only in events.
            Properties(PropertiesUpdate),
            /// A request to act; only in events.
            Control(ControlRecord),
        }

        impl Entity {
            /// The kind of resource that it is; none if it is only in events.
            pub fn kind(&self) -> Option<Kind> {
                match self {
                    $(Self::$name(_) => Some(Kind::$name),)+
                    Self::Properties(_) | Self::Control(_) => None,
                }
            }
        }

        $(impl Resource for $resource {
            type Field = $field;
            const KIND: Kind = Kind::$name;
            fn into_entity(self) -> Entity { Entity::$name(self) }
            fn from_entity(entity: Entity) -> Option<Self> {
                match entity { Entity::$name(it) => Some(it), _ => None }
            }
            fn into_list(query: Query<Self>) -> List { List::$name(query) }
        }

        impl From<$resource> for Entity {
            fn from(it: $resource) -> Self { Self::$name(it) }
        })+
    };
}

resources! {
    /// A master.
    Master(machine::Master, machine::MasterField);
    /// A builder.
    Builder(setup::Builder, setup::BuilderField);
    /// A build.
    Build(build::Build, build::BuildField);
    /// A build request.
    BuildRequest(build::BuildRequest, build::BuildRequestField);
    /// A buildset.
    Buildset(build::Buildset, build::BuildsetField);
    /// A source stamp.
    SourceStamp(source::SourceStamp, source::SourceStampField);
    /// A change.
    Change(source::Change, source::ChangeField);
    /// A step.
    Step(build::Step, build::StepField);
    /// A log.
    Log(build::Log, build::LogField);
    /// A worker.
    Worker(machine::Worker, machine::WorkerField);
    /// A scheduler.
    Scheduler(setup::Scheduler, setup::SchedulerField);
    /// A force scheduler.
    ForceScheduler(setup::ForceScheduler, setup::ForceSchedulerField);
    /// A change source.
    ChangeSource(setup::ChangeSource, setup::ChangeSourceField);
    /// A project.
    Project(project::Project, project::ProjectField);
    /// A codebase.
    Codebase(project::Codebase, project::CodebaseField);
    /// A branch.
    Branch(project::Branch, project::BranchField);
    /// A commit.
    Commit(project::Commit, project::CommitField);
    /// A piece of data that a build keeps.
    BuildData(outcome::BuildData, outcome::BuildDataField);
    /// A set of test results.
    TestResultSet(outcome::TestResultSet, outcome::TestResultSetField);
    /// A test result.
    TestResult(outcome::TestResult, outcome::TestResultField);
    /// A listener.
    Listener(listener::ListenerStatus, listener::ListenerField);
    /// An event that a listener could not deliver.
    DeadLetter(listener::DeadLetter, listener::DeadLetterField);
}
