//! How a worker reaches its master, where that is not TCP.

use std::fmt;
use std::io;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

/// A connection to a master: bytes both ways.
pub trait Link: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Link for T {}

/// A connection that is being made.
type Dialling = BoxFuture<'static, io::Result<Box<dyn Link>>>;

/// Makes connections to a master, in place of those over TCP: within one process, for instance.
#[derive(Clone)]
pub struct Dial(Arc<dyn Fn() -> Dialling + Send + Sync>);

impl Dial {
    /// Connects by `dial`.
    pub fn new(
        dial: impl Fn() -> BoxFuture<'static, io::Result<Box<dyn Link>>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(dial))
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> Dialling {
        (self.0)()
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dial")
    }
}
