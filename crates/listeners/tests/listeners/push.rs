//! Reports, posted as JSON.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use weir_listeners::{
    Destination, Links, Outlet, ReportKind, ReportOptions, Reporter, ReporterOptions, make_destination,
};
use weir_status_api::{Listener, ListenerError, Verb};

use crate::reports::site::{Site, event};
use crate::support::Server;

fn options(url: &str) -> Value {
    json!({"url": url, "secret": "hunter2", "headers": {"x-token": "hunter2"}})
}

fn push(options: Value, outlet: &Outlet) -> Result<Arc<dyn Destination>, weir_listeners::MakeError> {
    let Value::Object(options) = options else {
        panic!("options are an object");
    };
    make_destination("http_push", options, None, outlet)
}

/// Tells of the end of a build, by way of a reporter.
async fn tell(url: &str, outlet: &Outlet) -> Result<(), ListenerError> {
    let outlet = outlet.with_secrets(["hunter2".to_owned()]);
    let kind = ReportKind::Build {
        start: false,
        finish: true,
    };
    let reporter = ReporterOptions {
        name: "push".to_owned(),
        reports: vec![ReportOptions::new(kind)],
        links: Links::new(Some("https://ci.example.org/")),
        ..ReporterOptions::default()
    };
    let destination = push(options(url), &outlet).unwrap();
    let reporter = Reporter::new(reporter, destination, &outlet).unwrap();
    assert_eq!(reporter.kind(), "http_push");
    let site = Site::new();
    reporter
        .on_event(&event(7, Verb::Finished, site.build(17)), &site)
        .await
}

#[tokio::test]
async fn a_report_is_posted_with_its_id_and_a_signature() {
    let mut server = Server::start([]).await;
    tell(&server.url(), &Outlet::open()).await.unwrap();
    let post = server.post().await;
    assert_eq!(post.header("idempotency-key"), "push-7");
    assert_eq!(post.header("content-type"), "application/json");
    assert_eq!(post.header("x-token"), "hunter2");
    assert!(post.header("x-weir-signature-256").starts_with("sha256="));
    let body: Value = serde_json::from_slice(&post.body).unwrap();
    assert_eq!(body["delivery"], "push-7");
    assert_eq!(body["occasion"], "build_finished");
    assert_eq!(body["results"], "failure");
    assert_eq!(body["builds"][0]["builder"], "linux");
    assert_eq!(body["subject"], "linux #17 failed (was success)");
    assert_eq!(body["url"], "https://ci.example.org/#/builders/2/builds/17");
}

#[tokio::test]
async fn the_answer_says_whether_to_try_again() {
    for (status, later) in [(503, true), (429, true), (404, false)] {
        let server = Server::start([status]).await;
        let error = tell(&server.url(), &Outlet::open()).await.unwrap_err();
        let is_later = !matches!(error, ListenerError::Never(_));
        assert_eq!(is_later, later, "{status}: {error:?}");
    }
}

#[tokio::test]
async fn a_dry_run_prints_it_without_secrets_and_sends_nothing() {
    let printed = Arc::new(Mutex::new(String::new()));
    let into = Arc::clone(&printed);
    let outlet = Outlet::printing(move |it| into.lock().unwrap().push_str(it));
    // Nobody listens there.
    tell("http://127.0.0.1:9/hook", &outlet).await.unwrap();
    let printed = printed.lock().unwrap().clone();
    assert!(printed.contains("linux #17 failed"), "{printed}");
    assert!(!printed.contains("hunter2"), "{printed}");
}

#[test]
fn wrong_options_are_told() {
    for (options, expected) in [
        (
            json!({"url": "example.org"}),
            "url is no http or https URL; write e.g. https://example.org/push",
        ),
        (
            json!({"url": "http://a/", "headers": {"a b": "c"}}),
            "headers has 'a b', which with its value is no header",
        ),
        (
            json!({"url": "http://a/", "timeout": 0.0}),
            "timeout must be longer than 0",
        ),
    ] {
        let error = push(options, &Outlet::open()).err().unwrap();
        assert_eq!(error.to_string(), expected);
    }
    assert!(push(json!({"url": "http://a/", "adress": 1}), &Outlet::open()).is_err());
    let error = make_destination("pigeon", serde_json::Map::new(), None, &Outlet::open())
        .err()
        .unwrap();
    assert_eq!(error.to_string(), "there is no listener of the kind 'pigeon'");
}
