//! Searching a log: line by line, as it is promised.

use regex::{Regex, RegexBuilder};
use weir_status_api::{
    Error, HitRange, Log, LogHit, LogHits, LogKey, LogKind, LogSearch, MAX_HIT_RANGES, MAX_HIT_TEXT,
    MAX_REGEX_LINE, Result, SearchPattern,
};

use super::{Fault, Model, State};

/// What terminals take for commands.
const SEQUENCES: &str = "\u{1b}\\[[0-?]*[ -/]*[@-~]|\u{1b}\\][^\u{7}\u{1b}]*(?:\u{7}|\u{1b}\\\\)?|\u{1b}[ -/]*[0-Z\\\\^-~]|\u{1b}";

impl Model {
    pub(super) fn search(&self, state: &State, log: &LogKey, search: &LogSearch) -> Result<LogHits> {
        search.validate()?;
        let (pattern, reach) = match &search.pattern {
            SearchPattern::Text(text) => (regex::escape(text), usize::MAX),
            SearchPattern::Regex(regex) => (regex.clone(), MAX_REGEX_LINE),
        };
        let regex = RegexBuilder::new(&pattern)
            .case_insensitive(search.ignore_case || self.has(Fault::SearchesOneCase))
            .size_limit(8 << 20)
            .build()
            .map_err(|error| Error::invalid("regex", error))?;
        let Log { id, kind, .. } = *state.find_log(log)?;
        if kind == LogKind::Deleted && !self.has(Fault::ShowsDeletedContents) {
            let what = log.to_string();
            return Err(Error::ContentDeleted { what });
        }
        let sequences = Regex::new(SEQUENCES).map_err(Error::internal)?;
        let mut found = LogHits {
            log: id,
            hits: vec![],
            next: search.first,
            complete: true,
        };
        let skipped = usize::try_from(search.first).unwrap_or(usize::MAX);
        for line in state.contents[&id].iter().skip(skipped) {
            if found.hits.len() >= search.effective_limit() as usize {
                found.complete = self.has(Fault::SearchesOnePart);
                break;
            }
            let line = line.trim_end_matches('\n').trim_end_matches('\r');
            let letter = line.chars().next().filter(|_| kind == LogKind::Stdio);
            let text = match self.has(Fault::SearchesAsStored) {
                true => line.to_owned(),
                false => {
                    let text = &line[letter.map_or(0, char::len_utf8)..];
                    sequences.replace_all(text, "").into_owned()
                }
            };
            found
                .hits
                .extend(self.hit(&regex, reach, found.next, letter, &text));
            found.next += 1;
        }
        Ok(found)
    }

    fn hit(
        &self,
        regex: &Regex,
        reach: usize,
        line: i64,
        stream: Option<char>,
        text: &str,
    ) -> Option<LogHit> {
        let searched = &text[..text.floor_char_boundary(reach)];
        let place = |byte: usize| match self.has(Fault::CountsBytes) {
            true => byte,
            false => text[..byte].chars().count(),
        };
        let ranges = regex
            .find_iter(searched)
            .take(MAX_HIT_RANGES)
            .filter(|it| !it.is_empty());
        let ranges = ranges.map(|it| HitRange {
            begin: place(it.start()) as i64,
            end: place(it.end()) as i64,
        });
        let first = place(regex.find(searched)?.start());
        let start = first.min(text.chars().count().saturating_sub(MAX_HIT_TEXT));
        Some(LogHit {
            line,
            stream,
            text: text.chars().skip(start).take(MAX_HIT_TEXT).collect(),
            text_start: start as i64,
            ranges: ranges.collect(),
        })
    }
}
