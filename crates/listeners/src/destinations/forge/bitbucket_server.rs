//! Bitbucket Server and Data Center: build statuses of commits, and comments on pull requests, by its core REST API,
//! version 1.0.

use async_trait::async_trait;
use reqwest::{Method, RequestBuilder, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use weir_status_api::ListenerError;

use super::comments::{Comment, Comments, Hidden, PAGE, PAGES};
use super::place::{Forge, ForgeOptions, Kind};
use super::work::{Outcome, State, Status};
use crate::destinations::placeholders::Template;
use crate::destinations::text::cut;
use crate::{Destination, OptionError, Outlet, Report};

/// The longest key, name, description and number, in characters.
const TEXT: usize = 255;

/// The longest URL and the longest parent, in characters.
const URL: usize = 450;
const PARENT: usize = 1024;

/// The longest comment, in bytes.
const COMMENT: usize = 32_768;

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

/// How a [`BitbucketServerStatus`] goes about it. Give `token`, or `user` and `password`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BitbucketServerStatusOptions {
    /// An HTTP access token. A secret.
    pub token: Option<String>,
    /// Whose password it is.
    pub user: Option<String>,
    /// The password. A secret.
    pub password: Option<String>,
    /// The key under which a commit has one status.
    pub context: String,
    /// Where it is: `url` is the forge's, `https://bitbucket.example.org`.
    #[serde(flatten)]
    pub forge: ForgeOptions,
}

impl Default for BitbucketServerStatusOptions {
    /// A key for each builder.
    fn default() -> Self {
        Self {
            token: None,
            user: None,
            password: None,
            context: "weir/{builder}".to_owned(),
            forge: ForgeOptions::default(),
        }
    }
}

/// Sets build statuses of commits at Bitbucket Server (Buildbot's `BitbucketServerCoreAPIStatusPush`):
/// `POST /rest/api/1.0/projects/PROJECT/repos/NAME/commits/SHA/builds`.
///
/// A commit has one status of each key, which is set anew, so a report that comes twice changes nothing. As Buildbot does,
/// it tells the build's number, its duration, its branch and, of the properties `tests_failed`, `tests_skipped` and
/// `tests_successful`, its tests. Warnings and skipped builds are successful, and cancelled ones cancelled, all of which
/// Buildbot tells as failed.
pub struct BitbucketServerStatus {
    forge: Forge,
    auth: Auth,
    context: Template,
}

impl BitbucketServerStatus {
    /// One of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(options: BitbucketServerStatusOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        Ok(Self {
            forge: Forge::new(&options.forge, &KIND, outlet)?,
            auth: Auth::new(options.token, options.user, options.password)?,
            context: Template::parse("context", &options.context)?,
        })
    }

    async fn set(&self, status: &Status<'_>) -> Result<(), ListenerError> {
        let state = match status.work.state {
            State::Waiting | State::Running => "INPROGRESS",
            State::Success | State::Warnings | State::Skipped => "SUCCESSFUL",
            State::Failure | State::Exception => "FAILED",
            State::Cancelled => "CANCELLED",
        };
        let below = ["commits", status.revision, "builds"];
        let url = repository(&self.forge, &status.repository, &below);
        let own = self.forge.base().as_str();
        let page = status.work.url.filter(|it| it.chars().count() <= URL);
        let mut body = json!({
            "key": cut(&status.name, TEXT),
            "state": state,
            // A status has to have a URL.
            "url": page.unwrap_or(own),
            "name": cut(&status.name, TEXT),
            "description": cut(&status.description, TEXT),
            "parent": cut(status.work.builder(), PARENT),
        });
        if let Some(branch) = status.stamp.branch.as_deref() {
            body["ref"] = match branch.starts_with("refs/") {
                true => branch.into(),
                false => format!("refs/heads/{branch}").into(),
            };
        }
        if let Some(build) = status.work.build {
            body["buildNumber"] = build.build.number.to_string().into();
        }
        if let Some(seconds) = status.work.seconds() {
            body["duration"] = (seconds * 1000).into();
        }
        if let Some(tests) = tests(status) {
            body["testResults"] = tests;
        }
        let request = self.auth.on(self.forge.request(Method::POST, url));
        self.forge.send(request, Some(&body)).await.map(drop)
    }
}

/// The numbers of tests, if a step has set one.
fn tests(status: &Status<'_>) -> Option<Value> {
    let number = |name: &str| {
        let value = status.work.properties.get(name)?;
        value.value.as_u64()
    };
    let [failed, skipped, successful] = ["tests_failed", "tests_skipped", "tests_successful"].map(number);
    failed.or(skipped).or(successful)?;
    Some(json!({
        "failed": failed.unwrap_or(0),
        "skipped": skipped.unwrap_or(0),
        "successful": successful.unwrap_or(0),
    }))
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

#[async_trait]
impl Destination for BitbucketServerStatus {
    fn kind(&self) -> &'static str {
        "bitbucket_server_status"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let mut outcome = Outcome::default();
        for status in Status::all_of(report, &self.forge, &self.context) {
            outcome.add(self.set(&status).await);
        }
        outcome.end()
    }
}

/// How a [`BitbucketServerComment`] goes about it. Give `token`, or `user` and `password`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BitbucketServerCommentOptions {
    /// An HTTP access token. A secret.
    pub token: Option<String>,
    /// Whose password it is.
    pub user: Option<String>,
    /// The password. A secret.
    pub password: Option<String>,
    /// The name under which a pull request has one comment.
    pub context: String,
    /// Whether a report edits the earlier comment of its name, instead of making another one.
    pub edit: bool,
    /// Where it is: `url` is the forge's, `https://bitbucket.example.org`.
    #[serde(flatten)]
    pub forge: ForgeOptions,
}

impl Default for BitbucketServerCommentOptions {
    /// A comment for each builder, which is edited.
    fn default() -> Self {
        Self {
            token: None,
            user: None,
            password: None,
            context: "weir/{builder}".to_owned(),
            edit: true,
            forge: ForgeOptions::default(),
        }
    }
}

/// Comments on pull requests at Bitbucket Server (Buildbot's `BitbucketServerPRCommentPush`, which makes a new comment each
/// time): `POST /rest/api/1.0/projects/PROJECT/repos/NAME/pull-requests/N/comments`.
///
/// Our comment is looked for in the pull request's `activities`; if it is there, `PUT …/comments/ID` sets its text, with
/// the version that we saw, so a report that comes twice is there once.
pub struct BitbucketServerComment {
    forge: Forge,
    auth: Auth,
    comments: Comments,
}

impl BitbucketServerComment {
    /// One of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(options: BitbucketServerCommentOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        let auth = Auth::new(options.token, options.user, options.password)?;
        let secret = auth.secret();
        Ok(Self {
            forge: Forge::new(&options.forge, &KIND, outlet)?,
            comments: Comments::new(&options.context, options.edit, secret, Hidden::Link, COMMENT)?,
            auth,
        })
    }

    async fn tell(&self, comment: &Comment) -> Result<(), ListenerError> {
        match self.find(comment).await? {
            Some((id, version)) => {
                let body = json!({"text": comment.text, "version": version});
                self.ask(comment, Method::PUT, &["comments", &id], "", Some(&body))
                    .await
            }
            None => {
                let body = json!({"text": comment.text});
                self.ask(comment, Method::POST, &["comments"], "", Some(&body))
                    .await
            }
        }
        .map(drop)
    }

    /// The id and the version of our comment, if it is there.
    async fn find(&self, comment: &Comment) -> Result<Option<(String, Value)>, ListenerError> {
        let mut start = 0;
        for _ in 0..PAGES {
            let query = format!("limit={PAGE}&start={start}");
            let page = self
                .ask(comment, Method::GET, &["activities"], &query, None)
                .await?;
            let said = page["values"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|it| &it["comment"]);
            let ours = said.into_iter().find(|it| {
                it["text"]
                    .as_str()
                    .is_some_and(|text| text.contains(&comment.marker))
            });
            if let Some(ours) = ours {
                let id = ours["id"].as_u64().map(|it| it.to_string());
                return Ok(id.map(|id| (id, ours["version"].clone())));
            }
            match page["nextPageStart"].as_u64() {
                Some(next) if next > start => start = next,
                _ => break,
            }
        }
        Ok(None)
    }

    async fn ask(
        &self,
        comment: &Comment,
        method: Method,
        below: &[&str],
        query: &str,
        body: Option<&Value>,
    ) -> Result<Value, ListenerError> {
        let number = comment.pull.number.to_string();
        let parts = [&["pull-requests", number.as_str()], below].concat();
        let mut url = repository(&self.forge, &comment.pull.repository, &parts);
        if !query.is_empty() {
            url.set_query(Some(query));
        }
        let request = self.auth.on(self.forge.request(method, url));
        Ok(self.forge.send(request, body).await?.json())
    }
}

#[async_trait]
impl Destination for BitbucketServerComment {
    fn kind(&self) -> &'static str {
        "bitbucket_server_comment"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let mut outcome = Outcome::default();
        for comment in self.comments.of(report, &self.forge) {
            outcome.add(self.tell(&comment).await);
        }
        outcome.end()
    }
}
