//! Texts within what a service takes.

/// How a service measures a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// In bytes of UTF-8.
    Bytes,
    /// In Unicode characters.
    Characters,
    /// In units of UTF-16.
    Utf16,
    /// In bytes of UTF-8 within JSON, where some letters are escaped.
    Json,
}

impl Measure {
    fn of(self, letter: char) -> usize {
        match self {
            Self::Bytes => letter.len_utf8(),
            Self::Characters => 1,
            Self::Utf16 => letter.len_utf16(),
            Self::Json => match letter {
                '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
                '\0'..='\u{1f}' => 6,
                other => other.len_utf8(),
            },
        }
    }

    /// How long the text is.
    pub(crate) fn length(self, text: &str) -> usize {
        text.chars().map(|it| self.of(it)).sum()
    }

    /// The text, or its beginning and `…`, no longer than `most`.
    pub(crate) fn cut(self, text: &str, most: usize) -> String {
        if self.length(text) <= most {
            return text.to_owned();
        }
        let mut room = most.saturating_sub(self.of('…'));
        let fits = |letter: &char| {
            let size = self.of(*letter);
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        };
        let mut short: String = text.chars().take_while(fits).collect();
        if most >= self.of('…') {
            short.push('…');
        }
        short
    }

    /// As many whole letters of `text`, each made safe by `escape`, as fit into `most`; `…` last if some do not. So no
    /// escape is cut in two.
    pub(crate) fn cut_escaped(self, text: &str, most: usize, escape: impl Fn(char) -> String) -> String {
        let parts: Vec<String> = text.chars().map(&escape).collect();
        let total: usize = parts.iter().map(|it| self.length(it)).sum();
        if total <= most {
            return parts.concat();
        }
        let dots = escape('…');
        let mut room = most.saturating_sub(self.length(&dots));
        let mut short = String::new();
        for part in &parts {
            let size = self.length(part);
            if size > room {
                break;
            }
            room -= size;
            short.push_str(part);
        }
        short + &dots
    }
}

/// The text, cut with `…` to `most` characters at the most.
pub(crate) fn cut(text: &str, most: usize) -> String {
    Measure::Characters.cut(text, most)
}

/// The text, cut with `…` to `most` bytes at the most, between two characters.
pub(crate) fn cut_bytes(text: &str, most: usize) -> String {
    Measure::Bytes.cut(text, most)
}

/// The text as one line: what ends or controls a line is a space.
pub(crate) fn one_line(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|it| if is_break(it) { ' ' } else { it })
        .collect();
    line.trim().to_owned()
}

fn is_break(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::Measure::{Bytes, Characters, Json, Utf16};
    use super::{cut, cut_bytes, one_line};

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("añb", 3), "añb");
        assert_eq!(cut("añbc", 3), "añ…");
        assert_eq!(cut_bytes("añb", 4), "añb");
        assert_eq!(cut_bytes("aññb", 5), "a…");
        assert_eq!(cut_bytes("aññb", 6), "aññb");
    }

    #[test]
    fn lines_become_one() {
        assert_eq!(one_line("a\r\nBcc: b\u{2028}c\n"), "a  Bcc: b c");
    }

    #[test]
    fn a_cut_text_is_of_whole_characters_and_within_its_length() {
        assert_eq!(Characters.cut("grün", 4), "grün");
        assert_eq!(Characters.cut("grüne", 4), "grü…");
        assert_eq!(Bytes.cut("grüne", 6), "grüne");
        assert_eq!(Bytes.cut("grünes", 6), "gr…");
        assert_eq!(Utf16.cut("🎉🎉🎉", 5), "🎉🎉…");
        assert_eq!(Utf16.length("🎉"), 2);
        assert_eq!(Characters.cut("ab", 0), "");
        assert_eq!(Json.cut("\\\u{1b}\u{1b}", 13), "\\\u{1b}…");
    }

    #[test]
    fn a_text_is_measured_as_json_has_it() {
        let all: String = ('\0'..='\u{2ff}').chain("…🎉".chars()).collect();
        let quotes = 2;
        assert_eq!(
            Json.length(&all),
            serde_json::to_string(&all).unwrap().len() - quotes
        );
    }

    #[test]
    fn no_escape_is_cut_in_two() {
        let escape = |it: char| {
            if it == '&' {
                "&amp;".to_owned()
            } else {
                it.to_string()
            }
        };
        assert_eq!(Characters.cut_escaped("a&b", 7, escape), "a&amp;b");
        assert_eq!(Characters.cut_escaped("a&bc", 7, escape), "a&amp;…");
        assert_eq!(Characters.cut_escaped("a&bc", 6, escape), "a…");
    }
}
