//! Buildbot's workers over msgpack.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use tokio::io::{DuplexStream, duplex};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use weir_buildbot_wire::msgpack::{Event, Session};
use weir_buildbot_wire::worker::over_msgpack::OfCommand;
use weir_buildbot_wire::worker::{
    Command, CommandLine, FileStat, FromWorker, StartCommand, Text, ToWorker, Update, WorkerInfo,
    WorkerObject,
};
use weir_buildbot_wire::{Limits, Value};
use weir_master::workers::{
    CommandEvent, CommandSpec, FileCommand, Outcome, OutputStream, RunningCommand, What, WorkerAccount,
    WorkerBuilder, WorkerManager,
};
use weir_testbed::eventually;

use super::house::{Heard, House, PATIENCE, Told, account, hear, script};
use super::puppet::info;

/// Opens a WebSocket with these credentials.
async fn open(
    manager: &WorkerManager,
    authorization: Option<&str>,
) -> Result<WebSocketStream<DuplexStream>, SocketError> {
    let (ours, theirs) = duplex(64 * 1024);
    let buildbot = manager.buildbot();
    let peer = SocketAddr::from(([127, 0, 0, 1], 1));
    tokio::spawn(async move { buildbot.serve_msgpack(theirs, peer).await });
    let mut request = "ws://master/".into_client_request()?;
    if let Some(authorization) = authorization {
        let value = HeaderValue::from_str(authorization).unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    client_async(request, ours).await.map(|(socket, _)| socket)
}

fn basic(credentials: &str) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}

/// A worker that does as a test says.
struct Puppet {
    socket: WebSocketStream<DuplexStream>,
    session: Session,
    info: WorkerInfo,
    /// What is in its folder, and is a folder.
    folders: Vec<&'static str>,
    removed: Vec<String>,
    started: Vec<StartCommand>,
    interrupted: Vec<String>,
    answers: Vec<(u64, Result<Value, String>)>,
    is_told_to_end: bool,
}

impl Puppet {
    async fn new(manager: &WorkerManager) -> Self {
        Self::with(manager, info()).await
    }

    async fn with(manager: &WorkerManager, info: WorkerInfo) -> Self {
        let mut puppet = Self {
            socket: open(manager, Some(&basic("w1:token-1"))).await.unwrap(),
            session: Session::new(Limits::OF_WORKER),
            info,
            folders: vec!["b1", "info", "old"],
            removed: vec![],
            started: vec![],
            interrupted: vec![],
            answers: vec![],
            is_told_to_end: false,
        };
        tokio::select! {
            () = eventually("w1 is connected", PATIENCE, async || manager.is_connected("w1")) => {}
            () = puppet.until("it never ends", |_| false) => unreachable!("it never does"),
        }
        puppet
    }

    /// Takes one message; false if there are no more.
    async fn go_on(&mut self) -> bool {
        let Some(Ok(Message::Binary(frame))) = self.socket.next().await else {
            return false;
        };
        match self.session.receive(&frame).unwrap() {
            Event::Request(number, request) => {
                let answer = self.obey(ToWorker::of_request(request).unwrap()).await;
                let frame = self.session.respond(number, Ok(answer)).unwrap();
                // The master may be gone.
                let _ = self.socket.send(Message::Binary(frame.into())).await;
            }
            Event::Response(number, response) => self.answers.push((number, response)),
        }
        true
    }

    async fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let all = async {
            while !done(self) {
                assert!(self.go_on().await, "it was cut before {what}");
            }
        };
        assert!(timeout(PATIENCE, all).await.is_ok(), "it never came that {what}");
    }

    async fn obey(&mut self, message: ToWorker) -> Value {
        match message {
            ToWorker::GetWorkerInfo => return self.info.clone().write(),
            ToWorker::StartCommand(started) => match Command::read(&started.command).unwrap() {
                Command::ListDir(dir) if dir.path == "/srv/w1" => {
                    let mut names: Vec<_> = self.folders.iter().map(|it| (*it).to_owned()).collect();
                    names.push("buildbot.tac".to_owned());
                    self.quickly(&started.id, Some(Update::Files(names))).await;
                }
                Command::Stat(stat) if stat.path.starts_with("/srv/w1/") && !stat.path.contains("build/") => {
                    let is_folder = self.folders.iter().any(|it| stat.path.ends_with(it));
                    let stat = Update::Stat(facts(if is_folder { 0o040_755 } else { 0o100_644 }));
                    self.quickly(&started.id, Some(stat)).await;
                }
                Command::RemoveDirs(dirs) => {
                    self.removed.extend(dirs.paths);
                    self.quickly(&started.id, None).await;
                }
                _ => self.started.push(started),
            },
            ToWorker::InterruptCommand { id, .. } => self.interrupted.push(id),
            ToWorker::Shutdown => self.is_told_to_end = true,
            _ => {}
        }
        Value::None
    }

    /// Ends a command at once: over msgpack its end may come before the answer to its start.
    async fn quickly(&mut self, id: &str, update: Option<Update>) {
        let mut updates: Vec<_> = update.into_iter().collect();
        updates.push(Update::ReturnCode(Some(0)));
        self.tell(id, FromWorker::Update { updates, number: 0 }).await;
        self.tell(id, FromWorker::Complete(None)).await;
    }

    async fn tell(&mut self, id: &str, message: FromWorker) -> u64 {
        self.tell_as(WorkerObject::Command, id, message).await
    }

    async fn tell_as(&mut self, object: WorkerObject, id: &str, message: FromWorker) -> u64 {
        let message = OfCommand {
            id: id.to_owned(),
            object,
            message,
        };
        let (number, frame) = self.session.request(message.into_request().unwrap()).unwrap();
        self.socket.send(Message::Binary(frame.into())).await.unwrap();
        number
    }

    async fn answer(&mut self, number: u64) -> Result<Value, String> {
        let is_it = |it: &(u64, _)| it.0 == number;
        self.until("the master answers", |it| it.answers.iter().any(is_it))
            .await;
        let place = self.answers.iter().position(is_it).unwrap();
        self.answers.remove(place).1
    }

    async fn next_command(&mut self) -> StartCommand {
        self.until("a command is started", |it| !it.started.is_empty())
            .await;
        self.started.remove(0)
    }
}

fn facts(mode: u32) -> FileStat {
    FileStat {
        mode,
        inode: 1,
        device: 2,
        links: 1,
        user: 0,
        group: 0,
        size: 42,
        accessed: 5,
        modified: 6,
        changed: 7,
    }
}

async fn house() -> House {
    let house = House::new().await;
    let b1 = WorkerBuilder {
        name: "b1".to_owned(),
        folder: "b1".to_owned(),
    };
    house.manager.set_workers(vec![WorkerAccount {
        builders: vec![b1],
        ..account("w1", "token-1")
    }]);
    house
}

fn in_b1(spec: CommandSpec) -> CommandSpec {
    CommandSpec {
        workdir: "b1/build".to_owned(),
        ..spec
    }
}

async fn heard(worker: &mut Puppet, command: &mut RunningCommand) -> Heard {
    tokio::select! {
        heard = hear(command) => heard,
        () = worker.until("the command ends", |_| false) => unreachable!("it never does"),
    }
}

#[tokio::test]
async fn a_name_and_a_password_open_the_socket() {
    let house = house().await;
    for (authorization, status) in [
        (None, StatusCode::UNAUTHORIZED),
        (Some(basic("w1:token-2")), StatusCode::UNAUTHORIZED),
        (Some(basic("w3:token-1")), StatusCode::UNAUTHORIZED),
        (Some("Basic ???".to_owned()), StatusCode::BAD_REQUEST),
        (Some(basic("w1")), StatusCode::BAD_REQUEST),
        (Some("Bearer token-1".to_owned()), StatusCode::BAD_REQUEST),
    ] {
        let refused = open(&house.manager, authorization.as_deref()).await;
        let Err(SocketError::Http(response)) = refused else {
            panic!("{authorization:?} opens it, or is not answered");
        };
        assert_eq!(response.status(), status, "{authorization:?}");
    }
    assert_eq!(house.told(), []);
    house
        .is_told_of_refusal("a connection from 127.0.0.1 presented the wrong password")
        .await;
    let _worker = Puppet::new(&house.manager).await;
    let info = house.ledger.info.lock().unwrap().clone().unwrap();
    assert_eq!(info.facts.get("protocol").map(String::as_str), Some("msgpack"));
}

#[tokio::test]
async fn commands_run_at_once_in_whole_paths() {
    let house = house().await;
    let mut worker = Puppet::new(&house.manager).await;
    let mut first = house.start(in_b1(script("make"))).await;
    let mut second = house.start(in_b1(script("make test"))).await;
    worker.until("both have begun", |it| it.started.len() == 2).await;
    let started: Vec<_> = worker.started.drain(..).collect();
    for started in &started {
        let Ok(Command::Shell(shell)) = Command::read(&started.command) else {
            panic!("{started:?}");
        };
        assert_eq!(shell.workdir, "/srv/w1/b1/build");
        let CommandLine::Line(line) = shell.command else {
            panic!("{started:?}");
        };
        let updates = vec![
            Update::Stdout(Text::new(format!("{line}\n"))),
            Update::ReturnCode(Some(0)),
        ];
        worker
            .tell(&started.id, FromWorker::Update { updates, number: 0 })
            .await;
        worker.tell(&started.id, FromWorker::Complete(None)).await;
    }
    assert_eq!(heard(&mut worker, &mut first).await.stdout, "make\n");
    assert_eq!(heard(&mut worker, &mut second).await.stdout, "make test\n");
    // Nothing is known of it any more.
    let late = worker.tell(&started[0].id, FromWorker::Complete(None)).await;
    assert_eq!(
        worker.answer(late).await,
        Err("unknown \"command_id\"".to_owned())
    );
}

#[tokio::test]
async fn a_command_is_interrupted() {
    let house = house().await;
    let mut worker = Puppet::new(&house.manager).await;
    let mut command = house.start(in_b1(script("make"))).await;
    let started = worker.next_command().await;
    command.interrupt("enough");
    worker
        .until("it is interrupted", |it| !it.interrupted.is_empty())
        .await;
    assert_eq!(worker.interrupted, [started.id.as_str()]);
    let updates = vec![Update::ReturnCode(Some(-1))];
    worker
        .tell(&started.id, FromWorker::Update { updates, number: 0 })
        .await;
    worker.tell(&started.id, FromWorker::Complete(None)).await;
    let heard = heard(&mut worker, &mut command).await;
    assert_eq!(heard.outcome, Some(Outcome::Interrupted("enough".to_owned())));
}

#[tokio::test]
async fn files_go_both_ways() {
    let house = house().await;
    let mut worker = Puppet::new(&house.manager).await;
    let upload = FileCommand::UploadFile {
        path: "a.bin".to_owned(),
        max_bytes: None,
    };
    let files = |files| CommandSpec {
        what: What::Files(files),
        ..in_b1(script(""))
    };
    let mut command = house.start(files(upload)).await;
    let started = worker.next_command().await;
    assert_eq!(started.command.name, "upload_file");
    let Ok(Command::UploadFile(upload)) = Command::read(&started.command) else {
        panic!("{started:?}");
    };
    assert_eq!(upload.path, "/srv/w1/b1/build/a.bin");
    let writer = WorkerObject::FileWriter;
    worker
        .tell_as(writer, &started.id, FromWorker::Write(vec![7; 1000]))
        .await;
    worker.tell_as(writer, &started.id, FromWorker::Close).await;
    worker.quickly(&started.id, None).await;
    let mut data = vec![];
    let all = async {
        loop {
            match command.next().await {
                CommandEvent::Output {
                    stream: OutputStream::Data,
                    bytes,
                    ..
                } => data.extend(bytes),
                CommandEvent::Finished { outcome, .. } => break outcome,
                _ => {}
            }
        }
    };
    let outcome = tokio::select! {
        outcome = all => outcome,
        () = worker.until("the command ends", |_| false) => unreachable!("it never does"),
    };
    assert_eq!((outcome, data), (Outcome::Exited(0), vec![7; 1000]));

    let download = FileCommand::DownloadFile {
        path: "b.bin".to_owned(),
        max_bytes: None,
        mode: None,
    };
    let mut command = house.start(files(download)).await;
    let started = worker.next_command().await;
    for piece in [&b"all of it"[..], b""] {
        let asked = worker
            .tell_as(WorkerObject::FileReader, &started.id, FromWorker::Read(100))
            .await;
        let event = tokio::select! {
            event = command.next() => event,
            () = worker.until("it never ends", |_| false) => unreachable!("it never does"),
        };
        let CommandEvent::Read { offset, .. } = event else {
            panic!("{event:?}");
        };
        command.feed(offset, Ok(Bytes::from_static(piece)));
        assert_eq!(worker.answer(asked).await, Ok(Value::Bytes(piece.to_vec())));
    }
}

#[tokio::test]
async fn folders_that_no_builder_has_are_removed_if_the_worker_wants_that() {
    let house = house().await;
    let worker = Puppet::new(&house.manager).await;
    assert!(worker.removed.is_empty());
    drop(worker);
    eventually("w1 is gone", PATIENCE, async || !house.manager.is_connected("w1")).await;
    let info = WorkerInfo {
        delete_leftover_dirs: true,
        ..info()
    };
    let worker = Puppet::with(&house.manager, info).await;
    assert_eq!(worker.removed, ["/srv/w1/old"]);
}

#[tokio::test]
async fn a_second_connection_is_closed_and_a_worker_ends_when_it_is_told() {
    let house = house().await;
    let mut worker = Puppet::new(&house.manager).await;
    let mut second = open(&house.manager, Some(&basic("w1:token-1"))).await.unwrap();
    tokio::select! {
        message = second.next() => assert!(matches!(message, None | Some(Ok(Message::Close(_)))), "{message:?}"),
        () = worker.until("it never ends", |_| false) => unreachable!("it never does"),
    }
    assert!(house.manager.is_connected("w1"));
    house.manager.shut_down_worker("w1").unwrap();
    worker.until("it is told to end", |it| it.is_told_to_end).await;
    drop(worker);
    eventually("it is told", PATIENCE, async || house.told().len() == 2).await;
    assert!(matches!(house.told().pop(), Some(Told::Disconnected(..))));
}

#[tokio::test]
async fn a_frame_that_is_no_message_ends_the_connection_alone() {
    let house = house().await;
    let mut worker = Puppet::new(&house.manager).await;
    worker.socket.send(Message::Text("hello".into())).await.unwrap();
    // Text is not heard, as Buildbot's master does not hear it.
    house.start(in_b1(script("make"))).await;
    let bad = Message::Binary(Bytes::from_static(&[0xc1; 100]));
    worker.socket.send(bad).await.unwrap();
    let all = async { while worker.go_on().await {} };
    timeout(PATIENCE, all).await.unwrap();
    eventually("w1 is gone", PATIENCE, async || !house.manager.is_connected("w1")).await;
    let Some(Told::Disconnected(_, why)) = house.told().pop() else {
        panic!("{:?}", house.told());
    };
    assert!(why.contains("it broke the protocol"), "{why}");
    Puppet::new(&house.manager).await;
}
