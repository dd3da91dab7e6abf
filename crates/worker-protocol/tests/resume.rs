//! Whatever is cut whenever, and wherever messages are kept: each arrives once, in order, and nothing is sent beyond
//! the window.
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
    /// The messages in memory are put elsewhere, but for so many of them.
    Move(u64),
    /// Up to so many messages are brought back.
    Bring(usize),
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
        2 => (0..3_u64).prop_map(Act::Move),
        2 => (1..4_usize).prop_map(Act::Bring),
    ]
}

struct Link {
    outbox: Outbox<(u64, usize)>,
    inbox: Inbox,
    messages: VecDeque<(u64, usize)>,
    acknowledgements: VecDeque<u64>,
    /// What was put elsewhere: message 1 is the first.
    elsewhere: Vec<(u64, usize)>,
    sent: u64,
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
            elsewhere: Vec::new(),
            sent: 0,
            said: Vec::new(),
            arrived: Vec::new(),
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Say(size) => {
                let sequence = self.outbox.next_sequence();
                self.outbox.push((sequence, *size), *size);
                self.said.push(*size);
            }
            Act::Send => {
                if let Some(message) = self.outbox.next_unsent() {
                    self.sent = message.0;
                    self.messages.push_back(message);
                }
            }
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
                self.sent = self.inbox.received();
                self.outbox.resume_after(self.sent).unwrap();
            }
            Act::Repeat => {
                if let Some(first) = self.messages.front().copied() {
                    self.messages.push_front(first);
                }
            }
            Act::Move(but) => self.move_all_but(*but),
            Act::Bring(most) => {
                let wanted = self.outbox.wanted();
                let first = wanted.unwrap_or(1);
                let place = usize::try_from(first - 1).unwrap();
                let messages = self.elsewhere.iter().skip(place).take(*most);
                self.outbox.bring(first, messages.map(|it| (*it, it.1)));
                assert!(self.outbox.wanted().is_none(), "{wanted:?}");
            }
        }
    }

    fn move_all_but(&mut self, but: u64) {
        let until = self.outbox.last().saturating_sub(but);
        let (_, memory) = self.outbox.in_memory();
        for message in memory.filter(|it| it.0 <= until) {
            // One that is elsewhere already, or was forgotten, has its place.
            let place = usize::try_from(message.0).unwrap();
            self.elsewhere.resize(self.elsewhere.len().max(place), (0, 0));
            self.elsewhere[place - 1] = *message;
        }
        self.outbox.moved(until);
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
            for act in [
                Act::Bring(2),
                Act::Send,
                Act::Arrive,
                Act::Commit(1),
                Act::Acknowledge,
            ] {
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
            let acknowledged = usize::try_from(link.outbox.acknowledged()).unwrap();
            let sent = usize::try_from(link.sent).unwrap();
            let cost = |sizes: &[usize]| sizes.iter().map(|it| it + MESSAGE_OVERHEAD).sum::<usize>();
            prop_assert_eq!(link.outbox.bytes(), cost(&link.said[acknowledged..]));
            prop_assert!(cost(&link.said[acknowledged..sent]) <= WINDOW + LARGEST + MESSAGE_OVERHEAD);
            prop_assert_eq!(&link.arrived[..], &link.said[..link.arrived.len()]);
        }
        link.settle();
        prop_assert_eq!(link.arrived, link.said);
        prop_assert_eq!(link.outbox.bytes(), 0);
        prop_assert_eq!(link.outbox.memory_bytes(), 0);
    }
}
