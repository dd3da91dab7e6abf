//! Recorded sessions of the perspective broker, token by token and message by message.

use crate::recorded::{Sender, all_of, session};
use weir_buildbot_wire::banana::{Decoder, Dialect, Expression, encode};
use weir_buildbot_wire::pb::{Message, Target};
use weir_buildbot_wire::{Error, Failure, Limits, Value};

const SESSIONS: [&str; 4] = ["pb", "pb_refused", "pb_slave_0_8_12", "pb_worker_0_9_15"];

/// All expressions of a sender, whose bytes come in these pieces, each with the number of the piece that completed it.
fn read<'b>(pieces: impl Iterator<Item = &'b [u8]>) -> Vec<(usize, Expression)> {
    let mut decoder = Decoder::new(Limits::OF_WORKER);
    let mut all = vec![];
    for (place, piece) in pieces.enumerate() {
        decoder.push(piece);
        while let Some(expression) = decoder.pop().unwrap() {
            // The first one is the negotiation.
            decoder.speak(Dialect::Pb);
            all.push((place, expression));
        }
    }
    all
}

fn expressions(bytes: &[u8]) -> Vec<Expression> {
    read([bytes].into_iter()).into_iter().map(|(_, it)| it).collect()
}

/// The messages of a sender, behind the negotiation.
fn messages(bytes: &[u8]) -> Vec<(Expression, Message)> {
    let behind = expressions(bytes).into_iter().skip(1);
    behind
        .map(|it| (it.clone(), Message::read(it, &Limits::OF_WORKER).unwrap()))
        .collect()
}

/// Each sender of each session.
fn for_each_sender(test: impl Fn(&[u8])) {
    for name in SESSIONS {
        let session = session(name);
        for sender in Sender::BOTH {
            test(&all_of(&session, sender));
        }
    }
}

#[test]
fn every_expression_is_written_as_it_was_read() {
    for_each_sender(|bytes| {
        let all = expressions(bytes);
        assert!(all.len() > 2);
        let mut written = vec![];
        for (place, expression) in all.iter().enumerate() {
            let dialect = if place == 0 { Dialect::None } else { Dialect::Pb };
            encode(expression, dialect, &mut written).unwrap();
        }
        assert_eq!(
            written.escape_ascii().to_string(),
            bytes.escape_ascii().to_string()
        );
    });
}

#[test]
fn cut_off_anywhere_it_waits_for_the_next_byte() {
    for_each_sender(|bytes| {
        let mut end = 0;
        let one_by_one = read(bytes.chunks(1));
        assert_eq!(one_by_one.len(), expressions(bytes).len());
        for (place, (last, (completed_by, expression))) in
            expressions(bytes).iter().zip(&one_by_one).enumerate()
        {
            assert_eq!(expression, last);
            let dialect = if place == 0 { Dialect::None } else { Dialect::Pb };
            let mut written = vec![];
            encode(expression, dialect, &mut written).unwrap();
            end += written.len();
            assert_eq!(*completed_by, end - 1, "by its last byte and no other");
        }
    });
}

/// Whether an expression refers to a part of itself, which is written out when it is written again.
fn refers(expression: &Expression) -> bool {
    match expression {
        Expression::List(items) => items.iter().any(refers),
        it => *it == Expression::Bytes(b"reference".to_vec()),
    }
}

#[test]
fn every_message_is_written_as_it_was_read() {
    for_each_sender(|bytes| {
        for (expression, message) in messages(bytes) {
            let again = message.clone().write();
            if !refers(&expression) {
                assert_eq!(again, expression);
            }
            assert_eq!(Message::read(again, &Limits::OF_WORKER).unwrap(), message);
        }
    });
}

#[test]
fn the_login_is_there() {
    let session = session("pb");
    let said = messages(&all_of(&session, Sender::Worker));
    assert_eq!(said[0].1, Message::Version(6));
    let Message::Call {
        target, method, args, ..
    } = &said[1].1
    else {
        panic!("{:?}", said[1]);
    };
    assert_eq!((*target, method.as_str()), (Target::Root, "login"));
    assert_eq!(args, &[Value::Bytes(b"pb".to_vec())]);
}

#[test]
fn failures_are_told_apart_by_the_names_of_their_classes() {
    let refused = messages(&all_of(&session("pb_refused"), Sender::Master));
    let failure = refused.into_iter().find_map(|(_, message)| match message {
        Message::Error(2, failure) => Some(failure),
        _ => None,
    });
    let failure = failure.expect("the login was refused");
    assert!(failure.is_a("twisted.cred.error.UnauthorizedLogin"));
    assert!(failure.is_a("twisted.cred.error.Unauthorized"));
    assert!(!failure.is_no_such_method());
    assert!(failure.traceback().unwrap().contains("requestAvatarId"));
    let ours = Failure::unauthorized_login();
    assert_eq!(ours.kind(), failure.kind());
    let parents = |it: &Failure| it.state().get("parents").cloned();
    assert_eq!(parents(&ours), parents(&failure));
    let keys = |it: &Failure| -> Vec<String> {
        let pairs = it.state().pairs().unwrap();
        pairs
            .iter()
            .map(|(key, _)| key.to_text().unwrap().into_owned())
            .collect()
    };
    let theirs = keys(&failure);
    assert!(keys(&ours).iter().all(|key| theirs.contains(key)), "{theirs:?}");
}

#[test]
fn what_belongs_to_nobody_before_the_login_is_refused_by_its_size() {
    let session = session("pb");
    let mut decoder = Decoder::new(Limits::BEFORE_LOGIN);
    decoder.push(&all_of(&session, Sender::Worker));
    decoder.pop().unwrap();
    decoder.speak(Dialect::Pb);
    let error = loop {
        match decoder.pop() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a worker's info is larger than what a login needs"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Limit { .. }), "{error}");
}
