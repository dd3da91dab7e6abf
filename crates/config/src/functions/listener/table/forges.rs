//! What tells forges.

use super::super::parameter::Must::{Boolean, Choice, Count, Path, SecretFile, Text, Texts, Url};
use super::super::parameter::{
    Parameter, optional, password, required, required_password, required_secret, secret,
};
use super::super::{Kind, listener};
use super::{REPORTS_BY_HTTP, count, names};
use crate::call::Function;

/// What each forge takes beside what it asks for to let us in.
macro_rules! forge {
    ($name:literal, [$($own:expr),* $(,)?]) => {
        kind!(
            $name,
            REPORTS_BY_HTTP,
            [
                $($own,)*
                optional("url", Url),
                optional("repository", Text),
                optional("hosts", Texts),
            ]
        )
    };
}

pub(super) const GITHUB_STATUS: Kind = forge!(
    "github_status",
    [
        secret("token", "token_file"),
        optional("app_id", Text),
        optional("private_key_file", SecretFile),
        optional("installation_id", Count),
        optional("context", Text),
    ]
);

pub(super) const GITHUB_CHECKS: Kind = forge!(
    "github_checks",
    [
        secret("token", "token_file"),
        optional("app_id", Text),
        optional("private_key_file", SecretFile),
        optional("installation_id", Count),
        optional("context", Text),
        optional("annotations", Count),
    ]
);

pub(super) const GITHUB_COMMENT: Kind = forge!(
    "github_comment",
    [
        secret("token", "token_file"),
        optional("app_id", Text),
        optional("private_key_file", SecretFile),
        optional("installation_id", Count),
        optional("context", Text),
        optional("edit", Boolean),
    ]
);

pub(super) const GITLAB_STATUS: Kind = forge!(
    "gitlab_status",
    [required_secret("token", "token_file"), optional("context", Text)]
);

pub(super) const GITLAB_COMMENT: Kind = forge!(
    "gitlab_comment",
    [
        required_secret("token", "token_file"),
        optional("context", Text),
        optional("edit", Boolean),
    ]
);

pub(super) const GITEA_STATUS: Kind = forge!(
    "gitea_status",
    [required_secret("token", "token_file"), optional("context", Text)]
);

pub(super) const GITEA_COMMENT: Kind = forge!(
    "gitea_comment",
    [
        required_secret("token", "token_file"),
        optional("context", Text),
        optional("edit", Boolean),
    ]
);

pub(super) const BITBUCKET_STATUS: Kind = forge!(
    "bitbucket_status",
    [
        secret("token", "token_file"),
        optional("user", Text),
        password("password", "password_file"),
        optional("oauth_key", Text),
        secret("oauth_secret", "oauth_secret_file"),
        optional("oauth_url", Url),
        optional("context", Text),
    ]
);

pub(super) const BITBUCKET_SERVER_STATUS: Kind = forge!(
    "bitbucket_server_status",
    [
        secret("token", "token_file"),
        optional("user", Text),
        password("password", "password_file"),
        optional("context", Text),
        optional("api", Choice(&["core", "build-status"])),
    ]
);

pub(super) const BITBUCKET_SERVER_COMMENT: Kind = forge!(
    "bitbucket_server_comment",
    [
        secret("token", "token_file"),
        optional("user", Text),
        password("password", "password_file"),
        optional("context", Text),
        optional("edit", Boolean),
    ]
);

pub(super) const AZURE_DEVOPS: Kind = forge!(
    "azure_devops",
    [
        required_secret("token", "token_file"),
        optional("context", Text),
        optional("genre", Text),
        optional("pull_requests", Boolean),
    ]
);

pub(super) const GERRIT: Kind = forge!(
    "gerrit",
    [
        optional("server", Text),
        optional("port", Count),
        optional("user", Text),
        optional("identity_file", Path),
        optional("ssh", Text),
        password("password", "password_file"),
        optional("labels", Texts),
        optional("notify", Choice(&["NONE", "OWNER", "OWNER_REVIEWERS", "ALL"])),
    ]
);

pub(super) const GERRIT_VERIFY_STATUS: Kind = forge!(
    "gerrit_verify_status",
    [
        required("user", Text),
        required_password("password", "password_file"),
        optional("context", Text),
        optional("reporter", Text),
        optional("category", Text),
        optional("abstain", Boolean),
    ]
);
