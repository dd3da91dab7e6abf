//! Patterns of paths: `*`, `?`, `[…]` and `**`, as Python's `glob` has them.

/// A pattern of paths, part by part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    pub(super) parts: Vec<Part>,
}

/// What a part of a path is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Just this.
    Literal(String),
    /// A name that matches.
    Like(Vec<char>),
    /// Any folders, or none.
    AnyDepth,
}

impl Pattern {
    /// Reads it. At its end, `**` is all that is below.
    pub(super) fn parse(text: &str) -> Self {
        let mut parts: Vec<Part> = text
            .split('/')
            .filter(|it| !it.is_empty() && *it != ".")
            .map(|part| match part {
                "**" => Part::AnyDepth,
                _ if part.contains(['*', '?', '[']) => Part::Like(part.chars().collect()),
                _ => Part::Literal(part.to_owned()),
            })
            .collect();
        parts.dedup_by(|a, b| *a == Part::AnyDepth && *b == Part::AnyDepth);
        if parts.last() == Some(&Part::AnyDepth) {
            parts.push(Part::Like(vec!['*']));
        }
        Self { parts }
    }
}

/// Whether a name is like the pattern. One that begins with a dot is only if the pattern does too.
pub(super) fn is_like(name: &str, pattern: &[char]) -> bool {
    if name.starts_with('.') && pattern.first() != Some(&'.') {
        return false;
    }
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut next) = (0, 0);
    // Where to go on if what follows the last `*` does not match: one character further.
    let mut again: Option<(usize, usize)> = None;
    while at < name.len() {
        if pattern.get(next) == Some(&'*') {
            next += 1;
            again = Some((at + 1, next));
            continue;
        }
        if let Some(after) = one(name[at], pattern, next) {
            at += 1;
            next = after;
            continue;
        }
        let Some((from, after)) = again else {
            return false;
        };
        again = Some((from + 1, after));
        (at, next) = (from, after);
    }
    pattern[next..].iter().all(|it| *it == '*')
}

/// Where the pattern goes on if its part at `next` matches the character.
fn one(character: char, pattern: &[char], next: usize) -> Option<usize> {
    match pattern.get(next)? {
        '?' => Some(next + 1),
        '[' => match class(&pattern[next + 1..]) {
            Some((set, length)) => set.has(character).then_some(next + 1 + length),
            // A bracket that is not closed is a bracket.
            None => (character == '[').then_some(next + 1),
        },
        literal => (*literal == character).then_some(next + 1),
    }
}

/// Some characters, or all others.
struct Class<'p> {
    is_negative: bool,
    members: &'p [char],
}

/// The class that begins there, behind its bracket, and how long it is with the bracket that closes it.
fn class(pattern: &[char]) -> Option<(Class<'_>, usize)> {
    let is_negative = pattern.first() == Some(&'!');
    let start = usize::from(is_negative);
    // A bracket that comes first is a member.
    let closing = pattern.iter().skip(start + 1).position(|it| *it == ']')?;
    let end = start + 1 + closing;
    let members = &pattern[start..end];
    Some((Class { is_negative, members }, end + 1))
}

impl Class<'_> {
    fn has(&self, character: char) -> bool {
        let mut rest = self.members;
        let mut is_member = false;
        while let [first, more @ ..] = rest {
            rest = match more {
                ['-', last, after @ ..] => {
                    is_member |= (*first..=*last).contains(&character);
                    after
                }
                _ => {
                    is_member |= *first == character;
                    more
                }
            };
        }
        is_member != self.is_negative
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_like_patterns() {
        for (pattern, like, unlike) in [
            ("*", &["a", "ab.c"][..], &[".a"][..]),
            ("*.log", &["a.log", "a.b.log"], &["log", "a.log.gz", ".log"]),
            (".*", &[".a"], &["a"]),
            ("a?c", &["abc", "aüc"], &["ac", "abbc"]),
            ("a*b*c", &["abc", "aXbbYc", "abcbc"], &["acb", "ab"]),
            ("[a-cx]1", &["a1", "b1", "x1"], &["d1", "-1"]),
            ("[!a-c]", &["d"], &["a", "b"]),
            ("[]-]", &["]", "-"], &["a"]),
            ("[a", &["[a"], &["a"]),
            ("x[*]", &["x*"], &["xy"]),
        ] {
            let chars: Vec<char> = pattern.chars().collect();
            for name in like {
                assert!(is_like(name, &chars), "{name} {pattern}");
            }
            for name in unlike {
                assert!(!is_like(name, &chars), "{name} {pattern}");
            }
        }
    }

    #[test]
    fn a_long_pattern_takes_no_time() {
        let pattern: Vec<char> = "*a".repeat(40).chars().collect();
        assert!(!is_like(
            &"a".repeat(39).repeat(50).replace("aa", "ab"),
            &['*', 'c']
        ));
        assert!(!is_like(&format!("{}b", "a".repeat(2000)), &pattern));
    }

    #[test]
    fn a_pattern_has_parts() {
        let like = |it: &str| Part::Like(it.chars().collect());
        let literal = |it: &str| Part::Literal(it.to_owned());
        for (text, parts) in [
            ("./a//b", vec![literal("a"), literal("b")]),
            ("../*.c", vec![literal(".."), like("*.c")]),
            ("**/**/x", vec![Part::AnyDepth, literal("x")]),
            ("a/**", vec![literal("a"), Part::AnyDepth, like("*")]),
        ] {
            assert_eq!(Pattern::parse(text).parts, parts, "{text}");
        }
    }
}
