//! Jelly and what is made of it: messages of the broker, and those of masters and workers.

use weir_buildbot_wire::banana::{Decoder, Dialect, Expression, encode};
use weir_buildbot_wire::pb::Message;
use weir_buildbot_wire::worker::over_pb::Method;
use weir_buildbot_wire::worker::{
    Abilities, Command, FromWorker, Protocol, StartCommand, ToWorker, WorkerInfo, WorkerObject,
};
use weir_buildbot_wire::{Limits, Value, jelly};

/// What a worker can speak to.
const OBJECTS: [WorkerObject; 5] = [
    WorkerObject::Avatar,
    WorkerObject::Command,
    WorkerObject::FileWriter,
    WorkerObject::DirectoryWriter,
    WorkerObject::FileReader,
];

pub(crate) fn try_it(bytes: &[u8]) {
    let mut decoder = Decoder::new(Limits::OF_WORKER);
    decoder.speak(Dialect::Pb);
    decoder.push(bytes);
    while let Ok(Some(expression)) = decoder.pop() {
        value(expression.clone());
        message(expression);
    }
}

fn bytes(expression: &Expression) -> Vec<u8> {
    let mut bytes = vec![];
    encode(expression, Dialect::Pb, &mut bytes).expect("what was read is small enough");
    bytes
}

fn value(expression: Expression) {
    let Ok(value) = jelly::read(expression, &Limits::OF_WORKER) else {
        return;
    };
    let written = jelly::write(value.clone());
    let again = jelly::read(written.clone(), &Limits::OF_WORKER).expect("what was written can be read");
    assert_eq!(bytes(&jelly::write(again)), bytes(&written));
    if let Ok(info) = WorkerInfo::read(value) {
        info.abilities(Protocol::Pb);
    }
}

fn message(expression: Expression) {
    let Ok(message) = Message::read(expression, &Limits::OF_WORKER) else {
        return;
    };
    let written = message.clone().write();
    let again = Message::read(written.clone(), &Limits::OF_WORKER).expect("what was written can be read");
    assert_eq!(bytes(&again.write()), bytes(&written));
    let Message::Call {
        method, args, named, ..
    } = message
    else {
        return;
    };
    let method = Method {
        name: method,
        args,
        named,
    };
    for object in OBJECTS {
        if let Ok(message) = FromWorker::of_method(object, method.clone()) {
            FromWorker::of_method(object, message.into_method()).expect("what was written can be read");
        }
    }
    if let Ok(message) = ToWorker::of_method(method) {
        if let ToWorker::StartCommand(start) = &message {
            command(start);
        }
        let written = message
            .into_method()
            .expect("what came over this protocol can go over it");
        ToWorker::of_method(written).expect("what was written can be read");
    }
}

/// A command that was read is spelled for a worker that does not say what it can, if it needs nothing newer.
fn command(start: &StartCommand) {
    let Ok(command) = Command::read(&start.command) else {
        return;
    };
    let worker = Abilities::read(Protocol::Pb, &Value::map([])).expect("a map");
    if let Ok(spelled) = command.spell(&worker) {
        Command::read(&spelled).expect("what was spelled can be read");
    }
}
