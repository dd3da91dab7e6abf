//! Topics: the names under which events go out, and patterns over them. They are Buildbot's.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ControlTarget, Entity, Error, Result};

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// What happened to a resource: the last word of a topic.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Verb { $($(#[$doc])* $name,)+ }

        impl Verb {
            /// All verbs.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The word.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The verb of that word, if there is one.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|verb| verb.name() == name)
            }
        }
    };
}

verbs! {
    /// It was made.
    New = "new",
    /// It changed (builds, builders, properties).
    Update = "update",
    /// It changed (steps, schedulers, listeners, dead letters).
    Updated = "updated",
    /// It began.
    Started = "started",
    /// It stopped.
    Stopped = "stopped",
    /// It ended (builds, steps, logs).
    Finished = "finished",
    /// Lines were added to a log.
    Append = "append",
    /// A master took the build request.
    Claimed = "claimed",
    /// A master gave the build request back.
    Unclaimed = "unclaimed",
    /// It ended (build requests, buildsets).
    Complete = "complete",
    /// It ended (test result sets).
    Completed = "completed",
    /// The worker should be connected and is not.
    Missing = "missing",
    /// The worker connected.
    Connected = "connected",
    /// The worker disconnected.
    Disconnected = "disconnected",
    /// The worker was paused, unpaused or told to end, or was refused.
    StateUpdated = "state_updated",
    /// Somebody asked for something; the topic names what.
    Requested = "requested",
    /// It is no longer kept; the event holds it as it last was.
    Deleted = "deleted",
}

/// The name under which an event goes out: words, the last one says what happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Topic(pub Vec<String>);

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

macro_rules! topic {
    ($($word:expr),+) => { Topic(vec![$($word.to_string()),+]) };
}

pub(crate) fn topics(entity: &Entity, verb: Verb) -> Vec<Topic> {
    let verb = verb.name();
    match entity {
        Entity::Master(it) => vec![topic!("masters", it.id, verb)],
        Entity::Builder(it) => vec![topic!("builders", it.id, verb)],
        Entity::Build(it) => vec![
            topic!("builds", it.id, verb),
            topic!("builders", it.builder, "builds", it.number, verb),
            topic!("workers", it.worker, "builds", it.id, verb),
        ],
        Entity::BuildRequest(it) => vec![
            topic!("buildrequests", it.id, verb),
            topic!("builders", it.builder, "buildrequests", it.id, verb),
            topic!(
                "buildsets",
                it.buildset,
                "builders",
                it.builder,
                "buildrequests",
                it.id,
                verb
            ),
        ],
        Entity::Buildset(it) => vec![topic!("buildsets", it.id, verb)],
        Entity::SourceStamp(it) => vec![topic!("sourcestamps", it.id, verb)],
        Entity::Change(it) => vec![topic!("changes", it.id, verb)],
        Entity::Step(it) => {
            vec![
                topic!("steps", it.id, verb),
                topic!("builds", it.build, "steps", it.id, verb),
            ]
        }
        Entity::Log(it) => vec![
            topic!("logs", it.id, verb),
            topic!("steps", it.step, "logs", it.slug, verb),
        ],
        Entity::Worker(it) => vec![topic!("workers", it.id, verb)],
        Entity::Scheduler(it) => vec![topic!("schedulers", it.id, verb)],
        Entity::ForceScheduler(it) => vec![topic!("forceschedulers", it.name, verb)],
        Entity::ChangeSource(it) => vec![topic!("changesources", it.id, verb)],
        Entity::Project(it) => vec![topic!("projects", it.id, verb)],
        Entity::Codebase(it) => vec![topic!("codebases", it.id, verb)],
        Entity::Branch(it) => vec![topic!("branches", it.id, verb)],
        Entity::Commit(it) => vec![
            topic!("commits", it.id, verb),
            topic!("codebases", it.codebase, "commits", it.id, verb),
        ],
        Entity::BuildData(it) => vec![topic!("builds", it.build, "data", it.name, verb)],
        Entity::TestResultSet(it) => vec![topic!("test_result_sets", it.id, verb)],
        Entity::TestResult(it) => vec![topic!("test_results", it.id, verb)],
        Entity::Listener(it) => vec![topic!("listeners", it.id, verb)],
        Entity::DeadLetter(it) => vec![
            topic!("dead_letters", it.id, verb),
            topic!("listeners", it.listener, "dead_letters", it.id, verb),
        ],
        Entity::Properties(it) => vec![topic!("builds", it.build, "properties", verb)],
        Entity::Control(it) => {
            let action = it.action.name();
            vec![match it.target {
                ControlTarget::Build(id) => topic!("control", "builds", id, action),
                ControlTarget::BuildRequest(id) => topic!("control", "buildrequests", id, action),
                ControlTarget::Worker(id) => topic!("control", "worker", id, action),
                ControlTarget::Listener(id) => topic!("control", "listeners", id, action),
            }]
        }
    }
}

/// A topic with `*` for any one word. `**` alone matches every topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopicPattern(Vec<String>);

impl TopicPattern {
    /// Parses words joined by `/`.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] if a word is empty, or there are more than ten.
    pub fn parse(text: &str) -> Result<Self> {
        let words: Vec<String> = text.split('/').map(str::to_owned).collect();
        if words.iter().any(String::is_empty) || words.len() > 10 {
            return Err(Error::invalid(
                "path",
                format!("`{text}` is no topic pattern such as `builds/*/finished`"),
            ));
        }
        Ok(Self(words))
    }

    /// Whether the topic matches: as many words, each equal or `*`.
    pub fn matches(&self, topic: &Topic) -> bool {
        if self.0 == ["**"] {
            return true;
        }
        self.0.len() == topic.0.len()
            && self
                .0
                .iter()
                .zip(&topic.0)
                .all(|(pattern, word)| pattern == "*" || pattern == word)
    }
}

impl fmt::Display for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

/// Which events a watch gives: those with a topic that matches one of the patterns. An event that
/// matches several is given once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopicFilter(Vec<TopicPattern>);

impl TopicFilter {
    /// Every event.
    pub fn all() -> Self {
        Self(vec![TopicPattern(vec!["**".to_owned()])])
    }

    /// Events that match one pattern, e.g. `builds/*/finished`.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`], as [`TopicPattern::parse`].
    pub fn parse(pattern: &str) -> Result<Self> {
        Self::parse_all([pattern])
    }

    /// Events that match any of the patterns.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`], as [`TopicPattern::parse`], or if there are no patterns or more than a hundred.
    pub fn parse_all<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let patterns = patterns
            .into_iter()
            .map(TopicPattern::parse)
            .collect::<Result<Vec<_>>>()?;
        if patterns.is_empty() || patterns.len() > 100 {
            return Err(Error::invalid("path", "takes 1 to 100 topic patterns"));
        }
        Ok(Self(patterns))
    }

    /// The patterns.
    pub fn patterns(&self) -> &[TopicPattern] {
        &self.0
    }

    /// The first of the event's topics that matches, if one does.
    pub fn matching(&self, event: &crate::Event) -> Option<Topic> {
        event
            .topics()
            .into_iter()
            .find(|topic| self.0.iter().any(|pattern| pattern.matches(topic)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_exactly_one_word() {
        let topic = Topic(["builds", "17", "finished"].map(str::to_owned).to_vec());
        for (pattern, matches) in [
            ("builds/*/finished", true),
            ("builds/17/*", true),
            ("*/*/*", true),
            ("**", true),
            ("builds/*", false),
            ("builds/*/*/*", false),
            ("builds/18/finished", false),
        ] {
            assert_eq!(
                TopicPattern::parse(pattern).unwrap().matches(&topic),
                matches,
                "{pattern}"
            );
        }
        assert!(TopicPattern::parse("builds//finished").is_err());
    }
}
