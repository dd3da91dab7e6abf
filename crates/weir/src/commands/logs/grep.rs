//! `weir logs --grep`.

use clap::Args;
use weir_status_api::{
    Error, Log, LogField, LogHit, LogKey, LogKind, LogSearch, MAX_HIT_TEXT, Query, ReadExt, Step, StepField,
};

use super::Follower;
use crate::failure::Interrupted;

/// What lines are looked for.
#[derive(Args)]
pub(super) struct Grep {
    /// Only the lines in which this regular expression is found, each with its number; the exit code is 1 if there are none.
    #[arg(long, value_name = "REGEX", conflicts_with = "follow")]
    grep: Option<String>,
    /// Take what --grep looks for as it is, not as a regular expression.
    #[arg(long, short = 'F', requires = "grep")]
    fixed_string: bool,
    /// Find what --grep looks for in upper and lower case.
    #[arg(long, short, requires = "grep")]
    ignore_case: bool,
}

impl Grep {
    /// What is looked for, if something is.
    pub(super) fn search(&self) -> Option<LogSearch> {
        let pattern = self.grep.as_ref()?;
        let search = match self.fixed_string {
            true => LogSearch::text(pattern),
            false => LogSearch::regex(pattern),
        };
        Some(LogSearch {
            ignore_case: self.ignore_case,
            ..search
        })
    }
}

impl Follower {
    /// Prints the lines that are found; gives whether there are any.
    pub(super) async fn grep(&mut self, search: &LogSearch) -> Result<bool, Interrupted> {
        let steps = Query::<Step>::new()
            .eq(StepField::Build, self.build)
            .ascending(StepField::Number)
            .limit(1000);
        let mut any = false;
        for step in self.api.page(steps).await?.items {
            if self.only.as_ref().is_none_or(|only| *only == step.name) {
                let logs = Query::<Log>::new().eq(LogField::Step, step.id);
                for log in self.api.page(logs).await?.items {
                    any |= self.grep_log(&step, &log, search.clone()).await?;
                }
            }
            self.steps.insert(step.id, step);
        }
        Ok(any)
    }

    async fn grep_log(&mut self, step: &Step, log: &Log, mut search: LogSearch) -> Result<bool, Interrupted> {
        let mut any = false;
        loop {
            let found = match self.api.search_log(log.id.into(), search.clone()).await {
                Err(Error::ContentDeleted { .. }) => {
                    self.printer.gone(step, log)?;
                    return Ok(any);
                }
                found => found?.value,
            };
            for hit in found.hits {
                if self.printer.leaves_out(hit.stream) {
                    continue;
                }
                any = true;
                match is_whole(&hit) {
                    true => self.printer.found(step, &hit)?,
                    false => self.print_whole(step, log, hit.line).await?,
                }
            }
            if found.complete {
                return Ok(any);
            }
            search.first = found.next;
        }
    }

    /// Prints a line of which an answer shows a part only.
    async fn print_whole(&mut self, step: &Step, log: &Log, line: i64) -> Result<(), Interrupted> {
        let content = self
            .api
            .log_content(LogKey::Id(log.id), line, 1)
            .await?
            .value
            .content;
        let text = match log.kind {
            LogKind::Stdio => content.get(1..).unwrap_or_default(),
            _ => &content,
        };
        Ok(self.printer.numbered(step, line, text.trim_end())?)
    }
}

/// Whether the hit shows its line from begin to end.
fn is_whole(hit: &LogHit) -> bool {
    hit.text_start == 0 && hit.text.chars().count() < MAX_HIT_TEXT
}
