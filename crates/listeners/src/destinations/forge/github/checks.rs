//! Check runs.

use async_trait::async_trait;
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use weir_status_api::{ListenerError, Timestamp};

use super::auth::{Auth, below};
use super::{GithubOptions, KIND};
use crate::destinations::forge::annotations::{Annotation, Gravity, annotations};
use crate::destinations::forge::place::{Forge, ForgeOptions};
use crate::destinations::forge::work::{Outcome, State, Status};
use crate::destinations::placeholders::Template;
use crate::text::{cut, cut_bytes};
use crate::{Answer, Destination, OptionError, Outlet, Report};

/// How many annotations a request may have.
const AT_ONCE: usize = 50;

/// The longest texts, in characters (the names) and bytes.
const NAME: usize = 100;
const TITLE: usize = 255;
const TEXT: usize = 65_535;
const ANNOTATION: usize = 65_536;

/// How many check runs are asked for at once, and how many times.
const PAGE: usize = 50;
const PAGES: usize = 20;

/// How a [`GithubChecks`] goes about it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GithubChecksOptions {
    /// The check's name.
    pub context: String,
    /// How many annotations a check run gets, at the most.
    pub annotations: usize,
    /// Who asks. Check runs are made by Apps only; a token has to be one of an App's installation.
    #[serde(flatten)]
    pub auth: GithubOptions,
    /// Where it is.
    #[serde(flatten)]
    pub forge: ForgeOptions,
}

impl Default for GithubChecksOptions {
    /// GitHub itself, a check for each builder, and 200 annotations.
    fn default() -> Self {
        Self {
            context: "weir/{builder}".to_owned(),
            annotations: 200,
            auth: GithubOptions::default(),
            forge: ForgeOptions::default(),
        }
    }
}

/// Makes check runs at GitHub, which Buildbot has not: `POST /repos/OWNER/NAME/check-runs`, and `PATCH …/check-runs/ID`.
///
/// The check run of one request has the `external_id` `weir-request-ID`, with `/STEP` behind it for a step's. It is looked
/// for before (`GET …/commits/SHA/check-runs`), so that a report that comes twice changes the one that is there. The message
/// is its summary, the excerpts of logs its text. What compilers say in the excerpts of lines of the source becomes
/// annotations, 50 a request; those that the check run has already are not sent again.
pub struct GithubChecks {
    forge: Forge,
    auth: Auth,
    name: Template,
    most_annotations: usize,
}

/// A check run that is there.
struct Run {
    id: String,
    annotations: usize,
}

impl GithubChecks {
    /// One of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(options: GithubChecksOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        Ok(Self {
            forge: Forge::new(&options.forge, &KIND, outlet)?,
            auth: Auth::new(&options.auth)?,
            name: Template::parse("context", &options.context)?,
            most_annotations: options.annotations,
        })
    }

    async fn tell(&self, status: &Status<'_>, report: &Report) -> Result<(), ListenerError> {
        let mut body = run(status, report);
        let external_id = external_id(status);
        let there = self.find(status, &external_id).await?;
        let annotations = self.annotations(status);
        let have = there.as_ref().map_or(0, |it| it.annotations);
        let missing: Vec<Value> = annotations.iter().skip(have).map(annotation).collect();
        let mut batches = missing.chunks(AT_ONCE);
        if let Some(first) = batches.next() {
            body["output"]["annotations"] = first.into();
        }
        let id = match there {
            Some(run) => {
                self.update(status, &run.id, &body).await?;
                run.id
            }
            None => {
                body["head_sha"] = status.revision.into();
                body["external_id"] = external_id.into();
                let url = self.url(status, &["check-runs"]);
                let answer = self.ask(status, Method::POST, url, Some(&body)).await?;
                let id = answer.read()?["id"].as_u64().map(|it| it.to_string());
                let id = id.or_else(|| answer.is_dry.then(|| "…".to_owned()));
                let missing = || ListenerError::Later("the answer names no check run".to_owned());
                id.ok_or_else(missing)?
            }
        };
        for batch in batches {
            body["output"]["annotations"] = batch.into();
            self.update(status, &id, &json!({"output": body["output"]}))
                .await?;
        }
        Ok(())
    }

    fn annotations(&self, status: &Status<'_>) -> Vec<Annotation> {
        let ended = !matches!(status.work.state, State::Waiting | State::Running);
        let build = status.work.build.filter(|_| ended);
        let mut found = build.map(annotations).unwrap_or_default();
        found.truncate(self.most_annotations);
        found
    }

    async fn update(&self, status: &Status<'_>, id: &str, body: &Value) -> Result<(), ListenerError> {
        let url = self.url(status, &["check-runs", id]);
        self.ask(status, Method::PATCH, url, Some(body)).await.map(drop)
    }

    /// The check run with this id of ours, if it is there.
    async fn find(&self, status: &Status<'_>, external_id: &str) -> Result<Option<Run>, ListenerError> {
        for page in 1..=PAGES {
            let mut url = self.url(status, &["commits", status.revision, "check-runs"]);
            url.query_pairs_mut()
                .append_pair("check_name", &cut(&status.name, NAME))
                .append_pair("filter", "all")
                .append_pair("per_page", &PAGE.to_string())
                .append_pair("page", &page.to_string());
            let answer = self.ask(status, Method::GET, url, None).await?;
            let runs = answer.list(Some("check_runs"))?;
            if let Some(run) = runs.iter().find(|it| it["external_id"] == *external_id) {
                let annotations = run["output"]["annotations_count"].as_u64();
                return Ok(run["id"].as_u64().map(|id| Run {
                    id: id.to_string(),
                    annotations: annotations.and_then(|it| usize::try_from(it).ok()).unwrap_or(0),
                }));
            }
            if runs.len() < PAGE {
                break;
            }
        }
        Ok(None)
    }

    fn url(&self, status: &Status<'_>, below_it: &[&str]) -> Url {
        self.forge
            .url(&[&["repos"], &below(&status.repository)[..], below_it].concat())
    }

    async fn ask(
        &self,
        status: &Status<'_>,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Answer, ListenerError> {
        let request = self
            .auth
            .request(&self.forge, &status.repository, method, url)
            .await?;
        self.forge.send(request, body).await
    }
}

/// The check run's id of ours.
fn external_id(status: &Status<'_>) -> String {
    let request = format!("weir-request-{}", status.work.request);
    match status.work.build.and_then(|it| it.step()) {
        Some(step) => format!("{request}/{}", step.step.name),
        None => request,
    }
}

/// All of a check run but what it is of.
fn run(status: &Status<'_>, report: &Report) -> Value {
    let (state, conclusion) = match status.work.state {
        State::Waiting => ("queued", None),
        State::Running => ("in_progress", None),
        State::Success => ("completed", Some("success")),
        State::Warnings => ("completed", Some("neutral")),
        State::Failure | State::Exception => ("completed", Some("failure")),
        State::Skipped => ("completed", Some("skipped")),
        State::Cancelled => ("completed", Some("cancelled")),
    };
    let mut body = json!({
        "name": cut(&status.name, NAME),
        "status": state,
        "output": {
            "title": cut(&status.description, TITLE),
            "summary": cut_bytes(report.message.markdown_or_text(), TEXT),
        },
    });
    let text = excerpts(status);
    if !text.is_empty() {
        body["output"]["text"] = cut_bytes(&text, TEXT).into();
    }
    if let Some(url) = status.work.url {
        body["details_url"] = url.into();
    }
    let (started, ended) = times(status, report);
    if let Some(started) = started {
        body["started_at"] = started.to_iso().into();
    }
    if let Some(conclusion) = conclusion {
        body["conclusion"] = conclusion.into();
        body["completed_at"] = ended.to_iso().into();
    }
    body
}

/// When it began, and when it ended if it has.
fn times(status: &Status<'_>, report: &Report) -> (Option<Timestamp>, Timestamp) {
    let Some(build) = status.work.build else {
        return (None, report.at);
    };
    let (started, ended) = match build.step() {
        Some(step) => (step.step.started_at, step.step.complete_at),
        None => (Some(build.build.started_at), build.build.complete_at),
    };
    (started, ended.unwrap_or(report.at))
}

/// The ends of the logs of steps that did not go well.
fn excerpts(status: &Status<'_>) -> String {
    let steps = status
        .work
        .build
        .map(|it| it.steps.as_slice())
        .unwrap_or_default();
    let all = steps.iter().flat_map(|step| {
        step.excerpts.iter().map(|excerpt| {
            // Four backticks at least, and more than the text has.
            let longest = excerpt
                .text
                .split(|it| it != '`')
                .map(str::len)
                .max()
                .unwrap_or(0);
            let fence = "`".repeat(longest.max(3) + 1);
            format!(
                "### {}: {}\n\n{fence}\n{}\n{fence}\n",
                step.step.name,
                excerpt.log,
                excerpt.text.trim_end()
            )
        })
    });
    all.collect::<Vec<_>>().join("\n")
}

fn annotation(it: &Annotation) -> Value {
    let level = match it.gravity {
        Gravity::Error => "failure",
        Gravity::Warning => "warning",
        Gravity::Note => "notice",
    };
    let mut body = json!({
        "path": it.path,
        "start_line": it.line,
        "end_line": it.line,
        "annotation_level": level,
        "title": cut(&it.title, TITLE),
        "message": cut_bytes(&it.message, ANNOTATION),
    });
    if let Some(column) = it.column {
        body["start_column"] = column.into();
        body["end_column"] = column.into();
    }
    body
}

#[async_trait]
impl Destination for GithubChecks {
    fn kind(&self) -> &'static str {
        "github_checks"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let mut outcome = Outcome::default();
        for status in Status::all_of(report, &self.forge, &self.name) {
            let what = format!("{} of {}", external_id(&status), status.of_what());
            let told = self.forge.in_order(what, report, self.tell(&status, report));
            outcome.add(told.await);
        }
        outcome.end()
    }
}
