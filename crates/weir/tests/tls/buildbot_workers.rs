//! Buildbot's workers at ports with TLS, and without.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use weir_buildbot_wire::Value;
use weir_buildbot_wire::pb::{Broker, Call, Event};

use super::*;

const CONFIG: &str = r#"
master(
    tls_certificate = "server.pem",
    tls_key = "server.key",
    buildbot_pb = ["127.0.0.1:0", "tls:127.0.0.1:0"],
    buildbot_msgpack = "tls:127.0.0.1:0",
)
builder("b", workers = [worker("w1", password = "pass word")], steps = [shell("true")])
"#;

/// The address that the master names with the words `how`.
async fn port(site: &mut Site, how: &str) -> String {
    let ending = format!("({how})");
    let is_it = |line: &str| line.contains("workers are let in") && line.ends_with(&ending);
    site.master
        .said("where workers are let in", SOON, |said| said.lines().any(is_it))
        .await;
    let said = site.master.output();
    let line = said.lines().find(|it| is_it(it)).unwrap();
    let address = line.split(" at ").nth(1).unwrap();
    address.split(' ').next().unwrap().to_owned()
}

/// Speaks for a worker until the master asks something of it; none if it is refused.
async fn asked<S: AsyncRead + AsyncWrite + Unpin>(broker: &mut Broker, stream: &mut S) -> Option<Call> {
    let mut bytes = vec![0; 4096];
    loop {
        stream.write_all(&broker.transmit()).await.unwrap();
        let count = stream.read(&mut bytes).await.unwrap();
        assert!(count > 0, "the connection was closed");
        broker.receive(&bytes[..count]);
        while let Some(event) = broker.poll().unwrap() {
            match event {
                Event::Call(call) => return Some(call),
                Event::Refused(_) => return None,
                _ => {}
            }
        }
    }
}

/// Whether a worker with that password is let in.
async fn logs_in<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, password: &str) -> bool {
    let mut broker = Broker::client("w1", password);
    asked(&mut broker, &mut stream).await.is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_of_buildbot_come_with_tls_and_without() {
    let authority = Authority::new();
    let mut site = Site::start_with_tls(folder(&authority), CONFIG, "ca.pem").await;
    let plain = port(&mut site, "PB").await;
    let tls = port(&mut site, "PB, TLS").await;
    let msgpack = port(&mut site, "msgpack, TLS").await;
    assert!(logs_in(TcpStream::connect(&plain).await.unwrap(), "pass word").await);
    for (password, is_right) in [("pass word", true), ("password", false)] {
        let stream = authority.connect(&tls, &[]).await;
        assert_eq!(logs_in(stream, password).await, is_right, "{password}");
    }
    let mut request = format!("wss://{msgpack}/").into_client_request().unwrap();
    // What `base64` makes of `w1:pass word`.
    let basic = "Basic dzE6cGFzcyB3b3Jk".parse().unwrap();
    request.headers_mut().insert("authorization", basic);
    let stream = authority.connect(&msgpack, &[]).await;
    let (mut socket, _) = client_async(request, stream).await.unwrap();
    let first = socket.next().await.unwrap().unwrap();
    assert!(first.is_binary(), "{first:?}");
}

/// An address that nobody listens at.
async fn free() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Has the master read its configuration with these arguments of `master(…)`, and gives what it answers.
async fn goes_by(site: &Site, arguments: &str) -> String {
    std::fs::write(site.path("weir.star"), with(arguments)).unwrap();
    text(&site.weir(&["reconfig"]).await)
}

fn with(arguments: &str) -> String {
    format!(
        r#"
master(anonymous_control = True, tls_certificate = "server.pem", tls_key = "server.key", {arguments})
builder("b", workers = [worker("w1", password = "p")], steps = [shell("true")])
"#
    )
}

async fn nobody_listens(address: &str) {
    eventually("the port is closed", SOON, async || {
        TcpStream::connect(address).await.is_err()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_come_and_go_with_the_configuration() {
    let authority = Authority::new();
    let site = Site::start_with_tls(folder(&authority), &with("buildbot_pb = None"), "ca.pem").await;
    let [first, second] = [free().await, free().await];
    says(
        goes_by(&site, &format!("buildbot_pb = \"{first}\"")).await,
        "1 change",
    );
    assert!(logs_in(TcpStream::connect(&first).await.unwrap(), "p").await);

    // An address that is not to be had changes nothing, not even what could be had beside it.
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = taken.local_addr().unwrap();
    let wrong = goes_by(&site, &format!("buildbot_pb = [\"{second}\", \"{taken}\"]")).await;
    says(wrong, "`buildbot_pb` in `master(…)` takes another address");
    nobody_listens(&second).await;
    assert!(logs_in(TcpStream::connect(&first).await.unwrap(), "p").await);

    // Another one, and TLS where there was none.
    let both = format!("buildbot_pb = [\"{second}\", \"tls:{first}\"]");
    says(goes_by(&site, &both).await, "1 change");
    assert!(logs_in(TcpStream::connect(&second).await.unwrap(), "p").await);
    assert!(logs_in(authority.connect(&first, &[]).await, "p").await);

    // All addresses in place of one, with the same number, and back.
    let port = first.rsplit(':').next().unwrap();
    says(
        goes_by(&site, &format!("buildbot_pb = \"tls:0.0.0.0:{port}\"")).await,
        "1 change",
    );
    assert!(logs_in(authority.connect(&first, &[]).await, "p").await);
    says(
        goes_by(&site, &format!("buildbot_pb = \"{first}\"")).await,
        "1 change",
    );
    assert!(logs_in(TcpStream::connect(&first).await.unwrap(), "p").await);

    says(goes_by(&site, "buildbot_pb = None").await, "1 change");
    nobody_listens(&first).await;
    nobody_listens(&second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_connected_stays_when_the_port_closes() {
    let authority = Authority::new();
    let address = free().await;
    let open = format!("buildbot_pb = \"{address}\"");
    let site = Site::start_with_tls(folder(&authority), &with(&open), "ca.pem").await;
    let mut broker = Broker::client("w1", "p");
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let first = asked(&mut broker, &mut stream).await.expect("it is let in");
    says(goes_by(&site, "buildbot_pb = None").await, "1 change");
    nobody_listens(&address).await;
    // The master goes on with what it wants of the worker.
    broker.answer(first.call.unwrap(), Value::None).unwrap();
    let second = asked(&mut broker, &mut stream).await.expect("it is asked more");
    assert_ne!(first.method, second.method);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_cannot_be_had_is_told() {
    let authority = Authority::new();
    let folder = folder(&authority);
    std::fs::write(
        folder.path().join("weir.star"),
        CONFIG.replace("\"pass word\"", "\"p\""),
    )
    .unwrap();
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let config = folder.path().join("weir.star");
    for (address, why) in [
        (
            taken.as_str(),
            "`buildbot_pb` in `master(…)` takes another address",
        ),
        ("0.0.0.0:0", "can be reached from other machines"),
    ] {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_weir"));
        command.args(["master", "--listen", "127.0.0.1:0", "--buildbot-pb", address]);
        command
            .arg("--config")
            .arg(&config)
            .arg("--data")
            .arg(folder.path().join("data"));
        let output = tokio::time::timeout(SOON, command.kill_on_drop(true).output()).await;
        let output = output.expect("it ends").unwrap();
        assert!(!output.status.success());
        says(text(&output), why);
    }
}
