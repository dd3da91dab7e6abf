//! Running one step of a build.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_config::{
    BuilderConfig, Command, Env, GenerateStep, Generated, LockAccess, RenderError, StepConfig, StepKind, Text,
};
use weir_status_api::{BuildId, Property, Results, StepId};

use super::command::{End, Execution, Reader};
use super::generate_step::Surroundings;
use super::journal::Left;
use super::log::LogWriter;
use super::properties::Values;
use super::secrets::Secrets;
use super::stop::Heed;
use super::{
    Engine, data_step, files_step, generate_step, git_step, locks, master_step, property_step, sequence_step,
    tests_step, trigger_step,
};
use crate::error::Result;
use crate::locks::{Held, Holder};
use crate::workers::{CommandSpec, FileCommand, FollowedFile, Limit, Outcome, What};

/// How a step ended.
pub(crate) struct StepEnd {
    pub(crate) results: Results,
    /// For people.
    pub(crate) state: String,
    /// Properties that it found out.
    pub(crate) properties: BTreeMap<String, Property>,
    /// The steps that come behind it.
    pub(crate) added: Option<Generated>,
}

impl StepEnd {
    pub(crate) fn new(results: Results, state: impl Into<String>) -> Self {
        Self {
            results,
            state: state.into(),
            properties: BTreeMap::new(),
            added: None,
        }
    }
}

/// A step at work.
///
/// A master that is started anew in the middle of a step runs the step's code again, over what is recorded:
/// [`StepRun::execute`] gives the ends of the commands that have ended at once, goes on with the one that runs, and only
/// what comes after it is done; [`LogWriter::say`] and [`LogWriter::once`] leave out what they have done. So the code of
/// a step must do the same again, in the same order, when it is given the same: it decides by the configuration, the
/// build's properties and sources, and what `execute` gives (with what was captured), by nothing else; and it changes
/// nothing but through `execute`, `say`, `once` and the step's end. What it finds elsewhere may have changed since: what
/// of it decides something must be found by a command, or be looked up in the store by something that is fixed.
pub(crate) struct StepRun<'s> {
    pub(crate) engine: &'s Engine,
    pub(crate) config: &'s StepConfig,
    pub(crate) step: StepId,
    pub(crate) build: BuildId,
    pub(crate) values: Values<'s>,
    /// Its builder, by the configuration with which the build began.
    pub(crate) builder: &'s BuilderConfig,
    /// The builder's environment.
    pub(crate) env: &'s Env,
    /// The folder of the builder on the worker.
    pub(crate) folder: &'s str,
    /// The folder of its steps below that.
    pub(crate) workdir: &'s Text,
    /// Its build, as others who wait for its locks see it.
    pub(crate) holder: &'s Arc<Holder>,
    /// The locks that its build holds.
    pub(crate) held: &'s [LockAccess],
    pub(crate) stop: Heed<'s>,
    pub(crate) surroundings: &'s Surroundings,
}

impl StepRun<'_> {
    /// Runs the step to its end, from where it was `left` if it has begun, with the locks that it holds; what it wrote is
    /// stored when this returns.
    pub(crate) async fn run(&self, left: Option<(Left, Held)>) -> Result<StepEnd> {
        let (mut log, _held) = match left {
            Some((left, held)) => (
                LogWriter::resume(
                    self.engine.store.clone(),
                    self.step,
                    left,
                    (self.secrets(), self.config.log),
                ),
                held,
            ),
            None => match locks::take(self).await? {
                Ok(held) => (self.start().await?, held),
                Err(end) => return Ok(end),
            },
        };
        log.be_observed(self.config, self.build, self.values.properties);
        let end = self.try_all(&mut log).await?;
        log.end_logs().await?;
        Ok(end)
    }

    /// Does once what the step is for.
    pub(super) async fn attempt(&self, log: &mut LogWriter) -> Result<StepEnd> {
        let end = self.act(log).await?;
        log.observed(end).await
    }

    async fn act(&self, log: &mut LogWriter) -> Result<StepEnd> {
        match &self.config.kind {
            StepKind::Shell { command, tests: None } => self.command(command, log, Reader::Nobody).await,
            StepKind::Shell {
                command,
                tests: Some(format),
            } => tests_step::shell(self, command, *format, log).await,
            StepKind::Sequence(commands) => sequence_step::run(self, commands, log).await,
            StepKind::MasterShell { command, rerun } => master_step::run(self, command, *rerun, log).await,
            StepKind::Git(git) => git_step::run(self, git, log).await,
            StepKind::BuildData(data) => data_step::run(self, data, log).await,
            StepKind::SetProperties(from) => property_step::run(self, from, log).await,
            StepKind::Trigger(trigger) => trigger_step::run(self, trigger, log).await,
            StepKind::Generate(config) => generate_step::run(self, config, log).await,
            StepKind::Files(files) => files_step::run(self, files, log).await,
            StepKind::TestResults(tests) => tests_step::files(self, tests, log).await,
        }
    }

    async fn start(&self) -> Result<LogWriter> {
        let process = match self.config.kind {
            StepKind::MasterShell { .. } | StepKind::Trigger(_) => None,
            StepKind::Generate(GenerateStep { command: None, .. }) => None,
            // Most steps begin with a command.
            _ => self.engine.workers.process_now(&self.values.worker.name),
        };
        let first = process.map(|instance| self.engine.command_record(self.step, 0, instance));
        let store = self.engine.store.clone();
        let heeds_cancel = self.stop.heeds_cancel();
        // What it begins with is kept where properties may be set while it runs: by others of its group, or its observer.
        let is_kept = self.config.group.is_some() || self.config.observers.function.is_some();
        let properties = is_kept.then_some(self.values.properties);
        let terms = (self.secrets(), self.config.log);
        let files = match self.config.terms.lazy_log_files {
            true => vec![],
            false => self
                .config
                .terms
                .log_files
                .iter()
                .map(|it| it.name.clone())
                .collect(),
        };
        LogWriter::start_step(store, self.step, heeds_cancel, first, terms, &files, properties).await
    }

    fn secrets(&self) -> Arc<Secrets> {
        Arc::clone(self.values.secrets)
    }

    /// Runs the command to its end; `reader` reads what it writes to its standard output.
    pub(crate) async fn command(
        &self,
        command: &Command,
        log: &mut LogWriter,
        reader: Reader<'_>,
    ) -> Result<StepEnd> {
        let (spec, title) = match self.rendered(command) {
            Ok(it) => it,
            Err(error) => return Ok(cannot_render(&error, log)),
        };
        let end = self.execute(spec, log, reader).await?;
        Ok(self.decide(&title, end, log))
    }

    /// The command, to be run, and what it is called.
    pub(crate) fn rendered(&self, command: &Command) -> Result<(CommandSpec, String), RenderError> {
        let (what, title) = self.render_command(command)?;
        Ok((self.spec(what)?, title))
    }

    /// As [`StepRun::conclude`], by what the configuration says of exit codes.
    pub(crate) fn decide(&self, title: &str, end: End, log: &mut LogWriter) -> StepEnd {
        let decoded = self.decode(title, &end);
        let end = self.conclude(title, end, log);
        decoded.unwrap_or(end)
    }

    /// What the exit code of the command `title` means, if the configuration says so.
    fn decode(&self, title: &str, end: &End) -> Option<StepEnd> {
        let End::Outcome(Outcome::Exited(code)) = end else {
            return None;
        };
        let results = *self.config.decode_rc.get(code)?;
        let state = match results {
            Results::Success => title.to_owned(),
            _ => format!("{title} ({results}, exit code {code})"),
        };
        self.stop.told().is_none().then(|| StepEnd::new(results, state))
    }

    fn render_command(&self, command: &Command) -> Result<(What, String), RenderError> {
        Ok(match command {
            Command::Argv(words) => {
                let words = words
                    .iter()
                    .map(|word| word.render_words(&self.values))
                    .collect::<Result<Vec<_>, _>>()?
                    .concat();
                let title = title(&self.values.secrets.mask(&words.join(" ")));
                (What::Argv(words), title)
            }
            Command::Script(script) => {
                let script = script.render(&self.values)?;
                let title = title(&self.values.secrets.mask(&script));
                (What::Script(script), title)
            }
        })
    }

    /// A command in the step's folder and environment, with its limits.
    pub(crate) fn spec(&self, what: What) -> Result<CommandSpec, RenderError> {
        let workdir = self.config.workdir.as_ref().unwrap_or(self.workdir);
        let workdir = format!("{}/{}", self.folder, workdir.render(&self.values)?);
        let mut env = BTreeMap::new();
        for (name, text) in self.env.iter().chain(&self.config.env) {
            env.insert(name.clone(), text.render(&self.values)?);
        }
        let terms = &self.config.terms;
        let stdin = terms.stdin.as_ref().map(|it| it.render(&self.values));
        let usual = CommandSpec::default();
        let mut files = vec![];
        for file in &terms.log_files {
            files.push(FollowedFile {
                name: file.name.clone(),
                path: file.path.render(&self.values)?,
                follow: file.follow,
            });
        }
        Ok(CommandSpec {
            what,
            workdir,
            env,
            idle_timeout: self.config.idle_timeout,
            total_timeout: self.config.total_timeout,
            interrupt_grace: terms.stop_grace.unwrap_or(usual.interrupt_grace),
            stop_signal: terms.stop_signal.clone().unwrap_or_default(),
            pty: terms.pty,
            max_lines: terms.max_lines,
            files,
            stdin: stdin.transpose()?.unwrap_or_default().into(),
            ..usual
        })
    }

    /// What is done to files in the step's folder, with its limits.
    pub(crate) fn file_spec(&self, what: FileCommand) -> Result<CommandSpec, RenderError> {
        let whole = self.spec(What::Files(what))?;
        Ok(CommandSpec {
            what: whole.what,
            workdir: whole.workdir,
            total_timeout: whole.total_timeout,
            interrupt_grace: whole.interrupt_grace,
            ..CommandSpec::default()
        })
    }

    /// Runs the next command of the step, or gives what came of it; see [`StepRun`].
    pub(crate) async fn execute(
        &self,
        spec: CommandSpec,
        log: &mut LogWriter,
        reader: Reader<'_>,
    ) -> Result<End> {
        let execution = Execution {
            engine: self.engine,
            step: self.step,
            worker: &self.values.worker.name,
            stop: self.stop,
            log,
            reader,
            files: vec![],
        };
        execution.run(spec).await
    }

    /// What the end of the command `title` means for the step.
    pub(crate) fn conclude(&self, title: &str, end: End, log: &mut LogWriter) -> StepEnd {
        let outcome = match end {
            End::Lost(why) => {
                log.say(&why);
                return self
                    .stopped()
                    .unwrap_or_else(|| StepEnd::new(Results::Retry, format!("{title}: {why}")));
            }
            End::Outcome(outcome) => outcome,
        };
        let failed = |how: String| StepEnd::new(Results::Failure, format!("{title} {how}"));
        match outcome {
            Outcome::Exited(0) => StepEnd::new(Results::Success, title),
            Outcome::Interrupted(why) => self
                .stopped()
                .unwrap_or_else(|| StepEnd::new(Results::Retry, format!("{title}: interrupted: {why}"))),
            _ if self.stop.told().is_some() => self
                .stopped()
                .unwrap_or_else(|| StepEnd::new(Results::Cancelled, title)),
            Outcome::Exited(code) => failed(format!("(failure, exit code {code})")),
            Outcome::Signalled(signal) => failed(format!("(failure, killed by signal {signal})")),
            Outcome::CouldNotStart(why) => failed(format!("(could not start: {why})")),
            // Buildbot's words.
            Outcome::TimedOut(Limit::Lines) => failed("(failure) (max lines reached)".to_owned()),
            Outcome::TimedOut(limit) => failed(format!("(timed out: {limit})")),
        }
    }

    /// The step's end if the build was told to end.
    pub(super) fn stopped(&self) -> Option<StepEnd> {
        let (results, why) = self.stop.told()?;
        Some(StepEnd::new(results, why))
    }
}

/// A template of the step asks for what is not there: a mistake of the configuration, told in the step's log.
pub(crate) fn cannot_render(error: &RenderError, log: &mut LogWriter) -> StepEnd {
    match error {
        // It could be had before: the master was started anew meanwhile.
        RenderError::Secret { .. } if log.is_resumed() => log.tell(&error.to_string()),
        _ => log.say(&error.to_string()),
    }
    StepEnd::new(Results::Exception, error.to_string())
}

/// A command as a short line for people, Buildbot's `'make test'`.
fn title(command: &str) -> String {
    const LONGEST: usize = 60;
    let line = command.lines().next().unwrap_or_default().trim();
    if line.chars().count() > LONGEST || command.lines().count() > 1 {
        let short: String = line.chars().take(LONGEST).collect();
        format!("'{} …'", short.trim_end())
    } else {
        format!("'{line}'")
    }
}
