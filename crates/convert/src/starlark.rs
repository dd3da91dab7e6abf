//! Writing Starlark.

/// How wide lines get.
const WIDTH: usize = 100;

/// The words that no name may be.
const WORDS: &[&str] = &[
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else",
    "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "load", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield", "None", "True", "False",
];

/// A call, with its arguments and what is said about them.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    function: String,
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
enum Line {
    Argument(String),
    Comment(String),
}

impl Call {
    pub(crate) fn new(function: &str) -> Self {
        Self {
            function: function.to_owned(),
            lines: vec![],
        }
    }

    /// Adds an argument that is given by its position.
    pub(crate) fn first(mut self, value: impl Into<String>) -> Self {
        self.lines.push(Line::Argument(value.into()));
        self
    }

    /// Adds an argument.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.lines
            .push(Line::Argument(format!("{name} = {}", value.into())));
    }

    /// Adds an argument, if there is a value.
    pub(crate) fn set_some(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Says something at this place.
    pub(crate) fn comment(&mut self, text: &str) {
        self.lines.push(Line::Comment(comment(text, WIDTH - 4)));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(crate) fn render(&self) -> String {
        let Self { function, lines } = self;
        let arguments: Vec<&str> = lines
            .iter()
            .filter_map(|line| match line {
                Line::Argument(text) => Some(text.as_str()),
                Line::Comment(_) => None,
            })
            .collect();
        let short = format!("{function}({})", arguments.join(", "));
        if arguments.len() == lines.len() && short.len() <= WIDTH - 12 && !short.contains('\n') {
            return short;
        }
        let mut text = format!("{function}(\n");
        for line in lines {
            match line {
                Line::Argument(it) => text.push_str(&format!("    {},\n", indent(it))),
                Line::Comment(it) => text.push_str(&format!("    {}\n", indent(it))),
            }
        }
        text + ")"
    }
}

/// Something in a list, and what is said before it.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) comments: Vec<String>,
    pub(crate) text: String,
}

impl From<String> for Item {
    fn from(text: String) -> Self {
        Self {
            comments: vec![],
            text,
        }
    }
}

/// A list.
pub(crate) fn list(items: Vec<Item>) -> String {
    let short = items
        .iter()
        .map(|it| it.text.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let has_comments = items.iter().any(|it| !it.comments.is_empty());
    if !has_comments && short.len() <= WIDTH - 30 && !short.contains('\n') {
        return format!("[{short}]");
    }
    let mut text = "[\n".to_owned();
    for item in items {
        for it in &item.comments {
            text.push_str(&format!("    {}\n", indent(&comment(it, WIDTH - 8))));
        }
        text.push_str(&format!("    {},\n", indent(&item.text)));
    }
    text + "]"
}

/// A list of expressions.
pub(crate) fn plain_list(items: impl IntoIterator<Item = String>) -> String {
    list(items.into_iter().map(Item::from).collect())
}

/// A dict of texts.
pub(crate) fn dict(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{key}: {value}"))
        .collect();
    let short = pairs.join(", ");
    if short.len() <= WIDTH - 30 && !short.contains('\n') {
        return format!("{{{short}}}");
    }
    let lines: String = pairs.iter().map(|it| format!("    {},\n", indent(it))).collect();
    format!("{{\n{lines}}}")
}

/// The lines behind the first one further in. No string has an end of a line in it.
fn indent(text: &str) -> String {
    text.replace('\n', "\n    ")
}

/// A string.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for it in text.chars() {
        match it {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            it if it.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(it))),
            it => quoted.push(it),
        }
    }
    quoted + "\""
}

/// A comment, in lines of about `width` characters; line ends in it are kept.
pub(crate) fn comment(text: &str, width: usize) -> String {
    let mut lines = vec![];
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && line.chars().count() + word.chars().count() + 3 > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    let lines: Vec<String> = lines
        .iter()
        .map(|it| format!("# {it}").trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// Text as it is, each line behind a `#`.
pub(crate) fn commented_out(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|it| format!("# {it}").trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// A comment at the left.
pub(crate) fn remark(text: &str) -> String {
    comment(text, WIDTH)
}

/// Something like `text` that can be a variable's name.
pub(crate) fn variable(text: &str) -> String {
    let mut name: String = text
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() { it } else { '_' })
        .collect();
    if name.is_empty() || name.starts_with(|it: char| it.is_ascii_digit()) {
        name.insert(0, '_');
    }
    if WORDS.contains(&name.as_str()) {
        name.push('_');
    }
    name
}

/// Something like `text` that is an identifier of Weir's.
pub(crate) fn identifier(text: &str, longest: usize) -> String {
    let is_fine = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.');
    let mut name: String = text
        .chars()
        .map(|it| if is_fine(it) { it } else { '_' })
        .collect();
    if !name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_' || it == '-') {
        name.insert(0, '_');
    }
    name.truncate(longest);
    name
}

/// A duration of so many seconds.
pub(crate) fn duration(seconds: f64) -> String {
    let milliseconds = (seconds * 1000.0).round();
    if !(0.0..=3650.0 * 86_400_000.0).contains(&milliseconds) {
        return quote("3650d");
    }
    let mut rest = milliseconds as u64;
    let mut text = String::new();
    for (unit, size) in [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
        ("ms", 1),
    ] {
        if rest >= size {
            text.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    if text.is_empty() {
        "0".to_owned()
    } else {
        quote(&text)
    }
}
