//! Who may give which command, and how often.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use weir_status_api::Timestamp;

use super::Heard;
use super::commands::Command;

/// How many persons are remembered for their pace.
const MOST_PERSONS: usize = 10_000;

/// The time within which commands are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// Whether the person may give the command there. What names the command itself counts, else what names its sort; who
/// rules a place may also say whether the bot talks there.
pub(super) fn may(allow: &BTreeMap<String, Vec<String>>, command: &Command, heard: &Heard) -> bool {
    let sort = if command.changes { "!" } else { "*" };
    let named = allow.get(command.name).or_else(|| allow.get(sort));
    let is_meant = |it: &String| {
        it == "*" || it.eq_ignore_ascii_case(&heard.person) || heard.also.iter().any(|other| other == it)
    };
    match named {
        Some(persons) => persons.iter().any(is_meant),
        None if command.rules_place => heard.private || heard.operator,
        None => !command.changes,
    }
}

/// Whether a command comes in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InTime {
    /// It does.
    Yes,
    /// It is one too many, the first of them.
    TellOnce,
    /// It is one too many, and they know.
    No,
}

/// How often persons give commands.
#[derive(Debug)]
pub(super) struct Pace {
    per_minute: usize,
    asked: HashMap<String, VecDeque<Timestamp>>,
}

impl Pace {
    pub(super) fn new(per_minute: usize) -> Self {
        Self {
            per_minute,
            asked: HashMap::new(),
        }
    }

    /// Notes that `person` gives a command at `now`.
    pub(super) fn ask(&mut self, person: &str, now: Timestamp) -> InTime {
        if self.asked.len() >= MOST_PERSONS {
            self.asked
                .retain(|_, times| times.back().is_some_and(|it| now.since(*it) < MINUTE));
        }
        // Strangers are not heard before others have been quiet for a minute.
        if self.asked.len() >= MOST_PERSONS && !self.asked.contains_key(person) {
            return InTime::No;
        }
        let times = self.asked.entry(person.to_owned()).or_default();
        while times.front().is_some_and(|it| now.since(*it) >= MINUTE) {
            times.pop_front();
        }
        // One more is noted than is allowed: the one that they are told about.
        match times.len() {
            few if few < self.per_minute => {
                times.push_back(now);
                InTime::Yes
            }
            just if just == self.per_minute => {
                times.push_back(now);
                InTime::TellOnce
            }
            _ => InTime::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_a_number_of_commands_a_minute() {
        let mut pace = Pace::new(2);
        let at = Timestamp::from_secs;
        assert_eq!(pace.ask("ada", at(0)), InTime::Yes);
        assert_eq!(pace.ask("ada", at(1)), InTime::Yes);
        assert_eq!(pace.ask("ada", at(2)), InTime::TellOnce);
        assert_eq!(pace.ask("ada", at(3)), InTime::No);
        assert_eq!(pace.ask("bob", at(3)), InTime::Yes);
        assert_eq!(pace.ask("ada", at(63)), InTime::Yes);
    }
}
