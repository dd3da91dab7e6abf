//! Metrics for Prometheus count each event once, over restarts, and are what Prometheus reads.

mod kept;

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::io::AsyncWriteExt as _;
use tokio::task::JoinHandle;
use weir_listeners::{FileBookmarks, Outlet, Prometheus, PrometheusOptions};
use weir_status_api::{
    BuildRequest, BuilderId, Desk, Event, Listener as _, Results, Step, StepId, Verb, Worker,
};
use weir_testbed::{Process, eventually};

use super::receiver::Receiver;
use super::world::{World, at, build, builder, ended, printing, request, step, worker};
use crate::servers;

/// The listener at work.
struct Running {
    metrics: Arc<Prometheus>,
    task: JoinHandle<()>,
}

fn served() -> PrometheusOptions {
    PrometheusOptions {
        listen: Some("127.0.0.1:0".to_owned()),
        buckets: vec![1.0, 60.0, 600.0],
        ..PrometheusOptions::default()
    }
}

impl Running {
    fn start(options: PrometheusOptions, outlet: &Outlet, world: &Arc<World>, folder: &Path) -> Self {
        let metrics = Arc::new(Prometheus::new("metrics".to_owned(), options, outlet).unwrap());
        let bookmarks = Arc::new(FileBookmarks::open(folder).unwrap());
        let desk = Desk::new("metrics", Arc::clone(world) as _, bookmarks);
        let attending = Arc::clone(&metrics);
        let task = tokio::spawn(async move { attending.attend(desk).await });
        Self { metrics, task }
    }

    async fn tell(&self, world: &World, event: &Event) {
        self.metrics.on_event(event, world).await.unwrap();
    }

    /// What is told over HTTP.
    async fn told(&self) -> String {
        let address = self.metrics.address();
        let address = tokio::time::timeout(Duration::from_secs(10), address)
            .await
            .expect("metrics are not served within 10 s");
        let answer = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(
            answer.headers()["content-type"],
            "text/plain; version=0.0.4; charset=utf-8"
        );
        answer.text().await.unwrap()
    }

    /// Ends it as a crash does.
    async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// Whether the text has these lines.
fn has(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(
            text.lines().any(|it| it == *line),
            "there is no {line} in\n{text}"
        );
    }
}

/// Has Prometheus' own program read it, where there is one.
async fn check(text: &str) {
    let Some(promtool) = servers::program("promtool", "prometheus") else {
        return;
    };
    let mut promtool = tokio::process::Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = promtool.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).await.unwrap();
    drop(stdin);
    let output = promtool.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.is_empty(), "{said}\n{text}");
}

fn claimed(request: BuildRequest) -> BuildRequest {
    BuildRequest {
        claimed_at: Some(at(10)),
        ..request
    }
}

#[tokio::test]
async fn builds_steps_requests_and_workers_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    world.put(builder(2, "a \"quoted\\\nname"));
    world.put(Worker {
        connected_to: vec![],
        paused: true,
        ..worker(2, "w2")
    });
    let running = Running::start(served(), &Outlet::open(), &world, folder.path());
    running.told().await;
    for event in [
        world.tell(Verb::New, request(1)),
        world.tell(Verb::New, request(2)),
        world.tell(Verb::Claimed, claimed(request(1))),
        world.tell(Verb::Started, build(1)),
        world.tell(Verb::Finished, step(1, 0, "compile", Results::Success)),
        world.tell(Verb::Finished, step(1, 1, "test", Results::Failure)),
    ] {
        running.tell(&world, &event).await;
    }
    let text = running.told().await;
    has(
        &text,
        &[
            "weir_builds_running{builder=\"tests\"} 1",
            "weir_builds_running{builder=\"a \\\"quoted\\\\\\nname\"} 0",
            "weir_build_requests_waiting{builder=\"tests\"} 1",
            "weir_workers{state=\"connected\"} 1",
            "weir_workers{state=\"away\"} 1",
            "weir_workers_paused 1",
            "weir_steps_total{builder=\"tests\",results=\"success\"} 1",
            "weir_steps_total{builder=\"tests\",results=\"failure\"} 1",
            "weir_step_duration_seconds_count{builder=\"tests\"} 2",
            "weir_build_request_wait_seconds_sum{builder=\"tests\"} 10",
            "weir_event_cursor 6",
        ],
    );
    let done = BuildRequest {
        complete_at: Some(at(70)),
        results: Some(Results::Failure),
        ..claimed(request(1))
    };
    let end = world.tell(Verb::Finished, ended(build(1), Results::Failure));
    running.tell(&world, &end).await;
    running.tell(&world, &world.tell(Verb::Complete, done)).await;
    let text = running.told().await;
    has(
        &text,
        &[
            "# TYPE weir_builds_total counter",
            "weir_builds_total{builder=\"tests\",results=\"failure\"} 1",
            "weir_builds_running{builder=\"tests\"} 0",
            "weir_build_requests_total{builder=\"tests\",results=\"failure\"} 1",
            "# TYPE weir_build_duration_seconds histogram",
            "weir_build_duration_seconds_bucket{builder=\"tests\",le=\"1\"} 0",
            "weir_build_duration_seconds_bucket{builder=\"tests\",le=\"60\"} 1",
            "weir_build_duration_seconds_bucket{builder=\"tests\",le=\"600\"} 1",
            "weir_build_duration_seconds_bucket{builder=\"tests\",le=\"+Inf\"} 1",
            "weir_build_duration_seconds_sum{builder=\"tests\"} 60",
            "weir_build_duration_seconds_count{builder=\"tests\"} 1",
        ],
    );
    check(&text).await;
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_in_use_is_served_once_it_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let in_use = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = in_use.local_addr().unwrap();
    let options = PrometheusOptions {
        listen: Some(address.to_string()),
        ..served()
    };
    let running = Running::start(options, &Outlet::open(), &world, folder.path());
    let early = tokio::time::timeout(Duration::from_secs(60), running.metrics.address()).await;
    assert!(early.is_err(), "{early:?}");
    drop(in_use);
    assert_eq!(running.metrics.address().await, address);
}

#[tokio::test]
async fn series_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let options = PrometheusOptions {
        max_series: 3,
        step_names: true,
        ..served()
    };
    let running = Running::start(options, &Outlet::open(), &world, folder.path());
    running.told().await;
    running.tell(&world, &world.tell(Verb::Started, build(1))).await;
    for number in 0..10 {
        let named = step(1, number, &format!("step {number}"), Results::Success);
        running.tell(&world, &world.tell(Verb::Finished, named)).await;
    }
    for id in 2..=9 {
        let elsewhere = weir_status_api::Build {
            builder: BuilderId(id),
            ..build(id)
        };
        let event = world.tell(Verb::New, builder(id, &format!("b{id}")));
        running.tell(&world, &event).await;
        let event = world.tell(Verb::Started, elsewhere);
        running.tell(&world, &event).await;
    }
    let text = running.told().await;
    has(
        &text,
        &[
            "weir_steps_total{builder=\"tests\",step=\"step 2\",results=\"success\"} 1",
            "weir_steps_total{builder=\"_other\",step=\"_other\",results=\"success\"} 7",
            "weir_step_duration_seconds_count{builder=\"_other\",step=\"_other\"} 7",
            "weir_builds_running{builder=\"_other\"} 6",
        ],
    );
    let series = |name: &str| text.lines().filter(|it| it.starts_with(name)).count();
    assert_eq!(series("weir_steps_total{"), 4);
    assert_eq!(series("weir_builds_running{"), 4);
    check(&text).await;
}

#[tokio::test]
async fn a_step_that_never_ran_has_no_duration() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let running = Running::start(served(), &Outlet::open(), &world, folder.path());
    running.told().await;
    let skipped = Step {
        id: StepId(7),
        started_at: None,
        ..step(1, 0, "deploy", Results::Skipped)
    };
    running.tell(&world, &world.tell(Verb::Started, build(1))).await;
    running.tell(&world, &world.tell(Verb::Finished, skipped)).await;
    let text = running.told().await;
    has(
        &text,
        &["weir_steps_total{builder=\"tests\",results=\"skipped\"} 1"],
    );
    assert!(!text.contains("weir_step_duration_seconds_count"), "{text}");
}

fn pushed(receiver: &Receiver) -> PrometheusOptions {
    PrometheusOptions {
        push: Some(receiver.url()),
        job: "ci builds".to_owned(),
        instance: Some("ci.example.org".to_owned()),
        push_every: 0.05,
        user: Some("weir".to_owned()),
        password: Some("hunter2".to_owned()),
        ..PrometheusOptions::default()
    }
}

#[tokio::test]
async fn metrics_are_pushed_when_they_change_until_they_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let mut answers = [503, 200].into_iter();
    let mut receiver =
        Receiver::answering(move || StatusCode::from_u16(answers.next().unwrap_or(200)).unwrap()).await;
    let options = pushed(&receiver);
    assert!(!format!("{options:?}").contains("hunter2"));
    let running = Running::start(options, &Outlet::open(), &world, folder.path());
    let (refused, taken) = (receiver.next().await, receiver.next().await);
    assert_eq!(refused.body, taken.body);
    assert_eq!(taken.method, "PUT");
    assert_eq!(
        taken.uri.path(),
        "/metrics/job/ci%20builds/instance/ci.example.org"
    );
    assert_eq!(taken.header("authorization"), "Basic d2VpcjpodW50ZXIy");
    assert!(taken.header("content-type").starts_with("text/plain"));
    let event = world.tell(Verb::Finished, ended(build(1), Results::Success));
    running.tell(&world, &event).await;
    let next = receiver.next().await;
    has(
        next.text(),
        &["weir_builds_total{builder=\"tests\",results=\"success\"} 1"],
    );
    assert!(receiver.is_empty(), "what is the same was pushed again");
    check(next.text()).await;
}

#[tokio::test]
async fn a_real_pushgateway_takes_them() {
    let Some(pushgateway) = servers::program("prometheus-pushgateway", "prometheus-pushgateway") else {
        return;
    };
    let mut pushgateway = Process::start(pushgateway, ["--web.listen-address=127.0.0.1:0"]);
    let address = servers::address(&mut pushgateway, "Listening on", "address=").await;
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    world.put(builder(2, "a \"quoted\\\nname"));
    let options = PrometheusOptions {
        push: Some(format!("http://{address}/")),
        job: "ci builds".to_owned(),
        push_every: 0.05,
        ..PrometheusOptions::default()
    };
    let running = Running::start(options, &Outlet::open(), &world, folder.path());
    eventually("it has begun", Duration::from_secs(10), async || {
        running.metrics.exposition()
    })
    .await;
    let event = world.tell(Verb::Finished, ended(build(1), Results::Success));
    running.tell(&world, &event).await;
    let series =
        "weir_builds_total{builder=\"tests\",instance=\"metrics\",job=\"ci builds\",results=\"success\"} 1";
    eventually("they are there", Duration::from_secs(10), async || {
        let all = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
        all.text().await.unwrap().lines().any(|it| it == series)
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_prints_what_it_would_push_and_opens_no_port() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let mut receiver = Receiver::start().await;
    let (outlet, printed) = printing();
    let outlet = outlet.with_secrets(["hunter2".to_owned()]);
    let options = PrometheusOptions {
        listen: Some("127.0.0.1:9".to_owned()),
        ..pushed(&receiver)
    };
    let running = Running::start(options, &outlet, &world, folder.path());
    let text = eventually("both are printed", Duration::from_secs(10), async || {
        let printed = printed.lock().unwrap();
        (printed.len() >= 2).then(|| printed.join("\n"))
    })
    .await;
    assert!(
        text.contains("serve metrics on http://127.0.0.1:9/metrics"),
        "{text}"
    );
    assert!(text.contains("weir_workers{state=\"connected\"} 1"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    running.kill().await;
    assert!(receiver.is_empty());
}

#[test]
fn wrong_options_are_told() {
    let wrong = |change: fn(&mut PrometheusOptions)| {
        let mut options = served();
        change(&mut options);
        Prometheus::new("metrics".to_owned(), options, &Outlet::open())
            .unwrap_err()
            .option
    };
    assert_eq!(wrong(|it| it.listen = None), "listen");
    assert_eq!(wrong(|it| it.listen = Some("9090".to_owned())), "listen");
    assert_eq!(wrong(|it| it.push = Some("example.org".to_owned())), "push");
    assert_eq!(wrong(|it| it.buckets = vec![2.0, 1.0]), "buckets");
    assert_eq!(wrong(|it| it.buckets.clear()), "buckets");
    assert_eq!(wrong(|it| it.buckets = vec![f64::INFINITY]), "buckets");
    assert_eq!(wrong(|it| it.max_series = 0), "max_series");
    let with_push = |change: fn(&mut PrometheusOptions)| {
        let mut options = served();
        options.push = Some("http://localhost:9091".to_owned());
        change(&mut options);
        Prometheus::new("metrics".to_owned(), options, &Outlet::open())
            .unwrap_err()
            .option
    };
    assert_eq!(with_push(|it| it.job = "a/b".to_owned()), "job");
    assert_eq!(with_push(|it| it.instance = Some(String::new())), "instance");
    assert_eq!(with_push(|it| it.push_every = 0.0), "push_every");
}
