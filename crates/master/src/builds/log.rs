//! Writing a stdio log: bytes come in, whole lines go to the store, with the record of how far the step has come.

use weir_status_api::{Log, LogField, LogId, LogKind, Query, ReadExt, StepId};
use weir_status_db::{Applied, Error as StoreError, NewLog, Store, Transition};

use super::checkpoint::{Checkpoint, CommandRecord, Ending, Tail};
use super::command::End;
use super::journal::{Journal, Left};
use super::lines::LineBuffer;
use super::patience::{self, Patience};
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
    pub(super) journal: Journal,
}

impl LogWriter {
    /// Starts `step`, with the log `stdio`. `first` is the step's first command, which may be started from now on:
    /// known in advance, it costs no transaction of its own.
    pub(super) async fn start_step(
        store: Store,
        step: StepId,
        heeds_cancel: bool,
        first: Option<CommandRecord>,
    ) -> Result<Self> {
        let record = Checkpoint {
            heeds_cancel,
            commands: first.into_iter().collect(),
            ..Checkpoint::default()
        };
        let mut journal = Journal::new(store.clone(), step, record);
        let new = NewLog {
            step,
            name: STDIO.to_owned(),
            kind: LogKind::Stdio,
        };
        let begin = vec![
            Transition::StartStep(step),
            Transition::AddLog(new),
            journal.next_checkpoint(None),
        ];
        let mut patience = Patience::new();
        let mut is_doubtful = false;
        let log = loop {
            match store.apply_all(begin.clone()).await {
                Ok(begun) => match begun.as_slice() {
                    [_, Applied::Log(log), _] => break *log,
                    _ => return Err(Error::Answer(format!("{begun:?}"))),
                },
                Err(StoreError::Conflict { .. }) if is_doubtful => {
                    break super::left::log_of(&store, step).await?;
                }
                Err(error) if patience.outlasts(&error).await => is_doubtful = true,
                Err(error) => return Err(error.into()),
            }
        };
        journal.has_begun();
        Ok(Self::of(store, step, log, journal))
    }

    /// Goes on with a step and its log.
    pub(super) fn resume(store: Store, step: StepId, left: Left) -> Self {
        let log = left.log;
        Self::of(store.clone(), step, log, Journal::resume(store, step, left))
    }

    fn of(store: Store, step: StepId, log: LogId, journal: Journal) -> Self {
        let buffer =
            |letter, tail: &Option<Tail>| Tail::restore(tail.as_ref(), LineBuffer::new(Some(letter)));
        Self {
            store,
            step,
            log,
            stdout: buffer('o', &journal.record.stdout),
            stderr: buffer('e', &journal.record.stderr),
            header: buffer('h', &journal.record.header),
            lines: String::new(),
            journal,
        }
    }

    /// Writes to the step's log of that name from now on, which is opened if there is none.
    pub(crate) async fn switch(&mut self, name: &str) -> Result<()> {
        // What waits while the step is replayed belongs to the command that runs.
        if !self.journal.is_replaying() {
            self.end_lines().await?;
        }
        let query = Query::<Log>::new()
            .eq(LogField::Step, self.step)
            .eq(LogField::Name, name);
        let new = NewLog {
            step: self.step,
            name: name.to_owned(),
            kind: LogKind::Stdio,
        };
        let mut patience = Patience::new();
        self.log = loop {
            let found = patience::read(|| self.store.page(query.clone()))
                .await?
                .items
                .pop();
            if let Some(log) = found {
                break log.id;
            }
            match self.store.apply(Transition::AddLog(new.clone())).await {
                Ok(Applied::Log(log)) => break log,
                Ok(other) => return Err(Error::Answer(format!("{other:?}"))),
                Err(error) if patience.outlasts(&error).await => {}
                Err(error) => return Err(error.into()),
            }
        };
        Ok(())
    }

    /// Whether what the step's code does now was done by an earlier life of the master, as far as is known.
    pub(crate) fn is_replaying(&self) -> bool {
        self.journal.is_replaying()
    }

    /// The step is about to run a command on the master itself, which ends with the master. Gives how it ended, if an
    /// earlier life of the master has run it; with `rerun`, one that it had not seen end is run again.
    pub(crate) async fn begin_own(&mut self, rerun: bool) -> Result<Option<End>> {
        if let Some(end) = self.journal.ask() {
            return Ok(Some(end));
        }
        if self.journal.command().is_some() {
            if rerun {
                return Ok(None);
            }
            let lost = End::Lost("the master was started anew while it ran the command".to_owned());
            return self.end_own(lost).await.map(Some);
        }
        self.journal.record.commands.push(CommandRecord::default());
        self.commit(vec![], None).await?;
        Ok(None)
    }

    /// Such a command has ended.
    pub(crate) async fn end_own(&mut self, end: End) -> Result<End> {
        self.close_lines();
        if let Some(record) = self.journal.command_mut() {
            record.ending = Some(Ending::of(&end));
        }
        self.commit(vec![], None).await?;
        Ok(end)
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
        if self.journal.says() {
            return;
        }
        self.push(Channel::Header, line.as_bytes());
        self.push(Channel::Header, b"\n");
    }

    /// Whether so much waits that it should be written now.
    pub(crate) fn is_full(&self) -> bool {
        self.lines.len() >= FULL
    }

    /// Whether no whole line waits.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Writes the whole lines that wait; they are stored when this returns.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        if self.lines.is_empty() {
            return Ok(());
        }
        self.commit(vec![], None).await
    }

    /// Stores `transitions` in one transaction with the lines that wait, and with the record that says so: when the
    /// master is started anew in the middle of the step, they are not stored again. For what a step stores by itself,
    /// beside what comes with its end.
    pub(crate) async fn once(&mut self, transitions: Vec<Transition>) -> Result<()> {
        if self.journal.does() {
            return Ok(());
        }
        self.commit(transitions, None).await
    }

    /// Stores what waits and `transitions` with the record of how far the step has come, and `piece` beside it.
    pub(super) async fn commit(
        &mut self,
        mut transitions: Vec<Transition>,
        piece: Option<Vec<u8>>,
    ) -> Result<()> {
        if !self.lines.is_empty() {
            let lines = std::mem::take(&mut self.lines);
            transitions.insert(0, Transition::AppendLog(self.log, lines));
        }
        let record = &mut self.journal.record;
        record.stdout = Tail::of(&self.stdout);
        record.stderr = Tail::of(&self.stderr);
        record.header = Tail::of(&self.header);
        self.journal.commit(transitions, piece).await
    }

    /// Makes whole lines of those that a command left open.
    pub(super) fn close_lines(&mut self) {
        for buffer in [&mut self.stdout, &mut self.stderr, &mut self.header] {
            buffer.finish(&mut self.lines);
        }
    }

    /// Ends the lines that a command left open, and writes what waits. The log itself ends with its step.
    pub(crate) async fn end_lines(&mut self) -> Result<()> {
        self.close_lines();
        self.flush().await
    }
}
