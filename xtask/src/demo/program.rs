//! Programs that a demo consists of.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

/// How long a process may take to get ready.
const READY: Duration = Duration::from_secs(30);

/// A program whose standard error goes to a file and, until it is ready, to us.
pub(super) struct Program {
    child: Child,
    lines: Receiver<String>,
    log: PathBuf,
}

impl Program {
    /// Starts it; what it writes to its standard error goes to the file `log`.
    pub(super) fn start(command: &mut Command, log: PathBuf) -> Result<Self, String> {
        let mut file = fs::File::create(&log)
            .map_err(|error| format!("{} cannot be written: {error}", log.display()))?;
        let mut child = command
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", command.get_program().display()))?;
        let (sender, lines) = sync_channel(1000);
        if let Some(stderr) = child.stderr.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    // The file is for people; a demo without its logs is still a demo.
                    let _ = writeln!(file, "{line}");
                    // When nobody waits for a line any more, the channel is full.
                    let _ = sender.try_send(line);
                }
            });
        }
        Ok(Self { child, lines, log })
    }

    /// Waits for a line that contains `text`.
    pub(super) fn line_with(&mut self, text: &str) -> Result<String, String> {
        let deadline = Instant::now() + READY;
        let mut seen = String::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains(text) => return Ok(line),
                Ok(line) => seen = format!("{seen}{line}\n"),
                Err(_) => return Err(format!("the program did not say «{text}»; it said:\n{seen}")),
            }
        }
    }

    /// Waits until it ends by itself, which is an error unless it says that all was well.
    pub(super) fn wait(&mut self) -> Result<(), String> {
        let status = self.child.wait().map_err(|error| error.to_string())?;
        match status.success() {
            true => Ok(()),
            false => Err(format!(
                "the program ended with {status}; see {}",
                self.log.display()
            )),
        }
    }

    /// Ends it: asked first, then by force.
    pub(super) fn end(&mut self) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        let deadline = Instant::now() + Duration::from_secs(10);
        while asked.as_ref().is_ok_and(|it| it.success()) && Instant::now() < deadline {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // It may have ended in between; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
