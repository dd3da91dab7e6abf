//! Observers: what the lines of a step's output say of it while they come (Buildbot's `LogLineObserver` and
//! `WarningCountingShellCommand`).
//!
//! An observer is asked in the commit that stores the lines, and what it keeps is in the checkpoint of that commit. So
//! it sees each line once, whatever becomes of the master: lines that were not stored come again, and then it
//! remembers nothing of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;
use weir_config::{Function, Observed, Observers, OutputEnd, OutputLine, StepConfig, show_duration};
use weir_off_thread::off_thread;
use weir_status_api::{BuildId, Properties, Property, Results, StepId, Url};
use weir_status_db::Transition;

use super::lines::LineBuffer;
use super::secrets::Secrets;
use super::step::StepEnd;

/// How many lines a function is told at once.
const MOST_LINES: usize = 1_000;
/// How many bytes of lines a function is told at once.
const MOST_BYTES: usize = 256 * 1024;
/// How long a function may take for all that came together; a stop of the build waits for it.
const LONGEST_LOOK: Duration = Duration::from_secs(30);
/// How many bytes a function may add to logs for all that came together.
const MOST_ADDED: usize = 8 * 1024 * 1024;
/// How many logs a function may add to a step.
const MOST_LOGS: usize = 20;
/// How many links a function may give a step.
const MOST_URLS: usize = 20;
/// How many bytes the properties may have that a function sets, as JSON.
const MOST_PROPERTIES: usize = 64 * 1024;

/// The log of the lines that are warnings.
const WARNINGS: &str = "warnings";
/// The property that counts the warnings of a build; Buildbot's.
const WARNINGS_COUNT: &str = "warnings-count";

/// The observer of a step that runs.
pub(super) struct Observer {
    config: Arc<Observers>,
    build: BuildId,
    step: StepId,
    /// The step's name, as who sets properties.
    source: String,
    secrets: Arc<Secrets>,
    /// The warnings of the steps before.
    counted: u64,
    /// Whole lines that it has not seen, each after the letter of its stream.
    waiting: String,
    /// Whether what is shown may not be what was seen.
    is_stale: bool,
    /// The end of the output, of which the function is still to be told.
    end: Option<OutputEnd>,
    seen: Seen,
}

/// What it has seen; kept with the step.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Seen {
    /// In which try of the step.
    attempt: u32,
    /// What the function wants to be told again.
    kept: Value,
    state: Option<String>,
    /// How many warnings the function counts.
    told: Option<u64>,
    /// How many lines are warnings by the pattern.
    matched: u64,
    results: Option<Results>,
    /// What was set on the build.
    properties: Properties,
    urls: BTreeMap<String, String>,
    /// The names of the logs that the function has added.
    logs: BTreeSet<String>,
    /// Whether the function was told of the end.
    ended: bool,
    /// Why the function is not asked any more.
    failed: Option<String>,
    /// What the step shows, if something.
    shown: Option<(String, Vec<Url>)>,
}

/// What is to be stored with the lines that were seen.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Lines for further logs by their names, each after its letter.
    pub(super) logs: BTreeMap<String, String>,
    /// Why the observation ends.
    pub(super) failure: Option<String>,
    pub(super) transitions: Vec<Transition>,
}

impl Observer {
    /// The one of the step, if it has one, after it has seen what is `kept`.
    /// `properties` are those with which the step began.
    pub(super) fn of(
        config: &StepConfig,
        (build, step, secrets): (BuildId, StepId, Arc<Secrets>),
        properties: &Properties,
        kept: &[u8],
    ) -> Option<Self> {
        let observers = &config.observers;
        if observers.is_none() {
            return None;
        }
        let before = properties.get(WARNINGS_COUNT);
        Some(Self {
            config: Arc::new(observers.clone()),
            build,
            step,
            source: config.name.clone(),
            secrets,
            counted: before.and_then(|it| it.value.as_u64()).unwrap_or_default(),
            waiting: String::new(),
            is_stale: false,
            end: None,
            seen: serde_json::from_slice(kept).unwrap_or_default(),
        })
    }

    /// What is kept of it.
    pub(super) fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(&self.seen).unwrap_or_default()
    }

    /// Takes whole lines, each after the letter of its stream.
    pub(super) fn take(&mut self, lines: &str) {
        self.waiting.push_str(lines);
    }

    /// How many bytes of lines it has not seen.
    pub(super) fn waits(&self) -> usize {
        self.waiting.len()
    }

    /// Begins the try of that number, unless it has begun it or a later one.
    pub(super) fn begin_try(&mut self, number: u32) {
        if number > self.seen.attempt {
            self.begin_anew();
            self.seen.attempt = number;
        }
    }

    /// Forgets what it has seen, but for what cannot be undone.
    pub(super) fn begin_anew(&mut self) {
        let seen = std::mem::take(&mut self.seen);
        self.seen = Seen {
            attempt: seen.attempt,
            properties: seen.properties,
            logs: seen.logs,
            shown: seen.shown,
            ..Seen::default()
        };
        self.is_stale = true;
    }

    /// The try of that number has ended; whether the function is to be told of it.
    pub(super) fn end(&mut self, attempt: u32, end: OutputEnd) -> bool {
        let wants = self.config.function.as_ref().is_some_and(Function::observes_end);
        let is_told = self.seen.ended || self.seen.failed.is_some() || attempt < self.seen.attempt;
        if wants && !is_told && is_of_commands(end.results) {
            self.end = Some(end);
            self.is_stale = true;
        }
        self.end.is_some()
    }

    /// Sees the lines that wait; none if there is nothing new.
    pub(super) async fn look(&mut self) -> Option<Said> {
        let text = std::mem::take(&mut self.waiting);
        if text.is_empty() && !std::mem::take(&mut self.is_stale) {
            return None;
        }
        let text: Arc<str> = text.into();
        let mut said = Said::default();
        let before = self.seen.properties.clone();
        let mut looked = self.count(&text, &mut said).await;
        if looked.is_ok() && self.seen.failed.is_none() {
            looked = self.ask(&text, &mut said).await;
        }
        if let Err(why) = looked {
            let why = self.secrets.mask(&why);
            self.seen.failed = Some(why.clone());
            said.failure = Some(why);
        }
        for lines in said.logs.values_mut() {
            *lines = self.secrets.mask(lines);
        }
        let mut changed = self.seen.properties.clone();
        changed.retain(|name, property| before.get(name) != Some(&*property));
        if !changed.is_empty() {
            said.transitions
                .push(Transition::SetProperties(self.build, changed));
        }
        said.transitions.extend(self.show());
        Some(said)
    }

    /// Counts the lines that are warnings by the pattern.
    async fn count(&mut self, text: &Arc<str>, said: &mut Said) -> Result<(), String> {
        if self.config.warnings.is_none() {
            return Ok(());
        }
        let (config, text) = (Arc::clone(&self.config), Arc::clone(text));
        let found = off_thread(move || warnings(&config, &text)).await;
        let (count, lines) = found.map_err(|error| error.to_string())?;
        if count > 0 {
            self.seen.matched += count;
            said.logs.entry(WARNINGS.to_owned()).or_default().push_str(&lines);
        }
        Ok(())
    }

    /// Asks the function, and takes what it says.
    async fn ask(&mut self, text: &Arc<str>, said: &mut Said) -> Result<(), String> {
        let Some(function) = self.config.function.clone() else {
            return Ok(());
        };
        let begun = Instant::now();
        let mut added = 0;
        let last = self.end.take();
        let told = batches(text).into_iter().map(|batch| (batch, None));
        for (batch, end) in told.chain(last.map(|end| ("", Some(end)))) {
            if begun.elapsed() > LONGEST_LOOK {
                let limit = show_duration(LONGEST_LOOK);
                let why = format!("is too slow: it takes more than {limit} for {} bytes", text.len());
                return Err(function.error(why).to_string());
            }
            let (asked, kept) = (function.clone(), self.seen.kept.clone());
            let lines: Vec<_> = batch.lines().map(OutputLine::of_log).collect();
            let observed = off_thread(move || asked.observe(lines, kept, end)).await;
            let observed = observed.map_err(|error| function.error(error.to_string()).to_string())?;
            let observed = observed.map_err(|error| error.to_string())?;
            self.heed(observed, said, &mut added)
                .map_err(|why| function.error(why).to_string())?;
            self.seen.ended |= end.is_some();
        }
        Ok(())
    }

    fn heed(&mut self, observed: Observed, said: &mut Said, added: &mut usize) -> Result<(), String> {
        let (secrets, seen) = (&self.secrets, &mut self.seen);
        seen.kept = observed.keep.unwrap_or(std::mem::take(&mut seen.kept));
        seen.told = observed.warnings.or(seen.told);
        seen.results = observed.results.or(seen.results);
        seen.state = observed.state.map(|it| secrets.mask(&it)).or(seen.state.take());
        let named = observed.properties.into_iter();
        let mut properties = named
            .map(|(name, value)| (name, Property::new(value, self.source.clone())))
            .collect();
        secrets.mask_properties(&mut properties);
        let mut all = seen.properties.clone();
        all.extend(properties);
        if serde_json::to_vec(&all).map_or(0, |it| it.len()) > MOST_PROPERTIES {
            return Err(format!("sets properties of more than {MOST_PROPERTIES} bytes"));
        }
        seen.properties = all;
        for (name, url) in observed.urls {
            let name = secrets.mask(&name);
            if seen.urls.len() == MOST_URLS && !seen.urls.contains_key(&name) {
                return Err(format!("gives the step more than {MOST_URLS} links"));
            }
            seen.urls.insert(name, secrets.mask(&url));
        }
        for (name, lines) in observed.logs.into_iter().filter(|(_, it)| !it.is_empty()) {
            let name = secrets.mask(&name);
            seen.logs.insert(name.clone());
            if seen.logs.len() > MOST_LOGS {
                return Err(format!("adds more than {MOST_LOGS} logs to the step"));
            }
            let log = said.logs.entry(name).or_default();
            let before = log.len();
            for line in lines {
                let mut buffer = LineBuffer::new(Some('o'));
                buffer.push(line.as_bytes(), log);
                match line.is_empty() {
                    true => log.push_str("o\n"),
                    false => buffer.finish(log),
                }
            }
            *added += log.len() - before;
        }
        match *added > MOST_ADDED {
            true => Err(format!("adds more than {MOST_ADDED} bytes to logs at once")),
            false => Ok(()),
        }
    }

    /// How many warnings there are, if somebody counts them.
    fn warnings(&self) -> Option<u64> {
        let matched = self.config.warnings.as_ref().map(|_| self.seen.matched);
        match (matched, self.seen.told) {
            (Some(matched), told) => Some(matched.saturating_add(told.unwrap_or_default())),
            (None, told) => told,
        }
    }

    /// What is said of the lines, for people.
    fn words(&self) -> Vec<String> {
        let count = self.warnings().filter(|it| *it > 0);
        let warnings = count.map(|count| {
            let noun = if count == 1 { "warning" } else { "warnings" };
            match self.limit() {
                Some(most) if count > most => format!("{count} {noun}, more than {most}"),
                _ => format!("{count} {noun}"),
            }
        });
        self.seen.state.clone().into_iter().chain(warnings).collect()
    }

    /// How many warnings there may be.
    fn limit(&self) -> Option<u64> {
        self.config.most_warnings.map(u64::from)
    }

    /// What makes the step show what was seen, if it does not.
    fn show(&mut self) -> Option<Transition> {
        let words = self.words().join(", ");
        let urls = self.seen.urls.iter().map(|(name, url)| Url {
            name: name.clone(),
            url: url.clone(),
        });
        let urls: Vec<Url> = urls.collect();
        let state = match words.is_empty() {
            // As it is when the step begins.
            true => "running".to_owned(),
            false => words,
        };
        let is_as_begun = self.seen.shown.is_none() && state == "running" && urls.is_empty();
        let shows = Some((state.clone(), urls.clone()));
        if is_as_begun || self.seen.shown == shows {
            return None;
        }
        self.seen.shown = shows;
        Some(Transition::UpdateStep {
            step: self.step,
            state,
            urls,
        })
    }

    /// The end of the try of that number, with what was seen.
    pub(super) fn conclude(&self, attempt: u32, mut end: StepEnd) -> StepEnd {
        if attempt < self.seen.attempt {
            // It was seen in an earlier life of the master: that there was another try says how it ended.
            end.results = Results::Failure;
            return end;
        }
        let count = self.warnings();
        let by_count = match (count.unwrap_or_default(), self.limit()) {
            (0, _) => None,
            (count, Some(most)) if count > most => Some(Results::Failure),
            _ => Some(Results::Warnings),
        };
        let failed = self.seen.failed.as_ref();
        if is_of_commands(end.results) {
            let found = [by_count, self.seen.results, failed.map(|_| Results::Exception)];
            end.results = found.into_iter().flatten().fold(end.results, Results::worst);
            let words = [std::mem::take(&mut end.state)].into_iter().chain(self.words());
            end.state = words.chain(failed.cloned()).collect::<Vec<_>>().join(", ");
        }
        let properties = self.seen.properties.clone();
        end.properties.extend(properties);
        if let Some(count) = count {
            let all = self.counted.saturating_add(count);
            let all = Property::new(all, self.source.clone());
            end.properties.insert(WARNINGS_COUNT.to_owned(), all);
        }
        end
    }
}

/// Whether it is what the commands came to, and not what happened to the build.
const fn is_of_commands(results: Results) -> bool {
    !matches!(results, Results::Retry | Results::Cancelled)
}

/// How many of the lines are warnings by the pattern, and these for a log.
fn warnings(config: &Observers, text: &str) -> (u64, String) {
    let (mut count, mut found) = (0, String::new());
    let Some(pattern) = &config.warnings else {
        return (count, found);
    };
    for line in text.lines() {
        let line = OutputLine::of_log(line);
        if pattern.admits(&line.text) {
            count += 1;
            found.push('o');
            found.push_str(&line.text);
            found.push('\n');
        }
    }
    (count, found)
}

/// The lines, as many at a time as a function is told.
fn batches(text: &str) -> Vec<&str> {
    let mut batches = vec![];
    let (mut from, mut to, mut lines) = (0, 0, 0);
    for line in text.split_inclusive('\n') {
        if lines > 0 && (lines == MOST_LINES || to - from + line.len() > MOST_BYTES) {
            batches.push(&text[from..to]);
            (from, lines) = (to, 0);
        }
        to += line.len();
        lines += 1;
    }
    if to > from {
        batches.push(&text[from..to]);
    }
    batches
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn batches_are_all_lines_in_their_order(
            lines in proptest::collection::vec("[a-z\u{e9}]{0,9}", 0..50),
            times in 0..100usize,
            long in 0..5usize,
        ) {
            let some: String = lines.iter().map(|it| format!("o{it}\n")).collect();
            let mut text = some.repeat(times);
            for _ in 0..long {
                text.push_str(&format!("e{}\n", "x".repeat(100_000)));
            }
            let batches = batches(&text);
            prop_assert_eq!(batches.concat(), text.clone());
            for batch in batches {
                prop_assert!(!batch.is_empty() && batch.ends_with('\n'));
                prop_assert!(batch.len() <= MOST_BYTES && batch.lines().count() <= MOST_LINES);
            }
        }
    }
}
