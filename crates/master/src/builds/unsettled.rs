//! Which messages of a running command are stored as far as they can be seen, so that its worker may forget them.

use std::collections::{BTreeMap, VecDeque};

use super::checkpoint::AheadRecord;
use super::log::Channel;
use super::secrets::Held;

/// The messages of which something is not stored: because it was not stored yet, or because it may be the beginning of a
/// secret, which must not be stored. A worker keeps those, and sends them again to the next life of the master, which
/// leaves out what is stored.
#[derive(Debug, Default)]
pub(super) struct Unsettled {
    /// Each with its channel and length, in their order.
    messages: VecDeque<(u64, Channel, u64)>,
    /// How many bytes these messages have, of each channel.
    taken: BTreeMap<Channel, u64>,
    /// How many bytes come again that are stored.
    again: BTreeMap<Channel, u64>,
}

impl Unsettled {
    /// Of a command that goes on.
    pub(super) fn after(ahead: &[AheadRecord]) -> Self {
        let again = ahead.iter().filter_map(|it| Some((it.channel()?, it.taken)));
        Self {
            again: again.filter(|(_, taken)| *taken > 0).collect(),
            ..Self::default()
        }
    }

    /// A message came; gives what of it did not come before.
    pub(super) fn take<'b>(&mut self, sequence: u64, channel: Channel, bytes: &'b [u8]) -> &'b [u8] {
        let length = bytes.len() as u64;
        self.messages.push_back((sequence, channel, length));
        *self.taken.entry(channel).or_default() += length;
        let Some(again) = self.again.get_mut(&channel) else {
            return bytes;
        };
        let skipped = length.min(*again);
        *again -= skipped;
        if *again == 0 {
            self.again.remove(&channel);
        }
        bytes
            .get(usize::try_from(skipped).unwrap_or(usize::MAX)..)
            .unwrap_or_default()
    }

    /// How many bytes of messages there are.
    pub(super) fn bytes(&self) -> u64 {
        self.taken.values().sum()
    }

    /// Gives all of them up: what is held back of them will not come again.
    pub(super) fn give_up(&mut self) -> Option<u64> {
        let last = self.messages.back().map(|it| it.0);
        self.messages.clear();
        self.taken.clear();
        last
    }

    /// All is about to be stored but what is held back. Gives the last message up to which all is, if there is one, and
    /// what is stored beyond it.
    pub(super) fn settle(
        &mut self,
        channels: impl Iterator<Item = (Channel, Held)>,
    ) -> (Option<u64>, Vec<AheadRecord>) {
        let mut stored = BTreeMap::new();
        let mut held_by = BTreeMap::new();
        for (channel, held) in channels {
            let taken = self.taken.get(&channel).copied().unwrap_or_default();
            // What does not come again as a whole must be kept in another way.
            let is_kept = held.bytes <= taken;
            stored.insert(channel, if is_kept { taken - held.bytes } else { taken });
            held_by.insert(channel, (held, is_kept));
        }
        let mut received = None;
        while let Some(&(sequence, channel, length)) = self.messages.front() {
            let stored = stored.entry(channel).or_default();
            if length > *stored {
                break;
            }
            *stored -= length;
            if let Some(taken) = self.taken.get_mut(&channel) {
                *taken -= length;
            }
            received = Some(sequence);
            self.messages.pop_front();
        }
        let ahead = held_by.into_iter().filter_map(|(channel, (held, is_kept))| {
            let again = self.again.get(&channel).copied().unwrap_or_default();
            let record = AheadRecord {
                stream: channel.number(),
                taken: stored.get(&channel).copied().unwrap_or_default() + again,
                covered: held.covered,
                held: if is_kept { 0 } else { held.bytes },
                secret: if is_kept { String::new() } else { held.secret },
                form: if is_kept { 0 } else { held.form },
            };
            let is_anything = record.taken + record.covered + record.held > 0;
            is_anything.then_some(record)
        });
        (received, ahead.collect())
    }
}
