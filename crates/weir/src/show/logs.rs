//! Logs on a terminal.

use std::borrow::Cow;
use std::io::{IsTerminal, Write};

use weir_status_api::{Log, LogChunk, LogKey, LogKind, Read, Step};

use super::{colours, paint, plain};
use crate::failure::Failure;

/// How many lines are asked for at once.
const LINES: u32 = 10_000;

/// Prints logs from where each was left.
pub(crate) struct Printer {
    /// The header lines of a stdio log too, such as the command's environment.
    pub(crate) headers: bool,
    /// The step whose title was printed last.
    titled: Option<weir_status_api::StepId>,
}

impl Printer {
    pub(crate) fn new(headers: bool) -> Self {
        Self {
            headers,
            titled: None,
        }
    }

    /// Prints the lines of `log` from `from` up to its present end; gives the line after the last.
    pub(crate) async fn print(
        &mut self,
        api: &dyn Read,
        step: &Step,
        log: &Log,
        from: i64,
    ) -> Result<i64, Failure> {
        let mut next = from;
        while next < log.num_lines {
            let at = api.log_content(LogKey::Id(log.id), next, LINES).await?;
            let count = i64::try_from(at.value.content.lines().count()).unwrap_or(i64::MAX);
            if count == 0 {
                break;
            }
            self.title(step)?;
            self.lines(log, &at.value)?;
            next += count;
        }
        Ok(next)
    }

    /// Prints the step's title, if another step's lines came before.
    fn title(&mut self, step: &Step) -> Result<(), Failure> {
        if self.titled != Some(step.id) {
            self.titled = Some(step.id);
            let title = format!("── {} ", plain(&step.name));
            writeln!(std::io::stdout(), "{}", paint(&title, "1;36"))?;
        }
        Ok(())
    }

    fn lines(&self, log: &Log, chunk: &LogChunk) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        for line in chunk.content.split_terminator('\n') {
            if log.kind != LogKind::Stdio {
                writeln!(out, "{}", harmless(line))?;
                continue;
            }
            let text = &*harmless(line.get(1..).unwrap_or_default());
            match line.as_bytes().first() {
                Some(b'h') if self.headers => writeln!(out, "{}", paint(text, "2"))?,
                Some(b'h') => {}
                Some(b'e') => writeln!(out, "{}", paint(text, "31"))?,
                _ => writeln!(out, "{text}")?,
            }
        }
        out.flush()?;
        Ok(())
    }
}

/// A line as it came, where a program reads; on a terminal without what would be more than a colour.
fn harmless(line: &str) -> Cow<'_, str> {
    if std::io::stdout().is_terminal() && line.contains(char::is_control) {
        Cow::Owned(only_colours(line, colours()))
    } else {
        Cow::Borrowed(line)
    }
}

/// `line` without control characters, but for tabs and, with `keep`, the commands that set colours.
fn only_colours(line: &str, keep: bool) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let (command, after) = match rest.strip_prefix("\x1b[") {
            Some(body) => {
                let end = body
                    .find(|c: char| !matches!(c, '0'..='9' | ';' | ':'))
                    .unwrap_or(body.len());
                let sets_colours = body[end..].starts_with('m');
                let length = 2 + end + body[end..].chars().next().map_or(0, char::len_utf8);
                let (command, after) = rest.split_at(length);
                (if sets_colours && keep { command } else { "" }, after)
            }
            None => {
                let (one, after) = rest.split_at(c.len_utf8());
                (if c.is_control() && c != '\t' { "" } else { one }, after)
            }
        };
        out.push_str(command);
        rest = after;
    }
    if keep && line.contains('\x1b') {
        out.push_str("\x1b[0m");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::only_colours;

    #[test]
    fn a_log_moves_no_cursor() {
        let line = "\x1b[31mred\x1b[2J\x1b]0;title\x07 \tgrün\x1b[";
        assert_eq!(only_colours(line, false), "red]0;title \tgrün");
        assert_eq!(only_colours(line, true), "\x1b[31mred]0;title \tgrün\x1b[0m");
    }
}
