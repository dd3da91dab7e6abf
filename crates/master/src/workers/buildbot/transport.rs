//! What carries a line: a stream of bytes, or a WebSocket.

use std::io;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures::{SinkExt as _, Stream, StreamExt as _, stream};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// How many bytes are read at once.
const AT_ONCE: usize = 64 * 1024;
/// How many pieces may wait for the other end to take them.
const WAITING: usize = 16;

/// Both directions of a connection, piece by piece. What is written goes on by itself; the other end must take it within
/// the patience of the stream.
pub(super) struct Transport {
    pub(super) incoming: Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>,
    pub(super) outgoing: mpsc::Sender<Bytes>,
}

impl Transport {
    /// Over a stream.
    pub(super) fn of_stream<S>(stream: S) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (reader, mut writer) = tokio::io::split(stream);
        let (outgoing, mut pieces) = mpsc::channel::<Bytes>(WAITING);
        tokio::spawn(async move {
            while let Some(piece) = pieces.recv().await {
                if writer.write_all(&piece).await.is_err() || writer.flush().await.is_err() {
                    // The reading side sees it too.
                    return;
                }
            }
            let _ = writer.shutdown().await;
        });
        let incoming = stream::try_unfold((reader, BytesMut::new()), async |(mut reader, mut bytes)| {
            bytes.reserve(AT_ONCE);
            let came = reader.read_buf(&mut bytes).await?;
            let piece = bytes.split().freeze();
            Ok((came > 0).then_some((piece, (reader, bytes))))
        });
        Self {
            incoming: Box::pin(incoming),
            outgoing,
        }
    }

    /// Over a WebSocket: a piece is a binary frame. Text is not heard, as Buildbot's master does not hear it.
    pub(super) fn of_socket<S>(socket: WebSocketStream<S>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sink, frames) = socket.split();
        let (outgoing, mut pieces) = mpsc::channel::<Bytes>(WAITING);
        tokio::spawn(async move {
            while let Some(piece) = pieces.recv().await {
                if sink.send(Message::Binary(piece)).await.is_err() {
                    return;
                }
            }
            let _ = sink.close().await;
        });
        let incoming = frames.filter_map(async |frame| match frame {
            Ok(Message::Binary(bytes)) => Some(Ok(bytes)),
            // What comes behind the end of a WebSocket is its end.
            Ok(_) => None,
            Err(error) => Some(Err(io::Error::other(error))),
        });
        Self {
            incoming: Box::pin(incoming),
            outgoing,
        }
    }
}
