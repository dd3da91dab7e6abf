//! subunit: packets of version 2 between any other bytes, and the lines of version 1.

mod packet;
mod text;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{Found, Outcome, TestResult};
use packet::{Next, Packet, SIGNATURE, Status};
use text::Text;

/// How many tests may be under way whose beginning is remembered.
const MOST_UNDER_WAY: usize = 10_000;
/// After so many packets that are none, no more are looked for.
const MOST_BROKEN: usize = 100;

/// Reads a stream.
#[derive(Debug, Default)]
pub(crate) struct Subunit {
    /// What is not yet a whole packet.
    waiting: Vec<u8>,
    text: Text,
    /// When tests began, by their id and the route of their packets.
    under_way: BTreeMap<(String, String), Duration>,
    broken: usize,
    problem: Option<String>,
}

impl Subunit {
    pub(crate) fn push(&mut self, bytes: &[u8], found: &mut Found<'_>) {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.extend_from_slice(bytes);
        let mut rest = waiting.as_slice();
        while !rest.is_empty() {
            if rest[0] != SIGNATURE || self.broken >= MOST_BROKEN {
                let end = match self.broken {
                    ..MOST_BROKEN => rest.iter().position(|it| *it == SIGNATURE),
                    MOST_BROKEN.. => None,
                };
                let (text, after) = rest.split_at(end.unwrap_or(rest.len()));
                self.text.push(text, found);
                rest = after;
                continue;
            }
            match packet::next(rest) {
                Next::Unfinished => break,
                Next::Broken(why) => {
                    self.broken += 1;
                    self.problem
                        .get_or_insert(format!("a packet of subunit is broken: {why}"));
                    rest = &rest[1..];
                }
                Next::Packet(packet, length) => {
                    self.take(&packet, found);
                    rest = &rest[length..];
                }
            }
        }
        self.waiting = rest.to_vec();
    }

    pub(crate) fn finish(&mut self, found: &mut Found<'_>) {
        if !self.waiting.is_empty() {
            self.problem
                .get_or_insert("it ends within a packet of subunit".to_owned());
        }
        self.text.finish(found);
    }

    pub(crate) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    fn take(&mut self, packet: &Packet<'_>, found: &mut Found<'_>) {
        let Some(id) = packet.test else { return };
        let key = || (id.to_owned(), packet.route.to_owned());
        let outcome = match packet.status {
            Status::Other => return,
            Status::InProgress => {
                if let Some(time) = packet.time
                    && self.under_way.len() < MOST_UNDER_WAY
                {
                    self.under_way.insert(key(), time);
                }
                return;
            }
            // It was expected to fail.
            Status::Success | Status::ExpectedFailure => Outcome::Passed,
            Status::Failure | Status::UnexpectedSuccess => Outcome::Failed,
            Status::Skipped => Outcome::Skipped,
        };
        let began = self.under_way.remove(&key());
        if let Some(mut result) = TestResult::new(id, outcome) {
            result.duration = packet
                .time
                .zip(began)
                .and_then(|(end, begin)| end.checked_sub(begin));
            found(result);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet as other programs write it.
    fn packet(flags: u16, fields: &[u8]) -> Vec<u8> {
        let length = u8::try_from(4 + fields.len() + 4).unwrap();
        assert!(length < 64, "one byte has its length");
        let mut packet = vec![SIGNATURE];
        packet.extend(flags.to_be_bytes());
        packet.push(length);
        packet.extend(fields);
        packet.extend(crc32fast::hash(&packet).to_be_bytes());
        packet
    }

    fn at(seconds: u32, nanos: u8, id: &str) -> Vec<u8> {
        let mut fields = seconds.to_be_bytes().to_vec();
        fields.extend([nanos, u8::try_from(id.len()).unwrap()]);
        fields.extend(id.as_bytes());
        fields
    }

    fn read(pieces: &[&[u8]]) -> (Vec<TestResult>, Option<String>) {
        let mut all = vec![];
        let mut subunit = Subunit::default();
        for piece in pieces {
            subunit.push(piece, &mut |it| all.push(it));
        }
        subunit.finish(&mut |it| all.push(it));
        (all, subunit.problem)
    }

    fn stream() -> Vec<u8> {
        let tagged = [&at(12, 5, "b")[..], &[1, 1, b't']].concat();
        [
            b"starting\n".to_vec(),
            packet(0x2b02, &at(10, 1, "a")),
            packet(0x2b03, &at(12, 3, "a")),
            b"noise\n".to_vec(),
            packet(0x2b86, &tagged),
            packet(0x2905, &[1, b'c']),
            packet(0x2901, &[1, b'd']),
            b"success: old\nfailure: older [ multipart\nsuccess: no\n]\n".to_vec(),
        ]
        .concat()
    }

    #[test]
    fn packets_say_what_tests_came_to() {
        let (all, problem) = read(&[&stream()]);
        assert_eq!(problem, None);
        let shown: Vec<_> = all
            .iter()
            .map(|it| (it.name.as_str(), it.outcome, it.duration))
            .collect();
        let took = Some(Duration::new(2, 2));
        assert_eq!(
            shown,
            [
                ("a", Outcome::Passed, took),
                ("b", Outcome::Failed, None),
                ("c", Outcome::Skipped, None),
                ("old", Outcome::Passed, None),
                ("older", Outcome::Failed, None),
            ]
        );
    }

    #[test]
    fn cuts_between_pieces_change_nothing() {
        let stream = stream();
        let whole = read(&[&stream]);
        for at in 0..stream.len() {
            assert_eq!(read(&[&stream[..at], &stream[at..]]), whole, "{at}");
        }
    }

    #[test]
    fn a_broken_packet_is_told_and_the_next_one_read() {
        let good = packet(0x2903, &[1, b'x']);
        let mut bad = packet(0x2903, &[1, b'y']);
        bad[6] ^= 1;
        let (all, problem) = read(&[&bad, &good]);
        assert_eq!(all.len(), 1);
        assert!(problem.is_some_and(|it| it.contains("checksum")));
        let (all, problem) = read(&[&good[..good.len() - 1]]);
        assert_eq!(all, []);
        assert!(problem.is_some_and(|it| it.contains("ends within")));
    }
}
