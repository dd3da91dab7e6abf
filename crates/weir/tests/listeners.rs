//! One listener in two places: in the master, and in a process of its own that is killed; every build arrives.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use site::{SOON, Site};
use weir_status_api::Results;
use weir_testbed::eventually;

/// A receiver of webhooks, which refuses every third delivery once.
#[derive(Clone, Default)]
struct Receiver {
    builds: Arc<Mutex<BTreeSet<i64>>>,
    calls: Arc<Mutex<u64>>,
}

impl Receiver {
    async fn start() -> (Self, String) {
        let receiver = Self::default();
        let take = receiver.clone();
        let router = Router::new().route("/", post(move |body: String| async move { take.receive(&body) }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, url)
    }

    fn receive(&self, body: &str) -> StatusCode {
        let mut calls = self.calls.lock().unwrap();
        *calls += 1;
        if calls.is_multiple_of(3) {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let build = body["resource"]["buildid"].as_i64().unwrap();
        self.builds.lock().unwrap().insert(build);
        StatusCode::OK
    }

    fn builds(&self) -> BTreeSet<i64> {
        self.builds.lock().unwrap().clone()
    }
}

fn config(webhook: &str) -> String {
    format!(
        r#"
master(anonymous_control = True)
worker(name = "w1", token_file = "w1.token")
builder(name = "quick", workers = ["w1"], steps = [shell(name = "true", command = "true")])
force(name = "force", builders = ["quick"])
{webhook}
"#
    )
}

fn webhook(url: &str) -> String {
    format!("webhook(name = \"hook\", url = \"{url}\", events = [\"builds/*/finished\"])\n")
}

async fn build(site: &Site, expected: &mut BTreeSet<i64>) {
    let build = site.finished(site.force("quick").await).await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
    expected.insert(build.id.0);
}

async fn all_arrive(receiver: &Receiver, expected: &BTreeSet<i64>) {
    eventually("every build arrives", SOON, async || {
        receiver.builds() == *expected
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_in_the_master_gets_every_build() {
    let (receiver, url) = Receiver::start().await;
    let mut site = Site::start(&config(&webhook(&url))).await;
    let _worker = site.worker("w1");
    let mut expected = BTreeSet::new();
    build(&site, &mut expected).await;
    build(&site, &mut expected).await;
    // Whatever was delivered by then: after the kill, nothing is missing.
    site.kill_and_restart().await;
    build(&site, &mut expected).await;
    all_arrive(&receiver, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_elsewhere_gets_every_build() {
    let (receiver, url) = Receiver::start().await;
    let mut site = Site::start(&config("")).await;
    let file = site.path("listeners.star");
    std::fs::write(&file, webhook(&url)).unwrap();
    let places = site.path("places");
    let listen = [
        "listen",
        "--config",
        file.to_str().unwrap(),
        "--data",
        places.to_str().unwrap(),
    ];
    let mut listener = site.start_weir(&listen);
    listener.line(SOON, |line| line.contains("listening")).await;
    let _worker = site.worker("w1");
    let mut expected = BTreeSet::new();
    build(&site, &mut expected).await;
    all_arrive(&receiver, &expected).await;
    // Killed, it misses a build, and the master goes away in between as well.
    listener.kill();
    listener.ended(SOON).await;
    build(&site, &mut expected).await;
    site.kill_and_restart().await;
    let _again = site.start_weir(&listen);
    build(&site, &mut expected).await;
    all_arrive(&receiver, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_ahead_of_a_new_master_begins_anew() {
    let (receiver, url) = Receiver::start().await;
    let site = Site::start(&config("")).await;
    let file = site.path("listeners.star");
    std::fs::write(&file, webhook(&url)).unwrap();
    let places = site.path("places");
    std::fs::create_dir(&places).unwrap();
    std::fs::write(places.join("hook.cursor"), "1000000\n").unwrap();
    let listen = [
        "listen",
        "--config",
        file.to_str().unwrap(),
        "--data",
        places.to_str().unwrap(),
    ];
    let mut listener = site.start_weir(&listen);
    listener.line(SOON, |line| line.contains("made anew")).await;
    let _worker = site.worker("w1");
    // A pause may still be running; what is built from now on arrives all the same.
    let mut expected = BTreeSet::new();
    build(&site, &mut expected).await;
    all_arrive(&receiver, &expected).await;
}
