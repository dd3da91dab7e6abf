//! Forges: where code is reviewed and kept. They are told how the builds of a commit or of a pull request go.
//!
//! A report becomes [`Work`](work::Work)s, one for each builder. Each of their source stamps that is of a repository of
//! the [`Forge`](place::Forge), and whose revision is known, gets a [`Status`](work::Status). Reports of other
//! repositories, of no revision and of workers are taken and send nothing. What a commit or a pull request is told never is
//! older than what it was told before ([`Newest`](newest::Newest)).

mod annotations;
mod azure_devops;
mod bitbucket_cloud;
mod bitbucket_server;
mod comments;
mod gerrit;
mod gitea;
mod github;
mod gitlab;
mod location;
mod newest;
mod place;
mod work;

pub use azure_devops::{AzureDevops, AzureDevopsOptions};
pub use bitbucket_cloud::{BitbucketStatus, BitbucketStatusOptions};
pub use bitbucket_server::{
    BitbucketServerApi, BitbucketServerComment, BitbucketServerCommentOptions, BitbucketServerStatus,
    BitbucketServerStatusOptions,
};
pub use gerrit::{Gerrit, GerritOptions, GerritVerifyStatus, GerritVerifyStatusOptions};
pub use gitea::{GiteaComment, GiteaCommentOptions, GiteaStatus, GiteaStatusOptions};
pub use github::{
    GithubChecks, GithubChecksOptions, GithubComment, GithubCommentOptions, GithubOptions, GithubStatus,
    GithubStatusOptions,
};
pub use gitlab::{GitlabComment, GitlabCommentOptions, GitlabStatus, GitlabStatusOptions};
pub use place::ForgeOptions;
