//! The sender's side of a command's messages.

use std::collections::VecDeque;

use crate::{MESSAGE_OVERHEAD, Violation};

/// The messages of a command that the receiver has not acknowledged, in order.
///
/// Each gets the next sequence, is kept until it is acknowledged, and is given out to be sent once per
/// connection at the most. The window bounds what is kept: while [`Outbox::has_room`] is false its owner adds
/// nothing but the last words of a command.
#[derive(Debug)]
pub struct Outbox<T> {
    window: usize,
    held: VecDeque<(T, usize)>,
    bytes: usize,
    acknowledged: u64,
    sent: u64,
}

impl<T> Outbox<T> {
    /// An empty one, for `window` bytes.
    pub const fn new(window: usize) -> Self {
        Self {
            window,
            held: VecDeque::new(),
            bytes: 0,
            acknowledged: 0,
            sent: 0,
        }
    }

    /// Whether a further message may be added.
    pub const fn has_room(&self) -> bool {
        self.bytes < self.window
    }

    /// The sequence that the next message gets.
    pub fn next_sequence(&self) -> u64 {
        self.last() + 1
    }

    /// The sequence of the last message; 0 before the first.
    pub fn last(&self) -> u64 {
        self.acknowledged + self.held.len() as u64
    }

    /// The sequence up to which everything was acknowledged.
    pub const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// What is held, in bytes, as the window counts it.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a message with `payload` bytes; it has the sequence that [`Outbox::next_sequence`] told.
    pub fn push(&mut self, message: T, payload: usize) {
        let cost = payload + MESSAGE_OVERHEAD;
        self.bytes += cost;
        self.held.push_back((message, cost));
    }

    /// The next message that was not sent on this connection; it counts as sent from now on.
    pub fn next_unsent(&mut self) -> Option<&T> {
        let place = usize::try_from(self.sent - self.acknowledged).ok()?;
        let (message, _) = self.held.get(place)?;
        self.sent += 1;
        Some(message)
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
            let Some((_, cost)) = self.held.pop_front() else {
                break;
            };
            self.bytes -= cost;
            self.acknowledged += 1;
        }
        Ok(())
    }

    /// A new connection: the receiver holds everything up to `received`, and wants what comes after.
    ///
    /// # Errors
    /// [`Violation::NoSuchMessage`] if the messages after it are not held.
    pub fn resume_after(&mut self, received: u64) -> Result<(), Violation> {
        if received < self.acknowledged || received > self.last() {
            return Err(self.no_such_message(received));
        }
        self.sent = received;
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
    fn the_window_fills_and_empties() {
        let mut outbox = Outbox::new(1000);
        outbox.push("a", 600);
        assert!(outbox.has_room());
        outbox.push("b", 600);
        assert!(!outbox.has_room());
        assert_eq!(outbox.next_unsent(), Some(&"a"));
        outbox.acknowledge(1).unwrap();
        assert!(outbox.has_room());
        assert_eq!(outbox.bytes(), 600 + MESSAGE_OVERHEAD);
        assert_eq!(outbox.next_unsent(), Some(&"b"));
        assert_eq!(outbox.next_unsent(), None);
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
    fn a_forgotten_message_cannot_be_resumed_from() {
        let mut outbox = Outbox::new(1000);
        outbox.push("a", 1);
        outbox.push("b", 1);
        outbox.next_unsent();
        outbox.acknowledge(1).unwrap();
        assert!(outbox.resume_after(0).is_err());
        assert!(outbox.resume_after(3).is_err());
        outbox.resume_after(2).unwrap();
        assert_eq!(outbox.next_unsent(), None);
        outbox.resume_after(1).unwrap();
        assert_eq!(outbox.next_unsent(), Some(&"b"));
    }
}
