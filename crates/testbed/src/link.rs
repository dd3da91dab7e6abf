//! A connection that can be cut.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the link does with connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    /// Each cut is a new one; connections of an older one are reset.
    generation: u64,
    refusing: bool,
}

/// A TCP proxy in front of an address: forwards, counts, and can be cut. Ends when it is dropped.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    state: watch::Sender<State>,
    bytes: Arc<AtomicU64>,
    accepting: JoinHandle<()>,
}

impl Link {
    /// A link on a free port of 127.0.0.1 to `target`.
    ///
    /// # Errors
    /// If no port can be bound.
    pub async fn to(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (state, changes) = watch::channel(State {
            generation: 0,
            refusing: false,
        });
        let bytes = Arc::new(AtomicU64::new(0));
        let accepting = tokio::spawn(accept(listener, target, changes, Arc::clone(&bytes)));
        Ok(Self {
            address,
            state,
            bytes,
            accepting,
        })
    }

    /// Where to connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Resets all connections at once; new ones are taken.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.generation += 1);
    }

    /// Resets all connections, and each new one as soon as it comes, until [`Link::heal`].
    pub fn refuse(&self) {
        self.state.send_modify(|state| {
            state.generation += 1;
            state.refusing = true;
        });
    }

    /// Takes connections again.
    pub fn heal(&self) {
        self.state.send_modify(|state| state.refusing = false);
    }

    /// How many bytes went through, both ways together.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // The connections see that the state has no owner any more.
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    target: SocketAddr,
    state: watch::Receiver<State>,
    bytes: Arc<AtomicU64>,
) {
    loop {
        let Ok((near, _)) = listener.accept().await else {
            // Out of file descriptors, say: the next one may work.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        tokio::spawn(serve(near, target, state.clone(), Arc::clone(&bytes)));
    }
}

async fn serve(
    near: TcpStream,
    target: SocketAddr,
    mut state: watch::Receiver<State>,
    bytes: Arc<AtomicU64>,
) {
    let begun = *state.borrow_and_update();
    if begun.refusing {
        return reset(&near);
    }
    let Ok(far) = TcpStream::connect(target).await else {
        return reset(&near);
    };
    let (mut near, mut far) = (near, far);
    for stream in [&near, &far] {
        stream.set_nodelay(true).ok();
    }
    let cut = {
        let (near_read, near_write) = near.split();
        let (far_read, far_write) = far.split();
        let forward = async {
            tokio::join!(
                pump(near_read, far_write, &bytes),
                pump(far_read, near_write, &bytes)
            )
        };
        tokio::select! {
            _ = state.wait_for(|now| now.generation != begun.generation) => true,
            _ = forward => false,
        }
    };
    if cut {
        reset(&near);
        reset(&far);
    }
}

/// Forwards until the end of `from`, and tells `to` of it.
async fn pump(
    mut from: tokio::net::tcp::ReadHalf<'_>,
    mut to: tokio::net::tcp::WriteHalf<'_>,
    bytes: &AtomicU64,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
        bytes.fetch_add(read as u64, Ordering::Relaxed);
    }
    to.shutdown().await.ok();
}

/// Lets the connection end with a reset instead of a farewell when it is dropped.
fn reset(stream: &TcpStream) {
    stream.set_zero_linger().ok();
}
