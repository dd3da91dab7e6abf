//! `/metrics`: how the builders, the workers and this gateway are, for Prometheus.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use weir_status_api::{BuilderChoice, BuilderId, Cursor, Query, Result, WaitReason, Worker, WorkerField};

use crate::exposition::{Exposition, Type};
use crate::kept::Kept;
use crate::neighbours::{Page, give};
use crate::overview::{Overview, overview, rows};
use crate::source::Source;
use crate::{App, Shared, answer, process};

/// Workers that are told of, each and in sum.
const MOST_WORKERS: u32 = 1_000;

/// The form of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Prometheus' own, 0.0.4.
    Text,
    /// OpenMetrics 1.0.0.
    Open,
}

impl Form {
    /// The one that is accepted the most; if none is named, text.
    fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT).iter().filter_map(|it| it.to_str().ok());
        let (mut open, mut text) = (0.0_f32, 0.0_f32);
        for part in lines.flat_map(|line| line.split(',')) {
            let mut part = part.split(';').map(str::trim);
            let name = part.next().unwrap_or_default();
            let weight = part.find_map(|it| it.strip_prefix("q="));
            let weight = weight.map_or(1.0, |it| it.parse().unwrap_or(0.0));
            match name {
                "application/openmetrics-text" => open = open.max(weight),
                "text/plain" => text = text.max(weight),
                _ => {}
            }
        }
        if open > 0.0 && open >= text {
            Self::Open
        } else {
            Self::Text
        }
    }

    pub(crate) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::Open => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        })
    }
}

/// `/metrics`: what the status API tells, which is shared as long as it is true, and what is of this moment.
pub(crate) async fn serve(State(app): State<Shared>, headers: HeaderMap) -> Response {
    let form = Form::of(&headers);
    let key = match form {
        Form::Text => "/metrics",
        Form::Open => "/metrics openmetrics",
    };
    let (kept, cursor) = match give(&app, &headers, key, Page::Metrics(form)).await {
        Ok(given) => given,
        Err(error) => return answer::error(&error),
    };
    let mut text = Exposition::new(form);
    own(&mut text, &app, cursor);
    let body = [kept.bytes().as_ref(), text.end().as_bytes()].concat();
    let whole = Kept::new(form.content_type(), cursor, Bytes::from(body));
    Arc::new(whole).respond(&headers, cursor).await
}

/// What the status API tells.
pub(crate) async fn read(source: &Source, form: Form) -> Result<String> {
    let overview = overview(source, BuilderChoice::default()).await?;
    let workers = Query::<Worker>::new().ascending(WorkerField::Id);
    let workers = rows(source, workers.limit(MOST_WORKERS)).await?;
    let complete = overview.complete && workers.len() < MOST_WORKERS as usize;
    let mut text = Exposition::new(form);
    text.family(
        "weir_metrics_complete",
        Type::Gauge,
        "Whether all builders, builds, requests and workers are counted: 0 where there are too many.",
    );
    text.sample(&[], u8::from(complete).into());
    builds(&mut text, &overview);
    requests(&mut text, &overview);
    machines(&mut text, &workers);
    Ok(text.part())
}

fn builds(text: &mut Exposition, overview: &Overview) {
    let home = &overview.home;
    let mut running: HashMap<BuilderId, i64> = HashMap::new();
    for it in &home.running {
        *running.entry(it.build.builder).or_default() += 1;
    }
    text.family("weir_builds_running", Type::Gauge, "Builds that run, by builder.");
    for builder in &home.builders {
        let number = running.get(&builder.id).copied().unwrap_or_default();
        text.sample(&[("builder", &builder.name)], number);
    }
    text.family(
        "weir_builder_last_result",
        Type::Gauge,
        "How the builder's last build ended: 0 success, 1 warnings, 2 failure, 3 skipped, 4 exception, 5 retry, \
         6 cancelled.",
    );
    let last = |builder| overview.last.get(builder);
    for builder in &home.builders {
        if let Some(results) = last(&builder.id).and_then(|it| it.results) {
            text.sample(&[("builder", &builder.name)], results.code().into());
        }
    }
    text.family(
        "weir_builder_last_complete_timestamp_seconds",
        Type::Gauge,
        "When the builder's last build ended.",
    );
    for builder in &home.builders {
        if let Some(end) = last(&builder.id).and_then(|it| it.complete_at) {
            text.sample(&[("builder", &builder.name)], end.as_secs());
        }
    }
}

fn requests(text: &mut Exposition, overview: &Overview) {
    let home = &overview.home;
    let mut waiting: BTreeMap<(BuilderId, &str), i64> = BTreeMap::new();
    let mut reasons: BTreeMap<&str, i64> = WaitReason::ALL.iter().map(|it| (it.name(), 0)).collect();
    for it in &home.waiting {
        *waiting.entry((it.request.builder, it.why.name())).or_default() += 1;
        *reasons.entry(it.why.name()).or_default() += 1;
    }
    text.family(
        "weir_build_requests_waiting",
        Type::Gauge,
        "Build requests that wait, by builder and why; what is 0 is left out.",
    );
    let names: HashMap<BuilderId, &str> = home.builders.iter().map(|it| (it.id, it.name.as_str())).collect();
    for ((builder, reason), number) in waiting {
        if let Some(name) = names.get(&builder) {
            text.sample(&[("builder", name), ("reason", reason)], number);
        }
    }
    text.family(
        "weir_build_requests_waiting_by_reason",
        Type::Gauge,
        "Build requests that wait on any builder, by why.",
    );
    for (reason, number) in reasons {
        text.sample(&[("reason", reason)], number);
    }
}

/// Of the workers that are configured: how many there are, and who is there.
fn machines(text: &mut Exposition, workers: &[Worker]) {
    let workers: Vec<&Worker> = workers
        .iter()
        .filter(|it| !it.configured_on.is_empty() || !it.connected_to.is_empty())
        .collect();
    let count = |is: fn(&Worker) -> bool| {
        i64::try_from(workers.iter().filter(|it| is(it)).count()).unwrap_or(i64::MAX)
    };
    for (name, help, number) in [
        ("weir_workers", "Workers that are configured.", count(|_| true)),
        (
            "weir_workers_connected",
            "Workers that are connected.",
            count(|it| !it.connected_to.is_empty()),
        ),
        (
            "weir_workers_paused",
            "Workers that get no new builds for now.",
            count(|it| it.paused),
        ),
        (
            "weir_workers_graceful",
            "Workers that end after their present builds.",
            count(|it| it.graceful),
        ),
    ] {
        text.family(name, Type::Gauge, help);
        text.sample(&[], number);
    }
    text.family(
        "weir_worker_connected",
        Type::Gauge,
        "Whether the worker is connected.",
    );
    for worker in workers {
        let connected = !worker.connected_to.is_empty();
        text.sample(&[("worker", &worker.name)], connected.into());
    }
}

/// What is of this process and this moment.
fn own(text: &mut Exposition, app: &App, cursor: Option<Cursor>) {
    let (kept, limits, rooms) = (app.shared.tally(), &app.limits, &app.rooms);
    let newest = app.options.present.as_ref().map(crate::Present::cursor);
    let cursor = newest.max(cursor).map(|it| it.0);
    let open = app.options.admission.open();
    let fact = |number: usize| i64::try_from(number).ok();
    let count = |number: u64| i64::try_from(number).ok();
    for (name, kind, help, value) in [
        (
            "weir_event_cursor",
            Type::Gauge,
            "The cursor of the newest event that is known.",
            cursor,
        ),
        (
            "weir_streams_open",
            Type::Gauge,
            "Event streams that are open.",
            fact(open),
        ),
        (
            "weir_answers_kept",
            Type::Gauge,
            "Answers that are kept.",
            fact(kept.entries),
        ),
        (
            "weir_answers_kept_bytes",
            Type::Gauge,
            "Bytes of the answers that are kept.",
            fact(kept.bytes),
        ),
        (
            "weir_answers_hit",
            Type::Counter,
            "Answers given that were kept.",
            count(kept.hits),
        ),
        (
            "weir_answers_made",
            Type::Counter,
            "Answers made to be shared.",
            count(kept.made),
        ),
        (
            "weir_requests_shed",
            Type::Counter,
            "Requests refused because too many were under way.",
            count(rooms.shed()),
        ),
        (
            "weir_requests_limited",
            Type::Counter,
            "Requests refused because their address asked too often.",
            count(limits.refused()),
        ),
        (
            "process_resident_memory_bytes",
            Type::Gauge,
            "Resident memory of the process.",
            process::resident_bytes(),
        ),
        (
            "process_start_time_seconds",
            Type::Gauge,
            "When the process began.",
            process::start_seconds(),
        ),
    ] {
        if let Some(value) = value {
            text.family(name, kind, help);
            text.sample(&[], value);
        }
    }
    text.family("weir_build_info", Type::Gauge, "The version of this gateway.");
    text.sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_the_one_that_is_accepted_most() {
        for (accept, form) in [
            ("", Form::Text),
            ("*/*", Form::Text),
            ("application/openmetrics-text", Form::Open),
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                Form::Open,
            ),
            ("application/openmetrics-text;q=0.1, text/plain", Form::Text),
            ("application/openmetrics-text;q=0", Form::Text),
        ] {
            let headers = [(ACCEPT, HeaderValue::from_static(accept))];
            assert_eq!(Form::of(&headers.into_iter().collect()), form, "{accept}");
        }
    }
}
