//! Lines without the escape sequences of terminals.

use std::borrow::Cow;

const ESCAPE: u8 = 0x1b;
const BELL: u8 = 0x07;

/// `line` without escape sequences: ECMA-48's control sequences (`ESC [ …`), those for the terminal's own use
/// (`ESC ] …` up to a bell or `ESC \`), those of two characters, and escapes by themselves.
pub(super) fn plain(line: &str) -> Cow<'_, str> {
    let Some(first) = line.find('\x1b') else {
        return Cow::Borrowed(line);
    };
    let (mut out, mut rest) = (String::with_capacity(line.len()), line);
    let mut next = Some(first);
    while let Some(at) = next {
        out.push_str(&rest[..at]);
        rest = &rest[at + length(&rest.as_bytes()[at..])..];
        next = rest.find('\x1b');
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// How many bytes the sequence has that `bytes` begins with. It ends at a boundary of characters: what it is made of is
/// ASCII, but for what stands before a bell or an escape.
fn length(bytes: &[u8]) -> usize {
    let within = |from: usize, low: u8, high: u8| {
        let rest = bytes.get(from..).unwrap_or_default();
        let inside = rest.iter().take_while(|it| (low..=high).contains(it));
        from + inside.count()
    };
    match bytes.get(1) {
        Some(b'[') => {
            let end = within(within(2, b'0', b'?'), b' ', b'/');
            match bytes.get(end) {
                Some(b'@'..=b'~') => end + 1,
                _ => 1,
            }
        }
        Some(b']') => {
            let text = bytes[2..].iter().take_while(|it| !matches!(**it, BELL | ESCAPE));
            let end = 2 + text.count();
            match &bytes[end..] {
                [BELL, ..] => end + 1,
                [ESCAPE, b'\\', ..] => end + 2,
                _ => end,
            }
        }
        _ => {
            let end = within(1, b' ', b'/');
            match bytes.get(end) {
                Some(b'0'..=b'Z' | b'\\' | b'^'..=b'~') => end + 1,
                _ => 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    #[test]
    fn what_people_see_stays() {
        for (line, seen) in [
            ("", ""),
            ("plain grün", "plain grün"),
            ("\x1b[1m\x1b[31merror\x1b[0m: no", "error: no"),
            ("\x1b[38;2;1;2;3mx\x1b[K", "x"),
            ("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b\x1b]c", "ab"),
            ("\x1b(Ba\x1b=b\x1bMc", "abc"),
            ("\x1b", ""),
            ("\x1b[", "["),
            ("\x1b[éx", "[éx"),
            ("\x1b[12\x1b[1mx", "[12x"),
        ] {
            assert_eq!(plain(line), seen, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn it_is_what_a_regular_expression_says(line in "(\x1b|\\[|\\]|[0-9;m]|\x07|\\\\|[ -/]|é|[a-zA-Z^_~]){0,24}") {
            let sequence = "\x1b\\[[0-?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|\x1b[ -/]*[0-Z\\\\^-~]|\x1b";
            let sequence = Regex::new(sequence).unwrap();
            prop_assert_eq!(plain(&line), sequence.replace_all(&line, ""));
        }
    }
}
