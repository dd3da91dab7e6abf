//! A relay: aiosmtpd, from an environment of Python's of its own.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::servers;

/// What the environment has.
const PACKAGE: &str = "aiosmtpd==1.4.6";

/// A mail that the relay took.
#[derive(Debug, Deserialize)]
pub(super) struct Mail {
    pub(super) from: String,
    pub(super) to: Vec<String>,
    headers: Vec<(String, String)>,
    pub(super) parts: Vec<Part>,
    pub(super) encrypted: bool,
    /// Who logged in.
    pub(super) user: String,
    /// How many bytes its longest line has.
    pub(super) longest: usize,
}

/// A part of a mail, as Python's library reads it.
#[derive(Debug, Deserialize)]
pub(super) struct Part {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) text: String,
}

impl Mail {
    /// The values of all headers of the name.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|it| it.0.eq_ignore_ascii_case(name));
        named.map(|it| it.1.as_str()).collect()
    }

    /// The value of the one header of the name.
    pub(super) fn header(&self, name: &str) -> &str {
        let all = self.all(name);
        assert_eq!(all.len(), 1, "{name} of {self:?}");
        all[0]
    }
}

/// The relay. It ends with the test.
pub(super) struct Relay {
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
    _child: Child,
    folder: TempDir,
}

impl Relay {
    /// One of these options; none, with a word why, if Python or the package is missing.
    pub(super) async fn start(mut options: Value) -> Option<Self> {
        let python = servers::python(PACKAGE)?.join("bin/python");
        let folder = tempfile::tempdir().unwrap();
        let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        for (option, name, text) in [
            ("certificate", "cert.pem", pair.cert.pem()),
            ("key", "key.pem", pair.signing_key.serialize_pem()),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            options[option] = json!(path);
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listeners/mail/server.py");
        let mut child = tokio::process::Command::new(python)
            .arg(script)
            .arg(options.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut relay = Self {
            lines,
            port: 0,
            _child: child,
            folder,
        };
        relay.port = relay.said().await["port"].as_u64().unwrap().try_into().unwrap();
        Some(relay)
    }

    /// Its certificate, as PEM.
    pub(super) fn certificate(&self) -> String {
        fs::read_to_string(self.folder.path().join("cert.pem")).unwrap()
    }

    pub(super) fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// The next mail.
    pub(super) async fn mail(&mut self) -> Mail {
        serde_json::from_value(self.said().await).unwrap()
    }

    async fn said(&mut self) -> Value {
        let line = tokio::time::timeout(Duration::from_secs(30), self.lines.next_line()).await;
        let line = line.expect("the relay says nothing for 30 s").unwrap();
        serde_json::from_str(&line.expect("the relay has ended")).unwrap()
    }
}
