//! The sender's side of a command's messages.

use std::collections::VecDeque;

use crate::{MESSAGE_OVERHEAD, Violation};

/// The messages of a command that the receiver has not acknowledged, in order.
///
/// Each gets the next sequence, is kept until it is acknowledged, and is given out to be sent once per
/// connection at the most. The window bounds what is sent and not acknowledged.
///
/// The newest messages are in memory. Its owner can put the older ones elsewhere ([`Outbox::in_memory`], then
/// [`Outbox::moved`]), and brings them back when they are due to be sent ([`Outbox::wanted`], then
/// [`Outbox::bring`]).
#[derive(Debug)]
pub struct Outbox<T> {
    window: usize,
    /// The sequence of the last message.
    last: u64,
    /// What is kept, wherever, in bytes.
    kept: usize,
    /// The newest messages, up to the last.
    memory: Part<T>,
    /// Messages that were brought back, from the next unsent one on.
    brought: Part<T>,
    /// What the messages cost that are sent and not acknowledged.
    in_flight: VecDeque<usize>,
    in_flight_bytes: usize,
    acknowledged: u64,
    sent: u64,
}

/// Some messages in a row, with their costs.
#[derive(Debug)]
struct Part<T> {
    messages: VecDeque<(T, usize)>,
    bytes: usize,
}

impl<T> Part<T> {
    const fn new() -> Self {
        Self {
            messages: VecDeque::new(),
            bytes: 0,
        }
    }

    fn push(&mut self, message: T, cost: usize) {
        self.bytes += cost;
        self.messages.push_back((message, cost));
    }

    fn pop(&mut self) -> Option<(T, usize)> {
        let (message, cost) = self.messages.pop_front()?;
        self.bytes -= cost;
        Some((message, cost))
    }
}

impl<T: Clone> Outbox<T> {
    /// An empty one, for `window` bytes.
    pub const fn new(window: usize) -> Self {
        Self {
            window,
            last: 0,
            kept: 0,
            memory: Part::new(),
            brought: Part::new(),
            in_flight: VecDeque::new(),
            in_flight_bytes: 0,
            acknowledged: 0,
            sent: 0,
        }
    }

    /// The sequence that the next message gets.
    pub const fn next_sequence(&self) -> u64 {
        self.last + 1
    }

    /// The sequence of the last message; 0 before the first.
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// The sequence up to which everything was acknowledged.
    pub const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// What is not acknowledged, in memory and elsewhere, in bytes, as the window counts it.
    pub const fn bytes(&self) -> usize {
        self.kept
    }

    /// Whether less than a window is not acknowledged.
    pub const fn is_within_window(&self) -> bool {
        self.kept < self.window
    }

    /// What is in memory that could be put elsewhere, in bytes.
    pub const fn memory_bytes(&self) -> usize {
        self.memory.bytes
    }

    /// What was brought back and waits to be sent, in bytes.
    pub const fn brought_bytes(&self) -> usize {
        self.brought.bytes
    }

    /// Adds a message with `payload` bytes; it has the sequence that [`Outbox::next_sequence`] told.
    pub fn push(&mut self, message: T, payload: usize) {
        let cost = payload + MESSAGE_OVERHEAD;
        self.kept += cost;
        self.last += 1;
        self.memory.push(message, cost);
    }

    /// The sequence of the first message in memory; one more than the last if there is none.
    fn memory_first(&self) -> u64 {
        self.next_sequence() - self.memory.messages.len() as u64
    }

    /// Whether the window lets one more message go. One may always be under way, however small the window.
    const fn may_send(&self) -> bool {
        self.in_flight_bytes < self.window || self.in_flight_bytes == 0
    }

    /// The next message that was not sent on this connection; it counts as sent from now on. None while the
    /// window is full, and while the message is elsewhere.
    pub fn next_unsent(&mut self) -> Option<T> {
        if !self.may_send() || self.sent == self.last {
            return None;
        }
        let first = self.memory_first();
        let (message, cost) = if self.sent + 1 >= first {
            let place = usize::try_from(self.sent + 1 - first).ok()?;
            self.memory.messages.get(place)?.clone()
        } else {
            self.brought.pop()?
        };
        self.sent += 1;
        self.in_flight.push_back(cost);
        self.in_flight_bytes += cost;
        Some(message)
    }

    /// The sequence of the next message to send, if it must be brought back for that.
    pub fn wanted(&self) -> Option<u64> {
        let next = self.sent + 1;
        let is_elsewhere = next < self.memory_first();
        (is_elsewhere && self.brought.messages.is_empty() && self.may_send()).then_some(next)
    }

    /// Brings back messages that are elsewhere, with their payloads in bytes, in order from the sequence
    /// `first`; changes nothing unless that one is wanted.
    pub fn bring(&mut self, first: u64, messages: impl IntoIterator<Item = (T, usize)>) {
        if self.wanted() != Some(first) {
            return;
        }
        let room = usize::try_from(self.memory_first() - first).unwrap_or(usize::MAX);
        for (message, payload) in messages.into_iter().take(room) {
            self.brought.push(message, payload + MESSAGE_OVERHEAD);
        }
    }

    /// The messages in memory, and the sequence of the first.
    pub fn in_memory(&self) -> (u64, impl Iterator<Item = &T>) {
        let messages = self.memory.messages.iter().map(|(message, _)| message);
        (self.memory_first(), messages)
    }

    /// Everything in memory up to `sequence` is elsewhere too now: it is no longer kept in memory.
    pub fn moved(&mut self, sequence: u64) {
        while self.memory_first() <= sequence.min(self.last) {
            self.memory.pop();
        }
    }

    /// Drops everything that was not sent, as if it had never been.
    pub fn drop_unsent(&mut self) {
        let keep = (self.sent + 1).saturating_sub(self.memory_first());
        self.memory
            .messages
            .truncate(usize::try_from(keep).unwrap_or(usize::MAX));
        self.memory.bytes = self.memory.messages.iter().map(|(_, cost)| cost).sum();
        self.brought = Part::new();
        self.last = self.sent;
        self.kept = self.in_flight_bytes;
    }

    /// The receiver has everything up to `sequence` for good: those messages are forgotten.
    ///
    /// # Errors
    /// [`Violation::NoSuchMessage`] if that message was never sent. An old acknowledgement changes nothing.
    pub fn acknowledge(&mut self, sequence: u64) -> Result<(), Violation> {
        if sequence > self.sent {
            return Err(self.no_such_message(sequence));
        }
        while self.acknowledged < sequence {
            let Some(cost) = self.in_flight.pop_front() else {
                break;
            };
            self.in_flight_bytes -= cost;
            self.kept -= cost;
            self.acknowledged += 1;
            if self.memory_first() <= self.acknowledged {
                self.memory.pop();
            }
        }
        Ok(())
    }

    /// A new connection: the receiver holds everything up to `received`, and wants what comes after.
    ///
    /// # Errors
    /// [`Violation::NoSuchMessage`] if it cannot hold that: it was never sent; or what comes after is not kept.
    pub fn resume_after(&mut self, received: u64) -> Result<(), Violation> {
        if received < self.acknowledged || received > self.sent {
            return Err(self.no_such_message(received));
        }
        while self.sent > received {
            let cost = self.in_flight.pop_back().unwrap_or_default();
            self.in_flight_bytes -= cost;
            self.sent -= 1;
        }
        self.brought = Part::new();
        Ok(())
    }

    fn no_such_message(&self, sequence: u64) -> Violation {
        Violation::NoSuchMessage {
            sequence,
            first: self.acknowledged + 1,
            last: self.last(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_bounds_what_is_sent() {
        let mut outbox = Outbox::new(1000);
        for message in ["a", "b", "c"] {
            outbox.push(message, 600);
        }
        assert!(!outbox.is_within_window());
        assert_eq!(outbox.next_unsent(), Some("a"));
        assert_eq!(outbox.next_unsent(), Some("b"));
        assert_eq!(outbox.next_unsent(), None);
        outbox.acknowledge(1).unwrap();
        assert_eq!(outbox.bytes(), 2 * (600 + MESSAGE_OVERHEAD));
        assert_eq!(outbox.next_unsent(), Some("c"));
        outbox.acknowledge(3).unwrap();
        assert!(outbox.is_within_window());
        assert_eq!(outbox.bytes(), 0);
    }

    #[test]
    fn one_message_passes_any_window() {
        let mut outbox = Outbox::new(0);
        outbox.push("a", 600);
        outbox.push("b", 600);
        assert_eq!(outbox.next_unsent(), Some("a"));
        assert_eq!(outbox.next_unsent(), None);
        outbox.acknowledge(1).unwrap();
        assert_eq!(outbox.next_unsent(), Some("b"));
    }

    #[test]
    fn what_was_not_sent_cannot_be_acknowledged() {
        let mut outbox = Outbox::new(1000);
        outbox.push("a", 1);
        let unsent = outbox.acknowledge(1).unwrap_err();
        assert_eq!(
            unsent.to_string(),
            "there is no message 1; those from 1 to 1 are held"
        );
        outbox.next_unsent();
        outbox.acknowledge(1).unwrap();
        outbox.acknowledge(0).unwrap();
        assert_eq!(outbox.acknowledged(), 1);
    }

    #[test]
    fn a_receiver_holds_only_what_was_sent_and_wants_only_what_is_kept() {
        let mut outbox = Outbox::new(1000);
        outbox.push("a", 1);
        outbox.push("b", 1);
        outbox.next_unsent();
        assert!(outbox.resume_after(2).is_err());
        outbox.next_unsent();
        outbox.acknowledge(1).unwrap();
        assert!(outbox.resume_after(0).is_err());
        assert!(outbox.resume_after(3).is_err());
        outbox.resume_after(2).unwrap();
        assert_eq!(outbox.next_unsent(), None);
        outbox.resume_after(1).unwrap();
        assert_eq!(outbox.next_unsent(), Some("b"));
    }

    #[test]
    fn what_was_moved_is_brought_back() {
        let mut outbox = Outbox::new(10_000);
        for message in ["a", "b", "c"] {
            outbox.push(message, 1);
        }
        outbox.moved(2);
        assert_eq!(outbox.in_memory().0, 3);
        assert_eq!(outbox.wanted(), Some(1));
        assert_eq!(outbox.next_unsent(), None);
        outbox.bring(2, [("b", 1)]);
        assert_eq!(outbox.wanted(), Some(1), "another one is wanted");
        outbox.bring(1, [("a", 1), ("b", 1), ("too many", 1)]);
        assert_eq!(outbox.wanted(), None);
        let sent: Vec<_> = std::iter::from_fn(|| outbox.next_unsent()).collect();
        assert_eq!(sent, ["a", "b", "c"]);
    }

    #[test]
    fn what_was_not_sent_can_be_dropped() {
        let mut outbox = Outbox::new(10_000);
        for message in ["a", "b", "c"] {
            outbox.push(message, 1);
        }
        outbox.next_unsent();
        outbox.drop_unsent();
        assert_eq!((outbox.last(), outbox.bytes()), (1, 1 + MESSAGE_OVERHEAD));
        outbox.push("d", 1);
        assert_eq!(outbox.next_unsent(), Some("d"));
        outbox.acknowledge(2).unwrap();
        assert_eq!((outbox.bytes(), outbox.memory_bytes()), (0, 0));
    }
}
