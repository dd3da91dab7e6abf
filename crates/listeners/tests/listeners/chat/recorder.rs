//! A server that keeps what it is asked, and answers as a test says.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::Value;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// With the query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The body that is a form, as an object of texts.
    pub(crate) fn form(&self) -> Value {
        let form = std::str::from_utf8(&self.body).unwrap();
        let url = reqwest::Url::parse(&format!("http://form/?{form}")).unwrap();
        let members = url
            .query_pairs()
            .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())));
        Value::Object(members.collect())
    }

    /// The body's members, whatever its form.
    pub(crate) fn members(&self) -> Value {
        match self.header("content-type") {
            "application/json" => self.json(),
            _ => self.form(),
        }
    }
}

/// An answer: its status, a `Retry-After`, and its body.
pub(crate) struct Given {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<u32>,
    pub(crate) body: String,
}

impl Given {
    pub(crate) fn ok(body: impl Into<String>) -> Self {
        Self::status(200, body)
    }

    pub(crate) fn status(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            retry_after: None,
            body: body.into(),
        }
    }
}

type Answers = Box<dyn FnMut(&Asked) -> Given + Send>;

struct Shared {
    asked: Mutex<Vec<Asked>>,
    answers: Mutex<Answers>,
}

/// It, on a free port of this machine, for as long as the test runs.
pub(crate) struct Recorder {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

impl Recorder {
    pub(crate) async fn start(answers: impl FnMut(&Asked) -> Given + Send + 'static) -> Self {
        let shared = Arc::new(Shared {
            asked: Mutex::default(),
            answers: Mutex::new(Box::new(answers)),
        });
        let app = axum::Router::new().fallback(answer).with_state(shared.clone());
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(socket, app).await });
        Self { url, shared }
    }

    /// What it was asked since it was looked at last.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.shared.asked.lock().unwrap())
    }

    /// The one request since.
    pub(crate) fn one(&self) -> Asked {
        let mut asked = self.asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        asked.remove(0)
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<String> {
    let asked = Asked {
        method,
        path: uri.to_string(),
        headers,
        body,
    };
    let given = (shared.answers.lock().unwrap())(&asked);
    shared.asked.lock().unwrap().push(asked);
    let mut answer = Response::builder().status(given.status);
    if let Some(seconds) = given.retry_after {
        answer = answer.header("retry-after", seconds);
    }
    answer.body(given.body).unwrap()
}
