//! A connection, as lines.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::message::Message;
use super::options::Way;

/// The longest line that is read, in bytes: 512 and IRCv3's tags are some 9 kB.
const LONGEST_READ: usize = 16 << 10;

/// How long connecting, or writing a line, may take.
const PATIENCE: Duration = Duration::from_secs(30);

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// It.
pub(super) struct Wire {
    reader: ReadHalf<Box<dyn Io>>,
    writer: WriteHalf<Box<dyn Io>>,
    /// What was read and is no whole line yet.
    read: Vec<u8>,
}

impl Wire {
    /// Connects.
    ///
    /// # Errors
    /// Why not, for people.
    pub(super) async fn connect(way: &Way) -> Result<Self, String> {
        match tokio::time::timeout(PATIENCE, connected(way)).await {
            Ok(Ok(io)) => {
                let (reader, writer) = tokio::io::split(io);
                let read = vec![];
                Ok(Self { reader, writer, read })
            }
            Ok(Err(error)) => Err(format!("no connection to {}:{}: {error}", way.host, way.port)),
            Err(_) => Err(format!("no connection to {}:{} in time", way.host, way.port)),
        }
    }

    /// The next message. It can be dropped while it waits, and loses nothing.
    ///
    /// # Errors
    /// Why there will be none.
    pub(super) async fn next(&mut self) -> Result<Message, String> {
        loop {
            while let Some(end) = self.read.iter().position(|it| *it == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                if let Some(message) = Message::parse(&String::from_utf8_lossy(&line)) {
                    return Ok(message);
                }
            }
            if self.read.len() > LONGEST_READ {
                return Err("the server sent a line that is too long".to_owned());
            }
            match self.reader.read_buf(&mut self.read).await {
                Ok(0) => return Err("the server ended the connection".to_owned()),
                Ok(_) => {}
                Err(error) => return Err(format!("the connection broke: {error}")),
            }
        }
    }

    /// Sends a line.
    ///
    /// # Errors
    /// Why it did not go.
    pub(super) async fn send(&mut self, line: &str) -> Result<(), String> {
        let line = format!("{line}\r\n");
        let sending = async {
            self.writer.write_all(line.as_bytes()).await?;
            self.writer.flush().await
        };
        match tokio::time::timeout(PATIENCE, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!("the connection broke: {error}")),
            Err(_) => Err("the server reads nothing".to_owned()),
        }
    }
}

async fn connected(way: &Way) -> std::io::Result<Box<dyn Io>> {
    let stream = TcpStream::connect((way.host.as_str(), way.port)).await?;
    stream.set_nodelay(true)?;
    Ok(match &way.tls {
        Some((config, name)) => {
            let connector = TlsConnector::from(config.clone());
            Box::new(connector.connect(name.clone(), stream).await?)
        }
        None => Box::new(stream),
    })
}
