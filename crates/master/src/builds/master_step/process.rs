//! A process on the master's machine, with all that it starts.

use std::future::pending;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use bytes::BufMut;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::{Instant, sleep_until};

use super::super::log::{Channel, LogWriter};
use super::super::stop::Heed;
use crate::error::Result;
use crate::workers::{CommandSpec, Limit, Outcome, What};

/// How much is read at once, in bytes.
const PIECE: usize = 64 * 1024;
/// How long what a command left running may hold its output open.
const DRAIN: Duration = Duration::from_secs(2);

/// A process that runs, the first of its group. All of the group is killed on drop.
pub(super) struct Process {
    leader: Child,
    group: Group,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
}

struct Group(Pid);

impl Group {
    fn signal(&self, signal: Signal) {
        // The one error there can be is that no process is left.
        let _ = killpg(self.0, signal);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

impl Process {
    /// Starts the command in `folder`, which is made if it does not exist.
    ///
    /// # Errors
    /// One sentence that says why it cannot run.
    pub(super) async fn start(spec: &CommandSpec, folder: &Path) -> std::result::Result<Self, String> {
        tokio::fs::create_dir_all(folder)
            .await
            .map_err(|error| format!("the folder {} cannot be made: {error}", folder.display()))?;
        let words = match &spec.what {
            What::Argv(words) => words.clone(),
            What::Script(script) => ["/bin/sh", "-c", script].map(str::to_owned).into(),
            What::Files(_) => return Err("only a worker does this to files".to_owned()),
        };
        let [program, arguments @ ..] = words.as_slice() else {
            return Err("the command is empty".to_owned());
        };
        let mut command = Command::new(program);
        for name in &spec.unset_env {
            command.env_remove(name);
        }
        let mut leader = command
            .args(arguments)
            .current_dir(folder)
            .envs(&spec.env)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("`{program}` cannot run: {error}"))?;
        let pid = leader.id().and_then(|it| i32::try_from(it).ok());
        Ok(Self {
            group: Group(Pid::from_raw(pid.ok_or("the command has no process id")?)),
            stdout: leader.stdout.take(),
            stderr: leader.stderr.take(),
            leader,
        })
    }
}

enum Event {
    Read(Channel, io::Result<usize>),
    Exited(io::Result<ExitStatus>),
    Stopped,
    Time,
}

/// A process that is watched over.
pub(super) struct Watch<'w> {
    process: Process,
    spec: &'w CommandSpec,
    stop: Heed<'w>,
    log: &'w mut LogWriter,
    out: Vec<u8>,
    err: Vec<u8>,
    begun: Instant,
    /// How many lines it has written.
    lines: u64,
    /// When it was last heard.
    heard: Instant,
    /// When what it said is written.
    flush_at: Option<Instant>,
    ending: Option<Ending>,
    exit: Option<Exit>,
}

/// A process that must end.
struct Ending {
    outcome: Outcome,
    kill_at: Instant,
    is_killed: bool,
}

/// A process that has ended.
struct Exit {
    outcome: Outcome,
    /// Until when what it left running may hold its output open.
    drain_until: Instant,
}

impl<'w> Watch<'w> {
    pub(super) fn new(
        process: Process,
        spec: &'w CommandSpec,
        stop: Heed<'w>,
        log: &'w mut LogWriter,
    ) -> Self {
        let now = Instant::now();
        Self {
            process,
            spec,
            stop,
            log,
            out: Vec::with_capacity(PIECE),
            err: Vec::with_capacity(PIECE),
            begun: now,
            lines: 0,
            heard: now,
            flush_at: None,
            ending: None,
            exit: None,
        }
    }

    /// Runs until the process and its output have ended; the log has what it said.
    pub(super) async fn run(mut self) -> Result<Outcome> {
        loop {
            match self.next().await {
                Event::Read(channel, read) => self.on_read(channel, &read),
                Event::Exited(status) => self.on_exit(outcome(status)),
                Event::Stopped => {
                    let why = self.stop.told().map_or("stopped", |(_, why)| why);
                    self.end(Outcome::Interrupted(why.to_owned()));
                }
                Event::Time => self.on_time(),
            }
            if self.log.is_full() || self.flush_at.is_some_and(|it| it <= Instant::now()) {
                self.log.flush().await?;
                self.flush_at = None;
            }
            if self.process.stdout.is_none()
                && self.process.stderr.is_none()
                && let Some(exit) = self.exit
            {
                return Ok(self.ending.map_or(exit.outcome, |it| it.outcome));
            }
        }
    }

    async fn next(&mut self) -> Event {
        let deadline = self.deadline();
        let (has_exited, is_ending) = (self.exit.is_some(), self.ending.is_some());
        let Self {
            process,
            out,
            err,
            stop,
            ..
        } = self;
        tokio::select! {
            read = read(&mut process.stdout, out) => Event::Read(Channel::Stdout, read),
            read = read(&mut process.stderr, err) => Event::Read(Channel::Stderr, read),
            status = process.leader.wait(), if !has_exited => Event::Exited(status),
            () = stop.wait(), if !has_exited && !is_ending => Event::Stopped,
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => Event::Time,
        }
    }

    /// When time alone changes something.
    fn deadline(&self) -> Option<Instant> {
        let limits = [self.idle_until(), self.total_until(), self.flush_at];
        let kill = self
            .ending
            .as_ref()
            .map(|it| it.kill_at)
            .filter(|_| self.exit.is_none());
        let drain = self.exit.as_ref().map(|it| it.drain_until);
        limits.into_iter().chain([kill, drain]).flatten().min()
    }

    fn idle_until(&self) -> Option<Instant> {
        let limit = self.spec.idle_timeout.filter(|_| self.is_free())?;
        Some(self.heard + limit)
    }

    fn total_until(&self) -> Option<Instant> {
        let limit = self.spec.total_timeout.filter(|_| self.is_free())?;
        Some(self.begun + limit)
    }

    /// Whether it runs, and may.
    const fn is_free(&self) -> bool {
        self.exit.is_none() && self.ending.is_none()
    }

    fn on_read(&mut self, channel: Channel, read: &io::Result<usize>) {
        let is_stdout = channel == Channel::Stdout;
        if matches!(read, Ok(0) | Err(_)) {
            match is_stdout {
                true => self.process.stdout = None,
                false => self.process.stderr = None,
            }
            return;
        }
        let bytes = if is_stdout { &mut self.out } else { &mut self.err };
        self.lines += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.log.push(channel, bytes);
        bytes.clear();
        self.heard = Instant::now();
        self.flush_at.get_or_insert(self.heard + self.log.linger());
        if self.spec.max_lines.is_some_and(|most| self.lines > most) && self.is_free() {
            self.end(Outcome::TimedOut(Limit::Lines));
        }
    }

    fn on_exit(&mut self, outcome: Outcome) {
        self.exit = Some(Exit {
            outcome,
            drain_until: Instant::now() + DRAIN,
        });
    }

    fn on_time(&mut self) {
        let now = Instant::now();
        let passed = |time: Option<Instant>| time.is_some_and(|it| it <= now);
        if passed(self.total_until()) {
            self.end(Outcome::TimedOut(Limit::Total));
        } else if passed(self.idle_until()) {
            self.end(Outcome::TimedOut(Limit::Idle));
        }
        if let Some(ending) = self.ending.as_mut().filter(|it| it.kill_at <= now)
            && self.exit.is_none()
        {
            self.process.group.signal(Signal::SIGKILL);
            match std::mem::replace(&mut ending.is_killed, true) {
                false => ending.kill_at = now + DRAIN,
                // It does not vanish; nobody waits longer.
                true => self.on_exit(Outcome::Interrupted("SIGKILL did not end it".to_owned())),
            }
        }
        if passed(self.exit.as_ref().map(|it| it.drain_until)) {
            self.process.group.signal(Signal::SIGKILL);
            self.process.stdout = None;
            self.process.stderr = None;
        }
    }

    /// Asks all its processes to end.
    fn end(&mut self, outcome: Outcome) {
        // The configuration has only signals that every system knows.
        let asked = format!("SIG{}", self.spec.stop_signal).parse();
        self.process.group.signal(asked.unwrap_or(Signal::SIGTERM));
        self.ending = Some(Ending {
            outcome,
            kill_at: Instant::now() + self.spec.interrupt_grace,
            is_killed: false,
        });
    }
}

/// Reads what there is; never ends if the stream has.
async fn read(pipe: &mut Option<impl AsyncRead + Unpin>, buffer: &mut Vec<u8>) -> io::Result<usize> {
    match pipe {
        Some(pipe) => pipe.read_buf(&mut buffer.limit(PIECE)).await,
        None => pending().await,
    }
}

fn outcome(status: io::Result<ExitStatus>) -> Outcome {
    match status {
        Ok(status) => status.code().map_or_else(
            || Outcome::Signalled(status.signal().unwrap_or_default()),
            Outcome::Exited,
        ),
        Err(error) => Outcome::Interrupted(format!("its end could not be seen: {error}")),
    }
}
