//! A worker against a master that follows a script, message by message.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::VecDeque;
use std::net::SocketAddr;
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
use weir_worker_protocol::WINDOW_SLACK;
use weir_worker_protocol::v1::worker_server::{Worker, WorkerServer};
use weir_worker_protocol::v1::{
    Ack, Finished, FromCommand, FromWorker, Hello, Interrupt, Output, Ping, Resume, StartCommand, Stream,
    ToWorker, Welcome, finished::Outcome, from_command::News, from_worker, start_command::What, to_worker,
};

const PATIENCE: Duration = Duration::from_secs(8);

/// A worker's connection, in the hands of a test.
struct Peer {
    authorization: String,
    inbound: Streaming<FromWorker>,
    outbound: mpsc::Sender<Result<ToWorker, Status>>,
}

impl Peer {
    async fn next(&mut self) -> from_worker::Message {
        let message = timeout(PATIENCE, self.inbound.message()).await.unwrap();
        message.unwrap().unwrap().message.unwrap()
    }

    async fn hello(&mut self) -> Hello {
        match self.next().await {
            from_worker::Message::Hello(hello) => hello,
            other => panic!("{other:?}"),
        }
    }

    async fn news(&mut self) -> FromCommand {
        match self.next().await {
            from_worker::Message::Command(news) => news,
            other => panic!("{other:?}"),
        }
    }

    /// All news of the one command that runs, to its end.
    async fn all_news(&mut self) -> Vec<FromCommand> {
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

    async fn send(&self, message: to_worker::Message) {
        let message = ToWorker {
            message: Some(message),
        };
        self.outbound.send(Ok(message)).await.unwrap();
    }

    async fn welcome(&self, resume: Vec<Resume>) {
        let welcome = Welcome {
            heartbeat_interval_ms: 1_000,
            heartbeat_deadline_ms: 8_000,
            resume_within_ms: 8_000,
            resume,
        };
        self.send(to_worker::Message::Welcome(welcome)).await;
    }

    async fn start(&self, command_id: &str, script: &str, window_bytes: u64) {
        let command = StartCommand {
            command_id: command_id.to_owned(),
            what: Some(What::Script(script.to_owned())),
            interrupt_grace_ms: 1_000,
            window_bytes,
            ..StartCommand::default()
        };
        self.send(to_worker::Message::Start(command)).await;
    }

    async fn acknowledge(&self, command_id: &str, sequence: u64) {
        let command_id = command_id.to_owned();
        self.send(to_worker::Message::Ack(Ack { command_id, sequence }))
            .await;
    }

    async fn is_closed(&mut self) -> bool {
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
struct Stage {
    refusals: Arc<Mutex<VecDeque<Status>>>,
    peers: mpsc::Receiver<Peer>,
    address: SocketAddr,
    dir: TempDir,
    server: JoinHandle<()>,
}

impl Stage {
    fn new() -> Self {
        let refusals = Arc::<Mutex<VecDeque<Status>>>::default();
        let (peers, connected) = mpsc::channel(10);
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap())
            .unwrap()
            .with_nodelay(Some(true));
        let address = incoming.local_addr().unwrap();
        let script = Script {
            refusals: Arc::clone(&refusals),
            peers,
        };
        let serve = tonic::transport::Server::builder()
            .add_service(WorkerServer::new(script))
            .serve_with_incoming(incoming);
        Self {
            refusals,
            peers: connected,
            address,
            dir: tempfile::tempdir().unwrap(),
            server: tokio::spawn(async { serve.await.unwrap() }),
        }
    }

    fn worker(&self) -> (JoinHandle<Result<(), Error>>, CancellationToken) {
        let master = format!("http://{}", self.address);
        let mut options = Options::new(master, "w1", "the token\n", self.dir.path(), "instance-1");
        options.backoff_first = Duration::from_millis(10);
        options.backoff_most = Duration::from_millis(50);
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(weir_worker::run(options, shutdown.clone()));
        (task, shutdown)
    }

    async fn peer(&mut self) -> Peer {
        timeout(PATIENCE, self.peers.recv()).await.unwrap().unwrap()
    }

    /// The next connection, greeted and welcome.
    async fn welcome_peer(&mut self, resume: Vec<Resume>) -> (Peer, Hello) {
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

fn resume(command_id: &str, received: u64) -> Vec<Resume> {
    let command_id = command_id.to_owned();
    vec![Resume { command_id, received }]
}

fn stdout(all: &[FromCommand]) -> Vec<u8> {
    all.iter()
        .filter_map(|it| match &it.news {
            Some(News::Output(Output { stream, data })) if *stream == Stream::Stdout as i32 => {
                Some(&data[..])
            }
            _ => None,
        })
        .collect::<Vec<_>>()
        .concat()
}

#[tokio::test]
async fn it_greets_with_its_token_and_answers_pings() {
    let mut stage = Stage::new();
    let (_task, shutdown) = stage.worker();
    let mut peer = stage.peer().await;
    assert_eq!(peer.authorization, "Bearer the token");
    let hello = peer.hello().await;
    assert_eq!((&hello.name[..], &hello.instance[..]), ("w1", "instance-1"));
    assert_eq!(hello.commands, []);
    peer.welcome(vec![]).await;
    peer.send(to_worker::Message::Ping(Ping { number: 7 })).await;
    assert!(matches!(peer.next().await, from_worker::Message::Pong(pong) if pong.number == 7));
    shutdown.cancel();
    assert!(matches!(peer.next().await, from_worker::Message::Goodbye(_)));
    assert!(peer.is_closed().await);
}

#[tokio::test]
async fn what_is_not_acknowledged_is_sent_again() {
    let mut stage = Stage::new();
    let (_task, _shutdown) = stage.worker();
    let (mut peer, _) = stage.welcome_peer(vec![]).await;
    peer.start("c1", "printf abc; printf def >&2; exit 4", 1_000_000)
        .await;
    let first = peer.all_news().await;
    let sequences: Vec<u64> = first.iter().map(|it| it.sequence).collect();
    assert_eq!(sequences, (1..=first.len() as u64).collect::<Vec<_>>());
    assert_eq!(stdout(&first), b"abc");
    peer.acknowledge("c1", 1).await;
    peer.send(to_worker::Message::Ping(Ping { number: 1 })).await;
    peer.next().await;
    drop(peer);

    let (mut peer, hello) = stage.welcome_peer(resume("c1", 2)).await;
    let [held] = &hello.commands[..] else {
        panic!("{hello:?}");
    };
    let last = first.len() as u64;
    assert_eq!((held.acknowledged, held.last), (1, last));
    assert_eq!(peer.all_news().await, first[2..]);
    peer.acknowledge("c1", last).await;
    peer.send(to_worker::Message::Ping(Ping { number: 2 })).await;
    peer.next().await;
    drop(peer);

    let (_peer, hello) = stage.welcome_peer(vec![]).await;
    assert_eq!(hello.commands, []);
}

#[tokio::test]
async fn a_command_that_the_master_does_not_resume_ends() {
    let mut stage = Stage::new();
    let (_task, _shutdown) = stage.worker();
    let (mut peer, _) = stage.welcome_peer(vec![]).await;
    let script = "trap 'touch ended; exit' TERM; echo up; while true; do sleep 0.02; done";
    peer.start("c1", script, 1_000_000).await;
    while stdout(&[peer.news().await]).is_empty() {}
    drop(peer);
    let (peer, hello) = stage.welcome_peer(vec![]).await;
    assert_eq!(hello.commands.len(), 1);
    let ended = stage.dir.path().join("ended");
    timeout(PATIENCE, async {
        while !ended.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    drop(peer);
    let (_peer, hello) = stage.welcome_peer(vec![]).await;
    assert_eq!(hello.commands, []);
}

#[tokio::test]
async fn a_master_that_acknowledges_nothing_gets_one_window() {
    const WINDOW: usize = 300_000;
    let mut stage = Stage::new();
    let (_task, _shutdown) = stage.worker();
    let (mut peer, _) = stage.welcome_peer(vec![]).await;
    peer.start("c1", "yes | head -c 3000000", WINDOW as u64).await;
    let (mut count, mut last) = (0, 0);
    while let Ok(message) = timeout(Duration::from_millis(500), peer.inbound.message()).await {
        let Some(from_worker::Message::Command(news)) = message.unwrap().unwrap().message else {
            panic!("not news");
        };
        last = news.sequence;
        count += stdout(&[news]).len();
    }
    assert!((WINDOW / 2..WINDOW + WINDOW_SLACK).contains(&count), "{count}");
    peer.send(to_worker::Message::Ping(Ping { number: 1 })).await;
    assert!(matches!(peer.next().await, from_worker::Message::Pong(_)));
    loop {
        peer.acknowledge("c1", last).await;
        let news = peer.news().await;
        last = news.sequence;
        count += stdout(std::slice::from_ref(&news)).len();
        if let Some(News::Finished(Finished { outcome, .. })) = news.news {
            assert_eq!(outcome, Some(Outcome::ExitCode(0)));
            break;
        }
    }
    assert_eq!(count, 3_000_000);
}

#[tokio::test]
async fn a_command_is_started_once() {
    let mut stage = Stage::new();
    let (_task, _shutdown) = stage.worker();
    let (mut peer, _) = stage.welcome_peer(vec![]).await;
    for _ in 0..2 {
        peer.start("c1", "echo run >>runs; sleep 0.1", 1_000_000).await;
    }
    peer.all_news().await;
    assert_eq!(
        std::fs::read_to_string(stage.dir.path().join("runs")).unwrap(),
        "run\n"
    );
    // An interrupt that comes too late, or for nobody, changes nothing.
    for command_id in ["c1", "c2"] {
        let interrupt = Interrupt {
            command_id: command_id.to_owned(),
            reason: String::new(),
        };
        peer.send(to_worker::Message::Interrupt(interrupt)).await;
    }
    peer.send(to_worker::Message::Ping(Ping { number: 1 })).await;
    assert!(matches!(peer.next().await, from_worker::Message::Pong(_)));
}

#[tokio::test]
async fn a_master_that_breaks_the_protocol_is_left() {
    let mut stage = Stage::new();
    let (_task, _shutdown) = stage.worker();
    let mut peer = stage.peer().await;
    peer.hello().await;
    peer.send(to_worker::Message::Ping(Ping { number: 1 })).await;
    assert!(peer.is_closed().await);

    let (mut peer, _) = stage.welcome_peer(vec![]).await;
    peer.start("c1", "true", 1_000_000).await;
    peer.all_news().await;
    peer.acknowledge("c1", 99).await;
    assert!(peer.is_closed().await);
    // What it did not acknowledge is not lost by that.
    let (_peer, hello) = stage.welcome_peer(vec![]).await;
    assert_eq!(hello.commands.len(), 1);
}

#[tokio::test]
async fn it_comes_again_unless_it_is_refused_for_good() {
    let mut stage = Stage::new();
    stage.refusals.lock().unwrap().extend([
        Status::already_exists("another process is connected as the worker `w1`"),
        Status::unavailable("the master is shutting down"),
        Status::unimplemented("what worker?"),
        Status::internal("oops"),
    ]);
    let (task, _shutdown) = stage.worker();
    let (peer, _) = stage.welcome_peer(vec![]).await;
    let why = Status::invalid_argument("too new");
    peer.outbound.send(Err(why)).await.unwrap();
    let error = timeout(PATIENCE, task).await.unwrap().unwrap().unwrap_err();
    assert!(
        matches!(&error, Error::Protocol { why, .. } if why == "too new"),
        "{error}"
    );
}

#[tokio::test]
async fn it_ends_in_time_while_there_is_no_master() {
    let stage = Stage::new();
    stage.server.abort();
    let (task, shutdown) = stage.worker();
    shutdown.cancel();
    timeout(PATIENCE, task).await.unwrap().unwrap().unwrap();
}
