//! Writing a stdio log: bytes come in, whole lines go to the store.

use weir_status_api::{LogId, LogKind, StepId};
use weir_status_db::{Applied, NewLog, Store, Transition};

use super::lines::LineBuffer;
use crate::error::{Error, Result};

/// Lines that wait together for one write, in bytes.
const FULL: usize = 512 * 1024;

/// Which stream of a command bytes belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    Stdout,
    Stderr,
    Header,
}

/// A stdio log that is being written.
pub(crate) struct LogWriter {
    store: Store,
    log: LogId,
    stdout: LineBuffer,
    stderr: LineBuffer,
    header: LineBuffer,
    lines: String,
}

impl LogWriter {
    /// Starts `step`, with the log `stdio`.
    pub(crate) async fn start_step(store: Store, step: StepId) -> Result<Self> {
        let new = NewLog {
            step,
            name: "stdio".to_owned(),
            kind: LogKind::Stdio,
        };
        let begin = vec![Transition::StartStep(step), Transition::AddLog(new)];
        let begun = store.apply_all(begin).await?;
        let Some(&Applied::Log(log)) = begun.last() else {
            return Err(Error::Answer(format!("{begun:?}")));
        };
        Ok(Self {
            store,
            log,
            stdout: LineBuffer::new(Some('o')),
            stderr: LineBuffer::new(Some('e')),
            header: LineBuffer::new(Some('h')),
            lines: String::new(),
        })
    }

    /// Takes bytes of a command.
    pub(crate) fn push(&mut self, channel: Channel, bytes: &[u8]) {
        let buffer = match channel {
            Channel::Stdout => &mut self.stdout,
            Channel::Stderr => &mut self.stderr,
            Channel::Header => &mut self.header,
        };
        buffer.push(bytes, &mut self.lines);
    }

    /// Adds a line of the master's own words.
    pub(crate) fn say(&mut self, line: &str) {
        self.push(Channel::Header, line.as_bytes());
        self.push(Channel::Header, b"\n");
    }

    /// Whether so much waits that it should be written now.
    pub(crate) fn is_full(&self) -> bool {
        self.lines.len() >= FULL
    }

    /// Writes the whole lines that wait; they are stored when this returns.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        if self.lines.is_empty() {
            return Ok(());
        }
        let lines = std::mem::take(&mut self.lines);
        self.store.apply(Transition::AppendLog(self.log, lines)).await?;
        Ok(())
    }

    /// Ends the lines that a command left open, and writes what waits. The log itself ends with its step.
    pub(crate) async fn end_lines(&mut self) -> Result<()> {
        for buffer in [&mut self.stdout, &mut self.stderr, &mut self.header] {
            buffer.finish(&mut self.lines);
        }
        self.flush().await
    }
}
