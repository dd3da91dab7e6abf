//! Connections that are cut, refused, or fall silent.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use weir_status_api::*;
use weir_status_grpc::{Options, ServeOptions};
use weir_testbed::{Link, eventually};

use crate::scripted::{DEADLINE, Mood, Scripted, Served, client, last_error, next_event};

fn is_unavailable(error: &Error) -> bool {
    matches!(error, Error::Unavailable { .. })
}

#[tokio::test]
async fn a_cut_watch_says_so_and_resumes_by_its_cursor() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    let link = Link::to(server.address).await.unwrap();
    let client = client(link.address(), Options::default());
    let mut seen = Vec::new();
    let mut place = Cursor::ZERO;
    for _ in 0..3 {
        let mut events = client
            .watch(TopicFilter::all(), Start::After(place))
            .await
            .unwrap();
        for _ in 0..2 {
            api.commit();
            place = next_event(&mut events).await.unwrap();
            seen.push(place.0);
        }
        link.cut();
        api.commit();
        let error = last_error(&mut events).await;
        assert!(is_unavailable(&error), "{error:?}");
        eventually("the server has seen it too", DEADLINE, async || {
            api.open_watches() == 0
        })
        .await;
    }
    let mut events = client
        .watch(TopicFilter::all(), Start::After(place))
        .await
        .unwrap();
    while seen.len() < 9 {
        seen.push(next_event(&mut events).await.unwrap().0);
    }
    assert_eq!(seen, (1..=9).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_client_works_again_once_the_server_can_be_reached() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    let link = Link::to(server.address).await.unwrap();
    link.refuse();
    let client = client(link.address(), Options::default());
    let get = || client.get(Key::Build(BuildId(1).into()));
    let error = get().await.unwrap_err();
    assert!(is_unavailable(&error), "{error:?}");
    link.heal();
    eventually("an answer", DEADLINE, async || get().await.is_ok()).await;
    link.cut();
    eventually("an answer", DEADLINE, async || get().await.is_ok()).await;
}

#[tokio::test]
async fn a_call_under_way_when_the_connection_is_cut_is_unavailable() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    let link = Link::to(server.address).await.unwrap();
    let client = client(link.address(), Options::default());
    client.get(Key::Build(BuildId(1).into())).await.unwrap();
    api.set(Mood::Hangs);
    let cut = async {
        let before = link.bytes();
        eventually("the request has gone out", DEADLINE, async || {
            link.bytes() > before
        })
        .await;
        link.cut();
    };
    let (answer, ()) = tokio::join!(client.get(Key::Build(BuildId(1).into())), cut);
    let error = answer.unwrap_err();
    assert!(is_unavailable(&error), "{error:?}");
}

#[tokio::test]
async fn nobody_listening_is_unavailable_and_says_why() {
    let address = {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        listener.local_addr().unwrap()
    };
    let client = client(address, Options::default());
    let error = client.get(Key::Build(BuildId(1).into())).await.unwrap_err();
    assert!(is_unavailable(&error), "{error:?}");
    assert!(error.to_string().contains("onnect"), "{error}");
    assert!(is_unavailable(
        &client.watch(TopicFilter::all(), Start::Now).await.err().unwrap()
    ));
}

#[tokio::test]
async fn a_call_has_a_deadline() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    api.set(Mood::Hangs);
    let hasty = Options {
        call_deadline: Duration::from_millis(100),
        ..Options::default()
    };
    let error = client(server.address, hasty)
        .get(Key::Build(BuildId(1).into()))
        .await
        .unwrap_err();
    assert!(is_unavailable(&error), "{error:?}");
}

/// A way to `target` that can fall silent without closing anything, as a pulled cable does.
struct Cable {
    address: SocketAddr,
    carrying: JoinHandle<()>,
    /// Keeps the sockets open.
    _ends: tokio::sync::oneshot::Receiver<(TcpStream, TcpStream)>,
}

impl Cable {
    async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (keep, ends) = tokio::sync::oneshot::channel();
        let carrying = tokio::spawn(async move {
            let (near, _) = listener.accept().await.unwrap();
            let far = TcpStream::connect(target).await.unwrap();
            let (near, far) = (near.into_std().unwrap(), far.into_std().unwrap());
            let kept = [near.try_clone().unwrap(), far.try_clone().unwrap()];
            let [kept_near, kept_far] = kept.map(|it| TcpStream::from_std(it).unwrap());
            keep.send((kept_near, kept_far)).unwrap();
            let mut near = TcpStream::from_std(near).unwrap();
            let mut far = TcpStream::from_std(far).unwrap();
            tokio::io::copy_bidirectional(&mut near, &mut far).await.ok();
        });
        Self {
            address,
            carrying,
            _ends: ends,
        }
    }

    fn pull(&self) {
        self.carrying.abort();
    }
}

#[tokio::test]
async fn both_sides_see_that_the_other_fell_silent() {
    let short = Duration::from_millis(200);
    let api = Scripted::new();
    let options = ServeOptions {
        keepalive_interval: short,
        keepalive_deadline: short,
        ..ServeOptions::default()
    };
    let server = Served::with_options(&api, options).await;
    let cable = Cable::to(server.address).await;
    let options = Options {
        keepalive_interval: short,
        keepalive_deadline: short,
        ..Options::default()
    };
    let client = client(cable.address, options);
    let mut events = client.watch(TopicFilter::all(), Start::Now).await.unwrap();
    api.commit();
    next_event(&mut events).await.unwrap();
    assert_eq!(api.open_watches(), 1);
    cable.pull();
    let error = last_error(&mut events).await;
    assert!(is_unavailable(&error), "{error:?}");
    eventually("the server gave the watch up", DEADLINE, async || {
        api.open_watches() == 0
    })
    .await;
}
