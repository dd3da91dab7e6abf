//! A master's service and workers, for tests.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpIncoming;
use weir_master::workers::{
    CommandEvent, CommandSpec, Order, Outcome, OutputStream, RunningCommand, Settings, What, WorkerAccount,
    WorkerManager, WorkerRegistry,
};
use weir_status_api::WorkerInfo;
use weir_testbed::eventually;
use weir_worker::{Error, Options};

pub(crate) const PATIENCE: Duration = Duration::from_secs(8);

/// What a registry was told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    Connected(String),
    Disconnected(String, String),
    WantsToLeave(String),
}

/// Remembers what it is told.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) told: Mutex<Vec<Told>>,
    pub(crate) info: Mutex<Option<WorkerInfo>>,
    /// Who was refused, and why.
    pub(crate) refused: Mutex<Vec<(String, String)>>,
    /// What it answers to the next workers that connect.
    pub(crate) refusal: Mutex<Option<String>>,
    /// Ends each worker that connects as soon as it is known, as whoever watches the store may.
    pub(crate) dismissal: Mutex<Option<WorkerManager>>,
}

#[async_trait]
impl WorkerRegistry for Ledger {
    async fn connected(&self, name: &str, info: WorkerInfo, _process: &str) -> Result<(), String> {
        if let Some(why) = self.refusal.lock().unwrap().clone() {
            return Err(why);
        }
        self.told.lock().unwrap().push(Told::Connected(name.to_owned()));
        *self.info.lock().unwrap() = Some(info);
        if let Some(manager) = &*self.dismissal.lock().unwrap() {
            manager.shut_down_worker(name).unwrap();
        }
        Ok(())
    }

    async fn wants_to_leave(&self, name: &str) -> Result<(), String> {
        self.told
            .lock()
            .unwrap()
            .push(Told::WantsToLeave(name.to_owned()));
        Ok(())
    }

    async fn disconnected(&self, name: &str, why: &str) -> Result<(), String> {
        let told = Told::Disconnected(name.to_owned(), why.to_owned());
        self.told.lock().unwrap().push(told);
        Ok(())
    }

    async fn refused(&self, name: &str, why: &str) -> Result<(), String> {
        let refused = (name.to_owned(), why.to_owned());
        self.refused.lock().unwrap().push(refused);
        Ok(())
    }
}

/// A master's service, and a folder for workers.
pub(crate) struct House {
    pub(crate) manager: WorkerManager,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) address: SocketAddr,
    dir: TempDir,
    server: JoinHandle<()>,
    commands: AtomicU64,
}

/// Short times, so that tests are quick.
pub(crate) fn settings() -> Settings {
    Settings {
        heartbeat_interval: Duration::from_millis(200),
        heartbeat_deadline: Duration::from_secs(2),
        grace: Duration::from_secs(5),
        resume_within: Duration::from_secs(5),
        refusal_interval: Duration::from_millis(200),
        ..Settings::default()
    }
}

pub(crate) fn account(name: &str, token: &str) -> WorkerAccount {
    WorkerAccount {
        builders: vec![],
        name: name.to_owned(),
        token: token.to_owned(),
    }
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(settings()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let ledger = Arc::new(Ledger::default());
        let manager = WorkerManager::new(ledger.clone(), settings);
        manager.set_workers(vec![account("w1", "token-1"), account("w2", "token-2")]);
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap())
            .unwrap()
            .with_nodelay(Some(true));
        let address = incoming.local_addr().unwrap();
        let serve = tonic::transport::Server::builder()
            .add_service(manager.service())
            .serve_with_incoming(incoming);
        let server = tokio::spawn(async { serve.await.unwrap() });
        Self {
            manager,
            ledger,
            address,
            dir: tempfile::tempdir().unwrap(),
            server,
            commands: AtomicU64::new(0),
        }
    }

    /// The folder of the worker `w1`.
    pub(crate) fn base_dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn options(&self, instance: &str) -> Options {
        let master = format!("http://{}", self.address);
        // A folder has one worker at a time.
        let dir = match instance {
            "instance-1" => self.dir.path().to_owned(),
            other => self.dir.path().join(other),
        };
        let mut options = Options::new(master, "w1", "token-1", dir, instance);
        options.backoff_first = Duration::from_millis(20);
        options.backoff_most = Duration::from_millis(200);
        options.drain_grace = Duration::from_millis(300);
        options
    }

    /// The worker `w1`, connected.
    pub(crate) async fn worker(&self) -> Worker {
        let worker = Worker::start(self.options("instance-1"));
        self.wait_connected().await;
        worker
    }

    pub(crate) async fn wait_connected(&self) {
        eventually("w1 is connected", PATIENCE, async || {
            self.manager.is_connected("w1")
        })
        .await;
    }

    pub(crate) async fn start(&self, spec: CommandSpec) -> RunningCommand {
        self.try_start(spec).await.unwrap()
    }

    /// The command, unless `w1` is gone.
    pub(crate) async fn try_start(&self, spec: CommandSpec) -> Option<RunningCommand> {
        let id = self.commands.fetch_add(1, Ordering::Relaxed).to_string();
        let instance = self.manager.process("w1").await.ok()?;
        Some(self.manager.start("w1", Order { id, instance }, spec))
    }

    /// Runs a script on `w1` to its end.
    pub(crate) async fn run(&self, script: &str) -> Heard {
        let mut command = self.start(self::script(script)).await;
        hear(&mut command).await
    }

    /// Waits until the registry is told that `w1` was refused because of `why`; nobody else may be.
    pub(crate) async fn is_told_of_refusal(&self, why: &str) {
        let refused = || self.ledger.refused.lock().unwrap().clone();
        let wanted = ("w1".to_owned(), why.to_owned());
        eventually("the refusal is told", PATIENCE, async || {
            refused().contains(&wanted)
        })
        .await;
        assert!(refused().iter().all(|(name, _)| name == "w1"), "{:?}", refused());
    }

    pub(crate) fn told(&self) -> Vec<Told> {
        self.ledger.told.lock().unwrap().clone()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A worker in a task of its own. Dropped, it is gone as if it were killed.
pub(crate) struct Worker {
    pub(crate) shutdown: CancellationToken,
    task: JoinHandle<Result<(), Error>>,
}

impl Worker {
    pub(crate) fn start(options: Options) -> Self {
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(weir_worker::run(options, shutdown.clone()));
        Self { shutdown, task }
    }

    /// How it ended.
    pub(crate) async fn ended(&mut self) -> Result<(), Error> {
        tokio::time::timeout(PATIENCE, &mut self.task)
            .await
            .unwrap()
            .unwrap()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn script(script: &str) -> CommandSpec {
    CommandSpec {
        what: What::Script(script.to_owned()),
        workdir: "build".to_owned(),
        interrupt_grace: Duration::from_secs(1),
        ..CommandSpec::default()
    }
}

pub(crate) fn argv(words: &[&str]) -> CommandSpec {
    CommandSpec {
        what: What::Argv(words.iter().map(|it| (*it).to_owned()).collect()),
        ..script("")
    }
}

/// All that a command said.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) stdout: BytesMut,
    pub(crate) stderr: BytesMut,
    pub(crate) header: String,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) lost: Option<String>,
}

/// Listens to a command until its end, acknowledging everything.
pub(crate) async fn hear(command: &mut RunningCommand) -> Heard {
    let mut heard = Heard::default();
    let all = async { while !take(command, &mut heard).await {} };
    let result = tokio::time::timeout(PATIENCE, all).await;
    assert!(result.is_ok(), "the command did not end: {heard:?}");
    heard
}

/// Takes one event; true if it was the last.
pub(crate) async fn take(command: &mut RunningCommand, heard: &mut Heard) -> bool {
    match command.next().await {
        CommandEvent::Output {
            stream,
            bytes,
            sequence,
        } => {
            match stream {
                OutputStream::Stdout => heard.stdout.extend_from_slice(&bytes),
                OutputStream::Stderr => heard.stderr.extend_from_slice(&bytes),
                OutputStream::Header => heard.header.push_str(std::str::from_utf8(&bytes).unwrap()),
                OutputStream::File(name) => panic!("nobody asked for the file {name}"),
                OutputStream::Data => panic!("nobody asked for data"),
            }
            command.acknowledge(sequence);
            false
        }
        CommandEvent::Finished { outcome, sequence } => {
            command.acknowledge(sequence);
            heard.outcome = Some(outcome);
            true
        }
        CommandEvent::Read { .. } => panic!("nobody gives it a file"),
        CommandEvent::Lost(why) => {
            heard.lost = Some(why);
            true
        }
    }
}

/// Waits until the command has written this.
pub(crate) async fn wait_for(command: &mut RunningCommand, text: &str) -> Heard {
    let mut heard = Heard::default();
    let found = async {
        while !heard.stdout.windows(text.len()).any(|it| it == text.as_bytes()) {
            assert!(!take(command, &mut heard).await, "it ended: {heard:?}");
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap();
    heard
}

/// Whether a process is there (and no zombie).
pub(crate) fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// What vanishes in a [`Hole`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vanishes {
    Nothing,
    ToMaster,
    ToWorker,
}

/// A link on which what goes one way can vanish without the connection being closed.
pub(crate) struct Hole {
    pub(crate) address: SocketAddr,
    vanishes: watch::Sender<Vanishes>,
}

impl Hole {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (vanishes, state) = watch::channel(Vanishes::Nothing);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(target).await.unwrap();
                let (near_read, near_write) = near.into_split();
                let (far_read, far_write) = far.into_split();
                tokio::spawn(forward(near_read, far_write, state.clone(), Vanishes::ToMaster));
                tokio::spawn(forward(far_read, near_write, state.clone(), Vanishes::ToWorker));
            }
        });
        Self { address, vanishes }
    }

    pub(crate) fn set(&self, vanishes: Vanishes) {
        self.vanishes.send(vanishes).unwrap();
    }
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    vanishes: watch::Receiver<Vanishes>,
    way: Vanishes,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if *vanishes.borrow() != way && to.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
}
