//! Watches over a running command: reads its output, keeps its limits, ends it.

use std::future::pending;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use bytes::{BufMut, Bytes};
use nix::sys::signal::Signal;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use weir_worker_protocol::MAX_OUTPUT;
use weir_worker_protocol::v1::{StartCommand, Stream, Timeout, finished::Outcome};

use super::process::Process;
use super::{header, say};
use crate::hold::Hold;

/// How long output waits for more of it before it is sent.
const BATCH: Duration = Duration::from_millis(50);

/// How long a killed process may take to vanish.
const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// How long output may stay open after all of the group was killed.
const LAST_DRAIN: Duration = Duration::from_secs(1);

/// More than a pipe can hold: what comes beyond this after a command's end comes from something that it
/// left running.
const MAX_DRAINED: usize = 2 * 1024 * 1024;

/// A running command.
pub(super) struct Supervisor<'a> {
    command: &'a StartCommand,
    process: Process,
    hold: &'a Hold,
    interrupt: watch::Receiver<Option<String>>,
    drain_grace: Duration,
    stop_signal: Signal,
    /// Told when a file that is followed has more.
    files: &'a Notify,
    out: Batch,
    err: Batch,
    flush_at: Option<Instant>,
    started: Instant,
    /// How many lines it has written.
    lines: u64,
    /// When it was last heard, or could not be heard because the master is slow.
    heard: Instant,
    /// Why and since when it is being ended.
    ending: Option<Ending>,
    exit: Option<Exit>,
}

/// Output that waits to be sent.
struct Batch {
    stream: Stream,
    bytes: Vec<u8>,
}

/// A command that is being ended.
struct Ending {
    outcome: Outcome,
    kill_at: Instant,
    is_killed: bool,
}

/// A command whose first process has ended.
struct Exit {
    outcome: Outcome,
    /// Until when what it left running may hold its output open.
    drain_until: Instant,
    drained: usize,
    is_killed: bool,
}

enum Event {
    Read(Stream, io::Result<usize>),
    Exited(io::Result<ExitStatus>),
    Interrupted(String),
    FileGrew,
    Room,
    Time,
}

impl<'a> Supervisor<'a> {
    pub(super) fn new(
        command: &'a StartCommand,
        process: Process,
        hold: &'a Hold,
        drain_grace: Duration,
        stop_signal: Signal,
        files: &'a Notify,
    ) -> Self {
        let batch = |stream| Batch {
            stream,
            bytes: Vec::with_capacity(MAX_OUTPUT),
        };
        let now = Instant::now();
        Self {
            command,
            process,
            hold,
            interrupt: hold.interrupted(),
            drain_grace,
            stop_signal,
            files,
            out: batch(Stream::Stdout),
            err: batch(Stream::Stderr),
            flush_at: None,
            started: now,
            lines: 0,
            heard: now,
            ending: None,
            exit: None,
        }
    }

    /// Runs until the command and its output have ended.
    pub(super) async fn run(mut self) -> Outcome {
        loop {
            let is_blocked = !self.hold.has_room();
            match self.next_event(is_blocked).await {
                Event::Read(stream, result) => self.on_read(stream, &result),
                Event::Exited(status) => self.on_exit(status),
                Event::Interrupted(reason) => self.on_interrupt(reason),
                Event::FileGrew => self.heard = Instant::now(),
                Event::Room => self.on_room(),
                Event::Time => self.on_time(is_blocked),
            }
            if self.is_over() {
                break;
            }
        }
        self.flush();
        let ended = self.ending.map(|it| it.outcome);
        let exited = self.exit.map(|it| it.outcome);
        ended
            .or(exited)
            .unwrap_or_else(|| Outcome::Interrupted("its end was not seen".to_owned()))
    }

    async fn next_event(&mut self, is_blocked: bool) -> Event {
        let deadline = self.deadline(is_blocked);
        let (is_ending, has_exited) = (self.ending.is_some(), self.exit.is_some());
        let Self {
            process,
            out,
            err,
            interrupt,
            hold,
            files,
            ..
        } = self;
        tokio::select! {
            result = read(&mut process.stdout, &mut out.bytes), if !is_blocked =>
                Event::Read(Stream::Stdout, result),
            result = read(&mut process.stderr, &mut err.bytes), if !is_blocked =>
                Event::Read(Stream::Stderr, result),
            () = hold.room(), if is_blocked => Event::Room,
            () = files.notified() => Event::FileGrew,
            status = process.leader.wait(), if !has_exited => Event::Exited(status),
            reason = reason(interrupt), if !is_ending => Event::Interrupted(reason),
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => Event::Time,
        }
    }

    /// When time alone changes something.
    fn deadline(&self, is_blocked: bool) -> Option<Instant> {
        let limits = [self.idle_until(is_blocked), self.total_until(), self.flush_at];
        let kill = self.ending.as_ref().map(|it| it.kill_at);
        let drain = self.drain_until(is_blocked);
        limits.into_iter().chain([kill, drain]).flatten().min()
    }

    fn idle_until(&self, is_blocked: bool) -> Option<Instant> {
        let is_limited = self.command.idle_timeout_ms != 0 && self.is_running() && !is_blocked;
        is_limited.then(|| self.heard + Duration::from_millis(self.command.idle_timeout_ms))
    }

    fn total_until(&self) -> Option<Instant> {
        let is_limited = self.command.total_timeout_ms != 0 && self.is_running();
        is_limited.then(|| self.started + Duration::from_millis(self.command.total_timeout_ms))
    }

    /// A slow master delays the end of a command that ended by itself, so that nothing is lost. One that
    /// must end is killed in its own time.
    fn drain_until(&self, is_blocked: bool) -> Option<Instant> {
        let exit = self.exit.as_ref()?;
        (!is_blocked && self.ending.is_none()).then_some(exit.drain_until)
    }

    const fn is_running(&self) -> bool {
        self.ending.is_none() && self.exit.is_none()
    }

    fn is_over(&self) -> bool {
        let has_vanished = self.exit.is_some();
        let is_silent = self.process.stdout.is_none() && self.process.stderr.is_none();
        has_vanished && is_silent
    }

    fn on_read(&mut self, stream: Stream, result: &io::Result<usize>) {
        let now = Instant::now();
        let count = match result {
            Ok(0) | Err(_) => {
                match stream {
                    Stream::Stderr => self.process.stderr = None,
                    _ => self.process.stdout = None,
                }
                return;
            }
            Ok(count) => *count,
        };
        self.heard = now;
        let (this, other) = match stream {
            Stream::Stderr => (&mut self.err, &mut self.out),
            _ => (&mut self.out, &mut self.err),
        };
        let new = this.bytes.get(this.bytes.len() - count..).unwrap_or_default();
        self.lines += new.iter().filter(|byte| **byte == b'\n').count() as u64;
        // What the other stream said came before.
        other.flush(self.hold);
        if this.bytes.len() >= MAX_OUTPUT {
            this.flush(self.hold);
            self.flush_at = None;
        } else {
            self.flush_at.get_or_insert(now + BATCH);
        }
        if let Some(exit) = &mut self.exit {
            exit.drained += count;
            if exit.drained > MAX_DRAINED {
                exit.drain_until = now;
            }
        }
        let most = self.command.max_lines;
        if most != 0 && self.lines > most && self.is_running() {
            self.time_out(Timeout::Lines);
        }
    }

    fn on_exit(&mut self, status: io::Result<ExitStatus>) {
        let outcome = match status {
            Ok(status) => status.code().map_or_else(
                || Outcome::Signal(status.signal().unwrap_or_default()),
                Outcome::ExitCode,
            ),
            Err(error) => Outcome::Interrupted(format!("its end could not be seen: {error}")),
        };
        let now = Instant::now();
        if let Some(ending) = &mut self.ending
            && ending.is_killed
        {
            ending.kill_at = now + LAST_DRAIN;
        }
        self.exit = Some(Exit {
            outcome,
            drain_until: now + self.drain_grace,
            drained: 0,
            is_killed: false,
        });
    }

    fn on_interrupt(&mut self, reason: String) {
        self.flush();
        say(
            self.hold,
            &format!("command interrupted ({reason}), attempting to kill\n"),
        );
        self.end(Outcome::Interrupted(reason));
    }

    fn on_room(&mut self) {
        let now = Instant::now();
        self.heard = now;
        if let Some(exit) = &mut self.exit
            && !exit.is_killed
        {
            exit.drain_until = now + self.drain_grace;
        }
    }

    fn on_time(&mut self, is_blocked: bool) {
        let now = Instant::now();
        let has_passed = |deadline: Option<Instant>| deadline.is_some_and(|it| now >= it);
        if has_passed(self.flush_at) {
            self.flush();
        }
        if has_passed(self.total_until()) {
            self.time_out(Timeout::Total);
        } else if has_passed(self.idle_until(is_blocked)) {
            self.time_out(Timeout::Idle);
        }
        if has_passed(self.ending.as_ref().map(|it| it.kill_at)) {
            self.kill(now);
        }
        if has_passed(self.drain_until(is_blocked)) {
            self.stop_draining(now);
        }
    }

    fn time_out(&mut self, timeout: Timeout) {
        self.flush();
        say(self.hold, &header::timed_out(timeout, self.command));
        self.end(Outcome::TimedOut(timeout.into()));
    }

    /// Asks all its processes to end.
    fn end(&mut self, outcome: Outcome) {
        self.process.group.signal(self.stop_signal);
        self.ending = Some(Ending {
            outcome,
            kill_at: Instant::now() + Duration::from_millis(self.command.interrupt_grace_ms),
            is_killed: false,
        });
    }

    /// Ends all its processes; if that was done before, gives up on the one that does not vanish.
    fn kill(&mut self, now: Instant) {
        let Some(ending) = &mut self.ending else {
            return;
        };
        ending.kill_at = now + KILL_PATIENCE;
        if !ending.is_killed {
            ending.is_killed = true;
            self.process.group.signal(Signal::SIGKILL);
            return;
        }
        if self.exit.is_none() {
            say(self.hold, "SIGKILL failed to kill process\n");
            self.on_exit(Err(io::Error::other("SIGKILL failed to kill it")));
        }
        self.process.stdout = None;
        self.process.stderr = None;
    }

    /// What it left running holds its output open: ends what is in its group; if that was done before,
    /// hears no more.
    fn stop_draining(&mut self, now: Instant) {
        let Some(exit) = &mut self.exit else {
            return;
        };
        if exit.is_killed {
            self.process.stdout = None;
            self.process.stderr = None;
            return;
        }
        exit.is_killed = true;
        exit.drain_until = now + LAST_DRAIN;
        exit.drained = 0;
        self.process.group.signal(Signal::SIGKILL);
    }

    fn flush(&mut self) {
        self.out.flush(self.hold);
        self.err.flush(self.hold);
        self.flush_at = None;
    }
}

impl Batch {
    fn flush(&mut self, hold: &Hold) {
        if !self.bytes.is_empty() {
            // A copy, so that a few bytes that wait for the master do not hold a whole buffer.
            hold.output(self.stream, Bytes::copy_from_slice(&self.bytes));
            self.bytes.clear();
        }
    }
}

/// Reads as much as there is and fits; never ends if the stream has.
async fn read(pipe: &mut Option<impl AsyncRead + Unpin>, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let room = MAX_OUTPUT.saturating_sub(buffer.len());
    match pipe {
        Some(pipe) if room > 0 => pipe.read_buf(&mut buffer.limit(room)).await,
        _ => pending().await,
    }
}

/// The reason why the command shall end, once there is one.
pub(crate) async fn reason(interrupt: &mut watch::Receiver<Option<String>>) -> String {
    let reason = match interrupt.wait_for(Option::is_some).await {
        Ok(reason) => reason.clone(),
        Err(_) => None,
    };
    match reason {
        Some(reason) => reason,
        None => pending().await,
    }
}
