//! The destinations: each notes what comes, and is away or fails when it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use weir_status_api::{Clock, SystemClock};

use crate::Result;

/// What a destination does with what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// Takes it.
    Well,
    /// Refuses it for now.
    Down,
    /// Does not answer.
    Hangs,
    /// Takes it, and its answer is lost.
    Mute,
}

/// One delivery that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delivery {
    /// Its delivery id.
    pub(super) id: String,
    /// The event's cursor.
    pub(super) cursor: i64,
    /// When it came, microseconds since 1970.
    pub(super) at: i64,
}

#[derive(Default)]
struct Destination {
    mood: Option<Mood>,
    came: Vec<Delivery>,
    /// How many answers were lost.
    lost: usize,
}

/// All destinations, by the listeners' names.
#[derive(Clone, Default)]
pub(super) struct Receivers {
    base: String,
    all: Arc<Mutex<BTreeMap<String, Destination>>>,
}

/// What came to each.
pub(super) type Came = BTreeMap<String, Vec<Delivery>>;

impl Receivers {
    /// Starts them, on a port of the loopback.
    pub(super) async fn start() -> Result<Self> {
        let failed = |error| format!("there is no destination: {error}");
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let receivers = Self {
            base: format!("http://{address}"),
            ..Self::default()
        };
        let router = Router::new()
            .route("/{listener}", post(take))
            .with_state(receivers.clone());
        tokio::spawn(async move { axum::serve(socket, router).await });
        Ok(receivers)
    }

    /// Their address; that of a listener is this, a slash and its name.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Lets a destination be of that mood.
    pub(super) fn set(&self, listener: &str, mood: Mood) {
        self.open().entry(listener.to_owned()).or_default().mood = Some(mood);
    }

    /// What came to each of those that are looked at.
    pub(super) fn all(&self) -> Came {
        let all = self.open();
        let counted = all.iter().filter(|(name, _)| !name.starts_with("crowd"));
        counted
            .map(|(name, it)| (name.clone(), it.came.clone()))
            .collect()
    }

    /// How many answers of a destination were lost.
    pub(super) fn lost(&self, listener: &str) -> usize {
        self.open().get(listener).map_or(0, |it| it.lost)
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<String, Destination>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, listener: &str, headers: &HeaderMap) -> Option<Mood> {
        let header = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
        let delivery = Delivery {
            id: header("x-weir-delivery")?.to_owned(),
            cursor: header("x-weir-cursor")?.parse().ok()?,
            at: SystemClock.now().0,
        };
        let mut all = self.open();
        let destination = all.entry(listener.to_owned()).or_default();
        let mood = destination.mood.unwrap_or(Mood::Well);
        if matches!(mood, Mood::Well | Mood::Mute) {
            destination.came.push(delivery);
        }
        destination.lost += usize::from(mood == Mood::Mute);
        Some(mood)
    }
}

async fn take(
    State(receivers): State<Receivers>,
    Path(listener): Path<String>,
    headers: HeaderMap,
) -> StatusCode {
    match receivers.take(&listener, &headers) {
        Some(Mood::Well) => StatusCode::NO_CONTENT,
        Some(Mood::Down) => StatusCode::SERVICE_UNAVAILABLE,
        Some(Mood::Hangs) => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            StatusCode::GATEWAY_TIMEOUT
        }
        Some(Mood::Mute) => StatusCode::BAD_GATEWAY,
        None => StatusCode::BAD_REQUEST,
    }
}
