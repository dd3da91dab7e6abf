//! Searching the lines of a log.

mod escapes;

use std::time::{Duration, Instant};

use regex::{Regex, RegexBuilder};
use weir_status_api::{
    HitRange, LogHit, LogHits, LogId, LogKind, LogSearch, MAX_HIT_RANGES, MAX_HIT_TEXT, MAX_REGEX_LINE,
    SearchPattern,
};

use crate::error::{Error, Result};
use escapes::plain;

/// After so long a search is answered with what it has found.
const TIME: Duration = Duration::from_millis(300);
/// Bytes that a compiled regular expression may have.
const REGEX_BYTES: usize = 1 << 20;
/// Bytes that a compiled text may have: more than the longest in any case needs.
const TEXT_BYTES: usize = 8 << 20;
/// Characters before what was found that are shown of a long line.
const LEAD: usize = 100;

/// A search under way. It is given the log's text chunk by chunk.
#[derive(Debug)]
pub(crate) struct Scan {
    regex: Regex,
    /// How much of a line is searched, in bytes.
    reach: usize,
    limit: usize,
    hits: Vec<LogHit>,
    /// The first line that is not searched.
    next: i64,
    /// When it has taken long enough; none before its first chunk.
    end: Option<Instant>,
}

impl Scan {
    /// A search that has not begun.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the search's regular expression is none, or too large.
    pub(crate) fn new(search: &LogSearch) -> Result<Self> {
        let (pattern, bytes, reach) = match &search.pattern {
            SearchPattern::Text(text) => (&regex::escape(text), TEXT_BYTES, usize::MAX),
            SearchPattern::Regex(regex) => (regex, REGEX_BYTES, MAX_REGEX_LINE),
        };
        let regex = RegexBuilder::new(pattern)
            .case_insensitive(search.ignore_case)
            .size_limit(bytes)
            .build()
            .map_err(refused)?;
        Ok(Self {
            regex,
            reach,
            limit: usize::try_from(search.effective_limit()).unwrap_or(usize::MAX),
            hits: Vec::new(),
            next: search.first,
            end: None,
        })
    }

    /// The first line that is not searched.
    pub(crate) fn next(&self) -> i64 {
        self.next
    }

    /// Searches the lines of a chunk that begins with the line `first`, those before [`Scan::next`] left out. Gives
    /// whether more is wanted.
    pub(crate) fn take(&mut self, kind: LogKind, first: i64, text: &str) -> bool {
        let end = *self.end.get_or_insert_with(|| Instant::now() + TIME);
        for (number, line) in (first..).zip(text.split_terminator('\n')) {
            if number < self.next {
                continue;
            }
            self.line(kind, number, line);
            self.next = number + 1;
            if self.hits.len() >= self.limit {
                return false;
            }
        }
        Instant::now() < end
    }

    fn line(&mut self, kind: LogKind, number: i64, line: &str) {
        let mut letters = line.chars();
        let stream = match kind {
            LogKind::Stdio => letters.next(),
            _ => None,
        };
        let text = plain(letters.as_str().trim_end_matches('\r'));
        let searched = &text[..text.floor_char_boundary(self.reach)];
        if let Some(first) = self.regex.find(searched) {
            let found = self.regex.find_iter(searched).take(MAX_HIT_RANGES);
            let ranges = ranges(&text, found.map(|it| it.range()));
            let (text_start, text) = shown(&text, first.start());
            self.hits.push(LogHit {
                line: number,
                stream,
                text: text.to_owned(),
                text_start: count(text_start),
                ranges,
            });
        }
    }

    /// What was found; `complete` if the log has no further line.
    pub(crate) fn found(self, log: LogId, complete: bool) -> LogHits {
        LogHits {
            log,
            hits: self.hits,
            next: self.next,
            complete,
        }
    }
}

fn refused(error: regex::Error) -> Error {
    let why = match error {
        regex::Error::CompiledTooBig(_) => "is too large a regular expression".to_owned(),
        // Its last line says what is wrong, those before show where.
        other => {
            let text = other.to_string();
            let why = text.lines().last().unwrap_or_default().to_owned();
            why.trim_start_matches("error: ").to_owned()
        }
    };
    Error::invalid("regex", why)
}

/// Places in bytes as places in characters, without empty ones.
fn ranges(text: &str, found: impl Iterator<Item = std::ops::Range<usize>>) -> Vec<HitRange> {
    let (mut bytes, mut characters) = (0, 0);
    let mut walk = |to: usize| {
        characters += text[bytes..to].chars().count();
        bytes = to;
        count(characters)
    };
    found
        .filter(|it| !it.is_empty())
        .map(|it| HitRange {
            begin: walk(it.start),
            end: walk(it.end),
        })
        .collect()
}

/// The part of a line that is shown, with how many characters are before it: all of it, or as much as may be with what
/// was found at the byte `found`.
fn shown(text: &str, found: usize) -> (usize, &str) {
    if text.len() <= MAX_HIT_TEXT {
        return (0, text);
    }
    let all = text.chars().count();
    let lead = text[..found].chars().count().saturating_sub(LEAD);
    let start = lead.min(all.saturating_sub(MAX_HIT_TEXT));
    let place = |characters: usize| {
        let place = text.char_indices().nth(characters);
        place.map_or(text.len(), |(byte, _)| byte)
    };
    (start, &text[place(start)..place(start + MAX_HIT_TEXT)])
}

/// A number of characters, which is far from 2^63.
fn count(characters: usize) -> i64 {
    i64::try_from(characters).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
