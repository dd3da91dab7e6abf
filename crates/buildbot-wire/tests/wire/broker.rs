//! Two ends of the perspective broker, and what becomes of whoever breaks its rules.

use weir_buildbot_wire::pb::{Broker, Event, PeerObject};
use weir_buildbot_wire::{Error, Failure, Limits, Value};

use crate::ends::{CHALLENGE, Pair, call, login, talk};

#[test]
fn both_ends_call_each_other_after_a_login() {
    let mut pair = Pair::new();
    let message = vec![("message".into(), "attached".into())];
    let asked = pair
        .server
        .call(pair.mind, "print", vec![], message.clone())
        .unwrap();
    let of_client = call(pair.talk().1);
    assert_eq!(Some(of_client.object), pair.client.mind());
    assert_eq!((of_client.method.as_str(), of_client.named), ("print", message));
    pair.client.answer(of_client.call.unwrap(), Value::None).unwrap();
    let (of_server, _) = pair.talk();
    assert!(matches!(of_server.as_slice(), [Event::Answer(of, Value::None)] if *of == asked));

    let asked = pair
        .client
        .call(pair.avatar_of_client, "nonsense", vec![], vec![])
        .unwrap();
    let of_server = call(pair.talk().0);
    assert_eq!(of_server.object, pair.avatar);
    let failure = Failure::no_such_method(&of_server.method);
    pair.server.fail(of_server.call.unwrap(), failure).unwrap();
    let (_, of_client) = pair.talk();
    let [Event::Failed(of, failure)] = of_client.as_slice() else {
        panic!("{of_client:?}");
    };
    assert!(*of == asked && failure.is_no_such_method());
}

#[test]
fn an_object_is_released_when_all_references_are_given_back() {
    let mut pair = Pair::new();
    let object = pair.server.export().unwrap();
    for _ in 0..2 {
        pair.server
            .call(pair.mind, "take", vec![object.into()], vec![])
            .unwrap();
        let call = call(pair.talk().1);
        assert_eq!(PeerObject::read(&call.args[0]).unwrap().number(), object.number());
        pair.client.answer(call.call.unwrap(), Value::None).unwrap();
    }
    pair.talk();
    let of_client = PeerObject::read(&Value::OfSender(object.number())).unwrap();
    pair.client.release(of_client).unwrap();
    let (of_server, _) = pair.talk();
    assert!(
        matches!(of_server.as_slice(), [Event::Released(of)] if *of == object),
        "{of_server:?}"
    );
    // The avatar as well: that is the end of the login.
    pair.client.release(pair.avatar_of_client).unwrap();
    let (of_server, _) = pair.talk();
    assert!(matches!(of_server.as_slice(), [Event::Released(of)] if *of == pair.avatar));
}

#[test]
fn an_object_that_was_withdrawn_is_not_found_and_may_be_given_back_later() {
    let mut pair = Pair::new();
    let object = pair.server.export().unwrap();
    pair.server
        .call(pair.mind, "take", vec![object.into()], vec![])
        .unwrap();
    pair.talk();
    pair.server.withdraw(object);
    let of_client = PeerObject::read(&Value::OfSender(object.number())).unwrap();
    let brought = pair.client.export().unwrap();
    pair.client
        .call(of_client, "update", vec![brought.into()], vec![])
        .unwrap();
    let (of_server, of_client_too) = pair.talk();
    assert!(of_server.is_empty(), "{of_server:?}");
    let [Event::Released(given_back), Event::Failed(_, failure)] = of_client_too.as_slice() else {
        panic!("{of_client_too:?}");
    };
    assert_eq!(*given_back, brought, "what came with it is not kept");
    assert!(failure.is_a("twisted.spread.pb.Error"), "{failure}");
    pair.client.release(of_client).unwrap();
    assert!(pair.talk().0.is_empty());
}

#[test]
fn nothing_is_sent_that_cannot_be_answered_for() {
    let mut pair = Pair::new();
    let unknown = pair
        .server
        .call(pair.mind, "take", vec![Value::OfSender(99)], vec![]);
    assert_eq!(unknown, Err(Error::NoSuchObject(99)));
    let large = Value::Bytes(vec![0; 640 * 1024 + 1]);
    let large = pair.server.call(pair.mind, "take", vec![large], vec![]);
    assert!(matches!(large, Err(Error::Limit { .. })), "{large:?}");
    assert!(pair.server.transmit().is_empty());

    pair.client
        .call(pair.avatar_of_client, "keepalive", vec![], vec![])
        .unwrap();
    let call = call(pair.talk().0).call.unwrap();
    assert_eq!(pair.server.owed(), 1);
    pair.server.answer(call, Value::None).unwrap();
    assert_eq!(pair.server.owed(), 0);
    assert!(matches!(
        pair.server.answer(call, Value::None),
        Err(Error::NoSuchCall(_))
    ));
}

#[test]
fn a_message_that_is_not_known_is_answered_so() {
    let mut pair = Pair::new();
    pair.server.receive(b"\x01\x80\x04\x82what");
    assert!(pair.server.poll().unwrap().is_none());
    let (_, of_client) = pair.talk();
    assert!(matches!(of_client.as_slice(), [Event::NotUnderstood(what)] if what == "what"));
}

#[test]
fn whoever_breaks_the_protocol_is_done_with() {
    let begun: &[u8] = b"\x02\x82pb\x02\x80\x13\x87\x06\x81";
    for (bytes, why) in [
        (&b"\x03\x82foo"[..], "no dialect"),
        (b"\x02\x82pb\x02\x80\x13\x87\x05\x81", "another version"),
        (
            b"\x02\x82pb\x02\x80\x1d\x87\x01\x81",
            "a message before the version",
        ),
        (&[begun, b"\x02\x80\x13\x87\x06\x81"].concat(), "a second version"),
        (
            &[begun, b"\x03\x80\x1b\x87\x01\x81\x00\x81"].concat(),
            "an answer to nothing",
        ),
        (&[begun, b"\x02\x80\x1d\x87\x01\x81"].concat(), "no such object"),
        (&[begun, b"\x02\x80\x1e\x87\x01\x81"].concat(), "a cacheable"),
        (&[begun, b"\x00\x81"].concat(), "no list"),
    ] {
        let mut server = Broker::server(CHALLENGE);
        server.receive(bytes);
        let result = loop {
            match server.poll() {
                Ok(Some(Event::Ready)) => {}
                other => break other,
            }
        };
        assert!(result.is_err(), "{why}: {result:?}");
    }
}

#[test]
fn calls_and_objects_are_bounded() {
    let few = Limits {
        objects: 4,
        calls: 3,
        ..Limits::OF_WORKER
    };
    let mut server = Broker::server_with(CHALLENGE, Limits::BEFORE_LOGIN, few);
    let mut client = Broker::client("worker", "sekrit");
    let login = login(talk(&mut server, &mut client).0);
    server.admit().unwrap();
    let mind = login.mind.unwrap();
    let avatar = server.export().unwrap();
    server.answer(login.call, avatar.into()).unwrap();
    for _ in 0..3 {
        server.export().unwrap();
        server.call(mind, "print", vec![], vec![]).unwrap();
    }
    assert!(matches!(server.export(), Err(Error::Limit { .. })));
    assert!(matches!(
        server.call(mind, "print", vec![], vec![]),
        Err(Error::Limit { .. })
    ));
    let avatar = PeerObject::read(&avatar.into()).unwrap();
    talk(&mut server, &mut client);
    for _ in 0..4 {
        client.call(avatar, "keepalive", vec![], vec![]).unwrap();
    }
    server.receive(&client.transmit());
    for _ in 0..3 {
        assert!(matches!(server.poll(), Ok(Some(Event::Call(_)))));
    }
    for _ in 0..2 {
        assert!(
            matches!(server.poll(), Err(Error::Limit { .. })),
            "and it stays so"
        );
    }
}

#[test]
fn a_call_may_await_no_answer() {
    let mut pair = Pair::new();
    let bytes = b"\x07\x80\x1a\x87\x09\x81\x02\x81\x09\x82keepalive\x00\x81\x01\x80\x0b\x87\x01\x80\x05\x87";
    pair.server.receive(bytes);
    let Some(Event::Call(call)) = pair.server.poll().unwrap() else {
        panic!("a call");
    };
    assert_eq!(
        (call.object, call.call, call.method.as_str()),
        (pair.avatar, None, "keepalive")
    );
    assert_eq!(pair.server.owed(), 0);
}

#[test]
fn two_ends_can_speak_without_a_vocabulary() {
    let mut server = Broker::server(CHALLENGE);
    assert_eq!(server.transmit(), b"\x02\x80\x02\x82pb\x04\x82none");
    server.receive(b"\x04\x82none\x02\x80\x07\x82version\x06\x81");
    assert!(matches!(server.poll(), Ok(Some(Event::Ready))));
    assert_eq!(server.transmit(), b"\x02\x80\x07\x82version\x06\x81");
    server.receive(b"\x02\x80\x1d\x87\x01\x81");
    assert!(
        matches!(server.poll(), Err(Error::Banana(_))),
        "a word of the vocabulary"
    );
}
