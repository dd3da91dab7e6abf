//! What a step's logs are given: bytes and the master's own words become lines, and lines are stored.

use std::borrow::Cow;
use std::time::Duration;

use weir_status_db::Transition;

use super::super::checkpoint::{FileRecord, Tail};
use super::super::lines::LineBuffer;
use super::super::observe::Observer;
use super::super::secrets::{Held, Masker, Secrets};
use super::{Channel, LogWriter};
use crate::error::Result;

/// Lines that wait together for one write, in bytes.
const FULL: usize = 512 * 1024;
/// How long they may wait.
const LINGER: Duration = Duration::from_millis(50);
/// How long they may wait if somebody observes them.
const OBSERVED_LINGER: Duration = Duration::from_millis(250);

impl LogWriter {
    /// Whether hidden parts of a command's standard output keep their lengths, for who reads that beside the log.
    pub(in crate::builds) fn keep_lengths(&mut self, keeps_lengths: bool) {
        if let Some(masker) = self.masker(Channel::Stdout) {
            masker.keep_length(keeps_lengths);
        }
    }

    /// Takes a message of the running command; gives what of the bytes can be seen now, for the log and whoever else
    /// reads them.
    pub(in crate::builds) fn take<'b>(
        &mut self,
        sequence: u64,
        channel: Channel,
        bytes: &'b [u8],
    ) -> Cow<'b, [u8]> {
        let fresh = self.unsettled.take(sequence, channel, bytes);
        self.mask(channel, fresh)
    }

    /// Takes a message of the running command with what it is for; gives what of the bytes did not come before.
    pub(in crate::builds) fn take_data<'b>(&mut self, sequence: u64, bytes: &'b [u8]) -> &'b [u8] {
        self.unsettled.take(sequence, Channel::Data, bytes)
    }

    /// Nothing of the running command's message of that sequence has to be stored.
    pub(in crate::builds) fn settle(&mut self, sequence: u64) {
        self.unsettled.take(sequence, Channel::Data, &[]);
    }

    /// Takes bytes of a command of the master's own.
    pub(crate) fn push(&mut self, channel: Channel, bytes: &[u8]) {
        let seen = self.mask(channel, bytes);
        self.write(channel, &seen);
    }

    fn mask<'b>(&mut self, channel: Channel, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let patterns = self.secrets.patterns();
        let Some(masker) = self.masker(channel) else {
            return Cow::Borrowed(&[]);
        };
        masker.learn(&patterns);
        masker.push(bytes)
    }

    /// Writes bytes that can be seen.
    pub(in crate::builds) fn write(&mut self, channel: Channel, bytes: &[u8]) {
        self.add_lines(channel, |buffer, lines| buffer.push(bytes, lines));
    }

    /// Adds what `take` takes from the channel to its log, as far as that may grow.
    fn add_lines(&mut self, channel: Channel, take: impl FnOnce(&mut LineBuffer, &mut String)) {
        let Some(stream) = self.streams.iter_mut().find(|it| it.channel == channel) else {
            return;
        };
        let log = stream.file.as_ref().map_or(self.log, |(_, log)| *log);
        if let Some(output) = self.outputs.iter_mut().find(|it| it.log == log) {
            let observer = self.observer.as_mut().filter(|_| channel.is_observed());
            if !output.limited.has_limit() && observer.is_none() {
                take(&mut stream.lines, &mut output.lines);
                return;
            }
            let mut lines = String::new();
            take(&mut stream.lines, &mut lines);
            // It sees what the log leaves out as well.
            if let Some(observer) = observer {
                observer.take(&lines);
            }
            output.limited.admit(&lines, &mut output.lines);
        }
    }

    pub(super) fn masker(&mut self, channel: Channel) -> Option<&mut Masker> {
        let mut streams = self.streams.iter_mut();
        streams.find(|it| it.channel == channel).map(|it| &mut it.masker)
    }

    /// Nothing more comes of the running command, whose last message is `received`; gives what of its channels was held
    /// back and can be seen now.
    pub(in crate::builds) fn end_streams(&mut self, received: Option<u64>) -> Vec<(Channel, Vec<u8>)> {
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
    pub(in crate::builds) fn spare_worker(&mut self, most: u64) {
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
        let to_be_seen = self.observer.as_ref().map_or(0, Observer::waits);
        let to_be_written: usize = self.outputs.iter().map(|it| it.lines.len()).sum();
        to_be_written.max(to_be_seen) >= FULL
    }

    /// Whether no whole line waits.
    pub(in crate::builds) fn is_empty(&self) -> bool {
        let is_seen = self.observer.as_ref().is_none_or(|it| it.waits() == 0);
        is_seen && self.outputs.iter().all(|it| it.lines.is_empty())
    }

    /// How long output may wait for more, before it is written. An observer is not asked more often than that.
    pub(crate) fn linger(&self) -> Duration {
        match self.observer {
            Some(_) => OBSERVED_LINGER,
            None => LINGER,
        }
    }

    /// Writes the whole lines that wait; they are stored when this returns.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        if self.is_empty() {
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
    pub(in crate::builds) async fn commit(
        &mut self,
        transitions: Vec<Transition>,
        piece: Option<Vec<u8>>,
    ) -> Result<()> {
        let observed = self.observe().await?;
        let waiting = self.outputs.iter_mut().filter(|it| !it.lines.is_empty());
        let mut all: Vec<_> = waiting
            .map(|it| Transition::AppendLog(it.log, std::mem::take(&mut it.lines)))
            .collect();
        all.extend(observed);
        all.extend(transitions);
        let held = self.streams.iter().map(|it| (it.channel, it.masker.held()));
        let held = held.chain([(Channel::Data, Held::default())]);
        let (received, ahead) = self.unsettled.settle(held);
        let running = self.journal.command_mut().filter(|it| it.ending.is_none());
        if let Some(record) = running {
            record.received = received.unwrap_or(record.received);
            record.ahead = ahead;
        }
        self.note_lines();
        self.journal.commit(all, piece).await
    }

    /// Notes in the record what is not stored as lines.
    fn note_lines(&mut self) {
        let record = &mut self.journal.record;
        record.limits = self
            .outputs
            .iter()
            .filter_map(|it| it.limited.record(it.log.0))
            .collect();
        record.files.clear();
        for stream in &self.streams {
            let tail = Tail::of(&stream.lines);
            match (stream.channel, &stream.file) {
                (Channel::Stdout, _) => record.stdout = tail,
                (Channel::Stderr, _) => record.stderr = tail,
                (Channel::Header, _) => record.header = tail,
                (Channel::File(_), Some((name, log))) => record.files.push(FileRecord {
                    name: name.clone(),
                    log: log.0,
                    tail,
                }),
                (Channel::Data | Channel::File(_), None) | (Channel::Data, Some(_)) => {}
            }
        }
    }

    /// Makes whole lines of those that a command left open.
    pub(in crate::builds) fn close_lines(&mut self) {
        for (channel, rest) in self.end_streams(None) {
            self.write(channel, &rest);
        }
        let channels: Vec<_> = self.streams.iter().map(|it| it.channel).collect();
        for channel in channels {
            self.add_lines(channel, LineBuffer::finish);
        }
    }

    /// The secrets of the build.
    pub(in crate::builds) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Ends the lines that a command left open, and writes what waits. The log itself ends with its step.
    pub(crate) async fn end_lines(&mut self) -> Result<()> {
        self.close_lines();
        self.flush().await
    }

    /// Ends the step's logs: writes what waits, and the ends of those that had too much.
    pub(in crate::builds) async fn end_logs(&mut self) -> Result<()> {
        self.close_lines();
        for output in &mut self.outputs {
            output.limited.finish(&mut output.lines);
        }
        self.flush().await
    }
}
