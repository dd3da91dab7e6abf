//! A Buildbot worker over the perspective broker that does as a test says.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use weir_buildbot_wire::pb::{Broker, Event, OwnCall, OwnObject, PeerObject};
use weir_buildbot_wire::worker::over_pb::Method;
use weir_buildbot_wire::worker::{Command, FromWorker, Text, ToWorker, Update, WorkerInfo};
use weir_buildbot_wire::{Failure, Value};
use weir_master::workers::WorkerManager;

use super::house::PATIENCE;

/// The commands of a worker of that version.
pub(crate) fn commands(version: &str) -> Value {
    let names = [
        "shell",
        "uploadFile",
        "uploadDirectory",
        "downloadFile",
        "mkdir",
        "rmdir",
        "cpdir",
        "stat",
        "glob",
        "listdir",
        "rmfile",
    ];
    Value::map(names.map(|name| (name, version.into())))
}

/// What a worker from 4.0 on says of itself.
pub(crate) fn info() -> WorkerInfo {
    WorkerInfo {
        admin: Some("An Admin <admin@example.org>\n".to_owned()),
        host: Some("a machine\n".to_owned()),
        access_uri: None,
        version: Some("4.3.0".to_owned()),
        system: Some("posix".to_owned()),
        basedir: Some("/srv/w1".to_owned()),
        numcpus: Some(4),
        environ: vec![("HOME".to_owned(), "/home/me".to_owned())],
        delete_leftover_dirs: false,
        commands: Some(commands("3.3")),
        other: vec![("os_name".to_owned(), "Debian".into())],
    }
}

/// A command that it was told.
pub(crate) struct Started {
    pub(crate) builder: String,
    pub(crate) id: String,
    pub(crate) object: PeerObject,
    pub(crate) command: Command,
}

pub(crate) struct Puppet {
    broker: Broker,
    stream: DuplexStream,
    /// The master's side of it.
    served: JoinHandle<()>,
    unsent: BytesMut,
    /// How many bytes it says before its connection is cut.
    pub(crate) reaches: usize,
    pub(crate) said: usize,
    /// What it answers when it is asked what it is: none if it is too old for the question.
    pub(crate) info: Option<WorkerInfo>,
    /// Whether it answers nothing any more.
    pub(crate) is_stuck: bool,
    /// Whether there is something that it does not answer.
    pub(crate) owes_answers: bool,
    pub(crate) avatar: Option<PeerObject>,
    /// Whether its login was answered, and how if it was refused.
    pub(crate) is_in: bool,
    pub(crate) refusal: Option<Failure>,
    pub(crate) is_cut: bool,
    pub(crate) printed: Vec<String>,
    builders: BTreeMap<String, OwnObject>,
    pub(crate) started: VecDeque<Started>,
    pub(crate) interrupted: Vec<(String, String)>,
    pub(crate) is_told_to_end: bool,
    pub(crate) answers: BTreeMap<OwnCall, Result<Value, Failure>>,
}

impl Puppet {
    /// One that has not said anything yet.
    pub(crate) fn new(manager: &WorkerManager, name: &str, password: &str) -> Self {
        let (ours, theirs) = duplex(64 * 1024);
        let buildbot = manager.buildbot();
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let served = tokio::spawn(async move { buildbot.serve_pb(theirs, peer).await });
        Self {
            broker: Broker::client(name, password),
            stream: ours,
            served,
            unsent: BytesMut::new(),
            reaches: usize::MAX,
            said: 0,
            info: Some(info()),
            is_stuck: false,
            owes_answers: false,
            avatar: None,
            is_in: false,
            refusal: None,
            is_cut: false,
            printed: vec![],
            builders: BTreeMap::new(),
            started: VecDeque::new(),
            interrupted: vec![],
            is_told_to_end: false,
            answers: BTreeMap::new(),
        }
    }

    /// The worker `w1`, let in.
    pub(crate) async fn let_in(manager: &WorkerManager) -> Self {
        let mut puppet = Self::new(manager, "w1", "token-1");
        puppet.until("it is in", |it| it.is_in).await;
        puppet
    }

    /// Does as it is told until `done` says so.
    pub(crate) async fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let all = async {
            while !done(self) {
                self.go_on().await;
            }
        };
        let ended = timeout(PATIENCE, all).await;
        assert!(ended.is_ok(), "it never came that {what}");
    }

    /// One step: sends something of what there is, or takes what comes.
    async fn go_on(&mut self) {
        self.unsent.extend_from_slice(&self.broker.transmit());
        let room = self.reaches - self.said;
        if self.unsent.len() > room {
            self.unsent.truncate(room);
            self.is_cut = true;
            // What it has said before may be read still.
            while !self.unsent.is_empty() && self.stream.write_buf(&mut self.unsent).await.is_ok() {}
            self.said = self.reaches;
            return;
        }
        let mut bytes = BytesMut::with_capacity(64 * 1024);
        let (mut reader, mut writer) = tokio::io::split(&mut self.stream);
        tokio::select! {
            sent = writer.write_buf(&mut self.unsent), if !self.unsent.is_empty() => match sent {
                Ok(sent) => self.said += sent,
                Err(_) => self.is_cut = true,
            },
            read = reader.read_buf(&mut bytes) => match read {
                // Nothing comes any more.
                Ok(0) | Err(_) => self.is_cut = true,
                Ok(_) => self.broker.receive(&bytes),
            },
        }
        while let Some(event) = self.broker.poll().unwrap() {
            self.hear(event);
        }
    }

    /// Ends its connection, and waits until the master knows.
    pub(crate) async fn leave(self) {
        drop(self.stream);
        timeout(PATIENCE, self.served).await.unwrap().unwrap();
    }

    /// The master's object of that number.
    pub(crate) fn object(&self, number: u64) -> PeerObject {
        PeerObject::read(&Value::OfSender(number)).unwrap()
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::LoggedIn(avatar) => {
                self.is_in = true;
                self.avatar = avatar;
            }
            Event::Refused(failure) => self.refusal = Some(failure),
            Event::Answer(call, value) => drop(self.answers.insert(call, Ok(value))),
            Event::Failed(call, failure) => drop(self.answers.insert(call, Err(failure))),
            Event::Call(call) if !self.is_stuck => {
                let (answer, object) = (call.call, call.object);
                let answered = self.obey(object, call.into());
                match (answer, answered) {
                    (Some(call), Ok(value)) => self.broker.answer(call, value).unwrap(),
                    (Some(call), Err(failure)) => self.broker.fail(call, failure).unwrap(),
                    (None, _) => {}
                }
            }
            Event::Call(_) => self.owes_answers = true,
            Event::Released(object) => self.builders.retain(|_, it| *it != object),
            _ => {}
        }
    }

    fn obey(&mut self, object: OwnObject, method: Method) -> Result<Value, Failure> {
        let is_old = self.info.is_none();
        match ToWorker::of_method(method).unwrap() {
            ToWorker::Print(text) => self.printed.push(text),
            ToWorker::GetWorkerInfo => {
                let info = self.info.clone();
                let info = info.ok_or_else(|| Failure::no_such_method("getWorkerInfo"))?;
                return Ok(info.write());
            }
            ToWorker::GetSlaveInfo => return Ok(Value::map([("admin", Value::Bytes(b"Old\n".to_vec()))])),
            ToWorker::GetCommands => return Ok(commands("2.9")),
            ToWorker::GetVersion => return Ok(Value::Bytes(b"0.8.3".to_vec())),
            ToWorker::SetBuilderList(list) => {
                let mut answer = vec![];
                self.builders
                    .retain(|name, _| list.iter().any(|it| it.name == *name));
                for builder in list {
                    let object = self.builders.entry(builder.name.clone());
                    let object = object.or_insert_with(|| self.broker.export().unwrap());
                    answer.push((builder.name.into(), Value::from(*object)));
                }
                return Ok(Value::Map(answer));
            }
            ToWorker::StartCommand(told) => {
                let builder = self.builders.iter().find(|(_, it)| **it == object);
                self.started.push_back(Started {
                    builder: builder.unwrap().0.clone(),
                    id: told.id,
                    object: self.object(told.object.unwrap()),
                    command: Command::read(&told.command).unwrap(),
                });
            }
            ToWorker::InterruptCommand { id, why } => self.interrupted.push((id, why)),
            // The oldest ones have it at their builders.
            ToWorker::Shutdown if is_old && !self.builders.values().any(|it| *it == object) => {
                return Err(Failure::no_such_method("shutdown"));
            }
            ToWorker::Shutdown => self.is_told_to_end = true,
            _ => {}
        }
        Ok(Value::None)
    }

    /// The names of the builders that it has.
    pub(crate) fn builders(&self) -> Vec<&str> {
        self.builders.keys().map(String::as_str).collect()
    }

    /// The command that it is told next.
    pub(crate) async fn next_command(&mut self) -> Started {
        self.until("a command is started", |it| !it.started.is_empty())
            .await;
        self.started.pop_front().unwrap()
    }

    /// Tells the master something.
    pub(crate) fn tell(&mut self, object: PeerObject, message: FromWorker) -> OwnCall {
        let Method { name, args, named } = message.into_method();
        self.broker.call(object, &name, args, named).unwrap()
    }

    pub(crate) fn update(&mut self, object: PeerObject, update: Update) -> OwnCall {
        let updates = vec![update];
        self.tell(object, FromWorker::Update { updates, number: 0 })
    }

    pub(crate) fn print(&mut self, object: PeerObject, text: &str) -> OwnCall {
        self.update(object, Update::Stdout(Text::new(text)))
    }

    /// Ends a command with this code.
    pub(crate) fn finish(&mut self, object: PeerObject, code: i64) -> OwnCall {
        self.update(object, Update::ReturnCode(Some(code)));
        self.tell(object, FromWorker::Complete(None))
    }

    /// What the master answers.
    pub(crate) async fn answer(&mut self, call: OwnCall) -> Result<Value, Failure> {
        self.until("the master answers", |it| it.answers.contains_key(&call))
            .await;
        self.answers.remove(&call).unwrap()
    }
}
