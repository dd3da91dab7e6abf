//! One command, from its start to its last word.

mod environment;
mod files;
mod followed;
mod group;
mod header;
mod process;
mod supervisor;
mod terminal;
mod workdir;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use nix::sys::signal::Signal;
use tokio::sync::Notify;
use tokio::time::Instant;

use weir_worker_protocol::MAX_OUTPUT;
use weir_worker_protocol::v1::{Finished, StartCommand, Stream, finished::Outcome};

use crate::hold::Hold;
use files::Place;
use followed::FollowedFiles;
use supervisor::Supervisor;

pub(crate) use supervisor::reason;

/// What a command needs beside its own message.
#[derive(Debug)]
pub(crate) struct Surroundings {
    /// The worker's folder, as a real path.
    pub(crate) base_dir: PathBuf,
    /// The worker's own environment.
    pub(crate) environment: BTreeMap<OsString, OsString>,
    /// How long after its end its output may stay open.
    pub(crate) drain_grace: Duration,
}

/// Runs `command` to its end; everything it says goes to `hold`.
pub(crate) async fn run(command: StartCommand, surroundings: Surroundings, hold: Arc<Hold>) {
    let started = Instant::now();
    let end = End::new(&hold, started);
    let outcome = match run_started(&command, &surroundings, &hold).await {
        Ok(outcome) => outcome,
        Err(why) => {
            say(&hold, &format!("{why}\n"));
            Outcome::CouldNotStart(why)
        }
    };
    match &outcome {
        Outcome::ExitCode(code) if files::is_one(command.what.as_ref()) => {
            say(&hold, &format!("finished with exit code {code}\n"));
        }
        outcome => say(&hold, &last_words(outcome)),
    }
    say(&hold, &header::elapsed(started.elapsed()));
    end.tell(outcome);
}

async fn run_started(
    command: &StartCommand,
    surroundings: &Surroundings,
    hold: &Hold,
) -> Result<Outcome, String> {
    let workdir = match workdir::prepare(&surroundings.base_dir, &command.workdir).await {
        Ok(workdir) => workdir,
        Err(why) => {
            say(hold, &format!("{}\n", header::line(command)));
            return Err(why);
        }
    };
    say(hold, &header::beginning(command, &workdir));
    if files::is_one(command.what.as_ref()) {
        let place = Place::new(surroundings.base_dir.clone(), workdir);
        return Ok(files::run(command, place, hold).await);
    }
    let changes = command.environment.clone().unwrap_or_default();
    let environment = environment::changed(&surroundings.environment, &changes, &workdir);
    let stop_signal = stop_signal(&command.stop_signal)?;
    let files = FollowedFiles::new(&command.files, &surroundings.base_dir, &workdir)?;
    let process = process::start(command, &workdir, &environment)?;
    let grew = Notify::new();
    let grace = surroundings.drain_grace;
    let supervisor = Supervisor::new(command, process, hold, grace, stop_signal, &grew);
    let outcome = tokio::select! {
        outcome = supervisor.run() => outcome,
        never = files.follow(hold, &grew) => match never {},
    };
    files.finish(hold).await;
    Ok(outcome)
}

/// The signal of that name, SIGTERM if it is empty.
fn stop_signal(name: &str) -> Result<Signal, String> {
    if name.is_empty() {
        return Ok(Signal::SIGTERM);
    }
    format!("SIG{name}")
        .parse()
        .map_err(|_| format!("there is no signal `{name}` on this worker"))
}

/// Puts the worker's own words into the command's log.
pub(crate) fn say(hold: &Hold, text: &str) {
    for piece in text.as_bytes().chunks(MAX_OUTPUT) {
        hold.output(Stream::Header, Bytes::copy_from_slice(piece));
    }
}

/// What the log tells of how a command ended.
pub(crate) fn last_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::ExitCode(code) => format!("program finished with exit code {code}\n"),
        Outcome::Signal(signal) => format!("process killed by signal {signal}\n"),
        Outcome::CouldNotStart(_) | Outcome::TimedOut(_) | Outcome::Interrupted(_) => String::new(),
    }
}

/// Sees to it that a command ends for the master whatever happens to its task.
pub(crate) struct End<'a>(&'a Hold, Instant);

impl<'a> End<'a> {
    /// For a command that began at that moment.
    pub(crate) const fn new(hold: &'a Hold, started: Instant) -> Self {
        Self(hold, started)
    }
}

impl End<'_> {
    /// It ended so.
    pub(crate) fn tell(&self, outcome: Outcome) {
        self.0.finish(Finished {
            elapsed_us: u64::try_from(self.1.elapsed().as_micros()).unwrap_or(u64::MAX),
            outcome: Some(outcome),
        });
    }
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        // Only the first end counts; this one is for a task that failed or was aborted.
        self.tell(Outcome::Interrupted("the worker gave the command up".to_owned()));
    }
}
