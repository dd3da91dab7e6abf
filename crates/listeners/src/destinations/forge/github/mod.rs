//! GitHub: statuses of commits, check runs, and comments on pull requests, by its REST API, version 2022-11-28.

mod auth;
mod checks;
mod comment;
mod status;

use serde::Deserialize;

use super::place::{Kind, owner_and_name};

pub use checks::{GithubChecks, GithubChecksOptions};
pub use comment::{GithubComment, GithubCommentOptions};
pub use status::{GithubStatus, GithubStatusOptions};

/// Who asks GitHub: give `token`, or `app_id` and `private_key`. The same for all of GitHub's destinations.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct GithubOptions {
    /// A token of somebody who may write the repositories' statuses. A secret.
    pub token: Option<String>,
    /// An App's id, or its client id.
    pub app_id: Option<String>,
    /// The App's private key, as PEM. A secret.
    pub private_key: Option<String>,
    /// The App's installation; if not given, the one that has the repository.
    pub installation_id: Option<u64>,
}

/// GitHub itself; GitHub Enterprise Server has its API at `https://HOST/api/v3`.
const KIND: Kind = Kind {
    url: Some("https://api.github.com"),
    hosts: &["github.com", "www.github.com", "ssh.github.com"],
    path: owner_and_name,
};
