//! Traces for OpenTelemetry.

mod otlp;
mod trace;

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use prost::Message as _;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, Url};
use serde::Deserialize;
use weir_status_api::{
    Build, BuildRequest, Buildset, Entity, Error, Event, Key, Listener, ListenerError, Query, ReadExt as _,
    StatusApi, Step, StepField, TopicFilter,
};

use crate::events::names::Names;
use crate::options;
use crate::{Http, OptionError, Outlet};

use otlp::ExportResponse;
use trace::{Facts, Tracer};

/// How many steps of a build have spans at the most.
const MOST_STEPS: usize = 5000;

/// OTLP's media type over HTTP, in its binary form.
const PROTOBUF: &str = "application/x-protobuf";

/// How an [`OpenTelemetry`] goes about it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OpenTelemetryOptions {
    /// The collector's URL; traces are posted to `/v1/traces` below it.
    pub endpoint: String,
    /// Headers to send along, such as a token. Their values are shown to nobody.
    pub headers: BTreeMap<String, String>,
    /// The attribute `service.name`.
    pub service_name: String,
    /// What the ids of traces are derived from, beside the build: the same key gives the same ids. The listener's name
    /// if none.
    pub key: Option<String>,
    /// The address of the web status, for links to builds; no links if none.
    pub web_url: Option<String>,
    /// Further attributes of the resource.
    pub attributes: BTreeMap<String, String>,
    /// How long one delivery may take, from connecting to the answer, in seconds.
    pub timeout: f64,
    /// An authority to trust beside the usual ones, as PEM.
    pub ca: Option<String>,
}

impl Default for OpenTelemetryOptions {
    /// The usual address of a collector on this machine.
    fn default() -> Self {
        Self {
            endpoint: "http://localhost:4318".to_owned(),
            headers: BTreeMap::new(),
            service_name: "weir".to_owned(),
            key: None,
            web_url: None,
            attributes: BTreeMap::new(),
            timeout: 30.0,
            ca: None,
        }
    }
}

impl fmt::Debug for OpenTelemetryOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenTelemetryOptions")
            .field("headers", &self.headers.keys())
            .field("service_name", &self.service_name)
            .finish_non_exhaustive()
    }
}

/// Sends a trace of each build that has ended: a span of the build, and of each of its steps that ran one below it, by
/// OTLP 1 over HTTP in its binary form. Buildbot has no such.
///
/// Attributes follow OpenTelemetry's semantic conventions 1.44 for CI/CD and VCS: the resource has
/// `cicd.pipeline.name` (the builder), `cicd.pipeline.run.id` (the build's id), `cicd.pipeline.run.url.full`,
/// `cicd.worker.*` and, of the build's first source stamp, `vcs.*`; the spans have `cicd.pipeline.result`,
/// `cicd.pipeline.task.*` and `error.type`; what Weir knows beyond that is `weir.*`. A build that another one triggered
/// has a link to that one's span.
///
/// The ids of trace and spans are derived from the key, the build's id and start, and the step's id by SHA-256: a build
/// that is delivered again has the same, and is the same to whoever stores them by their ids.
pub struct OpenTelemetry {
    name: String,
    url: Url,
    headers: HeaderMap,
    tracer: Tracer,
    names: Names,
    http: Http,
}

impl fmt::Debug for OpenTelemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenTelemetry")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl OpenTelemetry {
    /// The listener `name` of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(name: String, options: OpenTelemetryOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        let endpoint = options::http_url("endpoint", &options.endpoint)?;
        let web_url = options
            .web_url
            .as_deref()
            .map(|it| options::http_url("web_url", it))
            .transpose()?;
        let tracer = Tracer {
            key: options.key.unwrap_or_else(|| name.clone()),
            service_name: options.service_name,
            attributes: options.attributes,
            web_url,
        };
        Ok(Self {
            url: options::below("endpoint", endpoint, &["v1", "traces"])?,
            headers: options::headers(&options.headers)?,
            tracer,
            names: Names::default(),
            http: options::http(outlet, options.timeout, options.ca.as_deref())?,
            name,
        })
    }

    async fn facts<'b>(&self, build: &'b Build, api: &dyn StatusApi) -> Result<Facts<'b>, ListenerError> {
        let request = found(api.one::<BuildRequest>(Key::BuildRequest(build.request)).await)?;
        let buildset = match request {
            Some(request) => found(api.one::<Buildset>(Key::Buildset(request.buildset)).await)?,
            None => None,
        };
        let parent = match buildset.as_ref().and_then(|it| it.parent_build) {
            Some(parent) => found(api.one::<Build>(Key::Build(parent.into())).await)?,
            None => None,
        };
        Ok(Facts {
            build,
            builder: self.names.builder(build.builder, api).await?,
            worker: self.names.worker(build.worker, api).await?,
            steps: steps(build, api).await?,
            source_stamp: buildset.and_then(|it| it.source_stamps.into_iter().next()),
            parent,
        })
    }
}

async fn steps(build: &Build, api: &dyn StatusApi) -> Result<Vec<Step>, ListenerError> {
    let query = Query::<Step>::new().eq(StepField::Build, build.id);
    let mut pages = api.pages(query.ascending(StepField::Number).limit(1000));
    let mut steps = vec![];
    while steps.len() < MOST_STEPS
        && let Some(page) = pages
            .next()
            .await
            .map_err(|error| ListenerError::Later(error.to_string()))?
    {
        steps.extend(page.items);
    }
    steps.truncate(MOST_STEPS);
    Ok(steps)
}

/// What was read; none if it is no longer there.
fn found<T>(read: weir_status_api::Result<weir_status_api::At<T>>) -> Result<Option<T>, ListenerError> {
    match read {
        Ok(at) => Ok(Some(at.value)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(ListenerError::Later(error.to_string())),
    }
}

#[async_trait]
impl Listener for OpenTelemetry {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &str {
        "opentelemetry"
    }

    fn filter(&self) -> TopicFilter {
        TopicFilter::parse("builds/*/finished").expect("it is a pattern")
    }

    async fn on_event(&self, event: &Event, api: &dyn StatusApi) -> Result<(), ListenerError> {
        let Entity::Build(build) = &event.entity else {
            return Ok(());
        };
        let request = self.tracer.trace(&self.facts(build, api).await?);
        let request = self
            .http
            .request(Method::POST, self.url.clone())
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, PROTOBUF)
            .header(ACCEPT, PROTOBUF)
            .body(request.encode_to_vec());
        let answer = self.http.send(request).await?;
        // What is no such answer is none of OTLP's, and takes the request by its status all the same.
        let refused = ExportResponse::decode(answer.body.as_slice())
            .ok()
            .and_then(|it| it.partial_success)
            .filter(|it| it.rejected_spans > 0);
        match refused {
            None => Ok(()),
            Some(it) => Err(ListenerError::Never(format!(
                "{} spans were rejected: {}",
                it.rejected_spans,
                trace::bounded(&it.error_message)
            ))),
        }
    }
}
