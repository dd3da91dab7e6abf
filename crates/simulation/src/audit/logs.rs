//! Logs are what the commands said, byte for byte; of those that were ended, the beginning.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;

use weir_status_api::{Log, Results, Step};
use weir_worker::{Simulation, Transcript};

use super::{Record, Told};
use crate::plan::BuilderPlan;
use crate::site::Shared;

/// More than a worker runs commands.
const MOST_COMMANDS: u64 = 400;

/// Checks all logs.
pub(super) fn check(record: &Record, told: &Told<'_>, shared: &Shared) -> Result<(), String> {
    let commands = Commands::new(&shared.plan.simulation);
    for log in &record.logs {
        let step = told.steps.get(&log.step);
        let build = step.and_then(|it| told.builds.get(&it.build));
        let worker = build.and_then(|it| told.workers.get(&it.worker));
        let (Some(step), Some(worker)) = (step, worker) else {
            return Err(format!("nobody has {log:?}"));
        };
        let Some(content) = record.contents.get(&log.id) else {
            continue;
        };
        if i64::try_from(content.lines().count()).ok() != Some(log.num_lines) {
            return Err(format!("{log:?} has {} lines", content.lines().count()));
        }
        let is_whole = matches!(step.results, Some(Results::Success | Results::Failure));
        let plan = told.plan_of(step.build, shared);
        if is_whole && step.name != "trigger" && !is_said(&commands, &worker.name, content, step, plan) {
            return Err(format!(
                "no command said what is in {log:?} of {step:?}:\n{content}"
            ));
        }
        in_order(log, content)?;
    }
    Ok(())
}

/// Whether a command of that worker says exactly this, and ends so.
fn is_said(
    commands: &Commands<'_>,
    worker: &str,
    content: &str,
    step: &Step,
    plan: Option<&BuilderPlan>,
) -> bool {
    let first = content.lines().next().unwrap_or_default();
    let echo = match step.name.as_str() {
        "secret" => Some("it is <key>".to_owned()),
        "plan" => plan.and_then(|it| it.generated()).map(|it| it.join(" ")),
        _ => None,
    };
    let has_failed = step.results == Some(Results::Failure);
    commands.beginning_with(worker, first).into_iter().any(|command| {
        let expected = written(&command, echo.as_deref());
        let is_like = match step.name.as_str() {
            // Then the master says which steps it adds.
            "plan" => content
                .strip_prefix(expected.as_str())
                .is_some_and(|it| it.lines().all(|line| line.starts_with('h'))),
            _ => expected == content,
        };
        is_like && has_failed == (command.exit_code != 0)
    })
}

/// A log of what a command says, with an echo before its output.
fn written(command: &Transcript, echo: Option<&str>) -> String {
    let mut written = String::with_capacity(command.output.len() + 200);
    let echoed = echo.map(|it| format!("{it}\n")).unwrap_or_default();
    for (letter, text) in [
        ('h', &command.beginning),
        ('o', &echoed),
        ('o', &command.output),
        ('h', &command.end),
    ] {
        for line in text.lines() {
            // A text takes all.
            let _ = writeln!(written, "{letter}{line}");
        }
    }
    written
}

/// What the commands of each worker say, by how that begins.
struct Commands<'s> {
    simulation: &'s Simulation,
    known: RefCell<BTreeMap<String, HashMap<String, Vec<u64>>>>,
}

impl<'s> Commands<'s> {
    fn new(simulation: &'s Simulation) -> Self {
        Self {
            simulation,
            known: RefCell::default(),
        }
    }

    /// Those of the worker whose log begins with that line.
    fn beginning_with(&self, worker: &str, line: &str) -> Vec<Transcript> {
        let mut known = self.known.borrow_mut();
        let of_worker = known
            .entry(worker.to_owned())
            .or_insert_with(|| self.beginnings(worker));
        let numbers = of_worker.get(line).into_iter().flatten();
        numbers
            .map(|it| self.simulation.transcript(worker, *it))
            .collect()
    }

    fn beginnings(&self, worker: &str) -> HashMap<String, Vec<u64>> {
        let without_output = Simulation {
            lines: 0..=0,
            ..self.simulation.clone()
        };
        let mut beginnings: HashMap<String, Vec<u64>> = HashMap::new();
        for number in 0..MOST_COMMANDS {
            let beginning = without_output.transcript(worker, number).beginning;
            let line = format!("h{}", beginning.trim_end());
            beginnings.entry(line).or_default().push(number);
        }
        beginnings
    }
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
