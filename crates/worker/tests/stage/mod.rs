//! A scripted master, and a worker that connects to it.
#![allow(dead_code, reason = "each test uses what it needs")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};
use weir_worker::{Error, Options};
use weir_worker_protocol::v1::worker_server::{Worker, WorkerServer};
use weir_worker_protocol::v1::{
    Ack, FromCommand, FromWorker, Hello, Output, Resume, StartCommand, Stream, ToWorker, Welcome,
    from_command::News, from_worker, start_command::What, to_worker,
};

pub(crate) const PATIENCE: Duration = Duration::from_secs(8);

/// A worker's connection, in the hands of a test.
pub(crate) struct Peer {
    pub(crate) authorization: String,
    pub(crate) inbound: Streaming<FromWorker>,
    pub(crate) outbound: mpsc::Sender<Result<ToWorker, Status>>,
}

impl Peer {
    pub(crate) async fn next(&mut self) -> from_worker::Message {
        let message = timeout(PATIENCE, self.inbound.message()).await.unwrap();
        message.unwrap().unwrap().message.unwrap()
    }

    pub(crate) async fn hello(&mut self) -> Hello {
        match self.next().await {
            from_worker::Message::Hello(hello) => hello,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn news(&mut self) -> FromCommand {
        match self.next().await {
            from_worker::Message::Command(news) => news,
            other => panic!("{other:?}"),
        }
    }

    /// All news of the one command that runs, to its end.
    pub(crate) async fn all_news(&mut self) -> Vec<FromCommand> {
        let mut all = Vec::new();
        loop {
            let news = self.news().await;
            let is_last = matches!(news.news, Some(News::Finished(_)));
            all.push(news);
            if is_last {
                return all;
            }
        }
    }

    pub(crate) async fn send(&self, message: to_worker::Message) {
        let message = ToWorker {
            message: Some(message),
        };
        self.outbound.send(Ok(message)).await.unwrap();
    }

    pub(crate) async fn welcome(&self, resume: Vec<Resume>) {
        let welcome = Welcome {
            heartbeat_interval_ms: 1_000,
            heartbeat_deadline_ms: 8_000,
            resume_within_ms: 60_000,
            resume,
        };
        self.send(to_worker::Message::Welcome(welcome)).await;
    }

    pub(crate) async fn start(&self, command_id: &str, script: &str, window_bytes: u64) {
        let command = StartCommand {
            window_bytes,
            ..command(command_id, script)
        };
        self.send(to_worker::Message::Start(command)).await;
    }

    pub(crate) async fn acknowledge(&self, command_id: &str, sequence: u64) {
        let command_id = command_id.to_owned();
        self.send(to_worker::Message::Ack(Ack { command_id, sequence }))
            .await;
    }

    pub(crate) async fn is_closed(&mut self) -> bool {
        loop {
            match timeout(PATIENCE, self.inbound.message()).await.unwrap() {
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return true,
            }
        }
    }
}

struct Script {
    refusals: Arc<Mutex<VecDeque<Status>>>,
    is_away: Arc<AtomicBool>,
    peers: mpsc::Sender<Peer>,
}

#[tonic::async_trait]
impl Worker for Script {
    type SessionStream = ReceiverStream<Result<ToWorker, Status>>;

    async fn session(
        &self,
        request: Request<Streaming<FromWorker>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        if let Some(status) = self.refusals.lock().unwrap().pop_front() {
            return Err(status);
        }
        if self.is_away.load(Ordering::Relaxed) {
            return Err(Status::unavailable("nobody is there"));
        }
        let authorization = request.metadata().get("authorization").unwrap();
        let authorization = authorization.to_str().unwrap().to_owned();
        let (outbound, messages) = mpsc::channel(100);
        let peer = Peer {
            authorization,
            inbound: request.into_inner(),
            outbound,
        };
        self.peers.send(peer).await.unwrap();
        Ok(Response::new(ReceiverStream::new(messages)))
    }
}

/// A scripted master, and a worker that connects to it.
pub(crate) struct Stage {
    pub(crate) refusals: Arc<Mutex<VecDeque<Status>>>,
    is_away: Arc<AtomicBool>,
    peers: mpsc::Receiver<Peer>,
    address: SocketAddr,
    pub(crate) dir: TempDir,
    pub(crate) server: JoinHandle<()>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let refusals = Arc::<Mutex<VecDeque<Status>>>::default();
        let is_away = Arc::<AtomicBool>::default();
        let (peers, connected) = mpsc::channel(10);
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap())
            .unwrap()
            .with_nodelay(Some(true));
        let address = incoming.local_addr().unwrap();
        let script = Script {
            refusals: Arc::clone(&refusals),
            is_away: Arc::clone(&is_away),
            peers,
        };
        let serve = tonic::transport::Server::builder()
            .add_service(WorkerServer::new(script))
            .serve_with_incoming(incoming);
        Self {
            refusals,
            is_away,
            peers: connected,
            address,
            dir: tempfile::tempdir().unwrap(),
            server: tokio::spawn(async { serve.await.unwrap() }),
        }
    }

    /// The master takes no connection from now on, or takes them again.
    pub(crate) fn is_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::Relaxed);
    }

    pub(crate) fn worker(&self) -> (JoinHandle<Result<(), Error>>, CancellationToken) {
        self.worker_with_journal(weir_worker::DEFAULT_JOURNAL_SIZE)
    }

    /// A worker whose journal may take so many bytes.
    pub(crate) fn worker_with_journal(
        &self,
        journal_size: u64,
    ) -> (JoinHandle<Result<(), Error>>, CancellationToken) {
        let master = format!("http://{}", self.address);
        let mut options = Options::new(master, "w1", "the token\n", self.dir.path(), "instance-1");
        options.journal_size = journal_size;
        options.backoff_first = Duration::from_millis(10);
        options.backoff_most = Duration::from_millis(50);
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(weir_worker::run(options, shutdown.clone()));
        (task, shutdown)
    }

    pub(crate) async fn peer(&mut self) -> Peer {
        timeout(PATIENCE, self.peers.recv()).await.unwrap().unwrap()
    }

    /// The next connection, greeted and welcome.
    pub(crate) async fn welcome_peer(&mut self, resume: Vec<Resume>) -> (Peer, Hello) {
        let mut peer = self.peer().await;
        let hello = peer.hello().await;
        peer.welcome(resume).await;
        (peer, hello)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A command for the worker's shell.
pub(crate) fn command(command_id: &str, script: &str) -> StartCommand {
    StartCommand {
        command_id: command_id.to_owned(),
        what: Some(What::Script(script.to_owned())),
        interrupt_grace_ms: 1_000,
        window_bytes: 1_000_000,
        ..StartCommand::default()
    }
}

/// That one command goes on after a sequence.
pub(crate) fn resume(command_id: &str, received: u64) -> Vec<Resume> {
    let command_id = command_id.to_owned();
    vec![Resume { command_id, received }]
}

/// What the command wrote to its standard output.
pub(crate) fn stdout(all: &[FromCommand]) -> Vec<u8> {
    all.iter()
        .filter_map(|it| match &it.news {
            Some(News::Output(Output { stream, data, .. })) if *stream == Stream::Stdout as i32 => {
                Some(&data[..])
            }
            _ => None,
        })
        .collect::<Vec<_>>()
        .concat()
}
