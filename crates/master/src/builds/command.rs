//! Running one command on the build's worker, its output going to the step's log.

use std::time::Duration;

use weir_status_api::StepId;
use weir_status_db::Transition;
use weir_worker_protocol::MESSAGE_OVERHEAD;

use crate::error::Result;
use crate::workers::{CommandEvent, CommandSpec, Order, Outcome, OutputStream, RunningCommand};

use super::Engine;
use super::checkpoint::{CapturedRecord, CommandRecord, Ending};
use super::journal::Journal;
use super::log::{Channel, LogWriter};
use super::secrets::Secrets;
use super::stop::Heed;
use super::test_results::TestResults;

/// How long the worker may take to end a command beyond the grace that it gives it.
const INTERRUPT_DEADLINE: Duration = Duration::from_secs(30);
/// How many bytes may wait unacknowledged because they make no whole line yet.
const PATIENT: usize = 256 * 1024;

/// How a command ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The worker says how.
    Outcome(Outcome),
    /// The worker is gone: why.
    Lost(String),
}

impl End {
    /// The same without values of secrets.
    fn masked(self, secrets: &Secrets) -> Self {
        match self {
            Self::Lost(why) => Self::Lost(secrets.mask(&why)),
            Self::Outcome(Outcome::CouldNotStart(why)) => {
                Self::Outcome(Outcome::CouldNotStart(secrets.mask(&why)))
            }
            Self::Outcome(Outcome::Interrupted(why)) => {
                Self::Outcome(Outcome::Interrupted(secrets.mask(&why)))
            }
            other => other,
        }
    }
}

/// A command that runs for a step.
pub(crate) struct Execution<'e> {
    pub(crate) engine: &'e Engine,
    pub(crate) step: StepId,
    pub(crate) worker: &'e str,
    pub(crate) stop: Heed<'e>,
    pub(crate) log: &'e mut LogWriter,
    /// Who else reads the standard output.
    pub(crate) reader: Reader<'e>,
    /// The names of the files that are followed.
    pub(crate) files: Vec<String>,
}

/// Who reads the standard output of a command beside its log.
pub(crate) enum Reader<'e> {
    /// Nobody.
    Nobody,
    /// The master, which wants its beginning.
    Captured(&'e mut Captured),
    /// Who looks for results of tests.
    Tests(&'e mut TestResults),
}

impl Reader<'_> {
    /// Whether the output is not for the log.
    fn hides_output(&self) -> bool {
        matches!(self, Self::Captured(captured) if captured.is_hidden)
    }
}

/// The beginning of a command's standard output.
#[derive(Debug)]
pub(crate) struct Captured {
    pub(crate) bytes: Vec<u8>,
    /// How many bytes are kept.
    most: usize,
    /// How many of them are stored.
    stored: usize,
    /// Whether there were more.
    pub(crate) is_cut: bool,
    /// Whether they are not for the log.
    is_hidden: bool,
    /// Whether the standard error is kept too, each piece after its stream and length.
    has_both: bool,
}

impl Captured {
    /// Keeps up to `most` bytes.
    pub(crate) fn up_to(most: usize) -> Self {
        Self {
            bytes: vec![],
            most,
            stored: 0,
            is_cut: false,
            is_hidden: false,
            has_both: false,
        }
    }

    /// Keeps the standard error as well: [`Captured::both`] gives them.
    pub(crate) fn with_stderr(self) -> Self {
        Self {
            has_both: true,
            ..self
        }
    }

    /// The standard output and the standard error.
    pub(crate) fn both(&self) -> (Vec<u8>, Vec<u8>) {
        let (mut stdout, mut stderr) = (vec![], vec![]);
        let mut rest = self.bytes.as_slice();
        while let Some((&[stream, a, b, c, d], after)) = rest.split_first_chunk() {
            let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
            // The last piece may be cut.
            let (piece, after) = after.split_at(length.min(after.len()));
            match stream {
                0 => stdout.extend_from_slice(piece),
                _ => stderr.extend_from_slice(piece),
            }
            rest = after;
        }
        (stdout, stderr)
    }

    fn take(&mut self, channel: Channel, bytes: &[u8]) {
        match (channel, self.has_both) {
            (Channel::Header | Channel::File(_), _) | (Channel::Stderr, false) => {}
            (Channel::Stdout, false) => self.push(bytes),
            (_, true) => {
                let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                self.push(&[u8::from(channel == Channel::Stderr)]);
                self.push(&length.to_le_bytes());
                self.push(bytes);
            }
        }
    }

    /// Leaves them out of the log.
    pub(crate) fn hidden(self) -> Self {
        Self {
            is_hidden: true,
            ..self
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = self.most - self.bytes.len();
        self.is_cut |= bytes.len() > room;
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// What is not stored yet, to be stored as the piece of the next checkpoint.
    fn save(&mut self, journal: &mut Journal) -> Option<Vec<u8>> {
        let number = journal.next_number();
        let record = &mut journal.command_mut()?.captured;
        let piece = self.bytes.get(self.stored..).filter(|it| !it.is_empty());
        if piece.is_some() {
            let first = record.map_or(number, |it| it.first);
            *record = Some(CapturedRecord {
                first,
                last: number,
                is_cut: self.is_cut,
            });
        } else if let Some(record) = record {
            record.is_cut = self.is_cut;
        }
        let piece = piece.map(<[u8]>::to_vec);
        self.stored = self.bytes.len();
        piece
    }

    fn restore(&mut self, journal: &Journal) {
        if let Some(record) = journal.command().and_then(|it| it.captured) {
            self.is_cut = record.is_cut;
            self.bytes = journal.captured(record).flatten().copied().collect();
            self.stored = self.bytes.len();
        }
    }
}

impl Execution<'_> {
    /// Runs the command to its end; or goes on with it, if an earlier life of the master has started it; or only gives
    /// its end, if it has ended. What it wrote is stored when this returns.
    pub(crate) async fn run(mut self, spec: CommandSpec) -> Result<End> {
        if let Some(end) = self.log.journal.ask() {
            self.reader.restore(&self.log.journal);
            return Ok(end);
        }
        self.files = spec.files.iter().map(|it| it.name.clone()).collect();
        let patience = INTERRUPT_DEADLINE + spec.interrupt_grace;
        let command = match self.log.journal.adopted() {
            Some(command) => {
                self.reader.restore(&self.log.journal);
                self.log.go_on();
                command.start_as(spec);
                Ok(command)
            }
            None => self.start(spec).await?,
        };
        match command {
            Ok(command) => self.follow(command, patience).await,
            Err(why) => self.end(End::Lost(why), None).await,
        }
    }

    /// Starts the command; that it may run is stored before. The inner error says why the worker cannot.
    async fn start(&mut self, spec: CommandSpec) -> Result<Result<RunningCommand, String>> {
        if self.log.journal.command().is_none() {
            let process = tokio::select! {
                process = self.engine.workers.process(self.worker) => process,
                () = self.stop.wait() => return Ok(Err("the build was stopped before the command began".to_owned())),
            };
            let instance = match process {
                Ok(instance) => instance,
                Err(gone) => return Ok(Err(gone.to_string())),
            };
            let place = self.log.journal.place();
            let record = self.engine.command_record(self.step, place, instance);
            self.log.journal.record.commands.push(record);
            self.log.commit(vec![], None).await?;
        }
        let Some(record) = self.log.journal.command() else {
            return Ok(Err("the command has no record".to_owned()));
        };
        let order = Order {
            id: record.id.clone(),
            instance: record.instance.clone(),
        };
        Ok(Ok(self.engine.workers.start(self.worker, order, spec)))
    }

    async fn follow(&mut self, mut command: RunningCommand, patience: Duration) -> Result<End> {
        // What nobody sees tells how long its parts are.
        self.log.keep_lengths(self.reader.hides_output());
        let mut stopping = false;
        // The last piece of output that is not stored yet, how much there is of it, and how long it may wait.
        let mut unstored: Option<u64> = None;
        let mut bytes_unstored = 0;
        let mut lingers = false;
        let linger = tokio::time::sleep(Duration::ZERO);
        let deadline = tokio::time::sleep(Duration::ZERO);
        tokio::pin!(linger, deadline);
        loop {
            let event = tokio::select! {
                biased;
                () = self.stop.wait(), if !stopping => {
                    stopping = true;
                    let why = self.stop.told().map_or("stopped", |(_, why)| why);
                    command.interrupt(why);
                    deadline.as_mut().reset(tokio::time::Instant::now() + patience);
                    continue;
                }
                () = &mut deadline, if stopping => {
                    let why = "the worker did not end the command in time".to_owned();
                    return self.end(End::Lost(why), unstored).await;
                }
                () = &mut linger, if lingers => None,
                event = command.next() => Some(event),
            };
            match event {
                Some(CommandEvent::Output {
                    stream,
                    bytes,
                    sequence,
                }) => {
                    self.take(sequence, stream, &bytes).await?;
                    if !lingers {
                        lingers = true;
                        linger
                            .as_mut()
                            .reset(tokio::time::Instant::now() + self.log.linger());
                    }
                    unstored = Some(sequence);
                    bytes_unstored += bytes.len() + MESSAGE_OVERHEAD;
                    if !self.log.is_full() {
                        continue;
                    }
                }
                Some(CommandEvent::Read { offset, .. }) => {
                    command.feed(offset, Err("there is no file for it".to_owned()));
                    continue;
                }
                Some(CommandEvent::Finished { outcome, sequence }) => {
                    let end = self.end(End::Outcome(outcome), Some(sequence)).await?;
                    command.acknowledge(sequence);
                    return Ok(end);
                }
                Some(CommandEvent::Lost(why)) => return self.end(End::Lost(why), unstored).await,
                None => {}
            }
            lingers = false;
            // The beginning of a line shows nowhere, so its worker may hold it for a while.
            if self.log.is_empty() && self.reader.is_quiet() && bytes_unstored < PATIENT {
                continue;
            }
            if unstored.take().is_some() {
                command.acknowledge(self.store().await?);
                bytes_unstored = 0;
            }
        }
    }

    async fn take(&mut self, sequence: u64, stream: OutputStream, bytes: &[u8]) -> Result<()> {
        let channel = match stream {
            OutputStream::Stdout => Channel::Stdout,
            OutputStream::Stderr => Channel::Stderr,
            OutputStream::Header => Channel::Header,
            OutputStream::File(name) if self.files.contains(&name) => self.log.file(&name).await?,
            // Nobody asked for it.
            OutputStream::File(_) | OutputStream::Data => return Ok(()),
        };
        let seen = self.log.take(sequence, channel, bytes);
        self.show(channel, &seen);
        Ok(())
    }

    /// Hands on what of the output can be seen.
    fn show(&mut self, channel: Channel, seen: &[u8]) {
        let is_hidden = channel == Channel::Stdout && self.reader.hides_output();
        if !is_hidden {
            self.log.write(channel, seen);
        }
        match &mut self.reader {
            Reader::Captured(captured) => captured.take(channel, seen),
            Reader::Tests(tests) if channel == Channel::Stdout => tests.push(seen),
            Reader::Nobody | Reader::Tests(_) => {}
        }
    }

    /// Stores what was taken; gives the event up to which the worker may forget them.
    async fn store(&mut self) -> Result<u64> {
        self.log.spare_worker(PATIENT as u64);
        let (transitions, piece) = self.reader.save(&mut self.log.journal).await?;
        self.log.commit(transitions, piece).await?;
        Ok(self.log.journal.command().map_or(0, |it| it.received))
    }

    /// Stores what was taken, up to the event `received`, and that the command has ended so.
    async fn end(&mut self, end: End, received: Option<u64>) -> Result<End> {
        let end = end.masked(self.log.secrets());
        for (channel, rest) in self.log.end_streams(received) {
            self.show(channel, &rest);
        }
        self.log.close_lines();
        if self.log.journal.command().is_none() {
            self.log.journal.record.commands.push(CommandRecord::default());
        }
        if let Some(record) = self.log.journal.command_mut() {
            record.ahead.clear();
            record.ending = Some(Ending::of(&end));
        }
        let (transitions, piece) = self.reader.save(&mut self.log.journal).await?;
        self.log.commit(transitions, piece).await?;
        Ok(end)
    }
}

impl Reader<'_> {
    /// Whether it has nothing to be stored.
    fn is_quiet(&self) -> bool {
        match self {
            Self::Nobody => true,
            Self::Captured(captured) => captured.stored == captured.bytes.len(),
            Self::Tests(tests) => tests.is_quiet(),
        }
    }

    /// Notes in the record of the command how far it has read; gives what is to be stored with it.
    async fn save(&mut self, journal: &mut Journal) -> Result<(Vec<Transition>, Option<Vec<u8>>)> {
        match self {
            Self::Nobody => Ok((vec![], None)),
            Self::Captured(captured) => Ok((vec![], captured.save(journal))),
            Self::Tests(tests) => Ok((tests.save(journal).await?, None)),
        }
    }

    /// Goes on where the record of the command says.
    fn restore(&mut self, journal: &Journal) {
        match self {
            Self::Nobody => {}
            Self::Captured(captured) => captured.restore(journal),
            Self::Tests(tests) => tests.restore(journal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_streams_come_back_apart() {
        let mut captured = Captured::up_to(22).with_stderr();
        captured.take(Channel::Stdout, b"one");
        captured.take(Channel::Header, b"no");
        captured.take(Channel::Stderr, b"two");
        captured.take(Channel::Stdout, b"three");
        assert!(captured.is_cut);
        assert_eq!(captured.both(), (b"onet".to_vec(), b"two".to_vec()));
        let mut one = Captured::up_to(22);
        one.take(Channel::Stderr, b"two");
        one.take(Channel::Stdout, b"one");
        assert_eq!(one.bytes, b"one");
    }
}
