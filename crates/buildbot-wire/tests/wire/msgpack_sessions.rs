//! The recorded session over msgpack, frame by frame.

use weir_buildbot_wire::msgpack::{Event, Message, Session, decode, encode};
use weir_buildbot_wire::worker::ToWorker;
use weir_buildbot_wire::{Error, Limits, Value};

use crate::recorded::{Sender, session};

#[test]
fn every_frame_is_written_as_it_was_read() {
    for (_, frame) in session("msgpack") {
        let value = decode(&frame, &Limits::OF_WORKER).unwrap();
        let written = encode(&value).unwrap();
        assert_eq!(
            written.escape_ascii().to_string(),
            frame.escape_ascii().to_string()
        );
    }
}

#[test]
fn a_frame_that_is_cut_off_is_none() {
    for (_, frame) in session("msgpack") {
        for end in 0..frame.len() {
            let cut = decode(&frame[..end], &Limits::OF_WORKER);
            assert!(matches!(cut, Err(Error::Msgpack(_))), "{cut:?}");
        }
        let more = [&frame[..], &[0xc0]].concat();
        assert!(matches!(
            decode(&more, &Limits::OF_WORKER),
            Err(Error::Msgpack(_))
        ));
    }
}

/// A map's pairs in the order of their keys.
fn sorted(frame: &[u8]) -> Vec<(String, Value)> {
    let pairs = decode(frame, &Limits::OF_WORKER).unwrap().into_pairs().unwrap();
    let mut pairs: Vec<_> = pairs
        .into_iter()
        .map(|(key, value)| (key.into_text().unwrap(), value))
        .collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    pairs
}

#[test]
fn every_message_is_written_with_what_it_has() {
    for (sender, frame) in session("msgpack") {
        let message = Message::read(&frame, &Limits::OF_WORKER).unwrap();
        let written = message.write().unwrap();
        assert_eq!(sorted(&written), sorted(&frame));
        if sender == Sender::Worker {
            assert_eq!(written, frame, "and in the order that a worker has");
        }
    }
}

#[test]
fn every_request_has_its_answer() {
    let mut master = Session::new(Limits::OF_WORKER);
    let mut worker = Session::new(Limits::OF_WORKER);
    let (mut requests, mut responses) = (0, 0);
    for (sender, frame) in session("msgpack") {
        let (from, to) = match sender {
            Sender::Master => (&mut master, &mut worker),
            Sender::Worker => (&mut worker, &mut master),
        };
        // As if our own end had sent it.
        match Message::read(&frame, &Limits::OF_WORKER).unwrap() {
            Message::Request { number, request } => {
                let (ours, frame) = from.request(request.clone()).unwrap();
                assert_eq!(ours, number);
                assert_eq!(to.receive(&frame).unwrap(), Event::Request(number, request));
                requests += 1;
            }
            Message::Response { number, response } => {
                let frame = from.respond(number, response.clone()).unwrap();
                assert_eq!(to.receive(&frame).unwrap(), Event::Response(number, response));
                responses += 1;
            }
        }
    }
    assert_eq!((master.owed(), worker.owed()), (0, 0));
    assert!(
        requests > 60 && requests == responses,
        "{requests} and {responses}"
    );
}

#[test]
fn an_end_answers_each_request_once() {
    let mut master = Session::new(Limits::OF_WORKER);
    let mut worker = Session::new(Limits::OF_WORKER);
    let (number, frame) = master
        .request(ToWorker::Keepalive.into_request().unwrap())
        .unwrap();
    worker.receive(&frame).unwrap();
    assert_eq!(worker.receive(&frame), Err(Error::SameCall(number)));
    let answer = worker.respond(number, Err("it does not exist".into())).unwrap();
    assert_eq!(
        worker.respond(number, Ok(Value::None)),
        Err(Error::NoSuchCall(number))
    );
    let event = master.receive(&answer).unwrap();
    assert_eq!(event, Event::Response(number, Err("it does not exist".into())));
    assert_eq!(master.receive(&answer), Err(Error::NoSuchCall(number)));
}
