//! The receiver's side of a command's messages.

use std::collections::VecDeque;

use crate::{MESSAGE_OVERHEAD, Violation, WINDOW_SLACK};

/// What to do with a message that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is the next one: take it.
    New,
    /// It came before: drop it.
    Duplicate,
}

/// Checks that a command's messages come in order, once, and not beyond the window; and keeps account of
/// what was acknowledged.
#[derive(Debug)]
pub struct Inbox {
    window: usize,
    unacknowledged: VecDeque<usize>,
    bytes: usize,
    received: u64,
    end: Option<u64>,
}

impl Inbox {
    /// One that expects the first message, for `window` bytes.
    pub const fn new(window: usize) -> Self {
        Self::after(window, 0)
    }

    /// One that expects the message after `received`, for `window` bytes: all before is stored for good.
    pub const fn after(window: usize, received: u64) -> Self {
        Self {
            window,
            unacknowledged: VecDeque::new(),
            bytes: 0,
            received,
            end: None,
        }
    }

    /// For how many bytes it is.
    pub const fn window(&self) -> usize {
        self.window
    }

    /// The last sequence that came.
    pub const fn received(&self) -> u64 {
        self.received
    }

    /// The sequence up to which everything was acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.received - self.unacknowledged.len() as u64
    }

    /// Whether the last message came.
    pub const fn is_ended(&self) -> bool {
        self.end.is_some()
    }

    /// Whether the last message came and everything was acknowledged.
    pub fn is_done(&self) -> bool {
        self.end.is_some() && self.unacknowledged.is_empty()
    }

    /// A message with `payload` bytes came; `is_last` if there can be none after it.
    ///
    /// # Errors
    /// A [`Violation`] if one is missing before it, it is beyond the window, or it comes after the last one.
    pub fn accept(&mut self, sequence: u64, payload: usize, is_last: bool) -> Result<Arrival, Violation> {
        if sequence != 0 && sequence <= self.received {
            return Ok(Arrival::Duplicate);
        }
        if let Some(last) = self.end {
            return Err(Violation::AfterEnd { last, got: sequence });
        }
        let expected = self.received + 1;
        if sequence != expected {
            return Err(Violation::Gap {
                expected,
                got: sequence,
            });
        }
        let bytes = self.bytes + payload + MESSAGE_OVERHEAD;
        if bytes > self.window + WINDOW_SLACK {
            return Err(Violation::WindowExceeded {
                bytes,
                window: self.window,
            });
        }
        self.bytes = bytes;
        self.unacknowledged.push_back(payload + MESSAGE_OVERHEAD);
        self.received = sequence;
        self.end = is_last.then_some(sequence);
        Ok(Arrival::New)
    }

    /// Everything up to `sequence`, or what has come of it, is stored for good. Never goes backwards.
    pub fn acknowledge(&mut self, sequence: u64) {
        while self.acknowledged() < sequence {
            let Some(cost) = self.unacknowledged.pop_front() else {
                break;
            };
            self.bytes -= cost;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_checked() {
        let mut inbox = Inbox::new(1000);
        let gap = |expected, got| Err(Violation::Gap { expected, got });
        assert_eq!(inbox.accept(2, 1, false), gap(1, 2));
        assert_eq!(inbox.accept(0, 1, false), gap(1, 0));
        assert_eq!(inbox.accept(1, 1, false), Ok(Arrival::New));
        assert_eq!(inbox.accept(1, 1, false), Ok(Arrival::Duplicate));
        assert_eq!(inbox.accept(2, 1, true), Ok(Arrival::New));
        assert_eq!(
            inbox.accept(3, 1, false),
            Err(Violation::AfterEnd { last: 2, got: 3 })
        );
    }

    #[test]
    fn one_goes_on_after_what_is_stored() {
        let mut inbox = Inbox::after(1000, 7);
        assert_eq!((inbox.received(), inbox.acknowledged()), (7, 7));
        assert_eq!(inbox.accept(7, 1, false), Ok(Arrival::Duplicate));
        assert_eq!(inbox.accept(8, 1, false), Ok(Arrival::New));
        assert_eq!((inbox.received(), inbox.acknowledged()), (8, 7));
    }

    #[test]
    fn done_is_when_all_is_acknowledged() {
        let mut inbox = Inbox::new(1000);
        inbox.accept(1, 1, false).unwrap();
        inbox.accept(2, 1, true).unwrap();
        inbox.acknowledge(1);
        assert!(!inbox.is_done());
        inbox.acknowledge(9);
        assert!(inbox.is_done());
        assert_eq!(inbox.acknowledged(), 2);
    }

    #[test]
    fn a_sender_that_ignores_the_window_is_caught() {
        let mut inbox = Inbox::new(1000);
        inbox.accept(1, WINDOW_SLACK, false).unwrap();
        assert!(matches!(
            inbox.accept(2, 1000, false),
            Err(Violation::WindowExceeded { window: 1000, .. })
        ));
        inbox.acknowledge(1);
        assert_eq!(inbox.accept(2, 1000, false), Ok(Arrival::New));
    }
}
