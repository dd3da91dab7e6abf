//! Build statuses of commits.

use async_trait::async_trait;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use weir_status_api::ListenerError;

use super::{Auth, KIND, repository};
use crate::destinations::forge::place::{Forge, ForgeOptions};
use crate::destinations::forge::work::{Outcome, State, Status};
use crate::destinations::placeholders::Template;
use crate::text::cut;
use crate::{Destination, OptionError, Outlet, Report};

/// The longest key, name, description and number, in characters.
const TEXT: usize = 255;

/// The longest URL and the longest parent, in characters.
const URL: usize = 450;
const PARENT: usize = 1024;

/// By which of its REST APIs a server is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BitbucketServerApi {
    /// The core API, which servers have from version 7.4 on: all that is known of a build.
    #[default]
    Core,
    /// The build status API, which older servers have too: a state, a name and a description.
    BuildStatus,
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
    /// By which API it is told.
    pub api: BitbucketServerApi,
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
            api: BitbucketServerApi::default(),
            forge: ForgeOptions::default(),
        }
    }
}

/// Sets build statuses of commits at Bitbucket Server (Buildbot's `BitbucketServerCoreAPIStatusPush`):
/// `POST /rest/api/1.0/projects/PROJECT/repos/NAME/commits/SHA/builds`. By the [build status
/// API](BitbucketServerApi::BuildStatus) it is `POST /rest/build-status/1.0/commits/SHA` (`BitbucketServerStatusPush`).
///
/// A commit has one status of each key, which is set anew, so a report that comes twice changes nothing. As Buildbot does,
/// it tells the build's number, its duration, its branch and, of the properties `tests_failed`, `tests_skipped` and
/// `tests_successful`, its tests. Warnings and skipped builds are successful, and cancelled ones cancelled, all of which
/// Buildbot tells as failed. The build status API has the state, the name and the description alone, and knows nothing of
/// cancelled builds: they have failed there.
pub struct BitbucketServerStatus {
    forge: Forge,
    auth: Auth,
    context: Template,
    api: BitbucketServerApi,
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
            api: options.api,
        })
    }

    async fn set(&self, status: &Status<'_>) -> Result<(), ListenerError> {
        let (url, body) = match self.api {
            BitbucketServerApi::Core => {
                let below = ["commits", status.revision, "builds"];
                let url = repository(&self.forge, &status.repository, &below);
                (url, self.whole(status))
            }
            BitbucketServerApi::BuildStatus => {
                let parts = ["rest", "build-status", "1.0", "commits", status.revision];
                (self.forge.url(&parts), self.brief(status, "FAILED"))
            }
        };
        let request = self.auth.on(self.forge.request(Method::POST, url));
        self.forge.send(request, Some(&body)).await.map(drop)
    }

    /// What both APIs take; `cancelled` is the state of what was cancelled.
    fn brief(&self, status: &Status<'_>, cancelled: &str) -> Value {
        let state = match status.work.state {
            State::Waiting | State::Running => "INPROGRESS",
            State::Success | State::Warnings | State::Skipped => "SUCCESSFUL",
            State::Failure | State::Exception => "FAILED",
            State::Cancelled => cancelled,
        };
        let own = self.forge.base().as_str();
        let page = status.work.url.filter(|it| it.chars().count() <= URL);
        json!({
            "key": cut(&status.name, TEXT),
            "state": state,
            // A status has to have a URL.
            "url": page.unwrap_or(own),
            "name": cut(&status.name, TEXT),
            "description": cut(&status.description, TEXT),
        })
    }

    /// What the core API takes.
    fn whole(&self, status: &Status<'_>) -> Value {
        let mut body = self.brief(status, "CANCELLED");
        body["parent"] = cut(status.work.builder(), PARENT).into();
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
        body
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

#[async_trait]
impl Destination for BitbucketServerStatus {
    fn kind(&self) -> &'static str {
        "bitbucket_server_status"
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
