//! Gitea and Forgejo: statuses of commits, and comments on pull requests, by their REST API, version 1.

use async_trait::async_trait;
use reqwest::header::AUTHORIZATION;
use reqwest::{Method, RequestBuilder, Url};
use serde::Deserialize;
use serde_json::json;
use weir_status_api::ListenerError;

use super::comments::{Comment, Comments, Hidden, marked};
use super::place::{Forge, ForgeOptions, Kind, owner_and_name, required_token};
use super::work::{Outcome, State, Status};
use crate::destinations::placeholders::Template;
use crate::text::cut;
use crate::{Destination, OptionError, Outlet, Report};

/// The longest context and description, in characters; there is no limit, but what is shown is a line.
const LONGEST: usize = 255;

/// The longest comment, in bytes.
const COMMENT: usize = 65_535;

/// There are many, so `url` has to be given.
const KIND: Kind = Kind {
    url: None,
    hosts: &[],
    path: owner_and_name,
};

/// How a [`GiteaStatus`] goes about it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GiteaStatusOptions {
    /// A token with the scope `write:repository`. A secret.
    pub token: String,
    /// The name under which a commit has one status.
    pub context: String,
    /// Where it is: `url` is the forge's, `https://git.example.org`.
    #[serde(flatten)]
    pub forge: ForgeOptions,
}

impl Default for GiteaStatusOptions {
    /// A context for each builder.
    fn default() -> Self {
        Self {
            token: String::new(),
            context: "weir/{builder}".to_owned(),
            forge: ForgeOptions::default(),
        }
    }
}

/// Sets the status of commits at Gitea or Forgejo (the `GiteaStatusPush` that Buildbot has from a package beside it):
/// `POST /api/v1/repos/OWNER/NAME/statuses/SHA`.
///
/// The newest status of a context is the one that counts, so a report that comes twice changes nothing. Warnings are a
/// `warning`, which the package tells as `success`.
pub struct GiteaStatus {
    forge: Forge,
    token: String,
    context: Template,
}

impl GiteaStatus {
    /// One of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(options: GiteaStatusOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        Ok(Self {
            forge: Forge::new(&options.forge, &KIND, outlet)?,
            token: required_token(options.token)?,
            context: Template::parse("context", &options.context)?,
        })
    }

    async fn set(&self, status: &Status<'_>) -> Result<(), ListenerError> {
        let state = match status.work.state {
            State::Waiting | State::Running => "pending",
            State::Success | State::Skipped => "success",
            State::Warnings => "warning",
            State::Failure => "failure",
            State::Exception | State::Cancelled => "error",
        };
        let mut body = json!({
            "state": state,
            "context": cut(&status.name, LONGEST),
            "description": cut(&status.description, LONGEST),
        });
        if let Some(url) = status.work.url {
            body["target_url"] = url.into();
        }
        let url = below(&self.forge, &status.repository, &["statuses", status.revision]);
        let request = authorized(&self.forge, &self.token, Method::POST, url);
        self.forge.send(request, Some(&body)).await.map(drop)
    }
}

fn below(forge: &Forge, repository: &[String], parts: &[&str]) -> Url {
    let repository: Vec<&str> = repository.iter().map(String::as_str).collect();
    forge.url(&[&["api", "v1", "repos"], &repository[..], parts].concat())
}

fn authorized(forge: &Forge, token: &str, method: Method, url: Url) -> RequestBuilder {
    forge
        .request(method, url)
        .header(AUTHORIZATION, format!("token {token}"))
}

#[async_trait]
impl Destination for GiteaStatus {
    fn kind(&self) -> &'static str {
        "gitea_status"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let mut outcome = Outcome::default();
        for status in Status::all_of(report, &self.forge, &self.context) {
            let told = self.forge.in_order(status.of_what(), report, self.set(&status));
            outcome.add(told.await);
        }
        outcome.end()
    }
}

/// How a [`GiteaComment`] goes about it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GiteaCommentOptions {
    /// A token with the scope `write:issue`. A secret.
    pub token: String,
    /// The name under which a pull request has one comment.
    pub context: String,
    /// Whether a report edits the earlier comment of its name, instead of making another one.
    pub edit: bool,
    /// Where it is: `url` is the forge's, `https://git.example.org`.
    #[serde(flatten)]
    pub forge: ForgeOptions,
}

impl Default for GiteaCommentOptions {
    /// A comment for each builder, which is edited.
    fn default() -> Self {
        Self {
            token: String::new(),
            context: "weir/{builder}".to_owned(),
            edit: true,
            forge: ForgeOptions::default(),
        }
    }
}

/// Comments on pull requests at Gitea or Forgejo, which Buildbot does not: `POST /api/v1/repos/OWNER/NAME/issues/N/comments`,
/// and `PATCH …/issues/comments/ID` if our comment is there, so that a report that comes twice is there once.
pub struct GiteaComment {
    forge: Forge,
    token: String,
    comments: Comments,
}

impl GiteaComment {
    /// One of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(options: GiteaCommentOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        let token = required_token(options.token)?;
        Ok(Self {
            forge: Forge::new(&options.forge, &KIND, outlet)?,
            comments: Comments::new(&options.context, options.edit, &token, Hidden::Html, COMMENT)?,
            token,
        })
    }

    async fn tell(&self, comment: &Comment) -> Result<(), ListenerError> {
        let number = comment.pull.number.to_string();
        let ask = |method, parts: &[&str]| {
            let url = below(&self.forge, &comment.pull.repository, parts);
            authorized(&self.forge, &self.token, method, url)
        };
        // All come at once: this list has no pages.
        let comments = ask(Method::GET, &["issues", &number, "comments"]);
        let comments = self.forge.send(comments, None).await?.list(None)?;
        let ours = marked(&comments, "body", &comment.marker);
        let request = match ours.and_then(|it| it["id"].as_u64()) {
            Some(id) => ask(Method::PATCH, &["issues", "comments", &id.to_string()]),
            None => ask(Method::POST, &["issues", &number, "comments"]),
        };
        let body = json!({"body": comment.text});
        self.forge.send(request, Some(&body)).await.map(drop)
    }
}

#[async_trait]
impl Destination for GiteaComment {
    fn kind(&self) -> &'static str {
        "gitea_comment"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let mut outcome = Outcome::default();
        for comment in self.comments.of(report, &self.forge) {
            let what = comment.marker.clone();
            let told = self.forge.in_order(what, report, self.tell(&comment));
            outcome.add(told.await);
        }
        outcome.end()
    }
}
