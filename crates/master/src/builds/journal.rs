//! The record of a step that runs: stored with all that the step stores, so that the step can be gone on with.

use std::collections::BTreeMap;

use prost::Message;
use weir_status_api::{LogId, Properties, StepId};
use weir_status_db::{KeptCheckpoint, NewCheckpoint, Store, Transition};

use super::checkpoint::{CapturedRecord, Checkpoint, CommandRecord, Ending};
use super::command::End;
use super::patience::{self, Patience};
use crate::error::Result;
use crate::workers::RunningCommand;

/// A step that an earlier life of the master has begun.
pub(crate) struct Left {
    /// Its log `stdio`.
    pub(super) log: LogId,
    /// The number of its checkpoint.
    pub(super) number: i64,
    /// How far it has come.
    pub(super) checkpoint: Checkpoint,
    pub(super) pieces: BTreeMap<i64, Vec<u8>>,
    /// The command that runs, or ran.
    pub(super) adopted: Option<RunningCommand>,
}

impl Left {
    /// Reads what was kept.
    ///
    /// # Errors
    /// Why it cannot be gone on with.
    pub(super) fn new(log: LogId, kept: KeptCheckpoint) -> Result<Self, prost::DecodeError> {
        Ok(Self {
            log,
            number: kept.number,
            checkpoint: Checkpoint::decode(&*kept.value)?,
            pieces: kept.pieces,
            adopted: None,
        })
    }

    /// The build's properties as the step began with them, if they were kept.
    pub(super) fn properties(&self) -> Option<Properties> {
        let first = self.pieces.get(&1).filter(|_| self.checkpoint.keeps_properties)?;
        serde_json::from_slice(first).ok()
    }

    /// The command that runs.
    pub(super) fn running(&self) -> Option<&CommandRecord> {
        let last = self.checkpoint.commands.last();
        // Those of the master's own ended with it.
        last.filter(|it| it.ending.is_none() && !it.instance.is_empty())
    }
}

/// The record of a step. What the step's code asks for is counted, and what is recorded is given instead of done.
pub(super) struct Journal {
    store: Store,
    step: StepId,
    /// The number of the last checkpoint that is stored.
    number: i64,
    pub(super) record: Checkpoint,
    pieces: BTreeMap<i64, Vec<u8>>,
    adopted: Option<RunningCommand>,
    /// How many commands the step's code has asked for.
    asked: usize,
    said: u64,
    done: u64,
    is_resumed: bool,
}

impl Journal {
    /// Of a step that begins, and whose first checkpoint is stored with its beginning.
    pub(super) fn new(store: Store, step: StepId, record: Checkpoint) -> Self {
        Self {
            store,
            step,
            number: 0,
            record,
            pieces: BTreeMap::new(),
            adopted: None,
            asked: 0,
            said: 0,
            done: 0,
            is_resumed: false,
        }
    }

    /// Of a step that goes on.
    pub(super) fn resume(store: Store, step: StepId, left: Left) -> Self {
        Self {
            number: left.number,
            pieces: left.pieces,
            adopted: left.adopted,
            is_resumed: true,
            ..Self::new(store, step, left.checkpoint)
        }
    }

    /// Whether an earlier life of the master has begun the step.
    pub(super) fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// Whether the next command that the step's code asks for is recorded by an earlier life of the master.
    pub(super) fn is_replaying(&self) -> bool {
        self.is_resumed && self.asked < self.record.commands.len()
    }

    /// Stores `transitions` and the record in one transaction, and `piece` beside it. Waits out a store that takes
    /// nothing, and stores nothing twice.
    pub(super) async fn commit(
        &mut self,
        transitions: Vec<Transition>,
        piece: Option<Vec<u8>>,
    ) -> Result<()> {
        let keep = self.next_checkpoint(piece);
        let transitions: Vec<_> = transitions.into_iter().chain([keep]).collect();
        let journal = &*self;
        patience::store(&self.store, transitions, || async move {
            Ok(journal.is_stored().await?.then_some(()))
        })
        .await?;
        self.number += 1;
        Ok(())
    }

    /// What the next checkpoint is.
    pub(super) fn next_checkpoint(&mut self, piece: Option<Vec<u8>>) -> Transition {
        self.record.said = self.record.said.max(self.said);
        self.record.done = self.record.done.max(self.done);
        Transition::KeepCheckpoint(NewCheckpoint {
            step: self.step,
            number: self.next_number(),
            value: self.record.encode_to_vec(),
            piece,
        })
    }

    /// The number of the next checkpoint.
    pub(super) fn next_number(&self) -> i64 {
        self.number + 1
    }

    /// The next checkpoint was stored with the step's beginning.
    pub(super) fn has_begun(&mut self) {
        self.number += 1;
    }

    async fn is_stored(&self) -> Result<bool> {
        let mut patience = Patience::new();
        loop {
            match self.store.checkpoint(self.step).await {
                Ok(kept) => return Ok(kept.is_some_and(|it| it.number == self.next_number())),
                Err(error) if patience.outlasts(&error).await => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The master says a line; whether it is in the log already.
    pub(super) fn says(&mut self) -> bool {
        self.said += 1;
        self.said <= self.record.said
    }

    /// The step does something once; whether it is done already.
    pub(super) fn does(&mut self) -> bool {
        self.done += 1;
        self.done <= self.record.done
    }

    /// The step's code asks for its next command; its end, if it has ended.
    pub(super) fn ask(&mut self) -> Option<End> {
        self.asked += 1;
        self.command()?.ending.as_ref().map(Ending::end)
    }

    /// How many commands were asked for before this one.
    pub(super) fn place(&self) -> usize {
        self.asked.saturating_sub(1)
    }

    /// The record of the command that was asked for last.
    pub(super) fn command(&self) -> Option<&CommandRecord> {
        self.record.commands.get(self.place())
    }

    /// As [`Journal::command`], to be changed.
    pub(super) fn command_mut(&mut self) -> Option<&mut CommandRecord> {
        let place = self.place();
        self.record.commands.get_mut(place)
    }

    /// The command that was asked for last, if an earlier life of the master has it.
    pub(super) fn adopted(&mut self) -> Option<RunningCommand> {
        self.command()?;
        self.adopted.take()
    }

    /// What was captured of a command's output.
    pub(super) fn captured(&self, of: CapturedRecord) -> impl Iterator<Item = &[u8]> {
        self.pieces
            .range(of.first..=of.last.max(of.first))
            .map(|(_, piece)| piece.as_slice())
    }
}
