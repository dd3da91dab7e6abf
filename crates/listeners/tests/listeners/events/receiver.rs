//! A server that notes what is sent to it, whatever it is, and answers as it is told.

use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use tokio::sync::mpsc;

/// What was sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) method: Method,
    /// Path and query.
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Sent {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }

    /// The body as it was before it was packed by gzip, if it was.
    pub(super) fn unpacked(&self) -> Bytes {
        if self.header("content-encoding") != "gzip" {
            return self.body.clone();
        }
        let mut body = vec![];
        GzDecoder::new(&self.body[..]).read_to_end(&mut body).unwrap();
        body.into()
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

type Answer = Box<dyn FnMut() -> Response + Send>;

pub(super) struct Receiver {
    address: SocketAddr,
    sent: mpsc::Receiver<Sent>,
}

impl Receiver {
    /// One that takes all.
    pub(super) async fn start() -> Self {
        Self::answering(|| StatusCode::OK).await
    }

    pub(super) async fn answering<R: IntoResponse>(mut answer: impl FnMut() -> R + Send + 'static) -> Self {
        let (sender, sent) = mpsc::channel(64);
        let answer: Answer = Box::new(move || answer().into_response());
        let app = Router::new()
            .fallback(note)
            .layer(DefaultBodyLimit::disable())
            .with_state((sender, Arc::new(Mutex::new(answer))));
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(socket, app).await });
        Self { address, sent }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What is sent next.
    pub(super) async fn next(&mut self) -> Sent {
        let sent = tokio::time::timeout(Duration::from_secs(10), self.sent.recv()).await;
        sent.expect("nothing was sent for 10 s")
            .expect("the server has ended")
    }

    /// Whether nothing more was sent up to now.
    pub(super) fn is_empty(&mut self) -> bool {
        self.sent.try_recv().is_err()
    }
}

async fn note(
    State((sender, answer)): State<(mpsc::Sender<Sent>, Arc<Mutex<Answer>>)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let sent = Sent {
        method,
        uri,
        headers,
        body,
    };
    sender.send(sent).await.unwrap();
    (answer.lock().unwrap())()
}
