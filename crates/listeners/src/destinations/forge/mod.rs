//! Forges: where code is reviewed and kept. They are told how the builds of a commit or of a pull request go.
//!
//! A report becomes [`Work`](work::Work)s, one for each builder. Each of their source stamps that is of a repository of
//! the [`Forge`](place::Forge), and whose revision is known, gets a [`Status`](work::Status). Reports of other
//! repositories, of no revision and of workers are taken and send nothing.

mod annotations;
mod comments;
mod github;
mod location;
mod place;
mod work;

pub use github::{
    GithubChecks, GithubChecksOptions, GithubComment, GithubCommentOptions, GithubOptions, GithubStatus,
    GithubStatusOptions,
};
pub use place::ForgeOptions;
