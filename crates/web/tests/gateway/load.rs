//! Many readers at once: each answer is made once, none starves the others, and none asks too often.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;
use tokio::sync::Semaphore;
use weir_status_api::conformance::Stage;
use weir_status_api::{
    At, BuildKey, Caller, Command, Control, Entity, Error, EventStream, Key, List, LogChunk, LogHits, LogKey,
    LogSearch, OpenToAll, Outcome, Page, Properties, PropertiesOf, Read, Result, Start, StatusApi,
    TopicFilter, View, ViewQuery, Watch,
};
use weir_testbed::eventually;
use weir_web::{Options, Peer, Rate, router};

use crate::scene::{Answer, Gateway, Scene};

const SOON: Duration = Duration::from_secs(10);

/// An API in which builds are got one by one, when the gate lets one through.
struct Gated {
    api: Arc<dyn StatusApi>,
    gate: Semaphore,
    came: AtomicUsize,
}

impl Gated {
    fn over(scene: &Scene) -> Arc<Self> {
        Arc::new(Self {
            api: scene.stage.api(),
            gate: Semaphore::new(0),
            came: AtomicUsize::new(0),
        })
    }

    /// How many reads of a build have begun.
    fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Read for Gated {
    async fn get(&self, key: Key) -> Result<At<Entity>> {
        if matches!(key, Key::Build(_)) {
            self.came.fetch_add(1, Ordering::SeqCst);
            let gate = self.gate.acquire().await;
            gate.map_err(|_| Error::unavailable("the gate is closed"))?
                .forget();
        }
        self.api.get(key).await
    }

    async fn list(&self, list: List) -> Result<Page<Entity>> {
        self.api.list(list).await
    }

    async fn log_content(&self, log: LogKey, first: i64, limit: u32) -> Result<At<LogChunk>> {
        self.api.log_content(log, first, limit).await
    }

    async fn search_log(&self, log: LogKey, search: LogSearch) -> Result<At<LogHits>> {
        self.api.search_log(log, search).await
    }

    async fn properties(&self, of: PropertiesOf) -> Result<At<Properties>> {
        self.api.properties(of).await
    }

    async fn build_data(&self, build: BuildKey, name: String) -> Result<At<Vec<u8>>> {
        self.api.build_data(build, name).await
    }

    async fn view(&self, query: ViewQuery) -> Result<At<View>> {
        self.api.view(query).await
    }
}

#[async_trait]
impl Watch for Gated {
    async fn watch(&self, filter: TopicFilter, start: Start) -> Result<EventStream> {
        self.api.watch(filter, start).await
    }
}

#[async_trait]
impl Control for Gated {
    async fn control(&self, caller: &Caller, command: Command) -> Result<Outcome> {
        self.api.control(caller, command).await
    }
}

async fn ask(gateway: &Gateway, path: &str, headers: &[(&str, &str)], peer: Option<&str>) -> Answer {
    let mut request = Request::get(format!("/api/v2/{path}")).header("accept", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(peer) = peer {
        request = request.extension(Peer(SocketAddr::new(peer.parse().unwrap(), 1)));
    }
    gateway.ask(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn equal_questions_at_once_are_answered_by_one_read() {
    let scene = Scene::new().await;
    let api = Gated::over(&scene);
    let gateway = Gateway::over(api.clone());
    let reader = || {
        let gateway = gateway.clone();
        tokio::spawn(async move { ask(&gateway, "builds/1", &[], None).await })
    };
    let first = reader();
    eventually("the read has begun", SOON, async || api.came() == 1).await;
    let others: Vec<_> = (0..20).map(|_| reader()).collect();
    // Who began it goes away; the others still want to know.
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    api.gate.add_permits(1);
    for other in others {
        let answer = tokio::time::timeout(SOON, other).await.unwrap().unwrap();
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.json()["builds"][0]["buildid"], json!(1));
    }
    assert_eq!(api.came(), 1);
}

#[tokio::test]
async fn a_question_after_a_command_is_not_answered_by_a_read_before_it() {
    let scene = Scene::new().await;
    let api = Gated::over(&scene);
    let gateway = Gateway::over(api.clone());
    let reader = || {
        let gateway = gateway.clone();
        tokio::spawn(async move { ask(&gateway, "builds/1", &[], None).await })
    };
    let before = reader();
    eventually("the read has begun", SOON, async || api.came() == 1).await;
    let stopped = gateway.call("builds/1", "stop", json!({})).await;
    assert_eq!(stopped.status, StatusCode::OK, "{}", stopped.body);
    let after = reader();
    eventually("another read has begun", SOON, async || api.came() == 2).await;
    api.gate.add_permits(2);
    for reader in [before, after] {
        assert_eq!(reader.await.unwrap().status, StatusCode::OK);
    }
}

#[tokio::test]
async fn anonymous_readers_beyond_what_there_is_room_for_are_shed_and_nobody_else_waits() {
    let scene = Scene::new().await;
    let api = Gated::over(&scene);
    let options = Options {
        anonymous_reads: 1,
        known_reads: 1,
        kept_bytes: 0,
        ..Options::default()
    };
    let gateway = Gateway::of(router(Arc::new(OpenToAll(api.clone())), options));
    let stuck = tokio::spawn({
        let gateway = gateway.clone();
        async move { ask(&gateway, "builds/1", &[], None).await }
    });
    eventually("the read has begun", SOON, async || api.came() == 1).await;
    let shed = tokio::spawn({
        let gateway = gateway.clone();
        async move { ask(&gateway, "workers", &[], None).await }
    });
    // Meanwhile those with a token read, and commands are carried out.
    let known = [("authorization", "Bearer token")];
    for _ in 0..3 {
        let answer = ask(&gateway, "workers", &known, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let done = gateway.call("builds/1", "stop", json!({})).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    }
    assert!(!shed.is_finished(), "it waits a little");
    let shed = tokio::time::timeout(SOON, shed).await.unwrap().unwrap();
    assert_eq!(shed.status, StatusCode::SERVICE_UNAVAILABLE, "{}", shed.body);
    assert_eq!(shed.header("retry-after"), "1");
    assert_eq!(shed.json()["code"], json!("unavailable"));
    api.gate.add_permits(1);
    assert_eq!(stuck.await.unwrap().status, StatusCode::OK);
    let answer = ask(&gateway, "workers", &[], None).await;
    assert_eq!(answer.status, StatusCode::OK, "there is room again");
}

/// How many of ten requests pass.
async fn passed(gateway: &Gateway, headers: &[(&str, &str)], peer: Option<&str>) -> usize {
    let mut passed = 0;
    for _ in 0..10 {
        let answer = ask(gateway, "builds/1", headers, peer).await;
        match answer.status {
            StatusCode::OK => passed += 1,
            StatusCode::TOO_MANY_REQUESTS => {
                assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
                assert!(answer.json()["error"].as_str().unwrap().contains("too often"));
            }
            other => panic!("{other}: {}", answer.body),
        }
    }
    passed
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_told_to_wait() {
    let scene = Scene::new().await;
    let slow = |burst| Rate {
        // So slow that nothing is added while the test runs.
        per_second: 1,
        burst,
    };
    let options = Options {
        anonymous_rate: slow(3),
        known_rate: slow(5),
        trusted_proxies: vec!["10.0.0.1".parse().unwrap()],
        ..Options::default()
    };
    let gateway = scene.gateway(options.clone());
    let near = |passed: usize, burst| assert!((burst..burst + 2).contains(&passed), "{passed} of {burst}");
    near(passed(&gateway, &[], Some("192.0.2.1")).await, 3);
    near(passed(&gateway, &[], Some("192.0.2.2")).await, 3);
    let known = [("authorization", "Bearer token")];
    near(passed(&gateway, &known, Some("192.0.2.1")).await, 5);
    let forwarded = |address| [("x-forwarded-for", address)];
    near(
        passed(&gateway, &forwarded("203.0.113.1"), Some("10.0.0.1")).await,
        3,
    );
    near(
        passed(&gateway, &forwarded("203.0.113.2"), Some("10.0.0.1")).await,
        3,
    );
    assert!(
        passed(&gateway, &forwarded("203.0.113.3"), Some("192.0.2.1")).await <= 1,
        "nobody else is believed"
    );
    assert_eq!(
        passed(&gateway, &[], Some("127.0.0.1")).await,
        10,
        "this machine is not limited"
    );
    assert_eq!(
        passed(&gateway, &[], None).await,
        10,
        "nor is who comes by no address"
    );
    let strict = scene.gateway(Options {
        limit_loopback: true,
        ..options
    });
    near(passed(&strict, &[], Some("127.0.0.1")).await, 3);
}
