//! Who does the work: masters and workers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::query::fields;
use crate::{BuilderId, MasterId, Timestamp, WorkerId};

/// A build master (Buildbot's `master`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Master {
    /// Its id.
    pub id: MasterId,
    /// Its name, `host:directory`.
    pub name: String,
    /// Whether it runs.
    pub active: bool,
    /// When it last said so.
    pub last_active: Timestamp,
}

fields! {
    /// Fields of a [`Master`].
    MasterField {
        /// [`Master::id`].
        Id: Int = "id",
        /// [`Master::name`].
        Name: Text = "name",
        /// [`Master::active`].
        Active: Bool = "active",
        /// [`Master::last_active`].
        LastActive: Time = "last_active",
    }
}

/// A builder that a worker serves, and the master that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConfiguredOn {
    /// The master.
    pub master: MasterId,
    /// The builder.
    pub builder: BuilderId,
}

/// What a worker told of itself when it connected; empty if it never did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerInfo {
    /// Who keeps it.
    pub admin: Option<String>,
    /// Its host.
    pub host: Option<String>,
    /// Where to reach its host.
    pub access_uri: Option<String>,
    /// The version of the worker program.
    pub version: Option<String>,
    /// Further facts by name, e.g. `os`, `arch`, `cpus`.
    pub facts: BTreeMap<String, String>,
}

/// How a worker is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// When it was last there, or its master began to expect it.
    pub last_connection: Timestamp,
    /// Who is to be told, e.g. mail addresses; as its configuration says.
    pub notify: Vec<String>,
}

/// A worker (Buildbot's `worker`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Worker {
    /// Its id.
    pub id: WorkerId,
    /// Its name.
    pub name: String,
    /// The builders it serves, per master.
    pub configured_on: Vec<ConfiguredOn>,
    /// The masters it is connected to.
    pub connected_to: Vec<MasterId>,
    /// What it told of itself.
    pub info: WorkerInfo,
    /// Whether it gets no new builds for now.
    pub paused: bool,
    /// Why it is paused.
    pub pause_reason: Option<String>,
    /// Why it is not connected, as far as its masters know: how its last connection ended, or why its last attempt to come
    /// was refused, in a sentence of at most 1,000 bytes without a NUL; none while it is connected, and if it never tried.
    pub away_reason: Option<String>,
    /// Whether it ends after its present builds.
    pub graceful: bool,
    /// How it is missing; only in the event [`Verb::Missing`](crate::Verb::Missing).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absence: Option<Absence>,
}

fields! {
    /// Fields of a [`Worker`].
    WorkerField {
        /// [`Worker::id`].
        Id: Int = "id",
        /// [`Worker::name`].
        Name: Text = "name",
        /// [`Worker::paused`].
        Paused: Bool = "paused",
        /// [`Worker::graceful`].
        Graceful: Bool = "graceful",
        /// Serves this builder; equality only.
        Builder: Int = "builder" (relation),
        /// Is configured on this master; equality only.
        Master: Int = "master" (relation),
    }
}
