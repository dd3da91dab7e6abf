//! A relay: aiosmtpd, from an environment of Python's of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

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
        let python = python()?;
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

/// The Python of the environment, which is made if it is not there.
fn python() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("aiosmtpd");
    let lock = File::create(folder.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let python = folder.join("bin/python");
    let done = folder.join("installed");
    if done.exists() {
        return Some(python);
    }
    let run = |program: &Path, arguments: &[&str]| {
        let status = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .status();
        status.is_ok_and(|it| it.success())
    };
    let place = folder.display().to_string();
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        PACKAGE,
    ];
    if !run(Path::new("python3"), &["-m", "venv", "--clear", &place]) || !run(&python, &install) {
        eprintln!(
            "Python with venv, or its package aiosmtpd, cannot be had, so this test is left out (Debian: python3-venv)."
        );
        return None;
    }
    fs::write(done, "").unwrap();
    Some(python)
}
