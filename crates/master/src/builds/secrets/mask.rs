//! Putting the names of secrets in the place of their values, also where a value comes in pieces.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use encoding_rs::Encoding;

/// The lines of a value are kept out of sight each by itself too, from this length on, in bytes: programs show a key
/// line by line, and shorter lines are words of other texts as well.
const LEAST_LINE: usize = 8;

/// What must not be seen, and what is shown in its place. Immutable; more of it is another one.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    /// The longest first.
    patterns: Vec<Pattern>,
    /// The bytes that one of them begins with.
    begins: Vec<bool>,
}

struct Pattern {
    bytes: Vec<u8>,
    /// For each length of a beginning, the longest shorter one that it ends with.
    shorter: Vec<usize>,
    /// The name of its secret.
    name: Arc<str>,
}

impl std::fmt::Debug for Pattern {
    /// Does not show the bytes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pattern").field(&self.name).finish()
    }
}

impl Pattern {
    fn new(bytes: Vec<u8>, name: Arc<str>) -> Self {
        let mut shorter = vec![0; bytes.len() + 1];
        let mut length = 0;
        for at in 1..bytes.len() {
            while length > 0 && bytes[at] != bytes[length] {
                length = shorter[length];
            }
            length += usize::from(bytes[at] == bytes[length]);
            shorter[at + 1] = length;
        }
        Self { bytes, shorter, name }
    }

    /// How much of it what was seen ends with, once `byte` is seen after `length` bytes of it.
    fn next(&self, mut length: usize, byte: u8) -> usize {
        loop {
            if self.bytes.get(length) == Some(&byte) {
                return length + 1;
            }
            match length {
                0 => return 0,
                _ => length = self.shorter[length],
            }
        }
    }
}

impl Patterns {
    /// All forms of the secrets' values, by their names. A blank value hides nothing, as in Buildbot; any other does,
    /// however short.
    pub(crate) fn of<'s>(
        secrets: impl IntoIterator<Item = (&'s str, &'s str)>,
        encodings: &[&'static Encoding],
    ) -> Self {
        let mut patterns: Vec<Pattern> = vec![];
        for (name, value) in secrets {
            let name: Arc<str> = name.into();
            for form in forms(value, encodings) {
                if !patterns.iter().any(|it| it.bytes == form) {
                    patterns.push(Pattern::new(form, Arc::clone(&name)));
                }
            }
        }
        patterns.sort_by_key(|it| std::cmp::Reverse(it.bytes.len()));
        let mut begins = vec![false; 256];
        for first in patterns.iter().filter_map(|it| it.bytes.first()) {
            begins[usize::from(*first)] = true;
        }
        Self { patterns, begins }
    }

    /// Whether there is nothing to hide.
    pub(crate) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }
}

/// The forms in which a value shows: as it is, without the space around it, as a worker quotes words of a command, line
/// by line, and all of these in UTF-8 and in other encodings.
fn forms(value: &str, encodings: &[&'static Encoding]) -> Vec<Vec<u8>> {
    let mut forms = vec![value.to_owned(), value.trim().to_owned()];
    let lines = value.lines().map(str::trim);
    forms.extend(
        lines
            .filter(|it| value.trim().len() > it.len() && it.len() >= LEAST_LINE)
            .map(str::to_owned),
    );
    let quoted: Vec<_> = forms
        .iter()
        .filter(|it| it.contains('\''))
        .map(|it| it.replace('\'', r"'\''"))
        .collect();
    forms.extend(quoted);
    forms.retain(|it| !it.trim().is_empty());
    let mut all = vec![];
    for encoding in encodings {
        // What cannot be said in an encoding is not shown in it.
        let encoded = forms.iter().map(|it| encoding.encode(it));
        all.extend(
            encoded
                .filter(|(_, _, is_lossy)| !is_lossy)
                .map(|(bytes, ..)| bytes.into_owned()),
        );
    }
    all.extend(forms.into_iter().map(String::into_bytes));
    all
}

/// A part of a stream that must not be seen, by the numbers of its bytes.
#[derive(Debug)]
struct Hidden {
    /// Where the value begins; what is before `begin` is hidden already.
    from: u64,
    begin: u64,
    end: u64,
    /// What stands in its place; nothing for more of what is hidden already.
    name: Option<Arc<str>>,
}

/// Hides values in one stream of bytes, which come in any pieces.
///
/// What may be the beginning of a value is held back until more is known. Values that overlap are hidden as a whole,
/// with the names of all. No other byte is changed or lost.
#[derive(Debug)]
pub(crate) struct Masker {
    patterns: Arc<Patterns>,
    /// How much of each pattern is what was seen last.
    lengths: Vec<usize>,
    /// What is held back.
    held: Vec<u8>,
    /// The number of its first byte.
    begin: u64,
    /// The number of the next byte that comes.
    end: u64,
    /// What of it, and after it, must not be seen, in order and apart from each other.
    hidden: VecDeque<Hidden>,
    /// Up to where all is hidden by a name that was given already.
    covered: u64,
    /// The last name that was given.
    last: Option<Arc<str>>,
    /// Whether each hidden byte becomes a `*`, for streams that tell how long their parts are.
    keeps_length: bool,
}

/// What of a stream is held back, so that it can be gone on with by somebody who knows the secrets again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// How many bytes are held back.
    pub(crate) bytes: u64,
    /// How many of the next bytes belong to a value whose name was given already.
    pub(crate) covered: u64,
    /// The secret whose value begins with what is held back; empty if nothing is.
    pub(crate) secret: String,
    /// The number of the form in which it does.
    pub(crate) form: u64,
}

impl Masker {
    /// One of a stream that begins.
    pub(crate) fn new(patterns: Arc<Patterns>) -> Self {
        Self {
            lengths: vec![0; patterns.patterns.len()],
            patterns,
            held: vec![],
            begin: 0,
            end: 0,
            hidden: VecDeque::new(),
            covered: 0,
            last: None,
            keeps_length: false,
        }
    }

    /// One of a stream that goes on where `held` was held back; the bytes themselves come again.
    pub(crate) fn after(patterns: Arc<Patterns>, held: &Held) -> Self {
        Self {
            covered: held.covered,
            ..Self::new(patterns)
        }
    }

    /// The same if they do not come again: what is not known any more stays hidden.
    pub(crate) fn without(patterns: Arc<Patterns>, held: &Held) -> Self {
        let mut masker = Self::after(Arc::clone(&patterns), held);
        let length = usize::try_from(held.bytes).unwrap_or(usize::MAX);
        let form = usize::try_from(held.form).unwrap_or(usize::MAX);
        let known = patterns.of_secret(&held.secret).nth(form);
        if let Some(known) = known
            .and_then(|it| it.bytes.get(..length))
            .filter(|it| !it.is_empty())
        {
            masker.see(known);
            masker.held = known.to_vec();
            let name: Arc<str> = held.secret.as_str().into();
            hide(&mut masker.hidden, 0, masker.covered, held.bytes, &name);
        }
        masker
    }

    /// Makes each hidden byte a `*`, or not.
    pub(crate) fn keep_length(&mut self, keeps_length: bool) {
        self.keeps_length = keeps_length;
    }

    /// From now on hides these, which are more than before; also in what is held back.
    pub(crate) fn learn(&mut self, patterns: &Arc<Patterns>) {
        if Arc::ptr_eq(&self.patterns, patterns) {
            return;
        }
        self.patterns = Arc::clone(patterns);
        self.lengths = vec![0; patterns.patterns.len()];
        self.hidden.clear();
        self.end = self.begin;
        let held = std::mem::take(&mut self.held);
        self.see(&held);
        self.held = held;
    }

    /// What is held back.
    pub(crate) fn held(&self) -> Held {
        let longest = self
            .patterns
            .patterns
            .iter()
            .zip(&self.lengths)
            .max_by_key(|(_, it)| **it);
        let longest = longest.filter(|(_, length)| **length > 0 && !self.held.is_empty());
        let form = longest.and_then(|(longest, _)| {
            let mut of_secret = self.patterns.of_secret(&longest.name);
            of_secret.position(|it| std::ptr::eq(it, longest))
        });
        Held {
            bytes: self.held.len() as u64,
            covered: self.covered.saturating_sub(self.begin),
            secret: longest.map(|(it, _)| it.name.to_string()).unwrap_or_default(),
            form: form.unwrap_or_default() as u64,
        }
    }

    /// Takes bytes; gives all that can be seen now.
    pub(crate) fn push<'b>(&mut self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        if self.patterns.is_empty() && self.held.is_empty() && self.covered <= self.begin {
            return Cow::Borrowed(bytes);
        }
        self.see(bytes);
        self.held.extend_from_slice(bytes);
        let undecided = self.lengths.iter().max().copied().unwrap_or_default();
        Cow::Owned(self.release(self.end - undecided as u64))
    }

    /// Ends the stream: gives what was held back.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        self.lengths.fill(0);
        let rest = self.release(self.end);
        self.covered = self.covered.min(self.begin);
        self.last = None;
        rest
    }

    /// Looks for values in what comes.
    fn see(&mut self, bytes: &[u8]) {
        let patterns = Arc::clone(&self.patterns);
        let mut is_within = self.lengths.iter().any(|it| *it > 0);
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if !is_within {
                let next = bytes[at..].iter().position(|it| patterns.begins(*it));
                let Some(skipped) = next else {
                    self.end += (bytes.len() - at) as u64;
                    return;
                };
                if skipped > 0 {
                    self.end += skipped as u64;
                    at += skipped;
                    continue;
                }
            }
            at += 1;
            self.end += 1;
            is_within = false;
            let mut has_found = false;
            for (pattern, length) in patterns.patterns.iter().zip(&mut self.lengths) {
                *length = pattern.next(*length, byte);
                if *length == pattern.bytes.len() {
                    *length = pattern.shorter[*length];
                    // Shorter ones that end here are parts of it.
                    if !has_found {
                        has_found = true;
                        let begin = self.end - pattern.bytes.len() as u64;
                        hide(&mut self.hidden, begin, self.covered, self.end, &pattern.name);
                    }
                }
                is_within |= *length > 0;
            }
        }
    }

    /// Gives what is before `bound`.
    fn release(&mut self, bound: u64) -> Vec<u8> {
        let mut seen = vec![];
        let mut at = self.begin.max(self.covered.min(bound));
        self.stars(&mut seen, at - self.begin);
        while let Some(hidden) = self.hidden.pop_front_if(|it| it.from < bound) {
            let begin = hidden.begin.min(bound);
            seen.extend_from_slice(self.part(at, begin));
            let is_new = hidden.begin > self.covered || self.last != hidden.name;
            if let Some(name) = hidden.name.filter(|_| is_new) {
                if !self.keeps_length {
                    seen.extend_from_slice(format!("<{name}>").as_bytes());
                }
                self.last = Some(name);
            }
            self.covered = self.covered.max(hidden.end);
            at = hidden.end.min(bound);
            self.stars(&mut seen, at - begin);
        }
        seen.extend_from_slice(self.part(at, bound));
        self.held
            .drain(..usize::try_from(bound - self.begin).unwrap_or(usize::MAX));
        self.begin = bound;
        seen
    }

    /// Adds what stands for so many hidden bytes, if each has something.
    fn stars(&self, seen: &mut Vec<u8>, count: u64) {
        if self.keeps_length {
            seen.extend((0..count).map(|_| b'*'));
        }
    }

    /// Held bytes, by their numbers.
    fn part(&self, begin: u64, end: u64) -> &[u8] {
        let place = |at: u64| usize::try_from(at.saturating_sub(self.begin)).unwrap_or(usize::MAX);
        self.held.get(place(begin)..place(end)).unwrap_or_default()
    }
}

impl Patterns {
    fn of_secret<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p Pattern> {
        self.patterns.iter().filter(move |it| *it.name == *name)
    }

    fn begins(&self, byte: u8) -> bool {
        self.begins.get(usize::from(byte)).copied().unwrap_or_default()
    }
}

/// Adds a value that was found to what is hidden: it ends after all others. All before `covered` is hidden already.
fn hide(hidden: &mut VecDeque<Hidden>, from: u64, covered: u64, end: u64, name: &Arc<str>) {
    // Parts of the new one.
    while hidden.pop_back_if(|it| it.from >= from).is_some() {}
    let last = hidden.back();
    let overlaps = last.filter(|it| it.end > from);
    let is_same = overlaps.is_some_and(|it| it.name.as_ref() == Some(name));
    let begin = overlaps.map_or(from, |it| it.end).max(covered);
    if begin < end {
        hidden.push_back(Hidden {
            from,
            begin,
            end,
            name: (!is_same).then(|| Arc::clone(name)),
        });
    }
}

/// The text with the values hidden.
pub(crate) fn mask_text(patterns: &Arc<Patterns>, text: &str) -> String {
    let mut masker = Masker::new(Arc::clone(patterns));
    let mut seen = masker.push(text.as_bytes()).into_owned();
    seen.extend_from_slice(&masker.finish());
    String::from_utf8_lossy(&seen).into_owned()
}
