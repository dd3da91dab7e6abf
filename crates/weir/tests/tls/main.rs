//! TLS on the master's one port and in every client, with the programs as people run them.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod authority;
mod buildbot_workers;
#[path = "../site/mod.rs"]
mod site;

use std::time::{Duration, Instant};

use authority::Authority;
use futures::StreamExt;
use site::{SOON, Site, text};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use weir_status_api::{
    Build, Error, Master, Query, ReadExt, Results, Signal, Start, StatusApi, TopicFilter, Watch,
};
use weir_status_grpc::{GrpcStatus, Options};
use weir_status_http::{Ca, HttpOptions, HttpStatus};
use weir_testbed::{Process, eventually};

const CONFIG: &str = r#"
master(anonymous_control = True, tls_certificate = "server.pem", tls_key = "server.key")
w = worker("w1", token_file = "w1.token")
builder("b", workers = [w], steps = [shell("echo hello", name = "say")])
force("force", builders = ["b"])
"#;

const PLAIN: &str = r#"builder("b", workers = [worker("w1", token = "token")], steps = [shell("true")])"#;

/// How long an answer may take on a busy machine while others hold connections.
const QUICK: Duration = Duration::from_secs(8);

/// A folder with a certificate of the authority, which is in `ca.pem`, and that of one whom nobody asked.
fn folder(authority: &Authority) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), &authority.pem).unwrap();
    std::fs::write(folder.path().join("other.pem"), Authority::new().pem).unwrap();
    authority.certify(folder.path());
    folder
}

async fn start(authority: &Authority) -> Site {
    let site = Site::start_with_tls(folder(authority), CONFIG, "ca.pem").await;
    assert!(site.url.starts_with("https://127.0.0.1:"), "{}", site.url);
    site
}

fn over_json(site: &Site, ca: &str) -> HttpStatus {
    let options = HttpOptions {
        ca: Some(Ca::read(&site.path(ca)).unwrap()),
        ..HttpOptions::default()
    };
    HttpStatus::new(&site.url, options).unwrap()
}

/// The next event of a build that ended.
async fn finished(watch: &mut weir_status_api::EventStream) -> Signal {
    let next = async {
        loop {
            let signal = watch.next().await.unwrap().unwrap();
            if matches!(signal, Signal::Event(_)) {
                return signal;
            }
        }
    };
    tokio::time::timeout(SOON, next).await.expect("an event comes")
}

async fn is_read(api: &dyn StatusApi) -> Result<(), Error> {
    api.page(Query::<Master>::new()).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_client_works_over_tls() {
    let authority = Authority::new();
    let site = start(&authority).await;
    let json = over_json(&site, "ca.pem");
    let filter = TopicFilter::parse("builds/*/finished").unwrap();
    let mut events = json.watch(filter, Start::Now).await.unwrap();

    let _worker = site.worker("w1");
    let request = site.force("b").await;
    let build: Build = site.finished(request).await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
    finished(&mut events).await;
    is_read(&json).await.unwrap();

    for protocol in ["h2", "http/1.1"] {
        let masters = authority.ask(site.address(), protocol, "/api/v2/masters").await;
        assert!(masters.contains(r#""masters":"#), "{protocol}: {masters}");
        // Links lead to where the page came from.
        let config = authority.ask(site.address(), protocol, "/config").await;
        let own = format!("https://{}/", site.address());
        assert!(config.contains(&own), "{protocol}: {config}");
    }
    let status = site.weir(&["status"]).await;
    assert!(text(&status).contains("success"), "{}", text(&status));

    // A gateway with TLS on both sides.
    let (certificate, key) = (site.path("server.pem"), site.path("server.key"));
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let tls = ["--tls-certificate", certificate, "--tls-key", key];
    let mut web = site.start_weir(&[&["web", "--listen", "0.0.0.0:0"][..], &tls].concat());
    let line = web.line(SOON, |it| it.contains("serving https://")).await;
    let port = line.rsplit(':').next().unwrap();
    let builders = authority
        .ask(&format!("127.0.0.1:{port}"), "h2", "/api/v2/builders")
        .await;
    assert!(builders.contains(r#""name":"b""#), "{builders}");
}

#[track_caller]
fn says(said: impl ToString, what: &str) {
    let said = said.to_string();
    assert!(said.contains(what), "`{what}` is not in: {said}");
}

/// What an attempt to read over gRPC fails with.
async fn refusal(url: &str, ca: Option<Ca>) -> Error {
    let options = Options {
        ca,
        ..Options::default()
    };
    let api = GrpcStatus::with_options(url, options).unwrap();
    is_read(&api).await.unwrap_err()
}

/// Waits until a worker that connects to `url` says `what`.
async fn worker_says(site: &Site, url: &str, ca: Option<&str>, what: &str) {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_weir"));
    command
        .args(["worker", "--name", "w1", "--master", url, "--token-file"])
        .arg(site.path("w1.token"))
        .arg("--dir")
        .arg(site.path("worker"));
    if let Some(ca) = ca {
        command.arg("--ca").arg(site.path(ca));
    }
    Process::spawn(command).line(SOON, |it| it.contains(what)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_is_not_trusted_is_not_spoken_to() {
    const STRANGER: &str = "by no authority that is trusted here";
    let authority = Authority::new();
    let site = start(&authority).await;
    let other = site.path("other.pem").display().to_string();
    let status = site.weir(&["status", "--ca", &other]).await;
    says(text(&status), STRANGER);
    assert_eq!(status.status.code(), Some(1));
    says(
        is_read(&over_json(&site, "other.pem")).await.unwrap_err(),
        STRANGER,
    );
    // None of the public authorities knows it either.
    says(refusal(&site.url, None).await, STRANGER);
    worker_says(&site, &site.url, Some("other.pem"), STRANGER).await;
    // The certificate has no such name.
    let ca = Ca::read(&site.path("ca.pem")).unwrap();
    let elsewhere = site.url.replace("127.0.0.1", "localhost");
    says(refusal(&elsewhere, Some(ca)).await, "for other names");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_mixes_up_tls_and_plain_text_is_told_so() {
    const USE_TLS: &str = "this address speaks TLS: use https://, or grpcs://";
    let authority = Authority::new();
    let site = start(&authority).await;
    let plain = format!("grpc://{}", site.address());
    says(refusal(&plain, None).await, USE_TLS);
    worker_says(&site, &plain, None, USE_TLS).await;
    let mut stream = TcpStream::connect(site.address()).await.unwrap();
    let head = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    says(answer, USE_TLS);

    let bare = Site::start(PLAIN).await;
    let secure = format!("grpcs://{}", bare.address());
    says(refusal(&secure, None).await, "speaks no TLS");
    worker_says(&site, &secure, None, "speaks no TLS").await;
    let status = site.weir(&["status", "--upstream", &plain]).await;
    says(text(&status), "is an address without TLS, but a CA is given");
    assert_eq!(status.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_served_without_a_restart() {
    let authority = Authority::new();
    let mut site = start(&authority).await;
    let filter = || TopicFilter::parse("builds/*/finished").unwrap();
    let mut events = site.api().watch(filter(), Start::Now).await.unwrap();
    let first = authority.shown(site.address()).await;

    authority.certify(site.path("").as_path());
    let second = eventually("the new one is shown", SOON, async || {
        let shown = authority.shown(site.address()).await;
        (shown != first).then_some(shown)
    })
    .await;

    let whole = std::fs::read(site.path("server.pem")).unwrap();
    std::fs::write(site.path("server.pem"), &whole[..whole.len() / 2]).unwrap();
    let line = site.master.line(SOON, |it| it.contains("was not renewed")).await;
    assert!(line.contains("it is cut off"), "{line}");
    assert_eq!(authority.shown(site.address()).await, second);

    // At once when it is told to.
    authority.certify(site.path("").as_path());
    site.master.hang_up();
    eventually("the third one is shown", SOON, async || {
        authority.shown(site.address()).await != second
    })
    .await;

    // What was connected before goes on.
    let _worker = site.worker("w1");
    site.finished(site.force("b").await).await;
    finished(&mut events).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_says_nothing_waits_alone_and_not_for_long() {
    let authority = Authority::new();
    let site = start(&authority).await;
    // What the program itself loads for its first connection counts for none.
    authority.ask(site.address(), "http/1.1", "/api/v2/masters").await;
    let before = site.memory();
    let mut silent = vec![];
    for number in 0..200 {
        let mut stream = TcpStream::connect(site.address()).await.unwrap();
        if number % 2 == 0 {
            // The beginning of a greeting.
            stream.write_all(&[0x16, 3, 1, 2, 0, 1]).await.unwrap();
        }
        silent.push(stream);
    }
    let begun = Instant::now();
    let masters = authority.ask(site.address(), "http/1.1", "/api/v2/masters").await;
    assert!(masters.contains(r#""masters":"#), "{masters}");
    assert!(begun.elapsed() < QUICK, "{:?}", begun.elapsed());
    let each = site.memory().saturating_sub(before) / 200;
    assert!(each < 32, "{each} KiB for each connection");
    let dropped = async {
        for mut stream in silent {
            // An end or a reset.
            let _ = stream.read(&mut [0; 64]).await;
        }
    };
    tokio::time::timeout(SOON / 2, dropped)
        .await
        .expect("they are dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_machines_are_served_with_tls_only() {
    let authority = Authority::new();
    let site = start(&authority).await;
    let config = site.path("plain.star");
    std::fs::write(&config, PLAIN).unwrap();
    let data = site.path("more-data");
    let master = [
        "master",
        "--listen",
        "0.0.0.0:0",
        "--config",
        config.to_str().unwrap(),
        "--data",
        data.to_str().unwrap(),
    ];
    let refused = site.weir(&master).await;
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused).contains("has no TLS; give --tls-certificate"),
        "{}",
        text(&refused)
    );

    let (certificate, key) = (site.path("server.pem"), site.path("server.key"));
    let certificate = ["--tls-certificate", certificate.to_str().unwrap()];
    let half = site.weir(&[&master[..], &certificate].concat()).await;
    assert!(text(&half).contains("--tls-key"), "{}", text(&half));
    let swapped = ["--tls-key", certificate[1]];
    let swapped = site.weir(&[&master[..], &certificate, &swapped].concat()).await;
    assert!(
        text(&swapped).contains("are the two files swapped?"),
        "{}",
        text(&swapped)
    );
    let tls = [&master[..], &certificate, &["--tls-key", key.to_str().unwrap()]].concat();
    let mut served = site.start_weir(&tls);
    served
        .line(SOON, |it| it.contains("the master serves https://0.0.0.0:"))
        .await;
}
