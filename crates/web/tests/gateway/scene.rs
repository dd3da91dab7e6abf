//! A master with one build, and requests to its gateway.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;
use weir_status_api::conformance::{BuilderSetup, CodebaseSetup, NewBuildset, ProjectSetup, Setup, Stage};
use weir_status_api::{
    Access, BuildId, BuilderId, CodebaseId, Commit, CommitId, ForceDefaults, ForceScheduler, LogId, LogKind,
    OpenToAll, Properties, Property, StatusApi, StepId, TestResult, TestResultId, Timestamp,
};
use weir_web::{Options, Present, router};

use crate::model::ModelStage;

/// A master with the builder `linux/x86` on the worker `w`, one running build, its step `compile`, and its log
/// `stdio` of three lines.
pub(crate) struct Scene {
    pub(crate) stage: ModelStage,
    pub(crate) build: BuildId,
    pub(crate) log: LogId,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

fn setup() -> Setup {
    let force = ForceScheduler {
        name: "force".to_owned(),
        button_name: "Force".to_owned(),
        label: "force".to_owned(),
        builder_names: vec!["linux/x86".to_owned()],
        enabled: true,
        defaults: ForceDefaults {
            codebase: "app".to_owned(),
            ..ForceDefaults::default()
        },
        properties: Properties::new(),
        fields: vec![],
    };
    Setup {
        builders: vec![BuilderSetup {
            name: "linux/x86".to_owned(),
            project: Some("app".to_owned()),
            workers: vec!["w".to_owned()],
            ..BuilderSetup::default()
        }],
        workers: vec!["w".to_owned()],
        schedulers: vec!["all".to_owned(), "force".to_owned()],
        force_schedulers: vec![force],
        projects: vec![ProjectSetup {
            name: "The app".to_owned(),
            slug: "app".to_owned(),
            ..ProjectSetup::default()
        }],
        codebases: vec![CodebaseSetup {
            project: "app".to_owned(),
            name: "main".to_owned(),
            slug: "main".to_owned(),
        }],
        change_sources: vec!["poller".to_owned()],
    }
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let stage = ModelStage::new(None);
        let writer = stage.writer();
        let ids = writer.configure(setup()).await;
        let properties = Properties::from([("branch".to_owned(), Property::new("main", "Scheduler"))]);
        let (_, requests) = writer
            .add_buildset(NewBuildset {
                reason: "a test".to_owned(),
                builders: vec![ids.builders["linux/x86"]],
                properties,
                ..NewBuildset::default()
            })
            .await;
        let request = *requests.values().next().unwrap();
        assert!(writer.claim(request).await);
        let (build, _) = writer
            .start_build(request, ids.workers["w"], Properties::new())
            .await;
        let step = writer.add_step(build, "compile").await;
        writer.start_step(step).await;
        let log = writer.add_log(step, "stdio", LogKind::Stdio).await;
        writer.append_log(log, "hmake\noone\newarning: <b>\n").await;
        Self { stage, build, log }
    }

    /// The same, with two commits, the branch `next` at the second, and a build that keeps `sizes` and has a set of
    /// two test results.
    pub(crate) async fn with_outcomes() -> Self {
        let scene = Self::new().await;
        let writer = scene.stage.writer();
        let mut parent = None;
        for revision in ["a1", "b2"] {
            let commit = Commit {
                id: CommitId(0),
                codebase: CodebaseId(1),
                author: "Ada".to_owned(),
                committer: None,
                comments: String::new(),
                when: Timestamp::from_secs(5),
                revision: revision.to_owned(),
                parent,
            };
            parent = Some(writer.add_commit(commit).await);
        }
        writer.move_branch(CodebaseId(1), "next", parent).await;
        writer
            .set_build_data(scene.build, "sizes", b"\xff<b>".to_vec(), "measure")
            .await;
        let set = writer
            .add_test_result_set(StepId(1), None, "pass_fail", "boolean")
            .await;
        let result = |name: &str| TestResult {
            id: TestResultId(0),
            builder: BuilderId(0),
            set,
            test_name: Some(name.to_owned()),
            test_code_path: None,
            line: None,
            duration_ns: None,
            value: "1".to_owned(),
        };
        writer
            .add_test_results(set, vec![result("counts"), result("adds")])
            .await;
        scene
    }

    pub(crate) fn gateway(&self, options: Options) -> Gateway {
        let options = Options {
            present: Some(Present::new(self.stage.newest())),
            ..options
        };
        Gateway(router(Arc::new(OpenToAll(self.stage.api())), options))
    }

    pub(crate) fn open(&self) -> Gateway {
        self.gateway(Options::default())
    }
}

#[derive(Clone)]
pub(crate) struct Gateway(Router);

impl Gateway {
    pub(crate) fn over(api: Arc<dyn StatusApi>) -> Self {
        Self(router(Arc::new(OpenToAll(api)), Options::default()))
    }

    pub(crate) fn of(router: Router) -> Self {
        Self(router)
    }

    /// To be served on a port.
    pub(crate) fn router(&self) -> Router {
        self.0.clone()
    }

    pub(crate) async fn send_get(&self, path: &str) -> axum::response::Response {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) fn to(access: Arc<dyn Access>, options: Options) -> Self {
        Self(router(access, options))
    }

    /// The answer's head, and its body still to be read.
    pub(crate) async fn send(&self, request: Request<Body>) -> axum::response::Response {
        self.0.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        let (head, body) = self.send(request).await.into_parts();
        let body = to_bytes(body, 1 << 24).await.unwrap();
        Answer {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8(body.into()).unwrap(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("accept", "application/json");
        self.ask(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn rows(&self, path: &str) -> Vec<Value> {
        let answer = self.get(&format!("/api/v2/{path}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        let Value::Object(body) = answer.json() else {
            panic!("{path}: {}", answer.body);
        };
        let rows = body.into_iter().find(|(name, _)| name != "meta").unwrap().1;
        rows.as_array().unwrap().clone()
    }

    pub(crate) async fn call(&self, path: &str, method: &str, params: Value) -> Answer {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = Request::post(format!("/api/v2/{path}")).header("content-type", "application/json");
        self.ask(request.body(Body::from(body.to_string())).unwrap())
            .await
    }
}
