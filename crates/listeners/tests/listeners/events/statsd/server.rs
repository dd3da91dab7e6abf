//! StatsD's own server.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use regex::Regex;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use weir_testbed::{Process, eventually};

use crate::servers::{self, SOON, free_address};

/// Starts the server by a configuration. It logs by a function that is gone from Node 23 on.
const START: &str = "require('util').log ??= console.log; require(process.argv[1])";

/// It listens by UDP and TCP on a free port of this machine, keeps what it is told, and ends with this.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    management: SocketAddr,
    _folder: tempfile::TempDir,
    _process: Process,
}

/// What it keeps of each name: a counter's number, or a timer's.
pub(super) type Kept = BTreeMap<String, Vec<f64>>;

impl Server {
    /// It; none, with a word why, if it cannot be had.
    pub(super) async fn start() -> Option<Self> {
        let package = servers::node("statsd", "events/statsd")?;
        let (address, management) = (free_address(), free_address());
        let at = |server: &str| json!({ "server": server, "address": "127.0.0.1", "port": address.port() });
        let config = json!({
            "servers": [at("./servers/udp"), at("./servers/tcp")],
            "mgmt_address": "127.0.0.1",
            "mgmt_port": management.port(),
            // Nothing is handed on, and so forgotten, within a day.
            "flushInterval": 86_400_000,
            "backends": [],
        });
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        std::fs::write(&file, config.to_string()).unwrap();
        let script = package.join("stats.js");
        let arguments = [
            "-e".as_ref(),
            START.as_ref(),
            script.as_os_str(),
            file.as_os_str(),
        ];
        let process = Process::start("node", arguments);
        // It listens here last.
        eventually("StatsD listens", SOON, async || {
            TcpStream::connect(management).await.is_ok()
        })
        .await;
        Some(Self {
            address,
            management,
            _folder: folder,
            _process: process,
        })
    }

    /// What it keeps: `counters`, `timers` or `gauges`. Its own counters begin with `statsd.`.
    pub(super) async fn kept(&self, kind: &str) -> Kept {
        let mut stream = TcpStream::connect(self.management).await.unwrap();
        stream.write_all(kind.as_bytes()).await.unwrap();
        let mut said = String::new();
        let mut lines = BufReader::new(stream).lines();
        let end = async {
            while let Some(line) = lines.next_line().await.unwrap()
                && line != "END"
            {
                said.push_str(&line);
                said.push('\n');
            }
        };
        tokio::time::timeout(SOON, end).await.expect("it says no end");
        // As Node shows an object.
        let series = Regex::new(r"'([^']+)': \[?([^\],\n}]*(?:, [\d.]+)*)").unwrap();
        let numbers = |text: &str| text.split(',').map(|it| it.trim().parse().unwrap()).collect();
        series
            .captures_iter(&said)
            .map(|it| (it[1].to_owned(), numbers(&it[2])))
            .collect()
    }
}
