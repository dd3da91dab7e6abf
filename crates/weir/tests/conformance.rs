//! The conformance kit over every binding, through connections that the kit cuts: all of it over gRPC and over a gateway on a
//! gateway, on the kit's model in memory; what a store behind a binding could make different, on the store.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../status-api/tests/model/mod.rs"]
#[allow(dead_code, reason = "the tests of the kit plant more faults in the model")]
mod model;
#[path = "../../status-db/tests/stage/mod.rs"]
mod stage;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::ModelStage;
use stage::StoreStage;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use weir_status_api::conformance::{CASES, Case, Stage, Writer};
use weir_status_api::{Access, OpenToAll, StatusApi};
use weir_status_db::Database;
use weir_status_grpc::GrpcStatus;
use weir_status_http::{HttpOptions, HttpStatus};
use weir_testbed::{Link, Postgres};
use weir_web::Present;

/// A client, and the links that its connections, and those behind them, go through.
type Bound = (Arc<dyn StatusApi>, Vec<Link>);

/// A binding of the API behind it, and the same of the guarded one, each behind links of its own.
struct Remote {
    behind: Box<dyn Stage>,
    open: Bound,
    guarded: Bound,
    _stop: DropGuard,
}

#[async_trait]
impl Stage for Remote {
    fn api(&self) -> Arc<dyn StatusApi> {
        Arc::clone(&self.open.0)
    }

    fn guarded(&self) -> Arc<dyn StatusApi> {
        Arc::clone(&self.guarded.0)
    }

    fn writer(&self) -> &dyn Writer {
        self.behind.writer()
    }

    async fn disconnect(&self) {
        for link in self.open.1.iter().chain(&self.guarded.1) {
            link.cut();
        }
    }
}

/// Serves `access` over gRPC until `stop`, and gives a client of it.
async fn serve_grpc(access: Arc<dyn Access>, stop: &CancellationToken) -> (GrpcStatus, Link) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let link = Link::to(listener.local_addr().unwrap()).await.unwrap();
    let routes = weir_status_grpc::routes(access, stop.clone());
    tokio::spawn(weir_status_grpc::serve(listener, routes, stop.clone()));
    let client = GrpcStatus::connect(&format!("grpc://{}", link.address()), None).unwrap();
    (client, link)
}

/// Serves `api` over gRPC until `stop`, and gives a client of it.
async fn grpc(api: Arc<dyn StatusApi>, _: &Present, stop: &CancellationToken) -> Bound {
    let (client, link) = serve_grpc(Arc::new(OpenToAll(api)), stop).await;
    (Arc::new(client), vec![link])
}

/// Serves `api` over gRPC, and a client of it, whose callers share their watch, over gRPC again, until `stop`; gives a
/// client of that gateway.
async fn gateway(api: Arc<dyn StatusApi>, _: &Present, stop: &CancellationToken) -> Bound {
    let (behind, far) = serve_grpc(Arc::new(OpenToAll(api)), stop).await;
    let relay = weir_web::Relay::new(Arc::new(behind));
    let (client, near) = serve_grpc(Arc::new(relay), stop).await;
    (Arc::new(client), vec![near, far])
}

/// Serves `api` as JSON until `stop`, and gives a client of it.
async fn json(api: Arc<dyn StatusApi>, present: &Present, stop: &CancellationToken) -> Bound {
    serve_json(Arc::new(OpenToAll(api)), present, stop).await
}

/// Serves `api` over gRPC, and a client of it, whose callers share their watch, as JSON, until `stop`: `weir web`, but
/// that it knows of what the kit writes at once. Else what it keeps would lag behind by as long as events take.
async fn json_gateway(api: Arc<dyn StatusApi>, present: &Present, stop: &CancellationToken) -> Bound {
    let (behind, far) = serve_grpc(Arc::new(OpenToAll(api)), stop).await;
    let relay = weir_web::Relay::new(Arc::new(behind));
    let (client, mut links) = serve_json(Arc::new(relay), present, stop).await;
    links.push(far);
    (client, links)
}

/// Serves `access` as JSON until `stop`, and gives a client of it.
async fn serve_json(access: Arc<dyn Access>, present: &Present, stop: &CancellationToken) -> Bound {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let link = Link::to(listener.local_addr().unwrap()).await.unwrap();
    let options = weir_web::Options {
        heartbeat: Duration::from_millis(500),
        present: Some(present.clone()),
        ..weir_web::Options::default()
    };
    let serving = axum::serve(listener, weir_web::router(access, options));
    let stop = stop.clone();
    tokio::spawn(async move {
        // Its connections end with the runtime of the test.
        tokio::select! {
            served = serving => served,
            () = stop.cancelled() => Ok(()),
        }
    });
    let url = format!("http://{}/", link.address());
    let options = HttpOptions {
        // The HTTP library may lose a request whose connection dies while it is handed over; it is then asked anew.
        timeout: Duration::from_secs(4),
        ..HttpOptions::default()
    };
    (Arc::new(HttpStatus::new(&url, options).unwrap()), vec![link])
}

/// The stage, whose newest event `present` tells, bound by `$bind`.
macro_rules! remote {
    ($bind:ident, $stage:expr, $present:expr) => {{
        let (behind, present) = (Box::new($stage), $present);
        let stop = CancellationToken::new();
        let open = $bind(behind.api(), &present, &stop).await;
        let guarded = $bind(behind.guarded(), &present, &stop).await;
        Remote {
            behind,
            open,
            guarded,
            _stop: stop.drop_guard(),
        }
    }};
}

/// The store on `database`, bound by `$bind`.
macro_rules! stored {
    ($bind:ident, $database:expr) => {{
        let stage = StoreStage::open($database).await;
        let store = stage.writer.store.clone();
        let present = Present::new(move || store.newest());
        remote!($bind, stage, present)
    }};
}

/// The kit's model, bound by `$bind`.
macro_rules! modelled {
    ($bind:ident) => {{
        let model = ModelStage::new(None);
        let present = Present::new(model.newest());
        remote!($bind, model, present)
    }};
}

async fn grpc_on_model() -> Remote {
    modelled!(grpc)
}

async fn gateway_on_model() -> Remote {
    modelled!(gateway)
}

mod over_grpc {
    use super::grpc_on_model;

    weir_status_api::conformance_tests!(grpc_on_model);
}

mod over_grpc_of_grpc {
    use super::gateway_on_model;

    weir_status_api::conformance_tests!(gateway_on_model);
}

/// Tests of what could be lost between a binding and the store, or between two bindings, all of which are tested whole by
/// themselves (JSON in `crates/web`): of each resource one read, and all that lasts, is cut, waits or comes back as an error.
macro_rules! on_the_store {
    ($bind:ident: $($module:ident),+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $module() {
            let of_it = |name: &str| name.split("::").next() == Some(stringify!($module));
            let cases: Vec<_> = CASES.iter().filter(|case| of_it(case.name)).collect();
            assert!(!cases.is_empty());
            for case in cases {
                println!("{}", case.name);
                case.run(&stored!($bind, Database::Sqlite)).await;
            }
        }
    )+};
    ($bind:ident) => {
        on_the_store!(
            $bind: list,
            missing,
            refusals,
            resources,
            logs,
            watching,
            dropped,
            force,
            command_done,
            command_too_late,
            control,
            home,
            random_watchers
        );
    };
}

mod json_on_the_store {
    use super::*;

    on_the_store!(json);
}

mod json_of_grpc_on_the_store {
    use super::*;

    on_the_store!(json_gateway);
}

/// The cases in which the database under a binding can make a difference.
const ON_POSTGRES: [&str; 4] = [
    "lists_hold_what_was_written",
    "no_gap_and_no_duplicate_while_writers_run",
    "watches_resume_where_they_were_cut",
    "expired_cursors_are_told",
];

#[tokio::test(flavor = "multi_thread")]
async fn over_grpc_on_postgres() {
    let server = Postgres::start().unwrap();
    for name in ON_POSTGRES {
        let remote = stored!(grpc, Database::Postgres(server.url()));
        Case::run_named(name, &remote).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_json_on_postgres() {
    let server = Postgres::start().unwrap();
    for name in ON_POSTGRES {
        let remote = stored!(json, Database::Postgres(server.url()));
        Case::run_named(name, &remote).await;
    }
}
