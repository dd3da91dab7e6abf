//! Statuses of commits.

use async_trait::async_trait;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use weir_status_api::ListenerError;

use super::auth::{Auth, below};
use super::{GithubOptions, KIND};
use crate::destinations::forge::place::{Forge, ForgeOptions};
use crate::destinations::forge::work::{Outcome, State, Status};
use crate::destinations::placeholders::Template;
use crate::text::cut;
use crate::{Destination, OptionError, Outlet, Report};

/// The longest description, in characters.
const DESCRIPTION: usize = 140;

/// The longest context, in characters.
const CONTEXT: usize = 255;

/// How a [`GithubStatus`] goes about it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GithubStatusOptions {
    /// The name under which a commit has one status.
    pub context: String,
    /// Who asks.
    #[serde(flatten)]
    pub auth: GithubOptions,
    /// Where it is.
    #[serde(flatten)]
    pub forge: ForgeOptions,
}

impl Default for GithubStatusOptions {
    /// GitHub itself, and a context for each builder.
    fn default() -> Self {
        Self {
            context: "weir/{builder}".to_owned(),
            auth: GithubOptions::default(),
            forge: ForgeOptions::default(),
        }
    }
}

/// Sets the status of commits at GitHub (Buildbot's `GitHubStatusPush`): `POST /repos/OWNER/NAME/statuses/SHA`.
///
/// The newest status of a context is the one that counts, so a report that comes twice changes nothing. A cancelled build
/// is an `error`, and one that is begun anew `pending`, as Buildbot has it.
pub struct GithubStatus {
    forge: Forge,
    auth: Auth,
    context: Template,
}

impl GithubStatus {
    /// One of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(options: GithubStatusOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        Ok(Self {
            forge: Forge::new(&options.forge, &KIND, outlet)?,
            auth: Auth::new(&options.auth)?,
            context: Template::parse("context", &options.context)?,
        })
    }

    async fn set(&self, status: &Status<'_>) -> Result<(), ListenerError> {
        let state = match status.work.state {
            State::Waiting | State::Running => "pending",
            State::Success | State::Warnings | State::Skipped => "success",
            State::Failure => "failure",
            State::Exception | State::Cancelled => "error",
        };
        let mut body = json!({
            "state": state,
            "context": cut(&status.name, CONTEXT),
            "description": cut(&status.description, DESCRIPTION),
        });
        if let Some(url) = status.work.url {
            body["target_url"] = url.into();
        }
        let path = [
            &["repos"],
            &below(&status.repository)[..],
            &["statuses", status.revision],
        ]
        .concat();
        let url = self.forge.url(&path);
        let request = self
            .auth
            .request(&self.forge, &status.repository, Method::POST, url)
            .await?;
        self.forge.send(request, Some(&body)).await.map(drop)
    }
}

#[async_trait]
impl Destination for GithubStatus {
    fn kind(&self) -> &'static str {
        "github_status"
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
