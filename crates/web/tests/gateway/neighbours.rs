//! What other programs read: metrics, cctray, badges, and whether all is well.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;
use weir_status_api::conformance::{BuilderSetup, NewBuildset, ProjectSetup, Setup, SetupIds, Stage};
use weir_status_api::{
    Access, BuildId, Caller, Identity, IssuedToken, NewToken, OpenToAll, Properties, Result, Results,
    SourceStamp, SourceStampId, StatusApi, Timestamp, Token, TokenId, WorkerInfo,
};
use weir_status_http::{HttpOptions, HttpStatus};
use weir_web::{Options, Peer, Rate, router};

use crate::model::ModelStage;
use crate::scene::{Answer, Gateway};

const ODD: &str = "<script>\"&\\ x";
const ODD_IN_PATH: &str = "%3Cscript%3E%22%26%5C%20x";

/// A master with the builder `linux/x86` of the project `app` and one with an odd name, both on the worker `w`.
struct House {
    stage: ModelStage,
    ids: SetupIds,
}

impl House {
    async fn new(builders: &[&str]) -> Self {
        let stage = ModelStage::new(None);
        let builder = |name: &&str| BuilderSetup {
            name: (*name).to_owned(),
            project: (*name != ODD).then(|| "app".to_owned()),
            tags: vec![if *name == ODD { "odd" } else { "even" }.to_owned()],
            workers: vec!["w".to_owned()],
            ..BuilderSetup::default()
        };
        let setup = Setup {
            builders: builders.iter().map(builder).collect(),
            workers: vec!["w".to_owned()],
            projects: vec![ProjectSetup {
                name: "The app".to_owned(),
                slug: "app".to_owned(),
                ..ProjectSetup::default()
            }],
            ..Setup::default()
        };
        let ids = stage.writer().configure(setup).await;
        Self { stage, ids }
    }

    async fn ask(&self, builder: &str, branch: Option<&str>) -> weir_status_api::BuildRequestId {
        let stamp = SourceStamp {
            id: SourceStampId(0),
            revision: None,
            branch: branch.map(str::to_owned),
            repository: String::new(),
            project: String::new(),
            codebase: String::new(),
            created_at: Timestamp::from_secs(0),
            patch: None,
        };
        let buildset = NewBuildset {
            builders: vec![self.ids.builders[builder]],
            sources: vec![stamp],
            ..NewBuildset::default()
        };
        let (_, requests) = self.stage.writer().add_buildset(buildset).await;
        *requests.values().next().unwrap()
    }

    async fn begin(&self, builder: &str, branch: Option<&str>) -> BuildId {
        let (writer, request) = (self.stage.writer(), self.ask(builder, branch).await);
        assert!(writer.claim(request).await);
        let worker = self.ids.workers["w"];
        writer.start_build(request, worker, Properties::new()).await.0
    }

    async fn build(&self, builder: &str, branch: Option<&str>, results: Results) {
        let build = self.begin(builder, branch).await;
        self.stage.writer().finish_build(build, results, "done").await;
    }

    fn gateway(&self) -> Gateway {
        Gateway::of(router(Arc::new(OpenToAll(self.stage.api())), Options::default()))
    }
}

/// What a badge says at its right.
async fn badge(gateway: &Gateway, path: &str) -> String {
    let answer = gateway.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    assert_eq!(answer.header("content-type"), "image/svg+xml; charset=utf-8");
    let (_, title) = answer.body.split_once("<title>Build Status: ").unwrap();
    title.split_once('<').unwrap().0.to_owned()
}

/// The attributes of the projects of `/cc.xml`, by name.
async fn projects(gateway: &Gateway, path: &str) -> BTreeMap<String, String> {
    let answer = gateway.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    let lines = answer.body.lines().filter_map(|line| {
        let line = line.trim().strip_prefix("<Project name=\"")?;
        let (name, rest) = line.split_once("\" ")?;
        Some((name.to_owned(), rest.to_owned()))
    });
    lines.collect()
}

async fn metrics(gateway: &Gateway) -> Answer {
    let answer = gateway.get("/metrics").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer
}

fn has_line(answer: &Answer, line: &str) {
    assert!(
        answer.body.lines().any(|it| it == line),
        "{line}\n{}",
        answer.body
    );
}

#[tokio::test]
async fn metrics_tell_what_runs_what_waits_and_who_is_there() {
    let house = House::new(&["linux/x86", ODD]).await;
    let gateway = house.gateway();
    house.build(ODD, None, Results::Failure).await;
    house.begin("linux/x86", None).await;
    house.ask("linux/x86", None).await;
    let answer = metrics(&gateway).await;
    assert_eq!(
        answer.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    for line in [
        "weir_builds_running{builder=\"linux/x86\"} 1",
        "weir_builds_running{builder=\"<script>\\\"&\\\\ x\"} 0",
        "weir_builder_last_result{builder=\"<script>\\\"&\\\\ x\"} 2",
        "weir_build_requests_waiting{builder=\"linux/x86\",reason=\"not_connected\"} 1",
        "weir_build_requests_waiting_by_reason{reason=\"ready\"} 0",
        "weir_workers 1",
        "weir_workers_connected 0",
        "weir_metrics_complete 1",
        "# TYPE weir_requests_limited_total counter",
        "weir_streams_open 0",
    ] {
        has_line(&answer, line);
    }
    assert!(
        !answer
            .body
            .contains("weir_builder_last_result{builder=\"linux/x86\"}")
    );
    // What happens afterwards is told at once.
    let writer = house.stage.writer();
    writer
        .connect_worker(house.ids.workers["w"], WorkerInfo::default())
        .await;
    writer
        .set_worker_state(house.ids.workers["w"], true, None, false)
        .await;
    let gateway = house.gateway();
    let answer = metrics(&gateway).await;
    has_line(&answer, "weir_worker_connected{worker=\"w\"} 1");
    has_line(&answer, "weir_workers_paused 1");
    let newest = (house.stage.newest())().0;
    has_line(&answer, &format!("weir_event_cursor {newest}"));
}

#[tokio::test]
async fn metrics_come_as_open_metrics_to_who_accepts_them() {
    let house = House::new(&["linux/x86"]).await;
    let request = Request::get("/metrics").header("accept", "application/openmetrics-text; version=1.0.0");
    let answer = house.gateway().ask(request.body(Body::empty()).unwrap()).await;
    assert!(
        answer
            .header("content-type")
            .starts_with("application/openmetrics-text; version=1.0.0")
    );
    assert!(answer.body.ends_with("\n# EOF\n"), "{}", answer.body);
    assert_eq!(answer.body.matches("# EOF").count(), 1);
    has_line(&answer, "# TYPE weir_requests_limited counter");
    has_line(&answer, "weir_requests_limited_total 0");
    // Each family stands in one place.
    let mut families: Vec<&str> = answer
        .body
        .lines()
        .filter(|it| it.starts_with("# TYPE"))
        .collect();
    let all = families.len();
    families.sort_unstable();
    families.dedup();
    assert_eq!(families.len(), all);
}

#[tokio::test]
async fn builders_are_projects_of_cctray() {
    let house = House::new(&["linux/x86", "mac", ODD]).await;
    house.build(ODD, None, Results::Exception).await;
    house.build("linux/x86", None, Results::Failure).await;
    house.build("linux/x86", None, Results::Warnings).await;
    house.begin("linux/x86", None).await;
    house.ask("mac", None).await;
    let gateway = house.gateway();
    let all = projects(&gateway, "/cc.xml").await;
    assert_eq!(all.len(), 3, "{all:?}");
    let id = house.ids.builders["linux/x86"];
    let linux = &all["linux/x86"];
    assert!(
        linux.starts_with("activity=\"Building\" lastBuildStatus=\"Success\" lastBuildLabel=\"2\""),
        "{linux}"
    );
    assert!(
        linux.contains("lastBuildTime=\"") && linux.contains("Z\" webUrl="),
        "{linux}"
    );
    assert!(
        linux.ends_with(&format!("webUrl=\"/#/builders/{id}\"/>")),
        "{linux}"
    );
    assert!(all["mac"].starts_with("activity=\"CheckingModifications\" lastBuildStatus=\"Unknown\" webUrl"));
    let odd = &all["&lt;script&gt;&quot;&amp;\\ x"];
    assert!(
        odd.starts_with("activity=\"Sleeping\" lastBuildStatus=\"Exception\""),
        "{odd}"
    );
    let names = |found: BTreeMap<String, String>| found.into_keys().collect::<Vec<_>>();
    assert_eq!(
        names(projects(&gateway, "/cc.xml?project=app").await),
        ["linux/x86", "mac"]
    );
    assert_eq!(
        names(projects(&gateway, "/cc.xml?tag=odd").await),
        ["&lt;script&gt;&quot;&amp;\\ x"]
    );
    assert_eq!(projects(&gateway, "/cc.xml?tag=odd&tag=even").await.len(), 3);
    for (path, status) in [
        ("/cc.xml?project=nonsense", StatusCode::NOT_FOUND),
        ("/cc.xml?nonsense=1", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(gateway.get(path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn links_of_cctray_are_those_of_the_address_that_was_asked() {
    let house = House::new(&["mac"]).await;
    let gateway = house.gateway();
    for host in ["one.example.org", "two.example.org"] {
        let request = Request::get("/cc.xml").header("host", host);
        let answer = gateway.ask(request.body(Body::empty()).unwrap()).await;
        assert!(
            answer
                .body
                .contains(&format!("webUrl=\"http://{host}/#/builders/")),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn badges_tell_the_last_build() {
    let house = House::new(&["linux/x86", "mac", ODD]).await;
    let fresh = || house.gateway();
    assert_eq!(badge(&fresh(), "/badges/linux/x86.svg").await, "unknown");
    assert_eq!(badge(&fresh(), "/badges/nonsense.svg").await, "unknown");
    assert_eq!(badge(&fresh(), "/badges/project/nonsense.svg").await, "unknown");
    house.build("linux/x86", Some("main"), Results::Success).await;
    house.build("linux/x86", Some("next"), Results::Failure).await;
    house.build(ODD, None, Results::Exception).await;
    house.build("mac", None, Results::Warnings).await;
    let gateway = fresh();
    for (path, expected) in [
        ("/badges/linux/x86.svg", "failure"),
        ("/plugins/badges/linux%2Fx86.svg", "failure"),
        ("/badges/linux/x86.svg?branch=main", "success"),
        ("/badges/linux/x86.svg?branch=next", "failure"),
        ("/badges/linux/x86.svg?branch=none", "unknown"),
        (&format!("/badges/{ODD_IN_PATH}.svg"), "exception"),
        (&format!("/badges/{}.svg", house.ids.builders["mac"]), "warnings"),
        ("/badges/project/app.svg", "failure"),
    ] {
        assert_eq!(badge(&gateway, path).await, expected, "{path}");
    }
    house.begin("linux/x86", Some("main")).await;
    assert_eq!(badge(&fresh(), "/badges/linux/x86.svg").await, "running");
    assert_eq!(
        badge(&fresh(), "/badges/linux/x86.svg?branch=main").await,
        "running"
    );
    let text = gateway
        .get("/badges/mac.svg?left_text=%3Cscript%3E&style=flat&v=1")
        .await;
    assert!(
        text.body.contains("&lt;script&gt;") && !text.body.contains("<script"),
        "{}",
        text.body
    );
    for path in [
        "/badges/mac.svg?style=baroque",
        "/badges/mac.svg?left_color=%22%3E",
    ] {
        assert_eq!(gateway.get(path).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
    assert_eq!(gateway.get("/badges/mac.png").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_badge_is_sent_again_only_when_it_changed() {
    let house = House::new(&["mac"]).await;
    let gateway = house.gateway();
    let first = gateway.get("/badges/mac.svg").await;
    assert_eq!(first.header("cache-control"), "no-cache");
    let again = Request::get("/badges/mac.svg").header("if-none-match", first.header("etag"));
    let again = gateway.ask(again.body(Body::empty()).unwrap()).await;
    assert_eq!(
        (again.status, again.body.as_str()),
        (StatusCode::NOT_MODIFIED, "")
    );
}

/// Callers without a token see one master, those with one another.
struct Veiled {
    open: Arc<dyn StatusApi>,
    all: Arc<dyn StatusApi>,
}

#[async_trait]
impl Access for Veiled {
    fn open(&self, caller: &Caller) -> Arc<dyn StatusApi> {
        match caller.token() {
            None => Arc::clone(&self.open),
            Some(_) => Arc::clone(&self.all),
        }
    }

    async fn identify(&self, caller: &Caller) -> Result<Identity> {
        OpenToAll(Arc::clone(&self.all)).identify(caller).await
    }

    async fn sign_in(&self, user: &str, password: &str) -> Result<IssuedToken> {
        OpenToAll(Arc::clone(&self.all)).sign_in(user, password).await
    }

    async fn sign_out(&self, _: &Caller) -> Result<()> {
        Ok(())
    }

    async fn issue_token(&self, caller: &Caller, token: NewToken) -> Result<IssuedToken> {
        OpenToAll(Arc::clone(&self.all)).issue_token(caller, token).await
    }

    async fn tokens(&self, caller: &Caller) -> Result<Vec<Token>> {
        OpenToAll(Arc::clone(&self.all)).tokens(caller).await
    }

    async fn revoke_token(&self, caller: &Caller, token: TokenId) -> Result<()> {
        OpenToAll(Arc::clone(&self.all)).revoke_token(caller, token).await
    }
}

#[tokio::test]
async fn what_is_hidden_is_told_only_to_who_may_see_it() {
    let (open, all) = (House::new(&["mac"]).await, House::new(&["mac", "secret"]).await);
    all.build("secret", None, Results::Failure).await;
    let access = Veiled {
        open: open.stage.api(),
        all: all.stage.api(),
    };
    let gateway = Gateway::of(router(Arc::new(access), Options::default()));
    for (path, tells) in [
        ("/metrics", "secret"),
        ("/cc.xml", "secret"),
        ("/badges/secret.svg", "failure"),
    ] {
        let with_token = || {
            let request = Request::get(path).header("authorization", "Bearer a-token");
            gateway.ask(request.body(Body::empty()).unwrap())
        };
        assert!(!gateway.get(path).await.body.contains(tells), "{path}");
        assert!(with_token().await.body.contains(tells), "{path}");
        assert!(
            !gateway.get(path).await.body.contains(tells),
            "{path}: kept for others"
        );
        assert!(with_token().await.body.contains(tells), "{path}");
    }
    // What cannot be seen looks as what is not there.
    let (hidden, nothing) = (
        gateway.get("/badges/secret.svg").await,
        gateway.get("/badges/nothing.svg").await,
    );
    assert_eq!((hidden.status, hidden.body), (nothing.status, nothing.body));
}

#[tokio::test]
async fn neighbours_are_limited_as_everybody() {
    let house = House::new(&["mac"]).await;
    let options = Options {
        anonymous_rate: Rate {
            per_second: 1,
            burst: 4,
        },
        ..Options::default()
    };
    let gateway = Gateway::of(router(Arc::new(OpenToAll(house.stage.api())), options));
    let ask = |path: &str| {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        let peer: SocketAddr = "192.0.2.1:1".parse().unwrap();
        request.extensions_mut().insert(Peer(peer));
        gateway.ask(request)
    };
    let mut refused = 0;
    for path in ["/metrics", "/cc.xml", "/badges/mac.svg", "/ready"].repeat(5) {
        refused += usize::from(ask(path).await.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(refused > 0);
    has_line(
        &metrics(&gateway).await,
        &format!("weir_requests_limited_total {refused}"),
    );
}

#[tokio::test]
async fn ready_tells_each_dependency() {
    let house = House::new(&["mac"]).await;
    let answer = house.gateway().get("/ready").await;
    let well =
        json!({"status": "ready", "dependencies": {"status_api": {"ok": true}, "watch": {"ok": true}}});
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, well));
    // Nobody listens there.
    let lost = HttpStatus::new("http://127.0.0.1:1/", HttpOptions::default()).unwrap();
    let gateway = Gateway::over(Arc::new(lost));
    assert_eq!(gateway.get("/health").await.status, StatusCode::OK);
    let answer = gateway.get("/ready").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);
    let answer = answer.json();
    assert_eq!(answer["status"], "unready");
    for name in ["status_api", "watch"] {
        let entry = &answer["dependencies"][name];
        assert!(
            entry["ok"] == false && entry["error"].is_string(),
            "{name}: {entry}"
        );
    }
    assert_eq!(
        gateway.get("/metrics").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

#[tokio::test]
async fn robots_are_kept_from_the_api_and_not_from_badges() {
    let house = House::new(&["mac"]).await;
    let answer = house.gateway().get("/robots.txt").await;
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert!(answer.body.starts_with("User-agent: *\n") && !answer.body.contains("badges"));
    for path in ["/api", "/sse", "/ws", "/metrics"] {
        has_line(&answer, &format!("Disallow: {path}"));
    }
}
