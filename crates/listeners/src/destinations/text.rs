//! Texts within what a service takes.

/// The text, cut with `…` to `most` characters at the most.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// The text, cut with `…` to `most` bytes at the most, between two characters.
pub(crate) fn cut_bytes(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub('…'.len_utf8());
    format!("{}…", &text[..text.floor_char_boundary(room)])
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
}
