//! Logs are what the commands said, byte for byte; of those that were ended, the beginning.

use std::collections::HashSet;

use weir_status_api::{Log, Results};

use super::Record;
use crate::site::Shared;

/// More than a worker runs commands.
const MOST_COMMANDS: u64 = 400;

/// Checks all logs.
pub(super) fn check(record: &Record, shared: &Shared) -> Result<(), String> {
    for (log, content) in &record.logs {
        let step = record.steps.iter().find(|it| it.id == log.step);
        let build = step.and_then(|step| record.builds.iter().find(|it| it.id == step.build));
        let worker = build.and_then(|build| record.workers.iter().find(|it| it.id == build.worker));
        let (Some(step), Some(worker)) = (step, worker) else {
            return Err(format!("nobody has {log:?}"));
        };
        if i64::try_from(content.lines().count()).ok() != Some(log.num_lines) {
            return Err(format!("{log:?} has {} lines", content.lines().count()));
        }
        let is_whole = matches!(step.results, Some(Results::Success | Results::Failure));
        if is_whole && !is_a_transcript(&worker.name, content, step.results, shared) {
            return Err(format!(
                "no command said what is in {log:?} of {step:?}:\n{content}"
            ));
        }
        in_order(log, content)?;
    }
    Ok(())
}

/// Whether a command of that worker says exactly this, and ends so.
fn is_a_transcript(worker: &str, content: &str, results: Option<Results>, shared: &Shared) -> bool {
    let simulation = &shared.plan.simulation;
    (0..MOST_COMMANDS).any(|number| {
        let command = simulation.transcript(worker, number);
        let has_failed = results == Some(Results::Failure);
        let mut expected = String::with_capacity(content.len());
        for (letter, text) in [
            ('h', &command.beginning),
            ('o', &command.output),
            ('h', &command.end),
        ] {
            for line in text.lines() {
                expected.push(letter);
                expected.push_str(line);
                expected.push('\n');
            }
        }
        expected == content && has_failed == (command.exit_code != 0)
    })
}

/// Output comes in order and once, also of commands that were ended.
fn in_order(log: &Log, content: &str) -> Result<(), String> {
    let lines = content.lines().filter_map(|it| it.strip_prefix("oline "));
    let mut totals = HashSet::new();
    for (number, line) in (1..).zip(lines) {
        let mut words = line.split_whitespace();
        let (said, total) = (words.next(), words.nth(1));
        if said.and_then(|it| it.parse().ok()) != Some(number) {
            return Err(format!("{log:?} has at its line {number}: {line}"));
        }
        totals.extend(total);
    }
    match totals.len() {
        0 | 1 => Ok(()),
        _ => Err(format!("{log:?} has lines of several commands")),
    }
}
