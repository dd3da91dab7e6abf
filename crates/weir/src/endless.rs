//! Answers that end with their connection, such as events.
//!
//! Of ten thousand listeners nearly all memory would be what a connection keeps for further requests: hyper's
//! buffers, and a future with room for whatever may be asked. A stream of events is followed by no request, so it
//! leaves all of that behind, as a WebSocket does.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use axum::response::Response;
use futures::StreamExt;
use http::{HeaderValue, Method, Request, StatusCode, Version, header, response};
use hyper::body::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::oneshot;
use weir_status_api::{Clock, SystemClock};

/// Where the first answer of a connection goes if it is an endless one.
#[derive(Clone)]
pub(crate) struct WayOut(Arc<Mutex<Option<oneshot::Sender<Response>>>>);

impl WayOut {
    /// One, and its other end.
    pub(crate) fn new() -> (Self, oneshot::Receiver<Response>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Arc::new(Mutex::new(Some(sender)))), receiver)
    }

    /// For the answer to `request`: none unless it is the first of the connection, before which nothing was sent
    /// that may still be in a buffer.
    pub(crate) fn open<B>(&self, request: &Request<B>) -> Option<oneshot::Sender<Response>> {
        let first = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let version = request.version();
        first.filter(|_| {
            matches!(version, Version::HTTP_11 | Version::HTTP_10) && request.method() == Method::GET
        })
    }
}

/// Gives `response` back, unless it is endless and goes the way out; then nothing comes of it here any more.
pub(crate) async fn lead(
    mut response: Response,
    version: Version,
    way_out: Option<oneshot::Sender<Response>>,
) -> Result<Response, Infallible> {
    match way_out {
        Some(way_out) if is_endless(&response) => {
            *response.version_mut() = version;
            match way_out.send(response) {
                Ok(()) => pending().await,
                Err(response) => Ok(response),
            }
        }
        _ => Ok(response),
    }
}

fn is_endless(response: &Response) -> bool {
    let events = HeaderValue::from_static("text/event-stream");
    response.status() == StatusCode::OK && response.headers().get(header::CONTENT_TYPE) == Some(&events)
}

/// Sends `response` over HTTP/1.1, or 1.0 if that is its version, until it or the connection ends.
///
/// # Errors
/// If the connection breaks.
pub(crate) async fn send<S>(mut stream: S, response: Response) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (head, body) = response.into_parts();
    stream.write_all(&written(&head)).await?;
    stream.flush().await?;
    // Before that version there are no chunks: the end of the connection is the end of the answer.
    let chunked = head.version != Version::HTTP_10;
    drop(head);
    let mut pieces = body.into_data_stream();
    loop {
        let mut word = [0; 32];
        tokio::select! {
            piece = pieces.next() => match piece {
                Some(Ok(piece)) => send_piece(&mut stream, piece, chunked).await?,
                // Without the last chunk the client sees that this is not the whole.
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => break,
            },
            // It was told that nothing it says is heard any more; that it goes is.
            read = stream.read(&mut word) => if read? == 0 {
                return Ok(());
            },
        }
    }
    if chunked {
        stream.write_all(b"0\r\n\r\n").await?;
    }
    stream.shutdown().await
}

/// A piece, as a chunk (RFC 9112, 7.1) or as it is.
async fn send_piece<S: AsyncWrite + Unpin>(
    stream: &mut S,
    mut piece: Bytes,
    chunked: bool,
) -> io::Result<()> {
    if !chunked {
        stream.write_all_buf(&mut piece).await?;
        return stream.flush().await;
    }
    // An empty chunk would be the last.
    if piece.is_empty() {
        return Ok(());
    }
    let size = format!("{:x}\r\n", piece.len());
    let mut chunk = Buf::chain(size.as_bytes(), piece).chain(&b"\r\n"[..]);
    stream.write_all_buf(&mut chunk).await?;
    stream.flush().await
}

/// The head of a response as it is sent (RFC 9112).
fn written(head: &response::Parts) -> Vec<u8> {
    let reason = head.status.canonical_reason().unwrap_or_default();
    let mut text = format!("{:?} {} {reason}\r\n", head.version, head.status.as_u16()).into_bytes();
    let mut line = |name: &str, value: &[u8]| {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            text.extend_from_slice(part);
        }
    };
    for (name, value) in &head.headers {
        line(name.as_str(), value.as_bytes());
    }
    let now = Duration::from_micros(u64::try_from(SystemClock.now().as_micros()).unwrap_or_default());
    line("date", httpdate::fmt_http_date(UNIX_EPOCH + now).as_bytes());
    line("connection", b"close");
    if head.version != Version::HTTP_10 {
        line("transfer-encoding", b"chunked");
    }
    text.extend_from_slice(b"\r\n");
    text
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures::stream;
    use tokio::io::duplex;

    use super::*;

    fn events(pieces: Vec<Result<Bytes, io::Error>>) -> Response {
        let mut response = Response::new(Body::from_stream(stream::iter(pieces)));
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream"),
        );
        response
    }

    async fn sent(response: Response) -> (io::Result<()>, String) {
        let (near, mut far) = duplex(1 << 16);
        let ended = send(near, response).await;
        let mut text = String::new();
        far.read_to_string(&mut text).await.unwrap();
        (ended, text)
    }

    #[tokio::test]
    async fn each_piece_is_a_chunk_and_the_end_is_told() {
        let pieces = vec![
            Ok(Bytes::from("data: a\n\n")),
            Ok(Bytes::new()),
            Ok(Bytes::from("data: 16 bytes\n\n")),
        ];
        let (ended, text) = sent(events(pieces)).await;
        ended.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ndate: "),
            "{head}"
        );
        assert!(
            head.ends_with("connection: close\r\ntransfer-encoding: chunked"),
            "{head}"
        );
        assert_eq!(body, "9\r\ndata: a\n\n\r\n10\r\ndata: 16 bytes\n\n\r\n0\r\n\r\n");
    }

    #[tokio::test]
    async fn before_there_were_chunks_it_comes_as_it_is() {
        let mut response = events(vec![
            Ok(Bytes::from("data: a\n\n")),
            Ok(Bytes::from("data: b\n\n")),
        ]);
        *response.version_mut() = Version::HTTP_10;
        let (ended, text) = sent(response).await;
        ended.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("HTTP/1.0 200 OK\r\n") && head.ends_with("connection: close"),
            "{head}"
        );
        assert_eq!(body, "data: a\n\ndata: b\n\n");
    }

    #[tokio::test]
    async fn a_stream_that_fails_is_not_ended_as_a_whole_one() {
        let pieces = vec![Ok(Bytes::from("data: a\n\n")), Err(io::Error::other("broken"))];
        let (ended, text) = sent(events(pieces)).await;
        assert_eq!(ended.unwrap_err().to_string(), "broken");
        assert!(text.ends_with("9\r\ndata: a\n\n\r\n"), "{text}");
    }

    #[tokio::test]
    async fn it_ends_when_the_client_goes() {
        let (near, mut far) = duplex(1 << 16);
        let silent = Body::from_stream(stream::pending::<Result<Bytes, io::Error>>());
        let sending = tokio::spawn(send(near, Response::new(silent)));
        far.read_exact(&mut [0; 15]).await.unwrap();
        drop(far);
        sending.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn only_the_first_answer_goes_the_way_out() {
        let (way_out, mut endless) = WayOut::new();
        let request = || Request::builder().body(()).unwrap();
        let plain = Response::new(Body::empty());
        assert!(
            lead(plain, Version::HTTP_11, way_out.open(&request()))
                .await
                .is_ok()
        );
        assert!(way_out.open(&request()).is_none());
        assert!(endless.try_recv().is_err());

        let (way_out, endless) = WayOut::new();
        let gone = tokio::spawn(lead(events(vec![]), Version::HTTP_11, way_out.open(&request())));
        assert!(is_endless(&endless.await.unwrap()));
        gone.abort();
    }
}
