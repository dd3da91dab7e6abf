//! One command, from its start to its last word.

mod environment;
mod group;
mod header;
mod process;
mod supervisor;
mod workdir;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use weir_worker_protocol::MAX_OUTPUT;
use weir_worker_protocol::v1::{Finished, StartCommand, Stream, finished::Outcome};

use crate::hold::Hold;
use supervisor::Supervisor;

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
    let end = End(&hold, started);
    let outcome = match run_started(&command, &surroundings, &hold).await {
        Ok(outcome) => outcome,
        Err(why) => {
            say(&hold, &format!("{why}\n"));
            Outcome::CouldNotStart(why)
        }
    };
    say(&hold, &last_words(&outcome));
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
    let changes = command.environment.clone().unwrap_or_default();
    let environment = environment::changed(&surroundings.environment, &changes, &workdir);
    let process = process::start(command, &workdir, &environment)?;
    let supervisor = Supervisor::new(command, process, hold, surroundings.drain_grace);
    Ok(supervisor.run().await)
}

/// Puts the worker's own words into the command's log.
fn say(hold: &Hold, text: &str) {
    for piece in text.as_bytes().chunks(MAX_OUTPUT) {
        hold.output(Stream::Header, Bytes::copy_from_slice(piece));
    }
}

fn last_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::ExitCode(code) => format!("program finished with exit code {code}\n"),
        Outcome::Signal(signal) => format!("process killed by signal {signal}\n"),
        Outcome::CouldNotStart(_) | Outcome::TimedOut(_) | Outcome::Interrupted(_) => String::new(),
    }
}

/// Sees to it that a command ends for the master whatever happens to its task.
struct End<'a>(&'a Hold, Instant);

impl End<'_> {
    fn tell(&self, outcome: Outcome) {
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
