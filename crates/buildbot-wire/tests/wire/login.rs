//! Logins: of our own client, and of real workers by what they were recorded to send.

use weir_buildbot_wire::pb::{Broker, Event, Login, PeerObject};
use weir_buildbot_wire::{Error, Failure, Value};

use crate::ends::{CHALLENGE, events, login, talk};
use crate::recorded::{Sender, all_of, session};

#[test]
fn a_wrong_password_is_refused_and_the_connection_has_no_second_try() {
    let mut server = Broker::server(CHALLENGE);
    let mut client = Broker::client("worker", "wrong");
    let login = login(talk(&mut server, &mut client).0);
    assert!(!login.credentials.are_of(b"sekrit"));
    server.fail(login.call, Failure::unauthorized_login()).unwrap();
    let (_, of_client) = talk(&mut server, &mut client);
    let [Event::Refused(failure)] = of_client.as_slice() else {
        panic!("{of_client:?}");
    };
    assert!(failure.is_a("twisted.cred.error.UnauthorizedLogin"));
    // The bytes of a client that asks again for a challenge.
    server.receive(
        b"\x07\x80\x1a\x87\x03\x81\x04\x82root\x14\x87\x01\x81\x02\x80\x0b\x87\x01\x82w\x01\x80\x05\x87",
    );
    assert!(events(&mut server).is_empty());
    let answer = server.transmit().escape_ascii().to_string();
    assert!(answer.contains("UnauthorizedLogin"), "{answer}");
}

#[test]
fn whoever_is_not_logged_in_is_told_so() {
    let mut server = Broker::server(CHALLENGE);
    server.transmit();
    server.receive(b"\x02\x82pb\x02\x80\x13\x87\x06\x81");
    // Nobody's login, and a call of an object that there is not.
    server.receive(
        b"\x07\x80\x1a\x87\x01\x81\x04\x82root\x0e\x82loginAnonymous\x01\x81\x02\x80\x0b\x87\x01\x80\x01\x87\x01\x80\x05\x87",
    );
    server.receive(b"\x07\x80\x1a\x87\x02\x81\x01\x81\x05\x82print\x01\x81\x01\x80\x0b\x87\x01\x80\x05\x87");
    assert!(matches!(events(&mut server).as_slice(), [Event::Ready]));
    let answers = server.transmit().escape_ascii().to_string();
    assert!(
        answers.contains("UnauthorizedLogin") && answers.contains("Object Not Found: 1"),
        "{answers}"
    );
    assert_eq!(server.owed(), 0);
    assert!(matches!(server.admit(), Err(Error::OutOfPlace(_))));
}

#[test]
fn whoever_asks_again_and_again_is_done_with() {
    let mut server = Broker::server(CHALLENGE);
    server.receive(b"\x02\x82pb\x02\x80\x13\x87\x06\x81");
    for number in 1..=20 {
        let head = [b"\x07\x80\x1a\x87", &[number][..], b"\x81"].concat();
        server.receive(&head);
        server.receive(b"\x04\x82root\x0e\x82loginAnonymous\x01\x81\x01\x80\x0b\x87\x01\x80\x05\x87");
    }
    assert!(matches!(server.poll(), Ok(Some(Event::Ready))));
    let what = "refused calls before a login";
    assert_eq!(server.poll().err(), Some(Error::Limit { what, limit: 16 }));
}

#[test]
fn a_password_is_not_shown() {
    let client = format!("{:?}", Broker::client("worker", "sekrit"));
    let as_numbers = format!("{:?}", b"sekrit");
    assert!(
        !client.contains("sekrit") && !client.contains(&as_numbers),
        "{client}"
    );
    let name = format!("{:?}", b"worker");
    assert!(
        client.contains(&name),
        "else the form of what is looked for is another"
    );
}

/// What a client sends that logs in, and a call with a longer argument right behind.
fn login_and_more() -> Vec<u8> {
    let mut server = Broker::server(CHALLENGE);
    let mut client = Broker::client("worker", "sekrit");
    let mut said = vec![];
    loop {
        client.receive(&server.transmit());
        events(&mut client);
        let more = client.transmit();
        server.receive(&more);
        said.extend(more);
        if events(&mut server).iter().any(|it| matches!(it, Event::Login(_))) {
            break;
        }
    }
    let avatar = PeerObject::read(&Value::OfSender(2)).unwrap();
    let long = Value::Bytes(vec![b'x'; 10_000]);
    client.call(avatar, "keepalive", vec![long], vec![]).unwrap();
    said.extend(client.transmit());
    said
}

/// A server to which all of it came at once, with its login to be decided.
fn server_with_login() -> Broker {
    let mut server = Broker::server(CHALLENGE);
    server.receive(&login_and_more());
    while !matches!(server.poll().unwrap(), Some(Event::Login(_))) {}
    server
}

#[test]
fn the_larger_limits_hold_once_a_client_is_admitted() {
    let mut server = server_with_login();
    assert!(matches!(
        server.poll(),
        Err(Error::Limit {
            what: "bytes in a string",
            ..
        })
    ));

    let mut server = server_with_login();
    server.admit().unwrap();
    let avatar = server.export().unwrap();
    assert_eq!(avatar.number(), 2);
    let Some(Event::Call(call)) = server.poll().unwrap() else {
        panic!("a call of the avatar");
    };
    assert_eq!(call.object, avatar);
}

/// The challenge that a recorded master sent: what the first answer begins with.
fn challenge_of(bytes: &[u8]) -> [u8; 16] {
    let head = b"\x03\x80\x1b\x87\x01\x81\x03\x80\x0b\x87\x10\x82";
    let at = bytes
        .windows(head.len())
        .position(|it| it == head)
        .expect("a challenge")
        + head.len();
    bytes[at..at + 16].try_into().unwrap()
}

/// What a real worker sends to our server, whose password this is: until its login is to be decided.
fn real_login(name: &str) -> (Broker, Login, Vec<u8>) {
    let session = session(name);
    let mut server = Broker::server(challenge_of(&all_of(&session, Sender::Master)));
    let mut said = vec![];
    let mut login = None;
    for (sender, bytes) in &session {
        if *sender == Sender::Worker && login.is_none() {
            server.receive(bytes);
            login = events(&mut server).into_iter().find_map(|it| match it {
                Event::Login(login) => Some(login),
                _ => None,
            });
        }
        said.extend(server.transmit());
    }
    (server, login.expect("a login"), said)
}

#[test]
fn a_real_worker_is_let_in_with_the_bytes_that_a_real_master_sends() {
    let (mut server, login, said) = real_login("pb");
    assert_eq!(login.credentials.name, b"pb");
    assert!(login.credentials.are_of(b"sekrit"));
    assert_eq!(login.mind.unwrap().number(), 1);
    let of_master = all_of(&session("pb"), Sender::Master);
    assert_eq!(said, of_master[..said.len()]);
    // What the real master says next: the mind is greeted before the login is answered.
    server.admit().unwrap();
    let message = vec![("message".into(), "attached".into())];
    server
        .call(login.mind.unwrap(), "print", vec![], message)
        .unwrap();
    let next = server.transmit();
    assert_eq!(next, of_master[said.len()..said.len() + next.len()]);
}

#[test]
fn a_real_worker_with_a_wrong_password_is_not() {
    let (_, login, _) = real_login("pb_refused");
    assert!(!login.credentials.are_of(b"sekrit"));
    assert!(login.credentials.are_of(b"wrong"));
}

#[test]
fn our_client_logs_in_with_the_bytes_that_a_real_worker_sends() {
    let session = session("pb");
    let mut client = Broker::client("pb", "sekrit");
    client.receive(&all_of(&session, Sender::Master));
    let mut said = vec![];
    // Up to what needs a worker to answer.
    while let Ok(Some(event)) = client.poll() {
        if matches!(event, Event::Call(_)) {
            break;
        }
        said.extend(client.transmit());
    }
    said.extend(client.transmit());
    let of_worker = all_of(&session, Sender::Worker);
    assert_eq!(
        said.escape_ascii().to_string(),
        of_worker[..said.len()].escape_ascii().to_string()
    );
    let respond = b"respond";
    assert!(said.windows(respond.len()).any(|it| it == respond));
}
