//! Traces by way of a collector that others use: Rotel.

use std::path::PathBuf;

use tokio::net::TcpStream;
use weir_listeners::{OpenTelemetryOptions, Outlet};
use weir_status_api::{Listener as _, ListenerError, Results};
use weir_testbed::{Process, eventually};

use super::opentelemetry::{read, spans, traces, world};
use super::receiver::Receiver;
use super::world::step;
use crate::servers::{self, SOON, free_address};

/// What the environment has.
const PACKAGE: &str = "rotel==0.0.1a15";

/// A collector that hands on what it takes, on a free port of this machine.
struct Collector {
    url: String,
    process: Process,
    _folder: tempfile::TempDir,
}

impl Collector {
    /// One that hands on to the address; none, with a word why, if it cannot be had.
    async fn start(to: &str) -> Option<Self> {
        let program = program()?;
        let folder = tempfile::tempdir().unwrap();
        let (http, grpc) = (free_address(), free_address());
        let options = [
            ("--otlp-http-endpoint", http.to_string()),
            ("--otlp-grpc-endpoint", grpc.to_string()),
            ("--exporter", "otlp".to_owned()),
            ("--otlp-exporter-endpoint", to.to_owned()),
            ("--otlp-exporter-protocol", "http".to_owned()),
            ("--pid-file", folder.path().join("pid").display().to_string()),
        ];
        let options = options
            .into_iter()
            .flat_map(|(name, value)| [name.to_owned(), value]);
        let process = Process::start(program, std::iter::once("start".to_owned()).chain(options));
        eventually("the collector listens", SOON, async || {
            TcpStream::connect(http).await.is_ok()
        })
        .await;
        Some(Self {
            url: format!("http://{http}"),
            process,
            _folder: folder,
        })
    }
}

/// The program lies among the package's modules, whose place has Python's version in it.
fn program() -> Option<PathBuf> {
    let libraries = servers::python(PACKAGE)?.join("lib");
    let versions = std::fs::read_dir(libraries).unwrap();
    let program = |version: std::io::Result<std::fs::DirEntry>| {
        version.unwrap().path().join("site-packages/rotel/rotel-agent")
    };
    let found = versions.map(program).find(|it| it.is_file());
    assert!(found.is_some(), "the package has no program any more");
    found
}

#[tokio::test]
async fn a_collector_takes_traces_whole_and_hands_them_on() {
    let mut behind = Receiver::start().await;
    let Some(mut collector) = Collector::start(&behind.url()).await else {
        return;
    };
    let mut direct = Receiver::start().await;
    let to = |endpoint: String| {
        let options = OpenTelemetryOptions {
            endpoint,
            web_url: Some("https://ci.example.org/".to_owned()),
            ..OpenTelemetryOptions::default()
        };
        traces(options, &Outlet::open())
    };
    let (directly, collected) = (to(direct.url()), to(collector.url.clone()));
    let (world, event) = world(Results::Failure);
    // A trace of three spans, and a long one.
    for steps in [2, 1000] {
        for number in 3..=steps {
            world.put(step(3, number, &format!("step {number}"), Results::Success));
        }
        directly.on_event(&event, world.as_ref()).await.unwrap();
        collected.on_event(&event, world.as_ref()).await.unwrap();
        let (sent, handed_on) = (read(&direct.next().await), read(&behind.next().await));
        assert_eq!(spans(&handed_on).len(), spans(&sent).len());
        assert_eq!(spans(&handed_on).len(), usize::try_from(steps).unwrap() + 1);
        assert_eq!(handed_on, sent);
    }
    collector.process.kill();
    collector.process.ended(SOON).await;
    let gone = collected.on_event(&event, world.as_ref()).await;
    assert!(matches!(gone, Err(ListenerError::Later(_))), "{gone:?}");
}
