//! The gateway: Buildbot's JSON, server-sent events and the web status's files, over any status API.
//!
//! # Goals
//! - [`router`] serves any [`Access`]: a database in the same process, or a master over gRPC.
//! - Every answer is bounded, every wait has a deadline, and a client that reads slowly waits alone.
//!
//! # Non-goals
//! - It keeps no state of builds, and renders nothing but JSON, text and badges.
//! - It decides no permission: it hands the caller's token on. What it does itself is to keep other sites' pages from
//!   using a session.
//! - It knows no field of JSON: those are in `weir_status_http::v2`.

mod admission;
mod answer;
mod api;
mod assets;
mod auth;
mod avatar;
mod badge;
mod build_data;
mod buildbot_pages;
mod cctray;
mod change_hook;
mod control;
mod credential;
mod depends;
mod exposition;
mod feed;
mod frames;
mod fresh;
mod guard;
mod health;
mod kept;
mod lines;
mod load;
mod logs;
mod metrics;
mod neighbours;
mod openapi;
mod options;
mod overview;
mod passage;
mod picture;
mod process;
mod rate;
mod reads;
mod relay;
mod scopes;
mod shared;
mod site;
mod socket;
mod source;
mod sse;
mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};
use weir_status_api::{Access, Result, StatusApi};

pub use admission::{Admission, Admitted, StreamLimits};
pub use assets::{Asset, Assets, FindAsset};
pub use buildbot_pages::{BuildbotPages, BuildbotPlugin};
pub use options::{Options, Present, Rate};
pub use passage::Passage;
pub use rate::Peer;
pub use relay::Relay;
pub use socket::Hold;

/// What every request needs.
struct App {
    access: Arc<dyn Access>,
    options: Options,
    /// Answers that readers share.
    shared: Arc<shared::Shared>,
    rooms: load::Rooms,
    limits: rate::Limits,
    /// The events that streams sent last, as they went out.
    frames: frames::Frames,
    /// The open streams of server-sent events.
    lines: lines::Lines,
    /// Held while the status API is asked whether it answers.
    readiness: tokio::sync::Mutex<()>,
}

impl App {
    /// The status API as whoever sent the request may see it.
    fn open(&self, headers: &HeaderMap) -> Arc<dyn StatusApi> {
        self.access.open(&credential::caller(headers))
    }

    /// Lets whoever sent the request have an event stream, if there is room for one.
    fn admit(&self, head: &Parts) -> Result<Admitted> {
        let trusted = &self.options.trusted_proxies;
        self.options
            .admission
            .admit_from(trusted, &head.extensions, &head.headers)
    }
}

type Shared = Arc<App>;

/// Serves the status API, to each caller as `access` opens it to them: `/api`, `/sse`, `/ws`, `/auth`, `/config`,
/// `/avatar`, `/change_hook`,
/// `/health`, `/ready`, for other programs `/metrics`, `/cc.xml` and `/badges`, and below all else the web status's
/// files. With a [`Passage`] the first seven are those of its site, and `access` serves what is for other programs.
///
/// The server around it bounds the time in which a request's head must come, and the size of its headers.
pub fn router(access: Arc<dyn Access>, options: Options) -> Router {
    let files = assets::Files::new(options.assets.clone(), &options.content_security_policy);
    let app = Arc::new(App {
        access,
        shared: Arc::new(shared::Shared::new(&options)),
        rooms: load::Rooms::new(&options),
        limits: rate::Limits::new(&options),
        frames: frames::Frames::new(),
        lines: lines::Lines::default(),
        readiness: tokio::sync::Mutex::default(),
        options,
    });
    let mut router = Router::new();
    if matches!(app.options.assets, Assets::Buildbot(_)) {
        router = router.route("/", get(buildbot_pages::index));
        router = router.route("/index.html", get(buildbot_pages::index));
        router = router.route("/plugins/{name}/{*path}", get(buildbot_pages::plugin));
    }
    let api = match &app.options.passage {
        Some(_) => passage::routes(),
        None => own_api(),
    };
    router
        .merge(api)
        .route("/health", get(health::alive))
        .route("/ready", get(health::ready))
        .route("/robots.txt", get(site::robots))
        .route("/metrics", get(metrics::serve))
        .route("/cc.xml", get(neighbours::projects))
        .route("/badges/{*path}", get(neighbours::badge))
        .route("/plugins/badges/{*path}", get(neighbours::badge))
        .with_state(Arc::clone(&app))
        .fallback(move |request| files.clone().serve(request))
        .layer(from_fn_with_state(app, guard::check))
}

/// What pages and clients ask the master.
fn own_api() -> Router<Shared> {
    Router::new()
        .route("/api", get(site::versions))
        .route("/api/{*path}", any(api::serve))
        .route("/api/v2/openapi.json", get(openapi::document))
        .route("/api/latest/openapi.json", get(openapi::document))
        .route("/api/v2/docs", get(openapi::page))
        .route("/api/latest/docs", get(openapi::page))
        .route("/sse/{*path}", get(sse::serve))
        .route("/ws", get(socket::serve))
        .route("/auth/login", get(auth::ask).post(auth::sign_in))
        .route("/auth/logout", get(auth::sign_out).post(auth::sign_out))
        .route("/config", get(site::config))
        .route("/avatar", get(avatar::serve))
        .route("/change_hook/{hook}", post(change_hook::serve))
}
