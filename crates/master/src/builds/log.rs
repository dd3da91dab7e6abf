//! Writing a stdio log: bytes come in, whole lines go to the store, with the record of how far the step has come.

use std::borrow::Cow;
use std::sync::Arc;

use weir_status_api::{Log, LogField, LogId, LogKind, Query, ReadExt, StepId};
use weir_status_db::{Applied, Error as StoreError, NewLog, Store, Transition};

use super::checkpoint::{Checkpoint, CommandRecord, Ending, Tail};
use super::command::End;
use super::journal::{Journal, Left};
use super::lines::LineBuffer;
use super::patience::{self, Patience};
use super::secrets::{Masker, Secrets};
use super::unsettled::Unsettled;
use crate::error::{Error, Result};

/// Lines that wait together for one write, in bytes.
const FULL: usize = 512 * 1024;

/// The name of the log that every step has.
pub(crate) const STDIO: &str = "stdio";

/// Which stream of a command bytes belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    Stdout,
    Stderr,
    Header,
}

impl Channel {
    const ALL: [Self; 3] = [Self::Stdout, Self::Stderr, Self::Header];

    /// Its number in records.
    pub(super) const fn number(self) -> u32 {
        match self {
            Self::Stdout => 1,
            Self::Stderr => 2,
            Self::Header => 3,
        }
    }

    /// The channel of that number.
    pub(super) fn of_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.number() == number)
    }
}

/// One channel of a log.
struct Stream {
    channel: Channel,
    masker: Masker,
    lines: LineBuffer,
}

/// A stdio log that is being written.
pub(crate) struct LogWriter {
    store: Store,
    step: StepId,
    log: LogId,
    streams: [Stream; 3],
    lines: String,
    secrets: Arc<Secrets>,
    /// What came of the command that runs.
    unsettled: Unsettled,
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
        secrets: Arc<Secrets>,
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
        Ok(Self::of(store, step, log, journal, secrets))
    }

    /// Goes on with a step and its log.
    pub(super) fn resume(store: Store, step: StepId, left: Left, secrets: Arc<Secrets>) -> Self {
        let log = left.log;
        let journal = Journal::resume(store.clone(), step, left);
        Self::of(store, step, log, journal, secrets)
    }

    fn of(store: Store, step: StepId, log: LogId, journal: Journal, secrets: Arc<Secrets>) -> Self {
        let record = &journal.record;
        let stream = |channel, letter, tail: &Option<Tail>| Stream {
            channel,
            masker: Masker::new(secrets.patterns()),
            lines: Tail::restore(tail.as_ref(), LineBuffer::new(Some(letter))),
        };
        Self {
            store,
            step,
            log,
            streams: [
                stream(Channel::Stdout, 'o', &record.stdout),
                stream(Channel::Stderr, 'e', &record.stderr),
                stream(Channel::Header, 'h', &record.header),
            ],
            lines: String::new(),
            secrets,
            unsettled: Unsettled::default(),
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

    /// Whether an earlier life of the master has begun the step.
    pub(super) fn is_resumed(&self) -> bool {
        self.journal.is_resumed()
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

    /// Goes on with the command that was asked for last, which an earlier life of the master has started.
    pub(super) fn go_on(&mut self) {
        let ahead = self.journal.command().map(|it| it.ahead.clone());
        let ahead = ahead.unwrap_or_default();
        self.unsettled = Unsettled::after(&ahead);
        for record in &ahead {
            let Some(channel) = record.channel() else {
                continue;
            };
            let (patterns, held) = (self.secrets.patterns(), record.held());
            self.stream(channel).masker = match held.bytes {
                0 => Masker::after(patterns, &held),
                _ => Masker::without(patterns, &held),
            };
        }
    }

    /// Whether hidden parts of a command's standard output keep their lengths, for who reads that beside the log.
    pub(super) fn keep_lengths(&mut self, keeps_lengths: bool) {
        self.stream(Channel::Stdout).masker.keep_length(keeps_lengths);
    }

    /// Takes a message of the running command; gives what of the bytes can be seen now, for the log and whoever else
    /// reads them.
    pub(super) fn take<'b>(&mut self, sequence: u64, channel: Channel, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let fresh = self.unsettled.take(sequence, channel, bytes);
        self.mask(channel, fresh)
    }

    /// Takes bytes of a command of the master's own.
    pub(crate) fn push(&mut self, channel: Channel, bytes: &[u8]) {
        let seen = self.mask(channel, bytes);
        self.write(channel, &seen);
    }

    fn mask<'b>(&mut self, channel: Channel, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let patterns = self.secrets.patterns();
        let masker = &mut self.stream(channel).masker;
        masker.learn(&patterns);
        masker.push(bytes)
    }

    /// Writes bytes that can be seen.
    pub(super) fn write(&mut self, channel: Channel, bytes: &[u8]) {
        let Self { streams, lines, .. } = self;
        if let Some(stream) = streams.iter_mut().find(|it| it.channel == channel) {
            stream.lines.push(bytes, lines);
        }
    }

    fn stream(&mut self, channel: Channel) -> &mut Stream {
        let [stdout, stderr, header] = &mut self.streams;
        match channel {
            Channel::Stdout => stdout,
            Channel::Stderr => stderr,
            Channel::Header => header,
        }
    }

    /// Nothing more comes of the running command, whose last message is `received`; gives what of its channels was held
    /// back and can be seen now.
    pub(super) fn end_streams(&mut self, received: Option<u64>) -> Vec<(Channel, Vec<u8>)> {
        let last = self.unsettled.give_up();
        if let Some(record) = self.journal.command_mut() {
            record.received = received.or(last).unwrap_or(record.received);
        }
        let rest = self.streams.iter_mut().map(|it| {
            let rest = it.masker.finish();
            it.masker.keep_length(false);
            (it.channel, rest)
        });
        rest.filter(|(_, rest)| !rest.is_empty()).collect()
    }

    /// Gives up on getting again what is held back, if a command's worker has kept too much for its sake.
    pub(super) fn spare_worker(&mut self, most: u64) {
        if self.unsettled.bytes() > most
            && let Some(last) = self.unsettled.give_up()
            && let Some(record) = self.journal.command_mut()
        {
            record.received = last;
        }
    }

    /// Adds a line of the master's own words.
    pub(crate) fn say(&mut self, line: &str) {
        if !self.journal.says() {
            self.tell(line);
        }
    }

    /// As [`LogWriter::say`], also if it has been said before.
    pub(crate) fn tell(&mut self, line: &str) {
        let line = self.secrets.mask(line);
        self.write(Channel::Header, line.as_bytes());
        self.write(Channel::Header, b"\n");
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
        let held = self.streams.iter().map(|it| (it.channel, it.masker.held()));
        let (received, ahead) = self.unsettled.settle(held);
        let running = self.journal.command_mut().filter(|it| it.ending.is_none());
        if let Some(record) = running {
            record.received = received.unwrap_or(record.received);
            record.ahead = ahead;
        }
        let record = &mut self.journal.record;
        let [stdout, stderr, header] = &self.streams;
        record.stdout = Tail::of(&stdout.lines);
        record.stderr = Tail::of(&stderr.lines);
        record.header = Tail::of(&header.lines);
        self.journal.commit(transitions, piece).await
    }

    /// Makes whole lines of those that a command left open.
    pub(super) fn close_lines(&mut self) {
        for (channel, rest) in self.end_streams(None) {
            self.write(channel, &rest);
        }
        let Self { streams, lines, .. } = self;
        for stream in streams {
            stream.lines.finish(lines);
        }
    }

    /// The secrets of the build.
    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Ends the lines that a command left open, and writes what waits. The log itself ends with its step.
    pub(crate) async fn end_lines(&mut self) -> Result<()> {
        self.close_lines();
        self.flush().await
    }
}
