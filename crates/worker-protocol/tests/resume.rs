//! Whatever is cut whenever: each message arrives once, in order, and nothing is kept beyond the window.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::VecDeque;

use proptest::prelude::*;
use weir_worker_protocol::{Arrival, Inbox, MESSAGE_OVERHEAD, Outbox};

const WINDOW: usize = 2000;
const LARGEST: usize = 700;

#[derive(Clone, Debug)]
enum Act {
    /// The command says so many bytes.
    Say(usize),
    /// A message goes onto the wire.
    Send,
    /// A message comes off the wire.
    Arrive,
    /// The receiver commits so many of what it has, and an acknowledgement goes out.
    Commit(u64),
    /// An acknowledgement arrives.
    Acknowledge,
    /// The link breaks with all that is on it, and the session is resumed.
    Cut,
    /// A message that is on the wire is there twice.
    Repeat,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..LARGEST).prop_map(Act::Say),
        4 => Just(Act::Send),
        4 => Just(Act::Arrive),
        3 => (1..4_u64).prop_map(Act::Commit),
        3 => Just(Act::Acknowledge),
        1 => Just(Act::Cut),
        1 => Just(Act::Repeat),
    ]
}

struct Link {
    outbox: Outbox<(u64, usize)>,
    inbox: Inbox,
    messages: VecDeque<(u64, usize)>,
    acknowledgements: VecDeque<u64>,
    said: Vec<usize>,
    arrived: Vec<usize>,
}

impl Link {
    fn new() -> Self {
        Self {
            outbox: Outbox::new(WINDOW),
            inbox: Inbox::new(WINDOW),
            messages: VecDeque::new(),
            acknowledgements: VecDeque::new(),
            said: Vec::new(),
            arrived: Vec::new(),
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Say(size) if self.outbox.has_room() => {
                let sequence = self.outbox.next_sequence();
                self.outbox.push((sequence, *size), *size);
                self.said.push(*size);
            }
            Act::Say(_) => {}
            Act::Send => self.messages.extend(self.outbox.next_unsent()),
            Act::Arrive => self.arrive(),
            Act::Commit(count) => {
                self.inbox.acknowledge(self.inbox.acknowledged() + count);
                self.acknowledgements.push_back(self.inbox.acknowledged());
            }
            Act::Acknowledge => {
                if let Some(sequence) = self.acknowledgements.pop_front() {
                    self.outbox.acknowledge(sequence).unwrap();
                }
            }
            Act::Cut => {
                self.messages.clear();
                self.acknowledgements.clear();
                self.outbox.resume_after(self.inbox.received()).unwrap();
            }
            Act::Repeat => {
                if let Some(first) = self.messages.front().copied() {
                    self.messages.push_front(first);
                }
            }
        }
    }

    fn arrive(&mut self) {
        let Some((sequence, size)) = self.messages.pop_front() else {
            return;
        };
        if self.inbox.accept(sequence, size, false).unwrap() == Arrival::New {
            self.arrived.push(size);
        }
    }

    /// Lets everything through that is left.
    fn settle(&mut self) {
        while self.outbox.last() > self.outbox.acknowledged() {
            for act in [Act::Send, Act::Arrive, Act::Commit(1), Act::Acknowledge] {
                self.act(&act);
            }
        }
    }
}

proptest! {
    #[test]
    fn exactly_once_in_order_and_bounded(acts in proptest::collection::vec(act(), 0..200)) {
        let mut link = Link::new();
        for act in &acts {
            link.act(act);
            prop_assert!(link.outbox.bytes() <= WINDOW + LARGEST + MESSAGE_OVERHEAD);
            prop_assert_eq!(&link.arrived[..], &link.said[..link.arrived.len()]);
        }
        link.settle();
        prop_assert_eq!(link.arrived, link.said);
        prop_assert_eq!(link.outbox.bytes(), 0);
    }
}
