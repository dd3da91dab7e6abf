//! Projects and their codebases.

/// What builders and codebases are grouped by (Buildbot's `Project`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectConfig {
    /// Its name.
    pub name: String,
    /// Its name as an identifier; made of the name unless given.
    pub slug: String,
    /// What it is.
    pub description: Option<Description>,
}

/// What has a history of its own: a repository, or what stands for it (Buildbot's `Codebase`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodebaseConfig {
    /// Its name.
    pub name: String,
    /// Its name as an identifier; made of the name unless given.
    pub slug: String,
    /// The name of its project, which exists.
    pub project: String,
}

/// What something is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The text.
    pub text: String,
    /// What it is written in: `markdown`, or plain text if none.
    pub format: Option<String>,
}
