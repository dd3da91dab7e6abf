//! Bitbucket Server and Data Center: build statuses of commits, and comments on pull requests, by its core REST API,
//! version 1.0; statuses at servers before version 7.4 by the build status API.

mod comment;
mod status;

use reqwest::{RequestBuilder, Url};

use super::place::{Forge, Kind};
use crate::OptionError;

pub use comment::{BitbucketServerComment, BitbucketServerCommentOptions};
pub use status::{BitbucketServerApi, BitbucketServerStatus, BitbucketServerStatusOptions};

/// Everybody has their own, so `url` has to be given.
const KIND: Kind = Kind {
    url: None,
    hosts: &[],
    path: project_and_name,
};

/// Who asks: `token`, or `user` and `password`.
#[derive(Clone)]
enum Auth {
    Token(String),
    Password(String, String),
}

impl Auth {
    fn new(
        token: Option<String>,
        user: Option<String>,
        password: Option<String>,
    ) -> Result<Self, OptionError> {
        match (token, user, password) {
            (Some(token), None, None) => Ok(Self::Token(token)),
            (None, Some(user), Some(password)) => Ok(Self::Password(user, password)),
            _ => {
                let why = "has to be given, or both `user` and `password`, and only one of the two";
                Err(OptionError::new("token", why))
            }
        }
    }

    fn on(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Token(token) => request.bearer_auth(token),
            Self::Password(user, password) => request.basic_auth(user, Some(password)),
        }
    }

    fn secret(&self) -> &str {
        match self {
            Self::Token(secret) | Self::Password(_, secret) => secret,
        }
    }
}

/// The project's key and the repository's name: `/scm/KEY/NAME`, `/projects/KEY/repos/NAME`, `/users/WHO/repos/NAME`, or
/// the last two parts.
fn project_and_name(path: Vec<String>) -> Option<Vec<String>> {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let (project, name) = match parts[..] {
        [.., "projects", project, "repos", name] => (project.to_owned(), name),
        [.., "users", user, "repos", name] => (format!("~{user}"), name),
        [.., project, name] => (project.to_owned(), name),
        _ => return None,
    };
    Some(vec![project, name.to_owned()])
}

fn repository(forge: &Forge, repository: &[String], below: &[&str]) -> Url {
    let mut parts = vec!["rest", "api", "1.0"];
    for (folder, part) in ["projects", "repos"].into_iter().zip(repository) {
        parts.extend([folder, part]);
    }
    parts.extend(below);
    forge.url(&parts)
}
