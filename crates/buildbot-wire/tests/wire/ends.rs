//! Two ends of the perspective broker that speak to each other.

use weir_buildbot_wire::pb::{Broker, Call, Event, Login, OwnObject, PeerObject};

pub(crate) const CHALLENGE: [u8; 16] = *b"sixteen of bytes";

/// What a broker has to tell now.
pub(crate) fn events(broker: &mut Broker) -> Vec<Event> {
    std::iter::from_fn(|| broker.poll().unwrap()).collect()
}

/// Hands bytes over until neither end has more, and gives what each has to tell: the server, the client.
pub(crate) fn talk(server: &mut Broker, client: &mut Broker) -> (Vec<Event>, Vec<Event>) {
    let (mut of_server, mut of_client) = (vec![], vec![]);
    loop {
        let (to_client, to_server) = (server.transmit(), client.transmit());
        if to_client.is_empty() && to_server.is_empty() {
            return (of_server, of_client);
        }
        client.receive(&to_client);
        server.receive(&to_server);
        of_server.extend(events(server));
        of_client.extend(events(client));
    }
}

pub(crate) fn login(events: Vec<Event>) -> Login {
    let found = events.into_iter().find_map(|it| match it {
        Event::Login(login) => Some(login),
        _ => None,
    });
    found.expect("a login")
}

pub(crate) fn call(events: Vec<Event>) -> Call {
    let found = events.into_iter().find_map(|it| match it {
        Event::Call(call) => Some(call),
        _ => None,
    });
    found.expect("a call")
}

/// Two ends that are logged in: the server with the client's mind and the avatar, the client with the avatar.
pub(crate) struct Pair {
    pub(crate) server: Broker,
    pub(crate) client: Broker,
    pub(crate) mind: PeerObject,
    pub(crate) avatar: OwnObject,
    pub(crate) avatar_of_client: PeerObject,
}

impl Pair {
    pub(crate) fn new() -> Self {
        let mut server = Broker::server(CHALLENGE);
        let mut client = Broker::client("worker", "sekrit");
        let login = login(talk(&mut server, &mut client).0);
        assert_eq!(login.credentials.name, b"worker");
        assert!(login.credentials.are_of(b"sekrit"));
        server.admit().unwrap();
        let avatar = server.export().unwrap();
        server.answer(login.call, avatar.into()).unwrap();
        let (_, of_client) = talk(&mut server, &mut client);
        let [Event::LoggedIn(Some(avatar_of_client))] = of_client.as_slice() else {
            panic!("{of_client:?}");
        };
        Self {
            avatar_of_client: *avatar_of_client,
            mind: login.mind.expect("a mind"),
            avatar,
            server,
            client,
        }
    }

    pub(crate) fn talk(&mut self) -> (Vec<Event>, Vec<Event>) {
        talk(&mut self.server, &mut self.client)
    }
}
