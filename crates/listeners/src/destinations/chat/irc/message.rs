//! Lines of IRC: RFC 1459 and 2812, with the tags of IRCv3.

/// The longest line in bytes, its end included.
const LONGEST_LINE: usize = 512;

/// What a server puts before a line that it hands on, at the most, without our nick: `:!~user@host `, of RFC 2812's
/// longest host and the usual longest user.
const LONGEST_SOURCE: usize = 4 + 11 + 63;

/// The longest name of a channel that some server takes, in bytes.
const LONGEST_CHANNEL: usize = 200;

/// A line from the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// The account of who said it, if the server tells (`account-tag`).
    pub(super) account: Option<String>,
    /// Who said it, without user and host.
    pub(super) nick: String,
    /// The command in capitals, or a number.
    pub(super) command: String,
    /// Its parameters.
    pub(super) params: Vec<String>,
}

impl Message {
    /// The message of a line without its end; none if there is no command.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut message = Self::default();
        let mut rest = line.trim_end_matches(['\r', '\n']);
        if let Some(tagged) = rest.strip_prefix('@') {
            let (tags, after) = tagged.split_once(' ')?;
            message.account = tags
                .split(';')
                .find_map(|it| it.strip_prefix("account="))
                .map(str::to_owned);
            rest = after.trim_start_matches(' ');
        }
        if let Some(sourced) = rest.strip_prefix(':') {
            let (source, after) = sourced.split_once(' ')?;
            message.nick = source.split('!').next().unwrap_or_default().to_owned();
            rest = after.trim_start_matches(' ');
        }
        let (middle, last) = match rest.split_once(" :") {
            Some((middle, last)) => (middle, Some(last)),
            None => (rest, None),
        };
        let mut words = middle.split(' ').filter(|it| !it.is_empty());
        message.command = words.next()?.to_ascii_uppercase();
        message.params = words.chain(last).map(str::to_owned).collect();
        Some(message)
    }

    /// The parameter at that place; empty if there is none.
    pub(super) fn param(&self, place: usize) -> &str {
        self.params.get(place).map_or("", String::as_str)
    }

    /// The last parameter; empty if there is none.
    pub(super) fn last(&self) -> &str {
        self.params.last().map_or("", String::as_str)
    }
}

/// Nicks and channels without the difference of capitals, as RFC 1459 has it.
pub(super) fn folded(name: &str) -> String {
    let fold = |letter: char| match letter {
        '[' => '{',
        ']' => '}',
        '\\' => '|',
        '~' => '^',
        other => other.to_ascii_lowercase(),
    };
    name.chars().map(fold).collect()
}

/// Whether the name is a channel's, and not a person's.
pub(super) fn is_channel(name: &str) -> bool {
    name.starts_with(['#', '&', '+', '!'])
}

/// What a channel's name is compared by; none if it can be no channel's.
pub(super) fn channel_key(name: &str) -> Option<String> {
    (is_channel(name) && is_word(name) && name.len() <= LONGEST_CHANNEL).then(|| folded(name))
}

/// Whether the name can be a parameter in the middle of a line.
pub(super) fn is_word(name: &str) -> bool {
    !name.is_empty() && !name.starts_with(':') && !name.contains([' ', '\r', '\n', '\0', ',', '\u{7}'])
}

/// Commands `PRIVMSG` or `NOTICE` that say the text to `target`: as many as it needs for other people to get the whole
/// of each from a server that knows us as `nick`. `wrap` goes around each part, and has letters of one byte only.
pub(super) fn say(command: &str, nick: &str, target: &str, text: &str, wrap: (&str, &str)) -> Vec<String> {
    let taken =
        nick.len() + LONGEST_SOURCE + command.len() + target.len() + 3 + wrap.0.len() + wrap.1.len() + 2;
    let room = LONGEST_LINE.saturating_sub(taken).max(40);
    let parts = text.lines().map(clean).filter(|it| !it.is_empty());
    parts
        .flat_map(|line| parted(&line, room))
        .map(|part| format!("{command} {target} :{}{part}{}", wrap.0, wrap.1))
        .collect()
}

/// The line without letters that IRC has other uses for: ends of lines, colours, requests of clients.
fn clean(line: &str) -> String {
    line.trim_end()
        .chars()
        .map(|it| if it.is_control() { ' ' } else { it })
        .collect()
}

/// The line in parts of `room` bytes at the most, between words if that is possible.
fn parted(line: &str, room: usize) -> Vec<String> {
    let mut parts = vec![];
    let mut rest = line;
    while rest.len() > room {
        let end = rest.floor_char_boundary(room);
        let blank = rest[..end].rfind(' ').filter(|it| *it > room / 2);
        let (part, after) = rest.split_at(blank.unwrap_or(end));
        parts.push(part.to_owned());
        rest = after.trim_start_matches(' ');
    }
    if !rest.is_empty() {
        parts.push(rest.to_owned());
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart() {
        let message =
            Message::parse("@time=x;account=ada :Ada!~a@host PRIVMSG #weir :weir: status all\r\n").unwrap();
        assert_eq!(message.account.as_deref(), Some("ada"));
        assert_eq!(
            (message.nick.as_str(), message.command.as_str()),
            ("Ada", "PRIVMSG")
        );
        assert_eq!(message.params, ["#weir", "weir: status all"]);
        assert_eq!(Message::parse("PING abc").unwrap().last(), "abc");
        assert_eq!(Message::parse(":a PRIVMSG b :").unwrap().params, ["b", ""]);
        assert_eq!(Message::parse(""), None);
    }

    #[test]
    fn a_long_text_is_said_in_lines_that_fit() {
        let text = "grün ".repeat(400);
        let lines = say("PRIVMSG", "weir", "#weir", &text, ("\u{3}03", "\u{f}"));
        assert!(lines.len() > 4);
        for line in &lines {
            assert!(
                line.len() + LONGEST_SOURCE + "weir".len() + 2 <= LONGEST_LINE,
                "{}",
                line.len()
            );
            assert!(line.ends_with("grün\u{f}"), "{line:?}");
        }
        let all: Vec<&str> = lines
            .iter()
            .map(|it| &it["PRIVMSG #weir :\u{3}03".len()..it.len() - 1])
            .collect();
        assert_eq!(all.join(" "), text.trim_end());
    }

    #[test]
    fn nothing_in_a_text_is_a_command_of_its_own() {
        let lines = say("PRIVMSG", "weir", "#weir", "a\u{1}b\r\nQUIT\n\n", ("", ""));
        assert_eq!(lines, ["PRIVMSG #weir :a b", "PRIVMSG #weir :QUIT"]);
        assert!(!is_word("#a b") && !is_word(":a") && !is_word("a\nb") && is_word("#a"));
    }
}
