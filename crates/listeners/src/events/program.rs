//! Runs a program for each event.

mod process;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use weir_status_api::{Event, Lane, Listener, ListenerError, StatusApi, TopicFilter};

use crate::events::wanted::{Handover, Wanted};
use crate::options;
use crate::{OptionError, Outlet};

use process::{Ended, Process};

/// The exit code that asks for the event again later: `EX_TEMPFAIL` of `sysexits.h`.
const TRY_LATER: i32 = 75;

/// How a [`Program`] goes about it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProgramOptions {
    /// The program and its arguments. No shell reads them.
    pub command: Vec<String>,
    /// Patterns of the topics that it wants, 1 to 100.
    pub events: Vec<String>,
    /// Variables of its environment, beside those of the process that runs it.
    pub env: BTreeMap<String, String>,
    /// The folder that it runs in; that of the process that runs it if none.
    pub workdir: Option<PathBuf>,
    /// How long it may run, in seconds.
    pub timeout: f64,
    /// Whether one runs at a time, in the order of the events. Otherwise those of several builds run at once.
    pub in_order: bool,
}

impl Default for ProgramOptions {
    /// One that is told of the ends of builds, and may run a minute.
    fn default() -> Self {
        Self {
            command: vec![],
            events: vec!["builds/*/finished".to_owned()],
            env: BTreeMap::new(),
            workdir: None,
            timeout: 60.0,
            in_order: false,
        }
    }
}

/// Runs a program for each event.
///
/// It reads the event on its standard input, as a webhook posts it: one line of JSON. Its environment has `WEIR_TOPIC`
/// (the first of the event's topics that is wanted), `WEIR_CURSOR`, and `WEIR_DELIVERY` (`NAME-CURSOR`, the same each
/// time that the event is delivered, by which it can tell a repeat).
///
/// With the exit code 0 it has taken the event. With 75 (`EX_TEMPFAIL`), if it cannot be started, and if it runs too
/// long, it is run again later; any other end parks the event, with the last lines that it wrote. When it ends, and at
/// the timeout, all processes of its group are killed.
pub struct Program {
    wanted: Wanted,
    argv: Vec<String>,
    env: BTreeMap<String, String>,
    workdir: Option<PathBuf>,
    timeout: Duration,
    in_order: bool,
    outlet: Outlet,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("name", &self.wanted.name())
            .finish_non_exhaustive()
    }
}

impl Program {
    /// The program `name` of these options; starts nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(name: String, options: ProgramOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        if options.command.first().is_none_or(String::is_empty) {
            let why = "names no program; write e.g. [\"notify-send\", \"a build ended\"]";
            return Err(OptionError::new("command", why));
        }
        if options.command.iter().any(|it| it.contains('\0')) {
            return Err(OptionError::new(
                "command",
                "has a NUL, which no program can be told",
            ));
        }
        let usable = |(name, value): (&String, &String)| {
            !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0')
        };
        if !options.env.iter().all(usable) {
            return Err(OptionError::new("env", "has a name or value that is none"));
        }
        Ok(Self {
            wanted: Wanted::new(name, &options.events)?,
            argv: options.command,
            env: options.env,
            workdir: options.workdir,
            timeout: options::seconds("timeout", options.timeout)?,
            in_order: options.in_order,
            outlet: outlet.clone(),
        })
    }

    fn process(&self, event: &Event, told: &Handover) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.argv[0]);
        command
            .args(&self.argv[1..])
            .envs(&self.env)
            .env("WEIR_TOPIC", &told.topic)
            .env("WEIR_CURSOR", event.cursor.to_string())
            .env("WEIR_DELIVERY", &told.delivery);
        if let Some(workdir) = &self.workdir {
            command.current_dir(workdir);
        }
        command
    }

    /// What the program's end means for the event.
    fn judge(&self, ended: &Ended) -> Result<(), ListenerError> {
        let code = ended.status.code();
        let mut why = match code {
            Some(0) => return Ok(()),
            Some(code) => format!("{} ended with exit code {code}", self.argv[0]),
            None => format!("{} was ended by a signal: {}", self.argv[0], ended.status),
        };
        if !ended.last_lines.is_empty() {
            why = format!("{why}: {}", ended.last_lines);
        }
        let why = self.outlet.mask(&why);
        Err(match code {
            Some(TRY_LATER) => ListenerError::Later(why),
            _ => ListenerError::Never(why),
        })
    }
}

#[async_trait]
impl Listener for Program {
    fn name(&self) -> &str {
        self.wanted.name()
    }

    fn kind(&self) -> &str {
        "program"
    }

    fn filter(&self) -> TopicFilter {
        self.wanted.filter().clone()
    }

    fn lane(&self, event: &Event) -> Lane {
        if self.in_order { Lane::All } else { Lane::of(event) }
    }

    async fn on_event(&self, event: &Event, _: &dyn StatusApi) -> Result<(), ListenerError> {
        let told = self.wanted.hand_over(event);
        let input = format!("{}\n", told.body);
        if self.outlet.prints(|| format!("run {:?}\n{input}", self.argv)) {
            return Ok(());
        }
        let later = |why: String| ListenerError::Later(self.outlet.mask(&why));
        let started = Process::start(self.process(event, &told));
        let mut process =
            started.map_err(|error| later(format!("{} cannot be started: {error}", self.argv[0])))?;
        match tokio::time::timeout(self.timeout, process.ended(input.as_bytes())).await {
            Ok(Ok(ended)) => self.judge(&ended),
            Ok(Err(error)) => Err(later(format!("{} was lost: {error}", self.argv[0]))),
            Err(_) => Err(later(format!(
                "{} ran longer than {:?}, and was killed",
                self.argv[0], self.timeout
            ))),
        }
    }
}
