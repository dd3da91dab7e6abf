//! Frames of Buildbot's workers, and of masters to them: what is read is written so that it is read again.

use weir_buildbot_wire::Limits;
use weir_buildbot_wire::msgpack::{Event, Message, Session, decode, encode};
use weir_buildbot_wire::worker::ToWorker;
use weir_buildbot_wire::worker::over_msgpack::OfCommand;

pub(crate) fn try_it(bytes: &[u8]) {
    if let Ok(value) = decode(bytes, &Limits::OF_WORKER) {
        // What is not in its shortest form is written so.
        let written = encode(&value).expect("what was read can be written");
        let again = decode(&written, &Limits::OF_WORKER).expect("what was written can be read");
        assert_eq!(encode(&again).expect("it was written before"), written);
    }
    let mut session = Session::new(Limits::OF_WORKER);
    let Ok(Event::Request(number, request)) = session.receive(bytes) else {
        return;
    };
    let message = Message::Request {
        number,
        request: request.clone(),
    };
    let written = message.write().expect("what was read can be written");
    Message::read(&written, &Limits::OF_WORKER).expect("what was written can be read");
    if let Ok(message) = OfCommand::of_request(request.clone()) {
        let written = message.into_request().expect("what came can go");
        OfCommand::of_request(written).expect("what was written can be read");
    }
    if let Ok(message) = ToWorker::of_request(request) {
        let written = message.into_request().expect("what came can go");
        ToWorker::of_request(written).expect("what was written can be read");
    }
    session
        .respond(number, Ok(true.into()))
        .expect("a request that waits");
}
