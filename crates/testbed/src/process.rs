//! Programs that a test starts, listens to, and ends.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use crate::eventually;

/// Lines of output that are kept for messages.
const KEPT_LINES: usize = 10_000;

/// A running program, killed when this is dropped. What it writes is kept for the messages of failures.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Process {
    /// Starts `program` with `args`.
    ///
    /// # Panics
    /// If it cannot be started, or outside of a Tokio runtime.
    pub fn start(program: impl AsRef<Path>, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let mut command = Command::new(program.as_ref());
        command.args(args);
        Self::spawn(command)
    }

    /// Starts `command`, whose input and output are taken over.
    ///
    /// # Panics
    /// As [`Process::start`].
    pub fn spawn(mut command: Command) -> Self {
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let lines = Arc::default();
        collect(child.stdout.take(), &lines);
        collect(child.stderr.take(), &lines);
        Self { child, name, lines }
    }

    /// Its process id; none once it has ended and [`Process::ended`] has told so.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it wrote so far, both streams, line by line as it came.
    pub fn output(&self) -> String {
        self.lines().join("\n")
    }

    /// Waits for a line, among those already written too, that `wanted` accepts, and gives it.
    ///
    /// # Panics
    /// If there is none within `deadline`, or the program ends without it; the message holds its output.
    pub async fn line(&mut self, deadline: Duration, wanted: impl Fn(&str) -> bool) -> String {
        let find = |lines: &[String]| lines.iter().find(|line| wanted(line)).cloned();
        let (child, name, lines) = (&mut self.child, &self.name, &self.lines);
        let waited = tokio::time::timeout(deadline, async {
            let mut pause = Duration::from_millis(2);
            loop {
                // Its end is asked for first: all that it wrote before has a last chance to be read.
                let status = child.try_wait().expect("its state is known");
                if status.is_some() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                if let Some(line) = find(&lines.lock().unwrap_or_else(PoisonError::into_inner)) {
                    return Ok(line);
                }
                if let Some(status) = status {
                    return Err(status);
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_millis(50));
            }
        })
        .await;
        match waited {
            Ok(Ok(line)) => line,
            Ok(Err(status)) => panic!(
                "{name} ended ({status}) without the line; it said:\n{}",
                self.output()
            ),
            Err(_) => panic!(
                "{name} did not write the line within {deadline:?}; it said:\n{}",
                self.output()
            ),
        }
    }

    /// Asks it to end (SIGTERM).
    pub fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Kills it at once (SIGKILL).
    pub fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    /// Halts it where it is (SIGSTOP), until it is [resumed](Process::resume); waits until it does nothing any more. On a busy
    /// machine its other threads go on for a while after the signal.
    ///
    /// # Panics
    /// If it has not halted within `deadline`.
    pub async fn halt(&self, deadline: Duration) {
        self.signal(Signal::SIGSTOP);
        let id = self.id().unwrap_or_default();
        let what = format!("{} has halted", self.name);
        eventually(&what, deadline, async || {
            threads(id).is_ok_and(|states| states.iter().all(|it| it == "T"))
        })
        .await;
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Asks it to read its files again (SIGHUP).
    pub fn hang_up(&self) {
        self.signal(Signal::SIGHUP);
    }

    fn signal(&self, signal: Signal) {
        if let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()) {
            // It may have ended just now; then there is nothing to signal.
            kill(Pid::from_raw(id), signal).ok();
        }
    }

    /// Waits until it has ended, and gives how.
    ///
    /// # Panics
    /// If it has not ended within `deadline`; the message holds its output.
    pub async fn ended(&mut self, deadline: Duration) -> ExitStatus {
        match tokio::time::timeout(deadline, self.child.wait()).await {
            Ok(status) => status.expect("its end is told"),
            Err(_) => panic!(
                "{} has not ended within {deadline:?}; it said:\n{}",
                self.name,
                self.output()
            ),
        }
    }

    /// Waits until it has written something that `wanted` accepts, over all of its output.
    ///
    /// # Panics
    /// If it has not within `deadline`.
    pub async fn said(&self, what: &str, deadline: Duration, wanted: impl Fn(&str) -> bool) {
        eventually(what, deadline, async || wanted(&self.output())).await;
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn collect(stream: Option<impl AsyncRead + Unpin + Send + 'static>, into: &Arc<Mutex<Vec<String>>>) {
    let stream = stream.expect("the stream is piped");
    let into = Arc::clone(into);
    tokio::spawn(async move {
        let mut reader = BufReader::new(stream);
        let mut line = vec![];
        while let Ok(1..) = reader.read_until(b'\n', &mut line).await {
            let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
            let mut lines = into.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() < KEPT_LINES {
                lines.push(text);
            }
            line.clear();
        }
    });
}

/// The states of all threads of a process, as the system tells them (proc(5)): `T` is halted.
fn threads(id: u32) -> std::io::Result<Vec<String>> {
    let tasks = std::fs::read_dir(format!("/proc/{id}/task"))?;
    let state = |task: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(task?.path().join("stat"))?;
        // The name before it, in brackets, may hold anything.
        let state = stat
            .rsplit(')')
            .next()
            .and_then(|it| it.split_whitespace().next());
        Ok(state.unwrap_or_default().to_owned())
    };
    tasks.map(state).collect()
}
