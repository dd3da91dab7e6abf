//! GitLab: statuses of commits, and comments ("notes") on merge requests, by its REST API, version 4.

use async_trait::async_trait;
use reqwest::{Method, RequestBuilder, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use weir_status_api::ListenerError;

use super::comments::{Comment, Comments, Hidden, marked};
use super::place::{Forge, ForgeOptions, Kind, required_token};
use super::work::{Outcome, State, Status};
use crate::destinations::placeholders::Template;
use crate::text::cut;
use crate::{Destination, OptionError, Outlet, Report};

/// The longest name, description and URL, in characters.
const LONGEST: usize = 255;

/// The longest comment, in bytes; GitLab allows a million characters, of which nobody reads that many.
const COMMENT: usize = 100_000;

/// How many comments are asked for at once, each of which can be long, and how many times; beyond, a new one is made.
const PAGE: usize = 20;
const PAGES: usize = 100;

/// gitlab.com. A repository can be in groups within groups.
const KIND: Kind = Kind {
    url: Some("https://gitlab.com"),
    hosts: &["gitlab.com", "altssh.gitlab.com"],
    path: |path| Some(path).filter(|it| it.len() >= 2),
};

/// How a [`GitlabStatus`] goes about it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GitlabStatusOptions {
    /// A token with the scope `api`. A secret.
    pub token: String,
    /// The name under which a commit has one status.
    pub context: String,
    /// Where it is: `url` is the forge's, `https://gitlab.example.org`.
    #[serde(flatten)]
    pub forge: ForgeOptions,
}

impl Default for GitlabStatusOptions {
    /// gitlab.com, and a name for each builder.
    fn default() -> Self {
        Self {
            token: String::new(),
            context: "weir/{builder}".to_owned(),
            forge: ForgeOptions::default(),
        }
    }
}

/// Sets the status of commits at GitLab (Buildbot's `GitLabStatusPush`): `POST /api/v4/projects/PROJECT/statuses/SHA`.
///
/// A status that comes twice is refused by GitLab, since it leads from a state to the same; such a refusal takes the
/// report. The project is the property `source_project_id`, which Buildbot's hook sets for merge requests, or else the
/// repository's path, and the branch `source_branch` or the source stamp's. Where a build is of several of its repositories,
/// these properties are those of the changes of each.
pub struct GitlabStatus {
    forge: Forge,
    token: String,
    context: Template,
}

impl GitlabStatus {
    /// One of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(options: GitlabStatusOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        Ok(Self {
            forge: Forge::new(&options.forge, &KIND, outlet)?,
            token: required_token(options.token)?,
            context: Template::parse("context", &options.context)?,
        })
    }

    async fn set(&self, status: &Status<'_>) -> Result<(), ListenerError> {
        let state = match status.work.state {
            State::Waiting => "pending",
            State::Running => "running",
            State::Success | State::Warnings => "success",
            State::Failure | State::Exception => "failed",
            State::Skipped => "skipped",
            State::Cancelled => "canceled",
        };
        let mut body = json!({
            "state": state,
            "name": cut(&status.name, LONGEST),
            "description": cut(&status.description, LONGEST),
        });
        // A URL that is cut leads nowhere.
        if let Some(url) = status.work.url.filter(|it| it.chars().count() <= LONGEST) {
            body["target_url"] = url.into();
        }
        if let Some(branch) = branch(status, &self.forge) {
            body["ref"] = branch.into();
        }
        let project = project(status, &self.forge);
        let url = self
            .forge
            .url(&["api", "v4", "projects", &project, "statuses", status.revision]);
        let request = authorized(&self.forge, &self.token, Method::POST, url);
        // It locks the commit while it sets another status.
        match self.forge.send_unless_busy(request, &body).await {
            Err(ListenerError::Never(why)) if why.contains("Cannot transition status") => Ok(()),
            answer => answer.map(drop),
        }
    }
}

/// The project's id, or its path.
fn project(status: &Status<'_>, forge: &Forge) -> String {
    let id = status.property(forge, "source_project_id");
    match id.filter(|_| !forge.is_of_one()) {
        Some(Value::Number(id)) => id.to_string(),
        Some(Value::String(id)) if !id.is_empty() => id.clone(),
        _ => status.repository.join("/"),
    }
}

/// The branch of the commit, if that is known.
fn branch<'a>(status: &'a Status<'_>, forge: &Forge) -> Option<&'a str> {
    let source = status.property(forge, "source_branch");
    if let Some(source) = source.and_then(Value::as_str) {
        return Some(source);
    }
    let branch = status.stamp.branch.as_deref()?;
    let branch = branch.strip_prefix("refs/heads/").unwrap_or(branch);
    Some(branch).filter(|it| !it.starts_with("refs/"))
}

fn authorized(forge: &Forge, token: &str, method: Method, url: Url) -> RequestBuilder {
    forge.request(method, url).header("private-token", token)
}

#[async_trait]
impl Destination for GitlabStatus {
    fn kind(&self) -> &'static str {
        "gitlab_status"
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

/// How a [`GitlabComment`] goes about it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GitlabCommentOptions {
    /// A token with the scope `api`. A secret.
    pub token: String,
    /// The name under which a merge request has one comment.
    pub context: String,
    /// Whether a report edits the earlier comment of its name, instead of making another one.
    pub edit: bool,
    /// Where it is: `url` is the forge's, `https://gitlab.example.org`.
    #[serde(flatten)]
    pub forge: ForgeOptions,
}

impl Default for GitlabCommentOptions {
    /// gitlab.com, and a comment for each builder, which is edited.
    fn default() -> Self {
        Self {
            token: String::new(),
            context: "weir/{builder}".to_owned(),
            edit: true,
            forge: ForgeOptions::default(),
        }
    }
}

/// Comments on merge requests at GitLab, which Buildbot does not: `POST /api/v4/projects/PROJECT/merge_requests/N/notes`,
/// and `PUT …/notes/ID` if our comment is there, so that a report that comes twice is there once.
pub struct GitlabComment {
    forge: Forge,
    token: String,
    comments: Comments,
}

impl GitlabComment {
    /// One of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(options: GitlabCommentOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        let token = required_token(options.token)?;
        Ok(Self {
            forge: Forge::new(&options.forge, &KIND, outlet)?,
            comments: Comments::new(&options.context, options.edit, &token, Hidden::Html, COMMENT)?,
            token,
        })
    }

    async fn tell(&self, comment: &Comment) -> Result<(), ListenerError> {
        let body = json!({"body": comment.text});
        let (method, url) = match self.find(comment).await? {
            Some(id) => (Method::PUT, self.notes(comment, &[&id])),
            None => (Method::POST, self.notes(comment, &[])),
        };
        let request = authorized(&self.forge, &self.token, method, url);
        self.forge.send(request, Some(&body)).await.map(drop)
    }

    /// The id of our comment, if it is there.
    async fn find(&self, comment: &Comment) -> Result<Option<String>, ListenerError> {
        for page in 1..=PAGES {
            let mut url = self.notes(comment, &[]);
            url.set_query(Some(&format!(
                "sort=asc&order_by=created_at&per_page={PAGE}&page={page}"
            )));
            let request = authorized(&self.forge, &self.token, Method::GET, url);
            let notes = self.forge.send(request, None).await?.list(None)?;
            if let Some(ours) = marked(&notes, "body", &comment.marker) {
                return Ok(ours["id"].as_u64().map(|it| it.to_string()));
            }
            if notes.len() < PAGE {
                break;
            }
        }
        Ok(None)
    }

    fn notes(&self, comment: &Comment, below: &[&str]) -> Url {
        let project = comment.pull.repository.join("/");
        let number = comment.pull.number.to_string();
        let notes = [
            "api",
            "v4",
            "projects",
            &project,
            "merge_requests",
            &number,
            "notes",
        ];
        self.forge.url(&[&notes, below].concat())
    }
}

#[async_trait]
impl Destination for GitlabComment {
    fn kind(&self) -> &'static str {
        "gitlab_comment"
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
