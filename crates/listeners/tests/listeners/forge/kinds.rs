//! Every kind of status with what is known of it: where it is sent, and what the forge takes.

use serde_json::{Value, json};
use weir_listeners::{Destination, Outlet};

use super::make;
use super::rules::{Is, Rules};
use crate::sample::{REVISION, SECRET};

/// A kind of status.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) make: fn(&str, &Outlet) -> Box<dyn Destination>,
    /// The repository's path at the server.
    pub(crate) repository: &'static str,
    /// Where the status of the revision is sent.
    pub(crate) target: &'static str,
    /// The header that says who asks, as it is sent.
    pub(crate) credential: (&'static str, &'static str),
    pub(crate) rules: Rules,
    /// The states of: none yet, goes on, success, warnings, failure, skipped, exception, retry, cancelled.
    pub(crate) states: [&'static str; 9],
    /// Where in the body the name and the description are.
    pub(crate) name_at: &'static str,
}

/// The path with the revision put in.
pub(crate) fn target(kind: &Kind) -> String {
    kind.target.replace("SHA", REVISION)
}

macro_rules! maker {
    ($kind:ident, $options:ident, $given:expr) => {
        |url, outlet| {
            let mut given: Value = $given;
            given["url"] = json!(url);
            Box::new(make!($kind, $options, outlet, given).unwrap())
        }
    };
}

/// All of them.
pub(crate) fn all() -> Vec<Kind> {
    vec![
        github(),
        gitlab(),
        gitea(),
        bitbucket(),
        bitbucket_server(),
        old_bitbucket_server(),
        azure_devops(),
    ]
}

fn github() -> Kind {
    Kind {
        name: "github_status",
        make: maker!(GithubStatus, GithubStatusOptions, json!({"token": SECRET})),
        repository: "weir/weir",
        target: "/repos/weir/weir/statuses/SHA",
        credential: ("authorization", "Bearer hunter2-hunter2"),
        rules: Rules {
            source: "docs.github.com/en/rest/commits/statuses, version 2022-11-28",
            fields: &[
                (
                    "state",
                    true,
                    Is::OneOf(&["error", "failure", "pending", "success"]),
                ),
                ("target_url", false, Is::Url(65_535)),
                // The server answers 422 to more.
                ("description", false, Is::Text(140)),
                ("context", false, Is::Text(255)),
            ],
        },
        states: [
            "pending", "pending", "success", "success", "failure", "success", "error", "pending", "error",
        ],
        name_at: "/context",
    }
}

fn gitlab() -> Kind {
    Kind {
        name: "gitlab_status",
        make: maker!(GitlabStatus, GitlabStatusOptions, json!({"token": SECRET})),
        repository: "group/sub/weir",
        target: "/api/v4/projects/group%2Fsub%2Fweir/statuses/SHA",
        credential: ("private-token", SECRET),
        rules: Rules {
            source: "docs.gitlab.com/api/commits, Set commit pipeline status",
            fields: &[
                (
                    "state",
                    true,
                    Is::OneOf(&["pending", "running", "success", "failed", "canceled", "skipped"]),
                ),
                ("ref", false, Is::Text(255)),
                ("name", false, Is::Text(255)),
                ("target_url", false, Is::Url(255)),
                ("description", false, Is::Text(255)),
            ],
        },
        states: [
            "pending", "running", "success", "success", "failed", "skipped", "failed", "pending", "canceled",
        ],
        name_at: "/name",
    }
}

fn gitea() -> Kind {
    Kind {
        name: "gitea_status",
        make: maker!(GiteaStatus, GiteaStatusOptions, json!({"token": SECRET})),
        repository: "weir/weir",
        target: "/api/v1/repos/weir/weir/statuses/SHA",
        credential: ("authorization", "token hunter2-hunter2"),
        rules: Rules {
            source: "swagger.v1.json of Gitea 1.22, CreateStatusOption",
            fields: &[
                (
                    "state",
                    true,
                    Is::OneOf(&["pending", "success", "error", "failure", "warning"]),
                ),
                ("target_url", false, Is::Url(65_535)),
                ("description", false, Is::Text(255)),
                ("context", false, Is::Text(255)),
            ],
        },
        states: [
            "pending", "pending", "success", "warning", "failure", "success", "error", "pending", "error",
        ],
        name_at: "/context",
    }
}

fn bitbucket() -> Kind {
    Kind {
        name: "bitbucket_status",
        make: maker!(BitbucketStatus, BitbucketStatusOptions, json!({"token": SECRET})),
        repository: "weir/weir",
        target: "/repositories/weir/weir/commit/SHA/statuses/build",
        credential: ("authorization", "Bearer hunter2-hunter2"),
        rules: Rules {
            source: "developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses",
            fields: &[
                // The server answers 400 to more.
                ("key", true, Is::Text(40)),
                (
                    "state",
                    true,
                    Is::OneOf(&["INPROGRESS", "SUCCESSFUL", "FAILED", "STOPPED"]),
                ),
                ("name", false, Is::Text(255)),
                ("url", true, Is::Url(65_535)),
                ("description", false, Is::Text(255)),
                ("refname", false, Is::Text(255)),
            ],
        },
        states: [
            "INPROGRESS",
            "INPROGRESS",
            "SUCCESSFUL",
            "SUCCESSFUL",
            "FAILED",
            "SUCCESSFUL",
            "FAILED",
            "INPROGRESS",
            "STOPPED",
        ],
        name_at: "/name",
    }
}

fn bitbucket_server() -> Kind {
    Kind {
        name: "bitbucket_server_status",
        make: maker!(
            BitbucketServerStatus,
            BitbucketServerStatusOptions,
            json!({"token": SECRET})
        ),
        repository: "scm/WEIR/weir",
        target: "/rest/api/1.0/projects/WEIR/repos/weir/commits/SHA/builds",
        credential: ("authorization", "Bearer hunter2-hunter2"),
        rules: Rules {
            source: "developer.atlassian.com/server/bitbucket/rest, builds, RestBuildStatusSetRequest",
            fields: &[
                ("key", true, Is::Text(255)),
                (
                    "state",
                    true,
                    Is::OneOf(&["SUCCESSFUL", "FAILED", "INPROGRESS", "CANCELLED", "UNKNOWN"]),
                ),
                ("url", true, Is::Url(450)),
                ("buildNumber", false, Is::Text(255)),
                ("description", false, Is::Text(255)),
                ("duration", false, Is::Number),
                ("name", false, Is::Text(255)),
                ("parent", false, Is::Text(1024)),
                ("ref", false, Is::Text(1024)),
                (
                    "testResults",
                    false,
                    Is::Object(&[
                        ("failed", true, Is::Number),
                        ("skipped", true, Is::Number),
                        ("successful", true, Is::Number),
                    ]),
                ),
            ],
        },
        states: [
            "INPROGRESS",
            "INPROGRESS",
            "SUCCESSFUL",
            "SUCCESSFUL",
            "FAILED",
            "SUCCESSFUL",
            "FAILED",
            "INPROGRESS",
            "CANCELLED",
        ],
        name_at: "/name",
    }
}

fn old_bitbucket_server() -> Kind {
    Kind {
        name: "bitbucket_server_status",
        make: maker!(
            BitbucketServerStatus,
            BitbucketServerStatusOptions,
            json!({"user": "ci", "password": "1234", "api": "build-status"})
        ),
        repository: "scm/WEIR/weir",
        target: "/rest/build-status/1.0/commits/SHA",
        credential: ("authorization", "Basic Y2k6MTIzNA=="),
        rules: Rules {
            source: "developer.atlassian.com/server/bitbucket/how-tos/updating-build-status-for-commits",
            fields: &[
                ("key", true, Is::Text(255)),
                ("state", true, Is::OneOf(&["SUCCESSFUL", "FAILED", "INPROGRESS"])),
                ("url", true, Is::Url(450)),
                ("description", false, Is::Text(255)),
                ("name", false, Is::Text(255)),
            ],
        },
        states: [
            "INPROGRESS",
            "INPROGRESS",
            "SUCCESSFUL",
            "SUCCESSFUL",
            "FAILED",
            "SUCCESSFUL",
            "FAILED",
            "INPROGRESS",
            "FAILED",
        ],
        name_at: "/name",
    }
}

fn azure_devops() -> Kind {
    Kind {
        name: "azure_devops",
        make: maker!(
            AzureDevops,
            AzureDevopsOptions,
            json!({"token": SECRET, "context": "weir/{builder}"})
        ),
        repository: "org/our%20team/_git/weir",
        target: "/org/our%20team/_apis/git/repositories/weir/commits/SHA/statuses?api-version=7.1",
        // `:hunter2-hunter2`
        credential: ("authorization", "Basic Omh1bnRlcjItaHVudGVyMg=="),
        rules: Rules {
            source: "learn.microsoft.com/en-us/rest/api/azure/devops/git/statuses/create, version 7.1",
            fields: &[
                (
                    "state",
                    true,
                    Is::OneOf(&[
                        "notSet",
                        "pending",
                        "succeeded",
                        "failed",
                        "error",
                        "notApplicable",
                    ]),
                ),
                ("description", false, Is::Text(255)),
                ("targetUrl", false, Is::Url(65_535)),
                (
                    "context",
                    true,
                    Is::Object(&[("name", true, Is::Text(128)), ("genre", false, Is::Text(128))]),
                ),
            ],
        },
        states: [
            "pending",
            "pending",
            "succeeded",
            "succeeded",
            "failed",
            "notApplicable",
            "error",
            "pending",
            "error",
        ],
        name_at: "/context/name",
    }
}
