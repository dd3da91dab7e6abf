//! What a master has configured.

use std::collections::BTreeMap;

use weir_status_api::{
    BuilderId, ChangeSourceId, CodebaseId, ForceScheduler, ProjectId, SchedulerId, WorkerId,
};

/// A builder, as the configuration has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuilderSetup {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What the description is written in, e.g. `markdown`.
    pub description_format: Option<String>,
    /// Its project, by slug; one of the setup or one that is known already.
    pub project: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// The workers that serve it, by name.
    pub workers: Vec<String>,
}

/// A project, as the configuration has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectSetup {
    /// Its name.
    pub name: String,
    /// Its name as an identifier, unique.
    pub slug: String,
    /// What it is.
    pub description: Option<String>,
    /// What the description is written in, e.g. `markdown`.
    pub description_format: Option<String>,
}

/// A codebase, as the configuration has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodebaseSetup {
    /// Its project, by slug; one of the setup or one that is known already.
    pub project: String,
    /// Its name, unique within its project.
    pub name: String,
    /// Its name as an identifier, unique within its project.
    pub slug: String,
}

/// All that a master has configured; what is not in it any more is marked as removed, never deleted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setup {
    /// The builders.
    pub builders: Vec<BuilderSetup>,
    /// The workers, by name.
    pub workers: Vec<String>,
    /// The schedulers, by name; force schedulers among them.
    pub schedulers: Vec<String>,
    /// The force schedulers.
    pub force_schedulers: Vec<ForceScheduler>,
    /// The projects. One that is not in it any more stays as it was.
    pub projects: Vec<ProjectSetup>,
    /// The codebases. One that is not in it any more stays as it was.
    pub codebases: Vec<CodebaseSetup>,
    /// The change sources, by name.
    pub change_sources: Vec<String>,
}

/// The ids of what a [`Setup`] names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetupIds {
    /// Builders by name.
    pub builders: BTreeMap<String, BuilderId>,
    /// Workers by name.
    pub workers: BTreeMap<String, WorkerId>,
    /// Schedulers by name.
    pub schedulers: BTreeMap<String, SchedulerId>,
    /// Projects by slug.
    pub projects: BTreeMap<String, ProjectId>,
    /// Codebases by their project's slug and their own.
    pub codebases: BTreeMap<(String, String), CodebaseId>,
    /// Change sources by name.
    pub change_sources: BTreeMap<String, ChangeSourceId>,
}

/// The text of a configuration that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigurationId(pub i64);
