//! The beginning of a connection with TLS.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use weir_tls::TlsAcceptor;

use crate::stall::Patient;

/// How long a client may take for it.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// What the first byte of TLS is.
const TLS: u8 = 0x16;
/// How HTTP/2 begins.
const HTTP2: &[u8] = b"PRI ";
/// The kind of HTTP/2's frame that opens a request (RFC 9113, 6.2).
const HEADERS: u8 = 1;
/// How long a client without TLS may take to ask for something.
const REQUEST: Duration = Duration::from_secs(1);
/// How much of what a client without TLS sends is read, so that it gets to read why it is refused.
const MOST_UNHEARD: u64 = 64 * 1024;
/// What a client without TLS is told.
const MIXED_UP: &str = "this address speaks TLS: use https://, or grpcs:// for gRPC";

/// Makes TLS of the stream, whose other end must take what is sent within `patience`.
pub(crate) async fn secure(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    patience: Duration,
) -> io::Result<TlsStream<Patient<TcpStream>>> {
    let shake = async {
        let mut first = [0];
        if stream.peek(&mut first).await? > 0 && first != [TLS] {
            return Err(refuse(stream).await);
        }
        acceptor.accept(Patient::new(stream, patience)).await
    };
    timeout(HANDSHAKE, shake).await?
}

/// Tells a client that speaks HTTP without TLS, in its own protocol.
async fn refuse(mut stream: TcpStream) -> io::Error {
    let told = async {
        let mut beginning = [0; HTTP2.len()];
        stream.read_exact(&mut beginning).await?;
        let answer = if beginning == HTTP2 {
            // A client tells those whose requests are open why its connection ends; others learn only that it did.
            timeout(REQUEST, request_begins(&mut stream)).await.ok();
            goodbye()
        } else {
            format!(
                "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n{MIXED_UP}\n",
                MIXED_UP.len() + 1
            )
            .into_bytes()
        };
        stream.write_all(&answer).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(MOST_UNHEARD), &mut tokio::io::sink()).await
    };
    match told.await {
        Ok(_) => io::Error::new(io::ErrorKind::InvalidData, "the client speaks no TLS"),
        Err(error) => error,
    }
}

/// Reads what follows [`HTTP2`] up to the first request.
async fn request_begins(stream: &mut TcpStream) -> io::Result<()> {
    const REST: &[u8] = b"* HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut stream = stream.take(MOST_UNHEARD);
    stream.read_exact(&mut [0; REST.len()]).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        if head[3] == HEADERS {
            return Ok(());
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        tokio::io::copy(&mut (&mut stream).take(length.into()), &mut tokio::io::sink()).await?;
    }
}

/// The frames with which HTTP/2 ends a connection that is not secure enough (RFC 9113, 6.5 and 6.8).
fn goodbye() -> Vec<u8> {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    const GOAWAY: u8 = 7;
    const INADEQUATE_SECURITY: u8 = 12;
    let length = 8 + MIXED_UP.len() as u8;
    let head = [0, 0, length, GOAWAY, 0, 0, 0, 0, 0];
    let why = [0, 0, 0, 0, 0, 0, 0, INADEQUATE_SECURITY];
    [&SETTINGS[..], &head, &why, MIXED_UP.as_bytes()].concat()
}
