//! Programs that run beside this one, and what the kernel tells of them.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::Result;

/// How long a program may take to end when it is asked to.
const FAREWELL: Duration = Duration::from_secs(10);
/// Ticks of `/proc/PID/stat` in a second; the same on every Linux.
const TICKS: f64 = 100.0;

/// A program that runs; it, and all it has started, end when this is dropped.
pub(crate) struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts it in a process group of its own; what it writes goes to the file `log`, behind what is there.
    pub(crate) fn start(mut command: Command, log: PathBuf) -> Result<Self> {
        let file = File::options().create(true).append(true).open(&log);
        let (file, second) = file
            .and_then(|file| Ok((file.try_clone()?, file)))
            .map_err(|error| format!("{} cannot be written: {error}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(second)
            .process_group(0)
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", command.get_program().display()))?;
        Ok(Self { child, log })
    }

    /// An error with its last words if it has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("a program ended with {status}; {}", self.last_words())),
            Err(error) => Err(format!("a program's state cannot be told: {error}")),
        }
    }

    /// Where to read what it wrote, and its end.
    pub(crate) fn last_words(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let from = text
            .trim_end()
            .rmatch_indices('\n')
            .nth(9)
            .map_or(0, |(at, _)| at);
        let end = text.get(from..).unwrap_or_default();
        format!("the end of {}:\n{}", self.log.display(), end.trim())
    }

    /// What it has used so far.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let folder = Path::new("/proc").join(self.child.id().to_string());
        let read = |name: &str| {
            fs::read_to_string(folder.join(name)).map_err(|error| format!("/proc tells nothing: {error}"))
        };
        Usage::parse(&read("stat")?, &read("status")?).ok_or_else(|| "/proc is not understood".to_owned())
    }

    /// Kills it and all it has started, without a word.
    pub(crate) fn kill(self) {
        self.signal(Signal::SIGKILL);
    }

    fn signal(&self, signal: Signal) {
        if let Ok(group) = i32::try_from(self.child.id()) {
            // Its processes may have ended just now; then there is nothing to signal.
            let _ = killpg(Pid::from_raw(group), signal);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.signal(Signal::SIGTERM);
            let deadline = Instant::now() + FAREWELL;
            while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        // Whatever it had started and left behind is in its group.
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

/// What a process has used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usage {
    /// Seconds of CPU time, its own and the kernel's for it, since its start.
    pub(crate) cpu_s: f64,
    /// Memory that it holds, in MiB.
    pub(crate) rss_mib: f64,
    /// The most that it has held, in MiB.
    pub(crate) peak_mib: f64,
}

impl Usage {
    /// From `/proc/PID/stat` and `/proc/PID/status`.
    fn parse(stat: &str, status: &str) -> Option<Self> {
        // The name, in parentheses, may hold anything.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut times = fields.split_whitespace().skip(11).map(str::parse::<f64>);
        let cpu_s = (times.next()?.ok()? + times.next()?.ok()?) / TICKS;
        let mib = |name: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kib: f64 = value.split_whitespace().next()?.parse().ok()?;
            Some(kib / 1024.0)
        };
        Some(Self {
            cpu_s,
            rss_mib: mib("VmRSS:")?,
            peak_mib: mib("VmHWM:")?,
        })
    }
}

/// A port of the loopback that is free now.
pub(crate) fn free_port() -> Result<u16> {
    std::net::TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("there is no free port: {error}"))
}

#[cfg(test)]
mod tests {
    use super::Usage;

    #[test]
    fn usage_is_read_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 900 0 0 0 250 50 3 4 20 0 5 0 100 1000 200";
        let status = "Name:\tx\nVmHWM:\t  4096 kB\nVmRSS:\t  2048 kB\n";
        let expected = Usage {
            cpu_s: 3.0,
            rss_mib: 2.0,
            peak_mib: 4.0,
        };
        assert_eq!(Usage::parse(stat, status), Some(expected));
        assert_eq!(Usage::parse("nothing", status), None);
    }
}
