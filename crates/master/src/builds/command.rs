//! Running one command on the build's worker, its output going to the step's log.

use std::time::Duration;

use bytes::Bytes;
use weir_status_api::StepId;
use weir_status_db::Transition;
use weir_worker_protocol::MESSAGE_OVERHEAD;

use crate::error::Result;
use crate::workers::{CommandEvent, CommandSpec, Order, Outcome, OutputStream, RunningCommand};

use super::Engine;
use super::captured::Captured;
use super::checkpoint::{CommandRecord, Ending};
use super::files_step::{Given, Received};
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
    /// Who stores the file that the command sends.
    Received(&'e mut Received),
    /// Who has the file that the command takes.
    Given(&'e mut Given),
}

impl Reader<'_> {
    /// Whether the output is not for the log.
    fn hides_output(&self) -> bool {
        matches!(self, Self::Captured(captured) if captured.is_hidden())
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
        // The last piece that the command was given; that it says something more means that it has that.
        let mut answered: Option<u64> = None;
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
            if event.is_some()
                && let Some(sequence) = answered.take()
            {
                self.log.settle(sequence);
                unstored = Some(sequence);
                bytes_unstored += MESSAGE_OVERHEAD;
                if !lingers {
                    lingers = true;
                    linger.as_mut().reset(self.linger());
                }
            }
            match event {
                Some(CommandEvent::Output {
                    stream,
                    bytes,
                    sequence,
                }) => {
                    self.take(sequence, stream, &bytes).await?;
                    if !lingers {
                        lingers = true;
                        linger.as_mut().reset(self.linger());
                    }
                    unstored = Some(sequence);
                    bytes_unstored += bytes.len() + MESSAGE_OVERHEAD;
                    if !self.log.is_full() && !self.reader.is_full() {
                        continue;
                    }
                }
                Some(CommandEvent::Read {
                    offset,
                    most,
                    sequence,
                }) => {
                    let piece = self.reader.read(offset, most).await;
                    if self.reader.begins() {
                        self.store().await?;
                    }
                    command.feed(offset, piece);
                    answered = Some(sequence);
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
            if let Some(why) = self.reader.gave_up().filter(|_| !stopping) {
                stopping = true;
                command.interrupt(why);
                deadline.as_mut().reset(tokio::time::Instant::now() + patience);
            }
        }
    }

    /// Until when what was taken may wait for more.
    fn linger(&self) -> tokio::time::Instant {
        tokio::time::Instant::now() + self.log.linger()
    }

    async fn take(&mut self, sequence: u64, stream: OutputStream, bytes: &[u8]) -> Result<()> {
        let channel = match stream {
            OutputStream::Stdout => Channel::Stdout,
            OutputStream::Stderr => Channel::Stderr,
            OutputStream::Header => Channel::Header,
            OutputStream::File(name) if self.files.contains(&name) => self.log.file(&name).await?,
            OutputStream::Data => {
                let fresh = self.log.take_data(sequence, bytes);
                self.reader.take_data(fresh);
                return Ok(());
            }
            // Nobody asked for it.
            OutputStream::File(_) => return Ok(()),
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
            Reader::Nobody | Reader::Tests(_) | Reader::Received(_) | Reader::Given(_) => {}
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
    /// Takes what the command is for.
    fn take_data(&mut self, bytes: &[u8]) {
        match self {
            Self::Captured(captured) => captured.take_data(bytes),
            Self::Received(received) => received.take(bytes),
            Self::Nobody | Self::Tests(_) | Self::Given(_) => {}
        }
    }

    /// What begins at `offset` in the command's file, `most` bytes at most; none at its end.
    async fn read(&mut self, offset: u64, most: usize) -> std::result::Result<Bytes, String> {
        match self {
            Self::Given(given) => given.read(offset, most).await,
            _ => Err("there is no file for it".to_owned()),
        }
    }

    /// Whether something has to be stored before the command gets the first of its file.
    fn begins(&self) -> bool {
        matches!(self, Self::Given(given) if given.begins())
    }

    /// Whether so much waits that it should be stored now.
    fn is_full(&self) -> bool {
        matches!(self, Self::Received(received) if received.is_full())
    }

    /// Why it takes nothing more, if so.
    fn gave_up(&self) -> Option<String> {
        match self {
            Self::Received(received) => received.failure().map(str::to_owned),
            _ => None,
        }
    }

    /// Whether it has nothing to be stored.
    fn is_quiet(&self) -> bool {
        match self {
            Self::Nobody => true,
            Self::Captured(captured) => captured.is_stored(),
            Self::Tests(tests) => tests.is_quiet(),
            Self::Received(received) => received.is_stored(),
            // How far it has come is stored, so that no more is given again than needs to be.
            Self::Given(_) => false,
        }
    }

    /// Notes in the record of the command how far it has read; gives what is to be stored with it.
    async fn save(&mut self, journal: &mut Journal) -> Result<(Vec<Transition>, Option<Vec<u8>>)> {
        match self {
            Self::Nobody => Ok((vec![], None)),
            Self::Captured(captured) => Ok((vec![], captured.save(journal))),
            Self::Tests(tests) => Ok((tests.save(journal).await?, None)),
            Self::Received(received) => {
                received.save(journal).await;
                Ok((vec![], None))
            }
            Self::Given(given) => {
                given.save(journal);
                Ok((vec![], None))
            }
        }
    }

    /// Goes on where the record of the command says.
    fn restore(&mut self, journal: &Journal) {
        match self {
            Self::Nobody => {}
            Self::Captured(captured) => captured.restore(journal),
            Self::Tests(tests) => tests.restore(journal),
            Self::Received(received) => received.restore(journal),
            Self::Given(given) => given.restore(journal),
        }
    }
}
