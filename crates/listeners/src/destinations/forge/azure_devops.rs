//! Azure DevOps: statuses of commits and of pull requests, by its REST API, version 7.1.

use async_trait::async_trait;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use weir_status_api::ListenerError;

use super::comments::pulls;
use super::place::{Forge, ForgeOptions, Kind, required_token};
use super::work::{Outcome, State, Status};
use crate::destinations::placeholders::Template;
use crate::text::cut;
use crate::{Destination, OptionError, Outlet, Report};

/// The version of the API.
const VERSION: &str = "api-version=7.1";

/// The longest name and description, in characters.
const NAME: usize = 128;
const DESCRIPTION: usize = 255;

/// dev.azure.com.
const KIND: Kind = Kind {
    url: Some("https://dev.azure.com"),
    hosts: &["dev.azure.com", "ssh.dev.azure.com"],
    path: collection_project_and_name,
};

/// How an [`AzureDevops`] goes about it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AzureDevopsOptions {
    /// A personal access token with the scope Code (status). A secret.
    pub token: String,
    /// The name under which a commit has one status.
    pub context: String,
    /// The group of names (Azure's genre).
    pub genre: String,
    /// Whether the pull request that a commit is of gets the status as well, where policies look for it.
    pub pull_requests: bool,
    /// Where it is: `url` is what stands before organization or collection, project and repository.
    #[serde(flatten)]
    pub forge: ForgeOptions,
}

impl Default for AzureDevopsOptions {
    /// dev.azure.com, a name for each builder in the genre `weir`, and pull requests as well.
    fn default() -> Self {
        Self {
            token: String::new(),
            context: "{builder}".to_owned(),
            genre: "weir".to_owned(),
            pull_requests: true,
            forge: ForgeOptions::default(),
        }
    }
}

/// Sets statuses at Azure DevOps, which Buildbot does not:
/// `POST /ORGANIZATION/PROJECT/_apis/git/repositories/NAME/commits/SHA/statuses`, and `…/pullRequests/N/statuses`.
///
/// The newest status of a genre and name is the one that counts, so a report that comes twice changes nothing.
pub struct AzureDevops {
    forge: Forge,
    token: String,
    context: Template,
    genre: String,
    pull_requests: bool,
}

impl AzureDevops {
    /// One of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(options: AzureDevopsOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        Ok(Self {
            forge: Forge::new(&options.forge, &KIND, outlet)?,
            token: required_token(options.token)?,
            context: Template::parse("context", &options.context)?,
            genre: options.genre,
            pull_requests: options.pull_requests,
        })
    }

    /// Sets the status of what is below the repository.
    async fn set(&self, status: &Status<'_>, below: &[&str]) -> Result<(), ListenerError> {
        let state = match status.work.state {
            State::Waiting | State::Running => "pending",
            State::Success | State::Warnings => "succeeded",
            State::Failure => "failed",
            State::Exception | State::Cancelled => "error",
            State::Skipped => "notApplicable",
        };
        let mut body = json!({
            "state": state,
            "description": cut(&status.description, DESCRIPTION),
            "context": {"name": cut(&status.name, NAME), "genre": self.genre},
        });
        if let Some(url) = status.work.url {
            body["targetUrl"] = url.into();
        }
        let (name, project) = status
            .repository
            .split_last()
            .ok_or_else(|| ListenerError::Never("the repository has no name".to_owned()))?;
        let mut parts: Vec<&str> = project.iter().map(String::as_str).collect();
        parts.extend(["_apis", "git", "repositories", name]);
        parts.extend(below);
        let mut url = self.forge.url(&parts);
        url.set_query(Some(VERSION));
        // The token is the password of nobody in particular.
        let request = self
            .forge
            .request(Method::POST, url)
            .basic_auth("", Some(&self.token));
        self.forge.send(request, Some(&body)).await.map(drop)
    }
}

/// Collection, project and name: `/ORGANIZATION/PROJECT/_git/NAME`, or by SSH `v3/ORGANIZATION/PROJECT/NAME`.
fn collection_project_and_name(path: Vec<String>) -> Option<Vec<String>> {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let found: Vec<&str> = match parts[..] {
        [.., collection, project, "_git", name] => vec![collection, project, name],
        // The older form names the organization in the host, and a project's first repository has its name.
        [project, "_git", name] => vec![project, name],
        ["v3", collection, project, name] | [collection, project, name] => vec![collection, project, name],
        _ => return None,
    };
    Some(found.into_iter().map(str::to_owned).collect())
}

#[async_trait]
impl Destination for AzureDevops {
    fn kind(&self) -> &'static str {
        "azure_devops"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let mut outcome = Outcome::default();
        let pulls = if self.pull_requests {
            pulls(report, &self.forge)
        } else {
            vec![]
        };
        for status in Status::all_of(report, &self.forge, &self.context) {
            let commit = ["commits", status.revision, "statuses"];
            let told = self
                .forge
                .in_order(status.of_what(), report, self.set(&status, &commit));
            outcome.add(told.await);
            for pull in pulls.iter().filter(|it| it.repository == status.repository) {
                let number = pull.number.to_string();
                let below = ["pullRequests", number.as_str(), "statuses"];
                let what = format!("{} of {number}", status.of_what());
                let told = self.forge.in_order(what, report, self.set(&status, &below));
                outcome.add(told.await);
            }
        }
        outcome.end()
    }
}
