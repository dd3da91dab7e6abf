//! What the configuration sets up: builders and schedulers.

use serde::{Deserialize, Serialize};

use crate::query::fields;
use crate::{BuilderId, ChangeSourceId, MasterId, ProjectId, Properties, SchedulerId};

/// A builder (Buildbot's `builder`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Builder {
    /// Its id.
    pub id: BuilderId,
    /// Its name; any characters.
    pub name: String,
    /// The masters that have it configured; none if it was removed.
    pub masters: Vec<MasterId>,
    /// What it is for.
    pub description: Option<String>,
    /// What the description is written in, e.g. `markdown`; plain text if none.
    pub description_format: Option<String>,
    /// Its project.
    pub project: Option<ProjectId>,
    /// Its tags.
    pub tags: Vec<String>,
}

fields! {
    /// Fields of a [`Builder`].
    BuilderField {
        /// [`Builder::id`].
        Id: Int = "id",
        /// [`Builder::name`].
        Name: Text = "name",
        /// [`Builder::description`].
        Description: Text = "description",
        /// [`Builder::project`].
        Project: Int = "project",
        /// [`Builder::tags`].
        Tags: TextList = "tags",
        /// Is configured on this master; equality only.
        Master: Int = "master" (relation),
        /// Is served by this worker; equality only.
        Worker: Int = "worker" (relation),
    }
}

/// A scheduler (Buildbot's `scheduler`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scheduler {
    /// Its id.
    pub id: SchedulerId,
    /// Its name.
    pub name: String,
    /// Whether it makes buildsets.
    pub enabled: bool,
    /// The master it runs on; none if it was removed.
    pub master: Option<MasterId>,
}

fields! {
    /// Fields of a [`Scheduler`].
    SchedulerField {
        /// [`Scheduler::id`].
        Id: Int = "id",
        /// [`Scheduler::name`].
        Name: Text = "name",
        /// [`Scheduler::enabled`].
        Enabled: Bool = "enabled",
        /// [`Scheduler::master`].
        Master: Int = "master",
    }
}

/// Where changes come from (Buildbot's `changesource`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeSource {
    /// Its id.
    pub id: ChangeSourceId,
    /// Its name.
    pub name: String,
    /// The master it runs on; none if it was removed.
    pub master: Option<MasterId>,
}

fields! {
    /// Fields of a [`ChangeSource`].
    ChangeSourceField {
        /// [`ChangeSource::id`].
        Id: Int = "id",
        /// [`ChangeSource::name`].
        Name: Text = "name",
        /// [`ChangeSource::master`].
        Master: Int = "master",
    }
}

/// A scheduler that people start by hand (Buildbot's `forcescheduler`). Its key is its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForceScheduler {
    /// Its name.
    pub name: String,
    /// The text on its button.
    pub button_name: String,
    /// What people call it.
    pub label: String,
    /// The builders it can start, by name.
    pub builder_names: Vec<String>,
    /// Whether it can be used.
    pub enabled: bool,
    /// What it builds, and why, unless the person says otherwise.
    pub defaults: ForceDefaults,
    /// What every buildset of it gets as properties.
    pub properties: Properties,
    /// The properties it asks for, beside reason, branch, revision, repository and project.
    pub fields: Vec<ForceField>,
}

/// What a [`ForceScheduler`] builds unless the person says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForceDefaults {
    /// The reason.
    pub reason: String,
    /// The branch; none for the repository's default one.
    pub branch: Option<String>,
    /// The repository, may be empty.
    pub repository: String,
    /// The project, may be empty.
    pub project: String,
    /// The codebase, may be empty; a person cannot choose it.
    pub codebase: String,
}

fields! {
    /// Fields of a [`ForceScheduler`].
    ForceSchedulerField {
        /// [`ForceScheduler::name`].
        Name: Text = "name",
        /// [`ForceScheduler::label`].
        Label: Text = "label",
        /// [`ForceScheduler::enabled`].
        Enabled: Bool = "enabled",
        /// [`ForceScheduler::builder_names`].
        Builders: TextList = "builder_names",
    }
}

/// One property that a force scheduler asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForceField {
    /// The property's name. Of a codebase it is the codebase's, and a group may have none.
    pub name: String,
    /// What people read beside it.
    pub label: String,
    /// What it may hold.
    pub kind: ForceFieldKind,
    /// Its value if none is given.
    pub default: serde_json::Value,
    /// Whether it must not be empty.
    pub required: bool,
}

/// What a [`ForceField`] may hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ForceFieldKind {
    /// A line of text.
    Text,
    /// A whole number.
    Int,
    /// Yes or no.
    Bool,
    /// One of these.
    Choice(Vec<String>),
    /// Text that follows rules.
    Ruled(TextRules),
    /// A whole number within bounds.
    Within {
        /// The least, if there is one.
        min: Option<i64>,
        /// The greatest, if there is one.
        max: Option<i64>,
    },
    /// Texts of a list.
    Choices {
        /// The list.
        choices: Vec<String>,
        /// Whether it must be of the list.
        strict: bool,
        /// Whether it is several: the value is a list then.
        multiple: bool,
    },
    /// Somebody with an address: `Ada <ada@example.org>` (Buildbot's `UserNameParameter`).
    Username,
    /// A codebase that is built beside the scheduler's own. Its values are named after it: of the codebase `lib`
    /// `lib_branch`, `lib_revision`, `lib_repository` and `lib_project`. No property comes of it.
    Codebase(ForceSource),
    /// Fields that are shown together (Buildbot's `NestedParameter`). Of a group with a name one property comes
    /// that holds them all, and in [`ForceParams::values`](crate::ForceParams::values) each has the group's name and `_` before its own.
    Group(Vec<ForceField>),
    /// A patch upon the source of this codebase, which is the scheduler's own or that of a
    /// [`ForceFieldKind::Codebase`] (Buildbot's `PatchParameter`). Its values are named after it: of the field `patch`
    /// `patch_body` (text) or `patch_body_base64`, `patch_level` (1 unless given), `patch_subdir`, `patch_author` and
    /// `patch_comment`. No property comes of it, and without a body no patch.
    Patch {
        /// The codebase's name; may be empty.
        codebase: String,
    },
    /// Any properties (Buildbot's `AnyPropertyParameter`): an object of names and values, or a text of lines
    /// `NAME=VALUE`. Each becomes a property of its own.
    Properties,
}

/// What the text of a [`ForceField`] must be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextRules {
    /// Whether it may have several lines.
    pub lines: bool,
    /// A regular expression that the whole of it must match, if there is one.
    pub pattern: Option<String>,
    /// How many characters it may have, if there is a limit.
    pub max_length: Option<i64>,
}

/// What is built of a codebase unless the person says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForceSource {
    /// The branch; none for the repository's default one.
    pub branch: Option<String>,
    /// The revision; none for the newest.
    pub revision: Option<String>,
    /// The repository, may be empty.
    pub repository: String,
    /// The project, may be empty.
    pub project: String,
}
