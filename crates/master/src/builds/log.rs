//! Writing a stdio log: bytes come in, whole lines go to the store, with the record of how far the step has come.

mod channel;
mod observed;
mod write;

use std::sync::Arc;

use weir_config::LogTerms;
use weir_status_api::{Log, LogField, LogId, LogKind, Properties, Query, ReadExt, StepId};
use weir_status_db::{Applied, NewLog, Store, Transition};

use super::checkpoint::{Checkpoint, CommandRecord, Ending, Tail};
use super::command::End;
use super::journal::{Journal, Left};
use super::limit::Limited;
use super::lines::LineBuffer;
use super::observe::Observer;
use super::patience::{self, Stored};
use super::secrets::{Masker, Secrets};
use super::unsettled::Unsettled;
use crate::error::{Error, Result};

pub(crate) use channel::Channel;

/// The name of the log that every step has.
pub(crate) const STDIO: &str = "stdio";

/// One channel of a step's output.
struct Stream {
    channel: Channel,
    masker: Masker,
    lines: LineBuffer,
    /// The file that it is of, and its log; none for the log of the command itself.
    file: Option<(String, LogId)>,
}

/// One of a step's logs.
struct Output {
    log: LogId,
    /// Whole lines that wait to be written.
    lines: String,
    limited: Limited,
}

/// The logs of a step that are being written.
pub(crate) struct LogWriter {
    store: Store,
    step: StepId,
    /// The log of the command that runs.
    log: LogId,
    outputs: Vec<Output>,
    /// Those of the command, then those of its files, by their numbers.
    streams: Vec<Stream>,
    terms: LogTerms,
    secrets: Arc<Secrets>,
    /// What came of the command that runs.
    unsettled: Unsettled,
    observer: Option<Observer>,
    pub(super) journal: Journal,
    /// Which try of the step it is; the first is 0.
    pub(super) attempt: u32,
}

impl LogWriter {
    /// Starts `step`, with the log `stdio`. `first` is the step's first command, which may be started from now on:
    /// known in advance, it costs no transaction of its own. `properties` are kept as those that the step began with.
    pub(super) async fn start_step(
        store: Store,
        step: StepId,
        heeds_cancel: bool,
        first: Option<CommandRecord>,
        (secrets, terms): (Arc<Secrets>, LogTerms),
        files: &[String],
        properties: Option<&Properties>,
    ) -> Result<Self> {
        let kept = properties.and_then(|it| serde_json::to_vec(it).ok());
        let record = Checkpoint {
            heeds_cancel,
            commands: first.into_iter().collect(),
            keeps_properties: kept.is_some(),
            ..Checkpoint::default()
        };
        let mut journal = Journal::new(store.clone(), step, record);
        let names = [STDIO].into_iter().chain(files.iter().map(String::as_str));
        let logs = names.map(|name| Transition::AddLog(new_log(step, name)));
        let begin: Vec<_> = [Transition::StartStep(step)]
            .into_iter()
            .chain(logs)
            .chain([journal.next_checkpoint(kept)])
            .collect();
        let log = store_with_log(&store, step, STDIO, begin).await?;
        journal.has_begun();
        Ok(Self::of(store, step, log, journal, (secrets, terms)))
    }

    /// Goes on with a step and its log.
    pub(super) fn resume(
        store: Store,
        step: StepId,
        left: Left,
        (secrets, terms): (Arc<Secrets>, LogTerms),
    ) -> Self {
        let log = left.log;
        let journal = Journal::resume(store.clone(), step, left);
        Self::of(store, step, log, journal, (secrets, terms))
    }

    fn of(
        store: Store,
        step: StepId,
        log: LogId,
        journal: Journal,
        (secrets, terms): (Arc<Secrets>, LogTerms),
    ) -> Self {
        let mut writer = Self {
            store,
            step,
            log,
            outputs: vec![],
            streams: vec![],
            terms,
            secrets,
            unsettled: Unsettled::default(),
            observer: None,
            journal,
            attempt: 0,
        };
        let record = writer.journal.record.clone();
        writer.add_output(log);
        for limit in &record.limits {
            writer.add_output(LogId(limit.log));
        }
        writer.add_stream(Channel::Stdout, 'o', record.stdout.as_ref(), None);
        writer.add_stream(Channel::Stderr, 'e', record.stderr.as_ref(), None);
        writer.add_stream(Channel::Header, 'h', record.header.as_ref(), None);
        for (number, file) in (0..).zip(record.files) {
            let log = LogId(file.log);
            writer.add_output(log);
            writer.add_stream(
                Channel::File(number),
                'o',
                file.tail.as_ref(),
                Some((file.name, log)),
            );
        }
        writer
    }

    fn add_output(&mut self, log: LogId) {
        if self.outputs.iter().any(|it| it.log == log) {
            return;
        }
        let limits = self.terms.limits();
        let mut records = self.journal.record.limits.iter();
        let limited = match records.find(|it| it.log == log.0) {
            Some(record) => Limited::restore(limits, record),
            None => Limited::new(limits),
        };
        self.outputs.push(Output {
            log,
            lines: String::new(),
            limited,
        });
    }

    fn add_stream(
        &mut self,
        channel: Channel,
        letter: char,
        tail: Option<&Tail>,
        file: Option<(String, LogId)>,
    ) {
        let lines = match channel {
            // The worker's and the master's own words.
            Channel::Header => LineBuffer::new(Some(letter)),
            _ => LineBuffer::new(Some(letter)).in_encoding(self.terms.encoding()),
        };
        self.streams.push(Stream {
            channel,
            masker: Masker::new(self.secrets.patterns()),
            lines: Tail::restore(tail, lines),
            file,
        });
    }

    /// The channel of a file that is followed. Its log is opened if there is none.
    pub(super) async fn file(&mut self, name: &str) -> Result<Channel> {
        let known = |it: &&Stream| it.file.as_ref().is_some_and(|(known, _)| known == name);
        if let Some(stream) = self.streams.iter().find(known) {
            return Ok(stream.channel);
        }
        let log = self.open(name).await?;
        let files = self.streams.iter().filter(|it| it.file.is_some()).count();
        let channel = Channel::File(u32::try_from(files).unwrap_or(u32::MAX));
        self.add_output(log);
        self.add_stream(channel, 'o', None, Some((name.to_owned(), log)));
        Ok(channel)
    }

    /// Writes to the step's log of that name from now on, which is opened if there is none.
    pub(crate) async fn switch(&mut self, name: &str) -> Result<()> {
        // What waits while the step is replayed belongs to the command that runs.
        if !self.journal.is_replaying() {
            self.end_lines().await?;
        }
        self.log = self.open(name).await?;
        self.add_output(self.log);
        Ok(())
    }

    /// The step's log of that name, which is opened if there is none.
    async fn open(&self, name: &str) -> Result<LogId> {
        match find(&self.store, self.step, name).await? {
            Some(log) => Ok(log),
            None => {
                let add = Transition::AddLog(new_log(self.step, name));
                store_with_log(&self.store, self.step, name, vec![add]).await
            }
        }
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
                self.observe_anew();
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
            if let Some(masker) = self.masker(channel) {
                *masker = match held.bytes {
                    0 => Masker::after(patterns, &held),
                    _ => Masker::without(patterns, &held),
                };
            }
        }
    }
}

/// The step's log of that name, if there is one.
pub(super) async fn find(store: &Store, step: StepId, name: &str) -> Result<Option<LogId>> {
    let query = Query::<Log>::new()
        .eq(LogField::Step, step)
        .eq(LogField::Name, name);
    let page = patience::read(|| store.page(query.clone())).await?;
    Ok(page.items.first().map(|it| it.id))
}

/// Stores once what begins with the step's log of that name among its logs, and gives that.
async fn store_with_log(
    store: &Store,
    step: StepId,
    name: &str,
    transitions: Vec<Transition>,
) -> Result<LogId> {
    let applied = match patience::store(store, transitions, || find(store, step, name)).await? {
        Stored::Before(log) => return Ok(log),
        Stored::Now(applied) => applied,
    };
    let log = applied.iter().find_map(|it| match it {
        Applied::Log(log) => Some(*log),
        _ => None,
    });
    log.ok_or_else(|| Error::Answer(format!("{applied:?}")))
}

fn new_log(step: StepId, name: &str) -> NewLog {
    NewLog {
        step,
        name: name.to_owned(),
        kind: LogKind::Stdio,
    }
}
