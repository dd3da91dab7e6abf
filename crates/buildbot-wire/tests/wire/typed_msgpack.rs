//! The recorded session over msgpack as typed messages: each is understood, and written as the real ends have written it.

use std::collections::BTreeMap;

use weir_buildbot_wire::msgpack::{Message, Request};
use weir_buildbot_wire::worker::over_msgpack::OfCommand;
use weir_buildbot_wire::worker::{Abilities, FailureReason, Protocol, ToWorker, Update, WorkerInfo};
use weir_buildbot_wire::{Limits, Value};

use crate::recorded::{Sender, session};
use crate::seen::{Seen, counted};

#[test]
fn over_msgpack() {
    let mut seen = Seen::default();
    let mut worker = Abilities::read(Protocol::Msgpack, &Value::map([])).unwrap();
    let mut asked = BTreeMap::new();
    for (sender, frame) in session("msgpack") {
        match (sender, Message::read(&frame, &Limits::OF_WORKER).unwrap()) {
            (Sender::Master, Message::Request { number, request }) => {
                let message = ToWorker::of_request(request.clone()).unwrap();
                // Of an interrupt the master tells the builder as well, which workers do not look at.
                if !matches!(message, ToWorker::InterruptCommand { .. }) {
                    let again = message.clone().into_request().unwrap();
                    assert_eq!(again.op, request.op);
                    let fields = |it: Request| it.fields.into_iter().collect::<BTreeMap<_, _>>();
                    let (again, request) = (fields(again), fields(request));
                    assert_eq!(
                        again.keys().collect::<Vec<_>>(),
                        request.keys().collect::<Vec<_>>()
                    );
                    assert!(again == request, "{again:?} and {request:?}");
                }
                if let ToWorker::StartCommand(start) = &message {
                    seen.command(start, &worker);
                }
                seen.has_interrupted |= matches!(message, ToWorker::InterruptCommand { .. });
                asked.insert(number, message);
            }
            (Sender::Worker, Message::Request { number, request }) => {
                let message = OfCommand::of_request(request).unwrap();
                let request = message.clone().into_request().unwrap();
                let written = Message::Request { number, request }.write().unwrap();
                assert_eq!(
                    written.escape_ascii().to_string(),
                    frame.escape_ascii().to_string()
                );
                seen.said(message.object, message.message);
            }
            (Sender::Worker, Message::Response { number, response }) => {
                if let Some(ToWorker::GetWorkerInfo) = asked.remove(&number) {
                    let info = WorkerInfo::read(response.unwrap()).unwrap();
                    worker = info.abilities(Protocol::Msgpack).unwrap().unwrap();
                    seen.info = Some(info);
                }
            }
            (Sender::Master, Message::Response { .. }) => {}
        }
    }
    seen.check("4.3.0");
    for reason in [FailureReason::TimeoutWithoutOutput, FailureReason::MaxLines] {
        assert!(seen.has_reason(&reason), "{reason:?}");
    }
    // Others have other orders, or parts of their paths once more.
    let exact = [
        ("glob", 1),
        ("listdir", 2),
        ("mkdir", 2),
        ("rmdir", 1),
        ("rmfile", 1),
        ("shell", 5),
        ("stat", 1),
    ];
    assert_eq!(counted(&seen.exact), exact);
    let lines = seen.updates.iter().find_map(|it| match it {
        Update::Stdout(text) if text.text == "hi\n" => text.lines.clone(),
        _ => None,
    });
    let lines = lines.expect("where lines end and when they came");
    assert_eq!((lines.ends.as_slice(), lines.times.len()), (&[2][..], 1));
    // Buildbot's master does not take the times of a file over msgpack.
    let [times] = seen.failures.as_slice() else {
        panic!("{:?}", seen.failures);
    };
    assert!(times.message().contains("remote_utime"), "{times}");
    assert!(asked.is_empty());
}
