//! The verifications of the plugin verify-status.

use async_trait::async_trait;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use weir_status_api::ListenerError;

use super::KIND;
use super::change::{Change, changes};
use super::review::answered;
use crate::destinations::forge::place::{Forge, ForgeOptions};
use crate::destinations::forge::work::{Outcome, State, Work};
use crate::destinations::placeholders::Template;
use crate::text::{cut, one_line};
use crate::{Destination, OptionError, Outlet, Report};

/// The longest texts, in characters: they are columns of the plugin's table.
const TEXT: usize = 255;

/// How a [`GerritVerifyStatus`] goes about it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GerritVerifyStatusOptions {
    /// Who asks.
    pub user: String,
    /// The HTTP password. A secret.
    pub password: String,
    /// The job's name.
    pub context: String,
    /// The name under which all of ours stand.
    pub reporter: String,
    /// The jobs' category, if they shall have one.
    pub category: Option<String>,
    /// Whether the results are told without being votes.
    pub abstain: bool,
    /// Where it is: `url` is Gerrit's, `https://review.example.org`.
    #[serde(flatten)]
    pub forge: ForgeOptions,
}

impl Default for GerritVerifyStatusOptions {
    /// A job for each builder, told by `weir`.
    fn default() -> Self {
        Self {
            user: String::new(),
            password: String::new(),
            context: "{builder}".to_owned(),
            reporter: "weir".to_owned(),
            category: None,
            abstain: false,
            forge: ForgeOptions::default(),
        }
    }
}

/// Tells the plugin verify-status of Gerrit's how jobs went (Buildbot's `GerritVerifyStatusPush`):
/// `POST /a/changes/CHANGE/revisions/COMMIT/verify-status~verifications`.
///
/// A verification of the same name and reporter that is there already is the one that is set, so a report that comes twice
/// is there once. Buildbot adds one each time, and sends it in a form that the plugin took long ago.
pub struct GerritVerifyStatus {
    forge: Forge,
    user: String,
    password: String,
    name: Template,
    reporter: String,
    category: Option<String>,
    abstain: bool,
}

impl GerritVerifyStatus {
    /// One of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(options: GerritVerifyStatusOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        for (option, value) in [("user", &options.user), ("password", &options.password)] {
            if value.is_empty() {
                return Err(OptionError::new(option, "is missing"));
            }
        }
        Ok(Self {
            forge: Forge::new(&options.forge, &KIND, outlet)?,
            user: options.user,
            password: options.password,
            name: Template::parse("context", &options.context)?,
            reporter: options.reporter,
            category: options.category,
            abstain: options.abstain,
        })
    }

    fn name_of(&self, work: &Work<'_>) -> String {
        let name = one_line(&self.name.fill_apart(&work.values(work.stamps.first())));
        cut(&name, TEXT)
    }

    async fn verify(&self, work: &Work<'_>, change: &Change, name: &str) -> Result<(), ListenerError> {
        let asked = self.request(Method::GET, change);
        let there = answered(&self.forge.send(asked, None).await?)?;
        let ours = |it: &Value| it["name"] == *name && it["reporter"] == *self.reporter;
        let known = there
            .as_object()
            .and_then(|it| it.iter().find(|(_, it)| ours(it)));
        let mut body = json!({
            "name": name,
            "value": value(work.state),
            "abstain": self.abstain,
            "reporter": self.reporter,
            "comment": cut(&one_line(work.description), TEXT),
            "duration": work.seconds().map_or_else(|| "pending".to_owned(), duration),
        });
        if let Some(url) = work.url {
            body["url"] = url.into();
        }
        if let Some(category) = &self.category {
            body["category"] = category.as_str().into();
        }
        let key = known.map_or(name, |(id, _)| id.as_str());
        let body = json!({"verifications": {key: body}});
        self.forge
            .send(self.request(Method::POST, change), Some(&body))
            .await
            .map(drop)
    }

    fn request(&self, method: Method, change: &Change) -> RequestBuilder {
        let parts = [
            "a",
            "changes",
            &change.id,
            "revisions",
            &change.revision,
            "verify-status~verifications",
        ];
        let request = self.forge.request(method, self.forge.url(&parts));
        request.basic_auth(&self.user, Some(&self.password))
    }
}

/// How a job went: 1 well, -1 not, 0 neither.
fn value(state: State) -> i64 {
    match state {
        State::Success | State::Warnings => 1,
        State::Failure => -1,
        State::Waiting | State::Running | State::Exception | State::Skipped | State::Cancelled => 0,
    }
}

/// As Buildbot writes it: `1h 2m 3s`.
fn duration(seconds: u64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let rest = format!("{}m {}s", seconds / 60 % 60, seconds % 60);
    match (days, hours) {
        (0, 0) => rest,
        (0, _) => format!("{hours}h {rest}"),
        (1, _) => format!("1 day {hours}h {rest}"),
        _ => format!("{days} days {hours}h {rest}"),
    }
}

#[async_trait]
impl Destination for GerritVerifyStatus {
    fn kind(&self) -> &'static str {
        "gerrit_verify_status"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let mut outcome = Outcome::default();
        for work in Work::all_of(report) {
            for change in changes(&work) {
                let name = self.name_of(&work);
                let what = format!("{}@{} {name}", change.id, change.revision);
                let told = self
                    .forge
                    .in_order(what, report, self.verify(&work, &change, &name));
                outcome.add(told.await);
            }
        }
        outcome.end()
    }
}
