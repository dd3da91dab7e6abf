//! Running the configuration in the user's Python.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::Value as Json;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use crate::recording::Recording;

/// The program that records, in the parts of which it is put together.
const RECORDER: [&str; 4] = [
    include_str!("recorder/standins.py"),
    include_str!("recorder/functions.py"),
    include_str!("recorder/guard.py"),
    include_str!("recorder/run.py"),
];

/// How long the recorder may be at work beside the time that the configuration has: it tells itself when that is over.
const GRACE: Duration = Duration::from_secs(20);

/// The most that is recorded, in bytes.
const MOST: u64 = 256 * 1024 * 1024;

/// What is read, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The configuration, `master.cfg`.
    pub file: PathBuf,
    /// The program of Python: a name that is looked for, or a path.
    pub python: PathBuf,
    /// How long the configuration may take.
    pub timeout: Duration,
    /// Whether it may use the network.
    pub allow_network: bool,
    /// Whether it may run programs.
    pub allow_programs: bool,
    /// Whether it may write files.
    pub allow_writes: bool,
}

/// Why there is nothing to write down.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// There is no such file.
    #[error("{} cannot be read: {source}", file.display())]
    File {
        /// The configuration.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Python cannot be started.
    #[error("`{}` cannot be run: {source}; --python names another Python (3.8 or newer)", python.display())]
    Python {
        /// The program.
        python: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Python ended without an answer.
    #[error("`{}` ended without an answer ({status}); does --python name a Python 3.8 or newer, and does the file end the process?", python.display())]
    NoAnswer {
        /// The program.
        python: PathBuf,
        /// How it ended.
        status: ExitStatus,
    },
    /// The configuration could not be read to its end.
    #[error("{0}")]
    Configuration(String),
}

/// Runs the configuration, and gives what was recorded.
pub(crate) async fn read(options: &Options) -> Result<Recording, ConvertError> {
    let file = std::path::absolute(&options.file).and_then(|file| {
        std::fs::File::open(&file)
            .and_then(|it| it.metadata())
            .and_then(|it| match it.is_file() {
                true => Ok(file),
                false => Err(std::io::Error::other("it is no file")),
            })
    });
    let file = file.map_err(|source| ConvertError::File {
        file: options.file.clone(),
        source,
    })?;
    let mut child = start(options, &file).map_err(|source| ConvertError::Python {
        python: options.python.clone(),
        source,
    })?;
    let answer = tokio::time::timeout(options.timeout + GRACE, answer(&mut child)).await;
    let group = child
        .id()
        .and_then(|it| i32::try_from(it).ok())
        .map(Pid::from_raw);
    if answer.is_err() {
        // What it has begun goes with it.
        if let Some(group) = group {
            let _ = killpg(group, Signal::SIGKILL);
        }
        let _ = child.wait().await;
    }
    let (text, status) = match answer {
        Ok(answer) => answer.map_err(|source| ConvertError::Python {
            python: options.python.clone(),
            source,
        })?,
        Err(_) => return Err(ConvertError::Configuration(endless(options, None))),
    };
    let json: Json = serde_json::from_slice(&text).map_err(|_| ConvertError::NoAnswer {
        python: options.python.clone(),
        status,
    })?;
    if json.get("failure").is_some() {
        return Err(ConvertError::Configuration(explain(options, &json)));
    }
    Recording::from_json(&json).ok_or_else(|| ConvertError::NoAnswer {
        python: options.python.clone(),
        status,
    })
}

fn start(options: &Options, file: &Path) -> std::io::Result<Child> {
    let mut command = Command::new(&options.python);
    // No files of compiled Python are left beside the configuration.
    command.args(["-B", "-c", &RECORDER.join("\n")]).arg(file);
    command.arg(options.timeout.as_secs_f64().to_string());
    let allowed = [
        (options.allow_network, "network"),
        (options.allow_programs, "programs"),
        (options.allow_writes, "writes"),
    ];
    command.args(allowed.iter().filter(|it| it.0).map(|it| it.1));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

async fn answer(child: &mut Child) -> std::io::Result<(Vec<u8>, ExitStatus)> {
    let mut text = vec![];
    if let Some(output) = child.stdout.take() {
        output.take(MOST).read_to_end(&mut text).await?;
    }
    Ok((text, child.wait().await?))
}

fn endless(options: &Options, at: Option<&str>) -> String {
    let seconds = options.timeout.as_secs_f64();
    let place = at.map_or_else(|| options.file.display().to_string(), str::to_owned);
    format!("{place}: it was still here after {seconds} seconds; --timeout gives it longer")
}

/// Why the configuration could not be read, in one sentence with the place.
fn explain(options: &Options, json: &Json) -> String {
    let failure = &json["failure"];
    let (at, what) = (
        failure["at"].as_str(),
        failure["what"].as_str().unwrap_or_default(),
    );
    let name = options
        .file
        .file_name()
        .unwrap_or(options.file.as_os_str())
        .to_string_lossy();
    let place = at.unwrap_or(&name);
    let said = match failure["kind"].as_str().unwrap_or_default() {
        "endless" => return endless(options, at),
        "syntax" => format!("{place}: it is no Python: {what}"),
        "exit" if what.is_empty() => format!("{place}: it ends itself with sys.exit"),
        "exit" => format!("{place}: it ends itself with sys.exit: {what}"),
        "module" => format!(
            "{place}: {what}; install it for `{}`, or name another Python with --python",
            options.python.display()
        ),
        "nothing" => {
            format!("{place}: it sets no `BuildmasterConfig`, a dict, so it is no configuration of Buildbot")
        }
        _ => format!("{place}: {what}"),
    };
    if failure["python2"].as_bool() == Some(true) {
        return format!(
            "{said} (this is Python 2, which Buildbot has left with its version 2.0: 2to3 carries it over)"
        );
    }
    let refused = json["refused"].as_array().and_then(|it| it.last());
    match refused.and_then(|it| it["kind"].as_str()) {
        Some(kind) => format!("{said}; with --allow-{kind} it may"),
        None => said,
    }
}
