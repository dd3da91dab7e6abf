//! Logs on a terminal.

use std::borrow::Cow;
use std::io::Write;

use weir_status_api::{Error, Log, LogChunk, LogHit, LogKey, LogKind, Read, Step, StepId, Timestamp};

use super::outage::Outage;
use super::progress::Progress;
use super::{Look, plain, time_of_day};
use crate::failure::{Failure, Interrupted};

/// How many lines are asked for at once.
const LINES: u32 = 10_000;

/// Prints logs from where each was left.
pub(crate) struct Printer {
    /// The header lines of a stdio log too, such as the command's environment.
    headers: bool,
    /// Each line behind when it was stored.
    times: bool,
    look: Look,
    /// The step whose title was printed last.
    titled: Option<StepId>,
    /// The line below the logs.
    pub(crate) progress: Progress,
    pub(crate) outage: Outage,
}

impl Printer {
    /// With a line of progress if `follows`.
    pub(crate) fn new(headers: bool, follows: bool, look: Look) -> Self {
        let redraws = look.redraws && follows;
        Self {
            headers,
            times: false,
            look,
            titled: None,
            progress: Progress::new(Look { redraws, ..look }),
            outage: Outage::default(),
        }
    }

    /// The same, with when each line was stored if `times`.
    pub(crate) fn with_times(self, times: bool) -> Self {
        Self { times, ..self }
    }

    /// Prints the lines of `log` from `from` up to its present end; gives the line after the last.
    pub(crate) async fn print(
        &mut self,
        api: &dyn Read,
        step: &Step,
        log: &Log,
        from: i64,
    ) -> Result<i64, Interrupted> {
        let mut next = from;
        while next < log.num_lines {
            let at = match api.log_content(LogKey::Id(log.id), next, LINES).await {
                Err(Error::ContentDeleted { .. }) => {
                    self.gone(step, log)?;
                    return Ok(log.num_lines);
                }
                at => at?,
            };
            let count = i64::try_from(at.value.content.lines().count()).unwrap_or(i64::MAX);
            if count == 0 {
                break;
            }
            self.title(step)?;
            let mut out = std::io::stdout().lock();
            out.write_all(self.text(log.kind, &at.value).as_bytes())?;
            out.flush()?;
            next += count;
        }
        Ok(next)
    }

    /// Lines of a log, each with its line break; of a stdio log without the letters of their streams.
    fn text(&self, kind: LogKind, chunk: &LogChunk) -> String {
        let mut out = String::with_capacity(chunk.content.len());
        for (number, line) in (chunk.first_line..).zip(chunk.content.split_terminator('\n')) {
            let (stream, line) = match kind {
                LogKind::Stdio => line.split_at_checked(1).unwrap_or(("o", line)),
                _ => ("o", line),
            };
            if stream == "h" && !self.headers {
                continue;
            }
            if self.times {
                out.push_str(&time(chunk.time_of(number), self.look));
            }
            let line = harmless(line, self.look);
            match stream {
                "h" => out.push_str(&self.look.paint(&line, "2")),
                "e" => out.push_str(&self.look.paint(&line, "31")),
                _ => out.push_str(&line),
            }
            out.push('\n');
        }
        out
    }

    /// Says that the lines of the log are no longer kept.
    pub(crate) fn gone(&mut self, step: &Step, log: &Log) -> Result<(), Failure> {
        self.title(step)?;
        let gone = format!("({} lines, which are no longer kept)", log.num_lines);
        super::say(self.look.paint(&gone, "2"))
    }

    /// Whether lines of that stream are not printed.
    pub(crate) fn leaves_out(&self, stream: Option<char>) -> bool {
        stream == Some('h') && !self.headers
    }

    /// Prints a line that was found, with what was found in it in a colour.
    pub(crate) fn found(&mut self, step: &Step, hit: &LogHit) -> Result<(), Failure> {
        self.numbered(step, hit.line, &marked(hit, self.look))
    }

    /// Prints a line with its number, counted from 1.
    pub(crate) fn numbered(&mut self, step: &Step, line: i64, text: &str) -> Result<(), Failure> {
        self.title(step)?;
        let number = self.look.paint(&format!("{}:", line + 1), "2");
        super::say(format!("{number}{}", harmless(text, self.look)))
    }

    /// Says whose lines follow, if that is another step.
    fn title(&mut self, step: &Step) -> Result<(), Failure> {
        self.progress.clear();
        if self.titled != Some(step.id) {
            self.titled = Some(step.id);
            super::say(title(step, self.look))?;
        }
        Ok(())
    }

    /// Says something between the lines of the logs.
    pub(crate) fn say(&mut self, line: &str) -> Result<(), Failure> {
        self.progress.clear();
        super::say(line)
    }

    /// Tells people that the master is away for now, and waits a little.
    pub(crate) async fn lost(&mut self, error: &weir_status_api::Error) {
        self.progress.clear();
        self.outage.wait(error).await;
    }

    pub(crate) fn look(&self) -> Look {
        self.look
    }
}

fn title(step: &Step, look: Look) -> String {
    look.paint(&format!("── {}", plain(&step.name)), "1;36")
}

/// When a line was stored, before it: for people the time of day, for programs all of it; both in UTC. A dash if that is
/// not known.
fn time(at: Option<Timestamp>, look: Look) -> String {
    match (at, look.terminal) {
        (at, true) => {
            let time = at.map_or("-".to_owned(), time_of_day);
            look.paint(&format!("{time:>9} "), "2")
        }
        (at, false) => at.map_or("-".to_owned(), Timestamp::to_iso_millis) + " ",
    }
}

/// The text of a line with what was found in it in a colour.
fn marked(hit: &LogHit, look: Look) -> String {
    let (mut marked, mut letters, mut at) = (String::new(), hit.text.chars(), hit.text_start);
    for range in &hit.ranges {
        let mut part = |to: i64| -> String {
            let wanted = usize::try_from(to - at).unwrap_or(0);
            at = at.max(to);
            letters.by_ref().take(wanted).collect()
        };
        marked.push_str(&part(range.begin));
        let found = part(range.end);
        if !found.is_empty() {
            marked.push_str(&look.paint(&found, "1;31"));
        }
    }
    marked.extend(letters);
    marked
}

/// A line as it came, where a program reads; on a terminal without what would be more than a colour.
fn harmless(line: &str, look: Look) -> Cow<'_, str> {
    if look.terminal && line.contains(char::is_control) {
        Cow::Owned(only_colours(line, look.colours))
    } else {
        Cow::Borrowed(line)
    }
}

/// `line` without control characters, but for tabs and, with `keep`, the commands that set colours.
pub(super) fn only_colours(line: &str, keep: bool) -> String {
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
    use weir_status_api::{HitRange, LineTime, LogId};

    use super::super::fixtures::step;
    use super::*;

    const LINES: &str = "hsh -c make\nocc weir.c\newarning: unused\no\nodone\x1b[2J\n";

    const TERMINAL: Look = Look {
        terminal: true,
        colours: true,
        redraws: true,
        width: None,
    };

    fn chunk(content: &str) -> LogChunk {
        let at = |line, millis: i64| LineTime {
            line,
            at: Timestamp(1_700_000_000_000_000 + millis * 1000),
        };
        LogChunk {
            log: LogId(1),
            first_line: 40,
            content: content.to_owned(),
            times: vec![at(41, 0), at(43, 1250)],
        }
    }

    fn text(kind: LogKind, content: &str, headers: bool, look: Look) -> String {
        Printer::new(headers, false, look).text(kind, &chunk(content))
    }

    #[test]
    fn lines_stand_behind_their_times() {
        let with_times = |look| {
            Printer::new(true, false, look)
                .with_times(true)
                .text(LogKind::Stdio, &chunk(LINES))
        };
        assert_eq!(
            with_times(Look::default()),
            "- sh -c make\n2023-11-14T22:13:20.000Z cc weir.c\n2023-11-14T22:13:20.000Z warning: unused\n\
             2023-11-14T22:13:21.250Z \n2023-11-14T22:13:21.250Z done\x1b[2J\n"
        );
        let plain = Look {
            terminal: true,
            ..Look::default()
        };
        assert_eq!(
            with_times(plain),
            "        - sh -c make\n22:13:20Z cc weir.c\n22:13:20Z warning: unused\n22:13:21Z \n22:13:21Z done\n"
        );
    }

    #[test]
    fn a_program_reads_the_lines_as_they_are() {
        let plain = text(LogKind::Stdio, LINES, false, Look::default());
        assert_eq!(plain, "cc weir.c\nwarning: unused\n\ndone\x1b[2J\n");
        let headers = text(LogKind::Stdio, LINES, true, Look::default());
        assert_eq!(headers, format!("sh -c make\n{plain}"));
        assert_eq!(
            text(LogKind::Text, "héllo\n\n", false, Look::default()),
            "héllo\n\n"
        );
    }

    #[test]
    fn people_see_streams_in_colours() {
        let shown = format!(
            "{}\n{}",
            title(&step(0, "compile\x07"), TERMINAL),
            text(LogKind::Stdio, LINES, true, TERMINAL)
        );
        insta::assert_snapshot!("log_lines", shown.replace('\x1b', "ESC"));
    }

    #[test]
    fn a_line_of_a_torn_log_is_shown_whole() {
        assert_eq!(text(LogKind::Stdio, "é\n\n", false, Look::default()), "é\n\n");
    }

    #[test]
    fn what_was_found_is_seen() {
        let hit = LogHit {
            line: 0,
            stream: Some('o'),
            text: "ümake: error, error".to_owned(),
            text_start: 0,
            ranges: [(7, 12), (14, 19)]
                .map(|(begin, end)| HitRange { begin, end })
                .into(),
        };
        assert_eq!(marked(&hit, Look::default()), hit.text);
        let shown = marked(&hit, TERMINAL);
        assert_eq!(shown, "ümake: \x1b[1;31merror\x1b[0m, \x1b[1;31merror\x1b[0m");
        assert_eq!(only_colours(&shown, true), format!("{shown}\x1b[0m"));
    }

    #[test]
    fn a_log_moves_no_cursor() {
        let line = "\x1b[31mred\x1b[2J\x1b]0;title\x07 \tgrün\x1b[";
        assert_eq!(only_colours(line, false), "red]0;title \tgrün");
        assert_eq!(only_colours(line, true), "\x1b[31mred]0;title \tgrün\x1b[0m");
    }
}
