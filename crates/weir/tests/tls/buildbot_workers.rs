//! Buildbot's workers at ports with TLS, and without.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use weir_buildbot_wire::pb::{Broker, Event};

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

/// Speaks for a worker until it is told to set its builders, or refused.
async fn logs_in<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, password: &str) -> bool {
    let mut broker = Broker::client("w1", password);
    let mut bytes = vec![0; 4096];
    loop {
        let count = stream.read(&mut bytes).await.unwrap();
        assert!(count > 0, "the connection was closed");
        broker.receive(&bytes[..count]);
        while let Some(event) = broker.poll().unwrap() {
            match event {
                Event::Call(_) => return true,
                Event::Refused(_) => return false,
                _ => {}
            }
        }
        stream.write_all(&broker.transmit()).await.unwrap();
    }
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
