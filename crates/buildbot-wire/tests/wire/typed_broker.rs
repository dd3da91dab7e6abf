//! Recorded sessions of the perspective broker as typed messages: each is understood, and what the newest ends have
//! written is written so again.

use std::collections::BTreeMap;

use weir_buildbot_wire::banana::{Decoder, Dialect};
use weir_buildbot_wire::pb::{self, Target};
use weir_buildbot_wire::worker::over_pb::{Method, builder_objects};
use weir_buildbot_wire::worker::{
    Abilities, Command, FailureReason, FromWorker, Protocol, ToWorker, Update, WorkerInfo, WorkerObject,
};
use weir_buildbot_wire::{Failure, Limits, Value};

use crate::recorded::{Sender, session};
use crate::seen::{Seen, counted};

/// What is known of a session of the perspective broker.
struct Broker {
    seen: Seen,
    worker: Abilities,
    /// What each object of the master is.
    objects: BTreeMap<u64, WorkerObject>,
    /// Calls without an answer, by who made them.
    asked: BTreeMap<(bool, u64), Asked>,
}

enum Asked {
    Worker(ToWorker),
    Master(FromWorker),
    /// It is of the login.
    Login,
}

impl Broker {
    fn new() -> Self {
        let commands = Value::map([]);
        Self {
            seen: Seen::default(),
            worker: Abilities::read(Protocol::Pb, &commands).unwrap(),
            objects: BTreeMap::from([(2, WorkerObject::Avatar)]),
            asked: BTreeMap::new(),
        }
    }

    fn take(&mut self, sender: Sender, message: pb::Message) {
        let is_master = sender == Sender::Master;
        match message {
            pb::Message::Call {
                number,
                target,
                method,
                args,
                named,
                ..
            } => {
                let method = Method {
                    name: method,
                    args,
                    named,
                };
                let asked = match (target, is_master) {
                    (Target::Root, _) => Asked::Login,
                    (_, false) if method.name == "respond" => Asked::Login,
                    (_, true) => Asked::Worker(self.master_said(method)),
                    (Target::Object(object), false) => Asked::Master(self.worker_said(object, method)),
                };
                self.asked.insert((is_master, number), asked);
            }
            pb::Message::Answer(number, value) => {
                let asked = self
                    .asked
                    .remove(&(!is_master, number))
                    .expect("what is answered");
                self.answered(asked, value);
            }
            pb::Message::Error(number, failure) => {
                self.asked
                    .remove(&(!is_master, number))
                    .expect("what is answered");
                self.seen.failures.push(failure);
            }
            pb::Message::Decref(_) | pb::Message::Version(_) => {}
            other => panic!("{other:?}"),
        }
    }

    fn master_said(&mut self, method: Method) -> ToWorker {
        let message = ToWorker::of_method(method.clone()).unwrap();
        assert_eq!(message.clone().into_method().unwrap(), method);
        if let ToWorker::StartCommand(start) = &message {
            self.objects.insert(start.object.unwrap(), WorkerObject::Command);
            self.seen.command(start, &self.worker);
            match self.seen.commands.last() {
                Some(Command::UploadFile(it)) => self.object(it.writer, WorkerObject::FileWriter),
                Some(Command::UploadDirectory(it)) => self.object(it.writer, WorkerObject::DirectoryWriter),
                Some(Command::DownloadFile(it)) => self.object(it.reader, WorkerObject::FileReader),
                _ => {}
            }
        }
        self.seen.has_interrupted |= matches!(message, ToWorker::InterruptCommand { .. });
        message
    }

    fn object(&mut self, number: Option<u64>, what: WorkerObject) {
        self.objects.entry(number.expect("an object")).or_insert(what);
    }

    fn worker_said(&mut self, object: u64, method: Method) -> FromWorker {
        let object = self.objects[&object];
        let message = FromWorker::of_method(object, method.clone()).unwrap();
        assert_eq!(message.clone().into_method(), method);
        self.seen.said(object, message.clone());
        message
    }

    fn answered(&mut self, asked: Asked, value: Value) {
        match asked {
            Asked::Worker(ToWorker::GetWorkerInfo) => {
                let info = WorkerInfo::read(value).unwrap();
                assert_eq!(WorkerInfo::read(info.clone().write()).unwrap(), info);
                self.worker = info.abilities(Protocol::Pb).unwrap().unwrap();
                self.seen.info = Some(info);
            }
            Asked::Worker(ToWorker::SetBuilderList(builders)) => {
                let objects = builder_objects(value).unwrap();
                let of = |name: &str| objects.iter().any(|(it, _)| it == name);
                assert!(builders.iter().all(|it| of(&it.name)));
            }
            Asked::Worker(_) => assert_eq!(value, Value::None),
            Asked::Master(FromWorker::Read(length)) => {
                assert!(value.into_bytes().unwrap().len() as u64 <= length);
            }
            Asked::Master(message) => assert_eq!(value, message.receipt()),
            Asked::Login => {}
        }
    }
}

/// All of a session.
fn read(name: &str) -> Broker {
    let mut broker = Broker::new();
    let decoder = || Decoder::new(Limits::OF_WORKER);
    let mut decoders = [decoder(), decoder()];
    let mut has_negotiated = [false, false];
    for (sender, bytes) in session(name) {
        let of = usize::from(sender == Sender::Master);
        decoders[of].push(&bytes);
        while let Some(expression) = decoders[of].pop().unwrap() {
            decoders[of].speak(Dialect::Pb);
            if std::mem::replace(&mut has_negotiated[of], true) {
                broker.take(sender, pb::Message::read(expression, &Limits::OF_WORKER).unwrap());
            }
        }
    }
    broker
}

/// The only failure in a session.
fn failure(broker: &Broker) -> &Failure {
    let [failure] = broker.seen.failures.as_slice() else {
        panic!("{:?}", broker.seen.failures);
    };
    failure
}

#[test]
fn over_the_perspective_broker() {
    let broker = read("pb");
    broker.seen.check("4.3.0");
    for reason in [FailureReason::TimeoutWithoutOutput, FailureReason::MaxLines] {
        assert!(broker.seen.has_reason(&reason), "{reason:?}");
    }
    // All but a shell command of an old form, and the arguments of a download, which have another order.
    let exact = [
        ("cpdir", 1),
        ("glob", 1),
        ("listdir", 1),
        ("mkdir", 1),
        ("rmdir", 2),
        ("rmfile", 1),
        ("shell", 5),
        ("stat", 2),
        ("uploadDirectory", 1),
        ("uploadFile", 1),
    ];
    assert_eq!(counted(&broker.seen.exact), exact);
    let unknown = failure(&broker);
    assert!(unknown.is_a("buildbot_worker.base.UnknownCommand"), "{unknown}");
    assert_eq!(unknown.traceback(), None, "a worker keeps it to itself");
    assert!(broker.asked.is_empty());
}

#[test]
fn an_old_worker_does_the_same_build() {
    let broker = read("pb_worker_0_9_15");
    broker.seen.check("0.9.15");
    assert!(broker.worker.has("rmfile", &[3, 1]) && !broker.worker.has("shell", &[3, 2]));
    assert!(
        !broker.seen.has(|it| matches!(it, Update::FailureReason(_))),
        "it is too old for it"
    );
    let unknown = failure(&broker);
    assert!(unknown.is_a("buildbot_worker.base.UnknownCommand"), "{unknown}");
}

#[test]
fn a_slave_lacks_the_newer_method() {
    let broker = read("pb_slave_0_8_12");
    let unknown = failure(&broker);
    assert!(unknown.is_no_such_method(), "{unknown}");
    assert!(unknown.message().contains("getWorkerInfo"), "{unknown}");
    assert!(broker.seen.info.is_none());
}
