//! What waits to go out on a connection.

use std::collections::VecDeque;

use weir_status_api::ListenerError;

use super::message::folded;
use super::saying::Receipt;

/// How many lines may wait to go out before no more are taken.
const MOST_WAITING: usize = 200;

/// How many courtesies may wait.
const MOST_COURTESIES: usize = 20;

/// Something to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Out {
    /// A command of ours.
    Command(String),
    /// The command to join a channel, which has that key.
    Join { channel: String, line: String },
    /// An answer that somebody can do without.
    Courtesy(String),
    /// A line of the saying with that number.
    Line { saying: u64, line: String },
    /// The `PING` behind the lines of the saying with that number.
    Fence(u64),
}

impl Out {
    /// It, as it goes out.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Command(line)
            | Self::Join { line, .. }
            | Self::Courtesy(line)
            | Self::Line { line, .. } => line.clone(),
            Self::Fence(saying) => format!("PING :{}", token(*saying)),
        }
    }
}

/// Lines on their way: behind them goes a `PING` with a token, whose answer says that the server has read them.
pub(super) struct Fenced {
    saying: u64,
    /// The channel or nick, folded.
    pub(super) target: String,
    /// Why the server did not take one of the lines.
    pub(super) refused: Option<String>,
    pub(super) receipt: Receipt,
}

/// It, in order.
#[derive(Default)]
pub(super) struct Outbox {
    waiting: VecDeque<Out>,
    fenced: VecDeque<Fenced>,
    sayings: u64,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether no more is to be taken now.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= MOST_WAITING
    }

    /// Queues a command.
    pub(super) fn command(&mut self, line: String) {
        self.waiting.push_back(Out::Command(line));
    }

    /// Queues the command to join a channel, unless it waits already.
    pub(super) fn join(&mut self, channel: String, line: String) {
        let out = Out::Join { channel, line };
        if !self.waiting.contains(&out) {
            self.waiting.push_back(out);
        }
    }

    /// Queues an answer, unless the same one waits already or too many do.
    pub(super) fn courtesy(&mut self, line: String) {
        let out = Out::Courtesy(line);
        let mut others = self.waiting.iter().filter(|it| matches!(it, Out::Courtesy(_)));
        if others.clone().count() < MOST_COURTESIES && !others.any(|it| *it == out) {
            self.waiting.push_back(out);
        }
    }

    /// Queues lines that say something to `target`, and tells who waits for that.
    pub(super) fn say(&mut self, target: &str, lines: impl IntoIterator<Item = String>, receipt: Receipt) {
        self.sayings += 1;
        let saying = self.sayings;
        let lines = lines.into_iter().map(|line| Out::Line { saying, line });
        self.waiting.extend(lines);
        self.waiting.push_back(Out::Fence(saying));
        receipt.taken();
        self.fenced.push_back(Fenced {
            saying,
            target: folded(target),
            refused: None,
            receipt,
        });
    }

    /// What goes out next. Lines for which nobody waits any more do not: they come again.
    pub(super) fn pop(&mut self) -> Option<Out> {
        while let Some(out) = self.waiting.pop_front() {
            match out {
                Out::Line { saying, .. } if !self.is_awaited(saying) => {}
                Out::Fence(saying) if !self.is_awaited(saying) => {
                    self.fenced.retain(|it| it.saying != saying);
                }
                out => return Some(out),
            }
        }
        None
    }

    fn is_awaited(&self, saying: u64) -> bool {
        let mut fenced = self.fenced.iter();
        fenced.any(|it| it.saying == saying && it.receipt.is_awaited())
    }

    /// Notes that the `PING` behind the lines of that saying went out.
    pub(super) fn fence_is_out(&self, saying: u64) {
        if let Some(fenced) = self.fenced.iter().find(|it| it.saying == saying) {
            fenced.receipt.out();
        }
    }

    /// Notes that the server did not take what it was told last for `target`.
    pub(super) fn refused(&mut self, target: &str, why: &str) {
        if let Some(fenced) = self.fenced.front_mut()
            && fenced.target == folded(target)
        {
            fenced.refused = Some(why.to_owned());
        }
    }

    /// The lines that the server has read, if that is what its answer with this token says.
    pub(super) fn passed(&mut self, answer: &str) -> Option<Fenced> {
        self.fenced.pop_front_if(|it| token(it.saying) == answer)
    }

    /// Tells those who wait that their lines may not have arrived.
    pub(super) fn fail(&mut self, why: &str) {
        for fenced in self.fenced.drain(..) {
            fenced.receipt.done(Err(ListenerError::Later(why.to_owned())));
        }
    }
}

fn token(saying: u64) -> String {
    format!("weir-{saying}")
}

#[cfg(test)]
mod tests {
    use super::super::saying::Saying;
    use super::*;

    #[test]
    fn lines_for_which_nobody_waits_do_not_go_out_and_hold_up_nobody() {
        let mut outbox = Outbox::default();
        let (first, waits) = Saying::new("#weir", vec![]);
        let (second, _waits) = Saying::new("#weir", vec![]);
        outbox.say("#weir", ["a".to_owned(), "b".to_owned()], first.receipt);
        outbox.say("#weir", ["c".to_owned()], second.receipt);
        assert_eq!(outbox.pop().unwrap().line(), "a");
        drop(waits);
        assert_eq!(outbox.pop().unwrap().line(), "c");
        assert_eq!(outbox.pop().unwrap().line(), "PING :weir-2");
        assert!(outbox.passed("weir-1").is_none());
        assert!(outbox.passed("weir-2").is_some());
        assert_eq!(outbox.pop(), None);
    }

    #[test]
    fn courtesies_are_few_and_each_waits_once() {
        let mut outbox = Outbox::default();
        for number in 0..100 {
            outbox.courtesy("again".to_owned());
            outbox.courtesy(number.to_string());
        }
        let sent: Vec<Out> = std::iter::from_fn(|| outbox.pop()).collect();
        assert_eq!(sent.len(), MOST_COURTESIES);
        let again = Out::Courtesy("again".to_owned());
        assert_eq!(sent.iter().filter(|it| **it == again).count(), 1);
    }
}
