//! Texts that stay texts in a chat's markup.

/// A letter in HTML.
pub(super) fn html(letter: char) -> String {
    match letter {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        other => other.to_string(),
    }
}

/// A letter in Slack's mrkdwn. Its control letters are these three: `<!channel>` and links begin with one. What makes bold
/// or code gets a word joiner before it, which is not seen, and so does what ends a link's text.
pub(super) fn mrkdwn(letter: char) -> String {
    match letter {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '*' | '_' | '~' | '`' => format!("\u{2060}{letter}"),
        '|' => "¦".to_owned(),
        other => other.to_string(),
    }
}

/// A letter in Markdown: punctuation has a backslash before it (CommonMark 2.4), and who is called after an `@` is parted
/// from it by a space of no width.
pub(super) fn markdown(letter: char) -> String {
    match letter {
        '@' => "@\u{200b}".to_owned(),
        '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '(' | ')' | '#' | '|' | '~' | '!' => {
            format!("\\{letter}")
        }
        other => other.to_string(),
    }
}

/// A letter as it is, but that nobody is called with it.
pub(super) fn calm(letter: char) -> String {
    match letter {
        '@' => "@\u{200b}".to_owned(),
        other => other.to_string(),
    }
}

/// The text as a block of code in Markdown. What would end the block has a space of no width in it: not all chats know
/// longer fences.
pub(super) fn fenced(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut run = 0;
    for letter in text.trim_end().chars() {
        run = if letter == '`' { run + 1 } else { 0 };
        if run == 3 {
            safe.push('\u{200b}');
            run = 1;
        }
        safe.push(letter);
    }
    format!("```\n{safe}\n```")
}

/// The text on one line.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, escape: impl Fn(char) -> String) -> String {
        text.chars().map(escape).collect()
    }

    #[test]
    fn what_calls_people_or_is_markup_is_text() {
        assert_eq!(all("<b> & \"x\"", html), "&lt;b&gt; &amp; &quot;x&quot;");
        assert_eq!(all("<!channel> a|b", mrkdwn), "&lt;!channel&gt; a¦b");
        assert_eq!(
            all("@all **x** [a](b)", markdown),
            "@\u{200b}all \\*\\*x\\*\\* \\[a\\]\\(b\\)"
        );
        assert_eq!(all("@all *x*", calm), "@\u{200b}all *x*");
        assert_eq!(one_line("a\n b  c"), "a b c");
    }

    #[test]
    fn no_text_leaves_its_fence() {
        assert_eq!(fenced("a\n"), "```\na\n```");
        let all = fenced("a\n````\n``````");
        assert_eq!(all, "```\na\n``\u{200b}``\n``\u{200b}``\u{200b}``\n```");
        assert_eq!(all.matches("```").count(), 2);
    }
}
