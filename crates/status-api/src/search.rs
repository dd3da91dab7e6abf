//! Searching a log: which of its lines hold something.

use serde::{Deserialize, Serialize};

use crate::{Error, LogId, Result};

/// Lines that an answer to a search has at the most.
pub const MAX_SEARCH_HITS: u32 = 1_000;
/// Bytes that what is looked for may have.
pub const MAX_SEARCH_PATTERN: usize = 1_000;
/// Characters of its line that a [`LogHit`] shows at the most.
pub const MAX_HIT_TEXT: usize = 500;
/// Places in its line that a [`LogHit`] tells at the most.
pub const MAX_HIT_RANGES: usize = 20;
/// How far a regular expression looks into a line, in bytes, so that no line takes long. A text is found wherever it is.
pub const MAX_REGEX_LINE: usize = 1 << 20;

/// What is looked for in each line.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SearchPattern {
    /// This text.
    Text(String),
    /// What this regular expression matches, in the [syntax of the crate
    /// `regex`](https://docs.rs/regex/1/regex/#syntax): no back references and nothing that looks around, so that the
    /// time that it takes grows with the line only. `^` and `$` are a line's begin and end.
    Regex(String),
}

/// What is looked for in a log, and from where on.
///
/// What is searched of each line is its text as people see it: without its `\n` and the carriage returns before that,
/// in a [`LogKind::Stdio`](crate::LogKind::Stdio) without its stream's letter, and without the escape sequences by which
/// terminals are told of colours and the like (ECMA-48's control sequences, and those that begin with `ESC ]`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogSearch {
    /// What.
    pub pattern: SearchPattern,
    /// Whether letters are found in either case, by Unicode's simple case folding.
    pub ignore_case: bool,
    /// The line from which on, from 0.
    pub first: i64,
    /// Lines at the most that are found; 0 for as many as an answer has: [`MAX_SEARCH_HITS`].
    pub limit: u32,
}

impl LogSearch {
    /// A search of the whole log for `text`, exactly as it is.
    pub fn text(text: impl Into<String>) -> Self {
        Self::of(SearchPattern::Text(text.into()))
    }

    /// A search of the whole log for what the regular expression matches.
    pub fn regex(regex: impl Into<String>) -> Self {
        Self::of(SearchPattern::Regex(regex.into()))
    }

    fn of(pattern: SearchPattern) -> Self {
        Self {
            pattern,
            ignore_case: false,
            first: 0,
            limit: 0,
        }
    }

    /// Whether it can be answered, as far as that can be told without knowing regular expressions.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] if nothing is looked for, or a line break, or more than [`MAX_SEARCH_PATTERN`] bytes; if
    /// the first line is negative.
    pub fn validate(&self) -> Result<()> {
        let (field, pattern) = match &self.pattern {
            SearchPattern::Text(text) => ("text", text),
            SearchPattern::Regex(regex) => ("regex", regex),
        };
        if pattern.is_empty() {
            return Err(Error::invalid(field, "is empty: say what is looked for"));
        }
        if pattern.len() > MAX_SEARCH_PATTERN {
            let why = format!("has {} bytes: {MAX_SEARCH_PATTERN} at the most", pattern.len());
            return Err(Error::invalid(field, why));
        }
        if pattern.contains('\n') {
            let why = "has a line break: each line is searched by itself";
            return Err(Error::invalid(field, why));
        }
        if self.first < 0 {
            return Err(Error::invalid("first", "lines are counted from 0"));
        }
        Ok(())
    }

    /// How many lines are found at the most.
    pub fn effective_limit(&self) -> u32 {
        match self.limit {
            0 => MAX_SEARCH_HITS,
            limit => limit.min(MAX_SEARCH_HITS),
        }
    }
}

/// The lines that a search found, in their order: as many as it has found within a short time, up to its limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHits {
    /// The log.
    pub log: LogId,
    /// The lines.
    pub hits: Vec<LogHit>,
    /// The first line that was not searched, from 0: search on from there. Never before where this search began.
    pub next: i64,
    /// Whether the log had no further line.
    pub complete: bool,
}

/// A line in which something was found. Places in it are counted in characters (Unicode's scalar values) from 0, in the
/// text that is searched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHit {
    /// The line's number within the log, from 0.
    pub line: i64,
    /// The letter of its stream, in a [`LogKind::Stdio`](crate::LogKind::Stdio).
    pub stream: Option<char>,
    /// The text that was searched; of a long line [`MAX_HIT_TEXT`] characters with the first place where something was
    /// found, or its begin.
    pub text: String,
    /// How many characters of the line are before `text`.
    pub text_start: i64,
    /// Where in the line something was found: the first [`MAX_HIT_RANGES`] places that are not empty, in their order.
    pub ranges: Vec<HitRange>,
}

/// A part of a line, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HitRange {
    /// The first character.
    pub begin: i64,
    /// The character behind the last.
    pub end: i64,
}
