//! A process that is given an event, with all that it starts.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, ChildStdin, Command};

/// How much is kept of the end of what it writes, in bytes.
const KEPT: usize = 4096;

/// How many lines of it are told.
const LINES: usize = 10;

/// How long a process that left the group may hold the output open.
const DRAIN: Duration = Duration::from_secs(1);

/// A process that runs, the first of its group. All of the group is killed on drop.
pub(super) struct Process {
    leader: Child,
    group: Option<Group>,
    output: Receiver,
}

/// How it ended.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// The last lines that it wrote to its standard output and error, as one, parted by ` | `.
    pub(super) last_lines: String,
}

struct Group(Pid);

impl Drop for Group {
    fn drop(&mut self) {
        // The one error there can be is that no process is left.
        let _ = killpg(self.0, Signal::SIGKILL);
    }
}

impl Process {
    /// Starts it.
    ///
    /// # Errors
    /// If the system cannot.
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
        // One pipe for both, so that the lines are in order.
        let (output, out) = io::pipe()?;
        let err = out.try_clone()?;
        let leader = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(err)
            .kill_on_drop(true)
            .spawn()?;
        let id = leader.id().and_then(|it| i32::try_from(it).ok());
        Ok(Self {
            leader,
            group: id.map(|it| Group(Pid::from_raw(it))),
            output: Receiver::from_owned_fd(output.into())?,
        })
    }

    /// Gives it the input, and waits for its end.
    ///
    /// # Errors
    /// If the system cannot tell how it ended.
    pub(super) async fn ended(&mut self, input: &[u8]) -> io::Result<Ended> {
        let mut tail = vec![];
        let stdin = self.leader.stdin.take();
        let status = {
            let output = &mut self.output;
            let talk = async { tokio::join!(feed(stdin, input), listen(output, &mut tail)) };
            tokio::pin!(talk);
            tokio::select! {
                status = self.leader.wait() => {
                    drop(self.group.take());
                    let _ = tokio::time::timeout(DRAIN, &mut talk).await;
                    status?
                }
                _ = &mut talk => {
                    let status = self.leader.wait().await?;
                    drop(self.group.take());
                    status
                }
            }
        };
        Ok(Ended {
            status,
            last_lines: last_lines(&tail),
        })
    }
}

async fn feed(stdin: Option<ChildStdin>, input: &[u8]) {
    if let Some(mut stdin) = stdin {
        // A program need not read what it is given.
        let _ = stdin.write_all(input).await;
    }
}

/// Reads to the end, and keeps the last of it.
async fn listen(output: &mut Receiver, tail: &mut Vec<u8>) {
    let mut piece = [0; KEPT];
    while let Ok(count @ 1..) = output.read(&mut piece).await {
        tail.extend_from_slice(&piece[..count]);
        tail.drain(..tail.len().saturating_sub(KEPT));
    }
}

fn last_lines(tail: &[u8]) -> String {
    let text = String::from_utf8_lossy(tail);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    last.join(" | ").chars().map(printable).collect()
}
