//! A server that listeners post to: it keeps what comes, and answers as it is told.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::site::SOON;

/// Something that was posted.
#[derive(Clone, Debug)]
pub(crate) struct Came {
    /// The delivery's id.
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    /// How it was answered; none while it is not.
    pub(crate) answered: Option<StatusCode>,
}

impl Came {
    /// The build that it tells of; webhooks' only.
    pub(crate) fn build(&self) -> i64 {
        self.body["resource"]["buildid"].as_i64().unwrap()
    }

    pub(crate) fn is_taken(&self) -> bool {
        self.answered == Some(StatusCode::OK)
    }
}

/// What a receiver says to something.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Status(StatusCode),
    /// The status, and where it leads.
    Redirect(StatusCode, String),
    /// Nothing, until it answers otherwise.
    Nothing,
}

type Answers = dyn Fn(usize, &Came) -> Answer + Send + Sync;

struct Inside {
    answers: Arc<Answers>,
    came: Vec<Came>,
}

/// The server. It takes everything until it is told otherwise.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    inside: Arc<watch::Sender<Inside>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        Self::on(listener, url)
    }

    /// One that is reached at `url` by way of `listener`.
    pub(crate) fn on(listener: impl Listener<Addr: std::fmt::Debug>, url: String) -> Self {
        let takes: Arc<Answers> = Arc::new(|_, _| Answer::Status(StatusCode::OK));
        let (answers, came) = (takes, vec![]);
        let receiver = Self {
            url,
            inside: Arc::new(watch::Sender::new(Inside { answers, came })),
        };
        let router = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    /// Answers from now on, also what waits for an answer, by a function of what came and its number, from 0.
    pub(crate) fn answers(&self, answers: impl Fn(usize, &Came) -> Answer + Send + Sync + 'static) {
        self.inside.send_modify(|it| it.answers = Arc::new(answers));
    }

    /// Answers everything with that status.
    pub(crate) fn says(&self, status: StatusCode) {
        self.answers(move |_, _| Answer::Status(status));
    }

    pub(crate) fn takes(&self) {
        self.says(StatusCode::OK);
    }

    pub(crate) fn hangs(&self) {
        self.answers(|_, _| Answer::Nothing);
    }

    /// All that came so far, in order.
    pub(crate) fn came(&self) -> Vec<Came> {
        self.inside.borrow().came.clone()
    }

    /// The ids of what came so far, in order.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.came().into_iter().map(|it| it.id).collect()
    }

    /// The builds that it was told of and took, in order, as often as it took them.
    pub(crate) fn taken(&self) -> Vec<i64> {
        let came = self.came().into_iter();
        came.filter(Came::is_taken).map(|it| it.build()).collect()
    }

    /// Waits until what came is `so`, and gives it.
    pub(crate) async fn until(&self, what: &str, so: impl Fn(&[Came]) -> bool) -> Vec<Came> {
        let mut inside = self.inside.subscribe();
        let waited = tokio::time::timeout(SOON, inside.wait_for(|it| so(&it.came))).await;
        let Ok(found) = waited else {
            panic!("not within {SOON:?}: {what}; there came {:#?}", self.came());
        };
        found.unwrap().came.clone()
    }

    /// Waits until so many have come, and gives them.
    pub(crate) async fn has(&self, number: usize) -> Vec<Came> {
        let what = format!("{number} have come");
        self.until(&what, |came| came.len() >= number).await
    }

    /// Waits until it has taken what is told of each of these builds, at least once.
    pub(crate) async fn knows(&self, builds: &[i64]) {
        let what = format!("it has taken the builds {builds:?}");
        self.until(&what, |came| {
            let taken: Vec<i64> = came.iter().filter(|it| it.is_taken()).map(Came::build).collect();
            builds.iter().all(|it| taken.contains(it))
        })
        .await;
    }

    fn keep(&self, came: Came) -> usize {
        let mut number = 0;
        self.inside.send_modify(|it| {
            number = it.came.len();
            it.came.push(came);
        });
        number
    }

    /// How what came as that one is answered.
    async fn answer(&self, number: usize) -> Response {
        let answer = |inside: &Inside| (inside.answers)(number, &inside.came[number]);
        let mut inside = self.inside.subscribe();
        let known = inside.wait_for(|it| !matches!(answer(it), Answer::Nothing));
        let answer = answer(&known.await.unwrap());
        let (status, response) = match answer {
            Answer::Status(status) => (status, status.into_response()),
            Answer::Redirect(status, to) => (status, (status, [(LOCATION, to)]).into_response()),
            Answer::Nothing => unreachable!("it was waited for another answer"),
        };
        self.inside
            .send_modify(|it| it.came[number].answered = Some(status));
        response
    }
}

async fn take(State(receiver): State<Receiver>, uri: Uri, headers: HeaderMap, body: String) -> Response {
    let body: Value = serde_json::from_str(&body).unwrap();
    // Webhooks have it in a header, `http_push` in the body as well.
    let id = match headers.get("x-weir-delivery") {
        Some(id) => id.to_str().unwrap().to_owned(),
        None => body["delivery"].as_str().unwrap().to_owned(),
    };
    let number = receiver.keep(Came {
        id,
        path: uri.path().to_owned(),
        headers,
        body,
        answered: None,
    });
    receiver.answer(number).await
}
