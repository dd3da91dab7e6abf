//! A build is a trace, by the published messages of OTLP and the published names of attributes.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::{Value, json};
use weir_listeners::{OpenTelemetry, OpenTelemetryOptions, Outlet};
use weir_status_api::{Build, BuildId, Buildset, Event, Listener as _, ListenerError, Results, Step, Verb};

use super::receiver::{Receiver, Sent};
use super::world::{World, at, build, buildset, ended, printing, request, step};

const NANOS: &str = "000000000";

fn to(receiver: &Receiver) -> OpenTelemetryOptions {
    OpenTelemetryOptions {
        endpoint: receiver.url(),
        ..OpenTelemetryOptions::default()
    }
}

pub(super) fn traces(options: OpenTelemetryOptions, outlet: &Outlet) -> OpenTelemetry {
    OpenTelemetry::new("traces".to_owned(), options, outlet).unwrap()
}

async fn sent(world: &World, event: &Event, change: impl FnOnce(&mut OpenTelemetryOptions)) -> Sent {
    let mut receiver = Receiver::start().await;
    let mut options = to(&receiver);
    change(&mut options);
    let traces = traces(options, &Outlet::open());
    traces.on_event(event, world).await.unwrap();
    receiver.next().await
}

/// The request as JSON, by the published messages; bytes are base64 in it.
pub(super) fn read(sent: &Sent) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listeners/events/data");
    let service = "opentelemetry/proto/collector/trace/v1/trace_service.proto";
    let files = protox::compile([service], [folder]).unwrap();
    let pool = DescriptorPool::from_file_descriptor_set(files).unwrap();
    let request = "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest";
    let request = pool.get_message_by_name(request).unwrap();
    let message = DynamicMessage::decode(request, sent.unpacked()).unwrap();
    serde_json::to_value(message).unwrap()
}

pub(super) fn spans(request: &Value) -> &Vec<Value> {
    request["resourceSpans"][0]["scopeSpans"][0]["spans"]
        .as_array()
        .unwrap()
}

fn attributes(of: &Value) -> BTreeMap<String, Value> {
    let all = of["attributes"].as_array().unwrap();
    let attribute = |it: &Value| {
        let value = it["value"].as_object().unwrap().values().next().unwrap();
        (it["key"].as_str().unwrap().to_owned(), value.clone())
    };
    let map: BTreeMap<_, _> = all.iter().map(attribute).collect();
    assert_eq!(map.len(), all.len(), "an attribute stands twice in {all:?}");
    map
}

/// A world in which build 3 ended with that result, and of its steps one ran well, one did not, and one never ran.
pub(super) fn world(results: Results) -> (std::sync::Arc<World>, std::sync::Arc<Event>) {
    let world = World::new();
    world.put(request(1));
    world.put(step(3, 0, "compile", Results::Success));
    world.put(step(3, 1, "test", Results::Failure));
    world.put(Step {
        started_at: None,
        locks_acquired_at: None,
        complete_at: None,
        ..step(3, 2, "deploy", Results::Skipped)
    });
    let event = world.tell(Verb::Finished, ended(build(3), results));
    (world, event)
}

#[tokio::test]
async fn a_build_is_a_span_and_its_steps_are_below_it() {
    let (world, event) = world(Results::Failure);
    let sent = sent(&world, &event, |it| {
        it.web_url = Some("https://ci.example.org/".to_owned());
        it.headers.insert("x-token".to_owned(), "hunter2".to_owned());
        it.attributes
            .insert("deployment.environment.name".to_owned(), "lab".to_owned());
    })
    .await;
    assert_eq!(sent.method, "POST");
    assert_eq!(sent.uri, "/v1/traces");
    assert_eq!(sent.header("content-type"), "application/x-protobuf");
    assert_eq!(sent.header("x-token"), "hunter2");
    let request = read(&sent);
    let resource = attributes(&request["resourceSpans"][0]["resource"]);
    let expected = [
        ("cicd.pipeline.name", "tests"),
        ("cicd.pipeline.run.id", "3"),
        (
            "cicd.pipeline.run.url.full",
            "https://ci.example.org/#/builders/1/builds/3",
        ),
        ("cicd.worker.id", "1"),
        ("cicd.worker.name", "w1"),
        ("cicd.worker.url.full", "https://ci.example.org/#/workers/1"),
        ("deployment.environment.name", "lab"),
        ("service.name", "weir"),
        ("vcs.ref.head.name", "main"),
        ("vcs.ref.head.revision", "c0ffee"),
        ("vcs.ref.head.type", "branch"),
        ("vcs.repository.url.full", "https://example.org/weir.git"),
    ];
    let expected: BTreeMap<_, _> = expected
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .into();
    assert_eq!(resource, expected);

    let [whole, compile, test] = spans(&request).as_slice() else {
        panic!("{request}");
    };
    assert_eq!(whole["name"], "BUILD tests");
    assert_eq!(whole["kind"], "SPAN_KIND_SERVER");
    assert_eq!(whole["startTimeUnixNano"], format!("1700000010{NANOS}"));
    assert_eq!(whole["endTimeUnixNano"], format!("1700000070{NANOS}"));
    assert_eq!(
        whole["status"],
        json!({"code": "STATUS_CODE_ERROR", "message": "build failure"})
    );
    assert_eq!(whole.get("parentSpanId"), None);
    let of_build = attributes(whole);
    assert_eq!(of_build["cicd.pipeline.result"], "failure");
    assert_eq!(of_build["error.type"], "failure");
    assert_eq!(compile["name"], "compile");
    assert_eq!(compile["kind"], "SPAN_KIND_INTERNAL");
    assert_eq!(compile["startTimeUnixNano"], format!("1700000020{NANOS}"));
    assert_eq!(compile["endTimeUnixNano"], format!("1700000050{NANOS}"));
    assert_eq!(compile["status"], json!({}));
    let of_step = attributes(compile);
    assert_eq!(of_step["cicd.pipeline.task.name"], "compile");
    assert_eq!(of_step["cicd.pipeline.task.run.result"], "success");
    assert_eq!(
        of_step["cicd.pipeline.task.run.url.full"],
        "https://ci.example.org/#/builders/1/builds/3/steps/0"
    );
    assert_eq!(of_step["weir.step.locks_wait"], "2");
    assert_eq!(attributes(test)["error.type"], "failure");
    let ids: HashSet<&str> = [whole, compile, test]
        .map(|it| it["spanId"].as_str().unwrap())
        .into();
    assert_eq!(ids.len(), 3);
    for span in [compile, test] {
        assert_eq!(span["parentSpanId"], whole["spanId"]);
        assert_eq!(span["traceId"], whole["traceId"]);
    }
}

#[tokio::test]
async fn the_names_of_attributes_are_those_of_the_conventions() {
    let (world, event) = world(Results::Exception);
    let request = read(
        &sent(&world, &event, |it| {
            it.web_url = Some("https://ci.example.org/".to_owned());
        })
        .await,
    );
    let schema = request["resourceSpans"][0]["schemaUrl"].as_str().unwrap();
    assert!(schema.ends_with("/1.44.0"), "{schema}");
    let published: HashSet<&str> = include_str!("data/semantic-conventions-1.44.0.txt")
        .lines()
        .collect();
    let mut names: Vec<String> = attributes(&request["resourceSpans"][0]["resource"])
        .into_keys()
        .collect();
    names.extend(spans(&request).iter().flat_map(|it| attributes(it).into_keys()));
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(
            published.contains(name.as_str()) || name.starts_with("weir."),
            "{name} is no convention"
        );
    }
}

#[tokio::test]
async fn a_build_that_is_delivered_again_has_the_same_ids_and_no_other_has() {
    let (world, event) = world(Results::Success);
    let ids = async |event: &Event, key: &str| {
        let request = read(&sent(&world, event, |it| it.key = Some(key.to_owned())).await);
        let span = spans(&request)[0].clone();
        (span["traceId"].clone(), span["spanId"].clone())
    };
    let once = ids(&event, "a").await;
    assert_eq!(once, ids(&event, "a").await);
    let base64_of = |bytes: usize| bytes.div_ceil(3) * 4;
    assert_eq!(once.0.as_str().unwrap().len(), base64_of(16));
    assert_eq!(once.1.as_str().unwrap().len(), base64_of(8));
    assert_ne!(once, ids(&event, "b").await);
    // A master that was made anew counts anew.
    let later = Build {
        started_at: at(11),
        ..ended(build(3), Results::Success)
    };
    let later = world.tell(Verb::Finished, later);
    assert_ne!(once, ids(&later, "a").await);
}

#[tokio::test]
async fn results_are_told_in_the_words_of_the_conventions() {
    for (results, told, is_error) in [
        (Results::Success, "success", false),
        (Results::Warnings, "success", false),
        (Results::Failure, "failure", true),
        (Results::Skipped, "skip", false),
        (Results::Exception, "error", true),
        (Results::Retry, "error", true),
        (Results::Cancelled, "cancellation", false),
    ] {
        let (world, event) = world(results);
        let request = read(&sent(&world, &event, |_| {}).await);
        let whole = &spans(&request)[0];
        let attributes = attributes(whole);
        assert_eq!(attributes["cicd.pipeline.result"], told);
        assert_eq!(attributes["weir.results"], results.name());
        assert_eq!(attributes.contains_key("error.type"), is_error, "{results}");
        assert_eq!(whole["status"].get("code").is_some(), is_error, "{results}");
    }
}

#[tokio::test]
async fn a_triggered_build_has_a_link_to_the_one_that_triggered_it() {
    let (world, event) = world(Results::Success);
    let parent = world.tell(Verb::Finished, ended(build(2), Results::Success));
    let triggered = Buildset {
        parent_build: Some(BuildId(2)),
        ..buildset()
    };
    let of_parent = read(&sent(&world, &parent, |_| {}).await);
    world.put(triggered);
    let request = read(&sent(&world, &event, |_| {}).await);
    let parent = &spans(&of_parent)[0];
    assert_eq!(
        spans(&request)[0]["links"],
        json!([{"traceId": parent["traceId"], "spanId": parent["spanId"]}])
    );
}

#[tokio::test]
async fn what_is_no_longer_kept_is_left_out_and_long_texts_are_cut() {
    let world = World::new();
    world.put(step(3, 0, &"ä".repeat(5000), Results::Success));
    let event = world.tell(Verb::Finished, ended(build(3), Results::Success));
    let request = read(&sent(&world, &event, |_| {}).await);
    let resource = attributes(&request["resourceSpans"][0]["resource"]);
    assert!(!resource.keys().any(|it| it.starts_with("vcs.")), "{resource:?}");
    let name = spans(&request)[1]["name"].as_str().unwrap();
    assert_eq!(name.chars().count(), 1001);
    assert!(name.ends_with('…'));
}

#[tokio::test]
async fn the_answer_says_whether_the_collector_took_it() {
    // `ExportTraceServiceResponse` with two rejected spans and the message "bad".
    let partial: &[u8] = &[0x0a, 0x07, 0x08, 0x02, 0x12, 0x03, b'b', b'a', b'd'];
    let answer = async |status: u16, body: &'static [u8]| {
        let receiver = Receiver::answering(move || {
            let status = StatusCode::from_u16(status).unwrap();
            (status, [(CONTENT_TYPE, "application/x-protobuf")], body)
        })
        .await;
        let (world, event) = world(Results::Success);
        let traces = traces(to(&receiver), &Outlet::open());
        traces.on_event(&event, world.as_ref()).await
    };
    assert_eq!(answer(200, b"").await, Ok(()));
    assert_eq!(
        answer(200, partial).await,
        Err(ListenerError::Never("2 spans were rejected: bad".to_owned()))
    );
    assert_eq!(answer(200, b"{}").await, Ok(()));
    let later = answer(503, b"").await;
    assert!(matches!(later, Err(ListenerError::Later(_))), "{later:?}");
    let never = answer(400, b"").await;
    assert!(matches!(never, Err(ListenerError::Never(_))), "{never:?}");
}

#[tokio::test]
async fn a_dry_run_sends_nothing_and_no_secret_is_shown() {
    let (world, event) = world(Results::Success);
    let mut receiver = Receiver::start().await;
    let (outlet, printed) = printing();
    let mut options = to(&receiver);
    options.headers.insert("x-key".to_owned(), "hunter2".to_owned());
    assert!(!format!("{options:?}").contains("hunter2"));
    traces(options, &outlet)
        .on_event(&event, world.as_ref())
        .await
        .unwrap();
    let printed = printed.lock().unwrap();
    assert!(printed[0].contains("/v1/traces"), "{printed:?}");
    assert!(!printed[0].contains("hunter2"), "{printed:?}");
    assert!(receiver.is_empty());
}

#[test]
fn wrong_options_are_told() {
    let wrong = |change: fn(&mut OpenTelemetryOptions)| {
        let mut options = OpenTelemetryOptions::default();
        change(&mut options);
        OpenTelemetry::new("traces".to_owned(), options, &Outlet::open())
            .unwrap_err()
            .option
    };
    assert_eq!(wrong(|it| it.endpoint = "localhost:4318".to_owned()), "endpoint");
    assert_eq!(wrong(|it| it.web_url = Some("ci".to_owned())), "web_url");
    assert_eq!(wrong(|it| it.timeout = 0.0), "timeout");
    assert_eq!(
        wrong(|it| drop(it.headers.insert("a b".to_owned(), String::new()))),
        "headers"
    );
}
