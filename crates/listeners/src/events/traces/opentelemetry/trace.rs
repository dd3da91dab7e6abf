//! The trace of a build.

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::Url;
use sha2::{Digest, Sha256};
use weir_status_api::{Build, Results, SourceStamp, Step, Timestamp};

use super::otlp::{
    AnyValue, ExportRequest, KeyValue, Link, Resource, ResourceSpans, Scope, ScopeSpans, Span, SpanKind,
    Status, StatusCode, Value,
};

/// The conventions that the attributes' names are of.
const SCHEMA: &str = "https://opentelemetry.io/schemas/1.44.0";

/// The longest text of an attribute, in characters.
const LONGEST: usize = 1000;

/// What a trace is made of.
pub(super) struct Facts<'b> {
    pub(super) build: &'b Build,
    pub(super) builder: Arc<str>,
    pub(super) worker: Arc<str>,
    /// In order.
    pub(super) steps: Vec<Step>,
    /// The first of its buildset.
    pub(super) source_stamp: Option<SourceStamp>,
    /// The build that triggered it.
    pub(super) parent: Option<Build>,
}

/// Makes traces.
pub(super) struct Tracer {
    pub(super) key: String,
    pub(super) service_name: String,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) web_url: Option<Url>,
}

impl Tracer {
    /// The request that tells of the build.
    pub(super) fn trace(&self, facts: &Facts<'_>) -> ExportRequest {
        let ran = facts.steps.iter();
        let mut spans = vec![self.build_span(facts)];
        spans.extend(ran.filter_map(|step| self.step_span(facts, step)));
        let scope = Scope {
            name: "weir".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        ExportRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(Resource {
                    attributes: self.resource(facts),
                }),
                scope_spans: vec![ScopeSpans {
                    scope: Some(scope),
                    spans,
                    schema_url: SCHEMA.to_owned(),
                }],
                schema_url: SCHEMA.to_owned(),
            }],
        }
    }

    fn resource(&self, facts: &Facts<'_>) -> Vec<KeyValue> {
        let build = facts.build;
        let mut attributes = vec![
            text("service.name", &self.service_name),
            text("cicd.pipeline.name", &facts.builder),
            text("cicd.pipeline.run.id", &build.id.to_string()),
            text("cicd.worker.id", &build.worker.to_string()),
            text("cicd.worker.name", &facts.worker),
        ];
        if let Some(url) = self.page(&format!("/builders/{}/builds/{}", build.builder, build.number)) {
            attributes.push(text("cicd.pipeline.run.url.full", &url));
        }
        if let Some(url) = self.page(&format!("/workers/{}", build.worker)) {
            attributes.push(text("cicd.worker.url.full", &url));
        }
        if let Some(stamp) = &facts.source_stamp {
            if !stamp.repository.is_empty() {
                attributes.push(text("vcs.repository.url.full", &stamp.repository));
            }
            if let Some(branch) = &stamp.branch {
                attributes.push(text("vcs.ref.head.name", branch));
                attributes.push(text("vcs.ref.head.type", "branch"));
            }
            if let Some(revision) = &stamp.revision {
                attributes.push(text("vcs.ref.head.revision", revision));
            }
        }
        // What is configured has the last word, and each name stands once.
        attributes.retain(|it| !self.attributes.contains_key(&it.key));
        attributes.extend(self.attributes.iter().map(|(name, value)| text(name, value)));
        attributes
    }

    fn build_span(&self, facts: &Facts<'_>) -> Span {
        let build = facts.build;
        let end = build.complete_at.unwrap_or(build.started_at);
        let mut attributes = vec![
            text("cicd.pipeline.action.name", "BUILD"),
            text("cicd.pipeline.result", result(build.results)),
            text("weir.results", build.results.map_or("unknown", Results::name)),
            number("weir.build.number", build.number),
            number("weir.build.locks_wait", build.locks_duration_s),
        ];
        attributes.extend(error_type(build.results));
        let link = facts.parent.as_ref().map(|parent| Link {
            trace_id: self.trace_id(parent),
            span_id: self.span_id(parent, None),
        });
        Span {
            trace_id: self.trace_id(build),
            span_id: self.span_id(build, None),
            parent_span_id: vec![],
            name: format!("BUILD {}", bounded(&facts.builder)),
            kind: SpanKind::Server.into(),
            start_time_unix_nano: nanos(build.started_at),
            end_time_unix_nano: nanos(end.max(build.started_at)),
            attributes,
            links: link.into_iter().collect(),
            status: Some(status(build.results, &build.state)),
        }
    }

    /// That of a step; none if it never began.
    fn step_span(&self, facts: &Facts<'_>, step: &Step) -> Option<Span> {
        let build = facts.build;
        let start = step.started_at?;
        let end = step.complete_at.or(build.complete_at).unwrap_or(start);
        let mut attributes = vec![
            text("cicd.pipeline.task.name", &step.name),
            text("cicd.pipeline.task.run.id", &step.id.to_string()),
            text("cicd.pipeline.task.run.result", result(step.results)),
            text("weir.results", step.results.map_or("unknown", Results::name)),
            number("weir.step.number", step.number),
        ];
        let page = format!(
            "/builders/{}/builds/{}/steps/{}",
            build.builder, build.number, step.number
        );
        if let Some(url) = self.page(&page) {
            attributes.push(text("cicd.pipeline.task.run.url.full", &url));
        }
        if let Some(locks) = step.locks_acquired_at {
            let waited = i64::try_from(locks.since(start).as_secs()).unwrap_or(i64::MAX);
            attributes.push(number("weir.step.locks_wait", waited));
        }
        attributes.extend(error_type(step.results));
        Some(Span {
            trace_id: self.trace_id(build),
            span_id: self.span_id(build, Some(step)),
            parent_span_id: self.span_id(build, None),
            name: bounded(&step.name),
            kind: SpanKind::Internal.into(),
            start_time_unix_nano: nanos(start),
            end_time_unix_nano: nanos(end.max(start)),
            attributes,
            links: vec![],
            status: Some(status(step.results, &step.state)),
        })
    }

    fn trace_id(&self, build: &Build) -> Vec<u8> {
        self.id(&["trace"], build, 16)
    }

    fn span_id(&self, build: &Build, step: Option<&Step>) -> Vec<u8> {
        match step {
            None => self.id(&["build"], build, 8),
            Some(step) => self.id(&["step", &step.id.to_string()], build, 8),
        }
    }

    /// The first bytes of the SHA-256 of the key, the build's id and start, and of what it is the id. A master that was
    /// made anew counts its builds anew, but begins none at the same microsecond.
    fn id(&self, of: &[&str], build: &Build, length: usize) -> Vec<u8> {
        let (id, start) = (build.id.to_string(), build.started_at.as_micros().to_string());
        let mut hash = Sha256::new();
        for word in [self.key.as_str(), &id, &start].iter().chain(of) {
            // Each with its length, so that no two lists of words read the same.
            hash.update((word.len() as u64).to_be_bytes());
            hash.update(word.as_bytes());
        }
        hash.finalize()[..length].to_vec()
    }

    /// A page of the web status.
    fn page(&self, path: &str) -> Option<String> {
        let mut url = self.web_url.clone()?;
        url.set_fragment(Some(path));
        Some(url.to_string())
    }
}

/// What the conventions call the results.
fn result(results: Option<Results>) -> &'static str {
    match results {
        Some(Results::Success | Results::Warnings) => "success",
        Some(Results::Failure) => "failure",
        Some(Results::Exception | Results::Retry) | None => "error",
        Some(Results::Skipped) => "skip",
        Some(Results::Cancelled) => "cancellation",
    }
}

fn error_type(results: Option<Results>) -> Option<KeyValue> {
    let is_error = matches!(result(results), "failure" | "error");
    is_error.then(|| text("error.type", results.map_or("_OTHER", Results::name)))
}

fn status(results: Option<Results>, state: &str) -> Status {
    match error_type(results) {
        Some(_) => Status {
            message: bounded(state),
            code: StatusCode::Error.into(),
        },
        None => Status {
            message: String::new(),
            code: StatusCode::Unset.into(),
        },
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::Text(bounded(value)))
}

fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::Int(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
    }
}

fn nanos(at: Timestamp) -> u64 {
    u64::try_from(at.as_micros()).unwrap_or(0).saturating_mul(1000)
}

/// The text, cut if it is long.
pub(super) fn bounded(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
