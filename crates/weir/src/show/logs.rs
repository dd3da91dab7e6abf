//! Logs on a terminal.

use std::io::Write;

use weir_status_api::{Log, LogChunk, LogKey, LogKind, Read, Step};

use super::{paint, plain};
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
                writeln!(out, "{line}")?;
                continue;
            }
            let text = line.get(1..).unwrap_or_default();
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
