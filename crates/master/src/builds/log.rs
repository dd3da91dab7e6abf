//! Writing a stdio log: bytes come in, whole lines go to the store.

use weir_status_api::{Log, LogField, LogId, LogKind, Query, ReadExt, StepId};
use weir_status_db::{Applied, NewLog, Store, Transition};

use super::lines::LineBuffer;
use crate::error::{Error, Result};

/// Lines that wait together for one write, in bytes.
const FULL: usize = 512 * 1024;

/// The name of the log that every step has.
pub(crate) const STDIO: &str = "stdio";

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
    step: StepId,
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
            name: STDIO.to_owned(),
            kind: LogKind::Stdio,
        };
        let begin = vec![Transition::StartStep(step), Transition::AddLog(new)];
        let begun = store.apply_all(begin).await?;
        let Some(&Applied::Log(log)) = begun.last() else {
            return Err(Error::Answer(format!("{begun:?}")));
        };
        Ok(Self {
            store,
            step,
            log,
            stdout: LineBuffer::new(Some('o')),
            stderr: LineBuffer::new(Some('e')),
            header: LineBuffer::new(Some('h')),
            lines: String::new(),
        })
    }

    /// Writes to the step's log of that name from now on, which is opened if there is none.
    pub(crate) async fn switch(&mut self, name: &str) -> Result<()> {
        self.end_lines().await?;
        let query = Query::<Log>::new()
            .eq(LogField::Step, self.step)
            .eq(LogField::Name, name);
        let found = self.store.page(query).await?.items.pop();
        self.log = match found {
            Some(log) => log.id,
            None => self.add(name).await?,
        };
        Ok(())
    }

    async fn add(&self, name: &str) -> Result<LogId> {
        let new = NewLog {
            step: self.step,
            name: name.to_owned(),
            kind: LogKind::Stdio,
        };
        match self.store.apply(Transition::AddLog(new)).await? {
            Applied::Log(log) => Ok(log),
            other => Err(Error::Answer(format!("{other:?}"))),
        }
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
