//! `weir import-buildbot`: what a Buildbot has done becomes the store of a master.

use std::fs::File;
use std::io::{ErrorKind, IsTerminal, Write};
use std::time::{Duration, Instant};

use clap::Args;
use comfy_table::Cell;
use weir_buildbot_import::{Error, KnownUser, Options, Place, Progress, Report};
use weir_status_api::{Clock, SystemClock};

use crate::database::Storage;
use crate::failure::Failure;
use crate::show::table::Table;
use crate::show::{Look, plain, say, store};

/// Where people are put, for the configuration.
const USERS: &str = "buildbot-users.star";

/// How often the bar is drawn.
const TICK: Duration = Duration::from_millis(100);
/// How wide it is.
const WIDTH: usize = 30;

/// Takes over what a Buildbot has done; its database is only read.
#[derive(Args)]
pub(crate) struct ImportBuildbot {
    /// Buildbot's database, as its `c['db']` has it, or the folder of its master.
    #[arg(
        long,
        value_name = "URL|FOLDER",
        env = "BUILDBOT_DATABASE",
        hide_env_values = true
    )]
    from: String,
    #[command(flatten)]
    storage: Storage,
    /// Cancel the requests that wait, instead of building them here.
    #[arg(long)]
    cancel_waiting: bool,
    /// Put a line that says so where a log is damaged, instead of importing nothing.
    #[arg(long)]
    replace_damaged: bool,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

impl ImportBuildbot {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let options = Options {
            from: Place::parse(&self.from).map_err(Failure::usage)?,
            database: self.storage.database()?,
            data_dir: self.storage.data.clone(),
            cancel_waiting: self.cancel_waiting,
            replace_damaged: self.replace_damaged,
            at: SystemClock.now(),
        };
        let began = Instant::now();
        let mut bar = Bar::new();
        let imported = weir_buildbot_import::import(&options, |progress| bar.show(&progress)).await;
        bar.clear();
        let report = imported.map_err(|error| explain(&error))?;
        self.keep_users(&report.users)?;
        if self.json {
            let document = serde_json::to_value(&report).map_err(Failure::new)?;
            return say(document);
        }
        say(self.told(&report, began.elapsed()))
    }

    /// Buildbot's passwords are of no use here, but people may go on with their names.
    fn keep_users(&self, users: &[KnownUser]) -> Result<(), Failure> {
        if users.is_empty() {
            return Ok(());
        }
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut text =
            "# Whom Buildbot knew. Take over who is to have an account; `weir hash-password` makes a \
                        password_hash.\n"
                .to_owned();
        for user in users {
            let email = user
                .email
                .as_deref()
                .map(|it| format!(", email = {}", quoted(it)));
            text += &format!(
                "user({}, full_name = {}{})\n",
                quoted(&user.name),
                quoted(&user.full_name),
                email.unwrap_or_default()
            );
        }
        let path = self.storage.data.join(USERS);
        // One that is there may have been edited since.
        match File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes())) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                Err(Failure::new(format!("writing {}: {error}", path.display())))
            }
            _ => Ok(()),
        }
    }

    fn told(&self, report: &Report, took: Duration) -> String {
        let mut table = Table::new(Look::of_stdout(), ["table", "Buildbot", "Weir", "left out"]);
        for it in report.tables.iter().filter(|it| it.found > 0 || it.stored > 0) {
            let left_out = if it.left_out > 0 {
                it.left_out.to_string()
            } else {
                String::new()
            };
            table.row(
                [
                    plain(&it.table),
                    it.found.to_string(),
                    it.stored.to_string(),
                    left_out,
                ]
                .map(Cell::new),
            );
        }
        let mut said = vec![table.to_string(), String::new()];
        said.push(format!(
            "Logs have {} lines, {}, read back and the same.",
            report.lines,
            store::bytes(u64::try_from(report.bytes).unwrap_or(0))
        ));
        if report.tables.iter().any(|it| it.left_out > 0) {
            said.push("What was left out belongs to something that Buildbot has deleted.".to_owned());
        }
        if report.corrected_logs > 0 {
            said.push(format!(
                "Logs whose lines Buildbot had counted wrongly: {}.",
                report.corrected_logs
            ));
        }
        if report.damaged_chunks > 0 {
            said.push(format!(
                "Pieces of logs that were damaged, and have a line in their place that says so: {}.",
                report.damaged_chunks
            ));
        }
        if report.interrupted_builds > 0 || report.cancelled_requests > 0 || report.open_requests > 0 {
            said.push(format!(
                "Builds that ran and were ended: {}. Requests: {} cancelled, {} wait to be built.",
                report.interrupted_builds, report.cancelled_requests, report.open_requests
            ));
        }
        if !report.users.is_empty() {
            let path = self.storage.data.join(USERS);
            said.push(format!(
                "People, for the configuration: {}, in {}.",
                report.users.len(),
                path.display()
            ));
        }
        let builds = report.tables.iter().find(|it| it.table == "builds");
        let builds = builds.map_or(0, |it| it.stored);
        said.push(format!(
            "{} holds {builds} builds of Buildbot, in {:.1} s.",
            self.storage.data.display(),
            took.as_secs_f64()
        ));
        said.join("\n")
    }
}

/// What is to be done about an error.
fn explain(error: &Error) -> Failure {
    match error {
        Error::Place(_) | Error::Schema { .. } => Failure::usage(error),
        Error::Store(weir_status_db::Error::Conflict { .. } | weir_status_db::Error::InUse { .. }) => {
            Failure::usage(error)
        }
        other => Failure::new(other),
    }
}

/// A line on standard error that tells how far it is, where that is a terminal.
struct Bar {
    shown: bool,
    drawn: Option<Instant>,
}

impl Bar {
    fn new() -> Self {
        Self {
            shown: std::io::stderr().is_terminal(),
            drawn: None,
        }
    }

    fn show(&mut self, progress: &Progress<'_>) {
        if !self.shown || self.drawn.is_some_and(|it| it.elapsed() < TICK) {
            return;
        }
        self.drawn = Some(Instant::now());
        eprint!("\r\x1b[2K\x1b[?7l{}\x1b[?7h", line(progress));
    }

    fn clear(&mut self) {
        if self.drawn.take().is_some() {
            eprint!("\r\x1b[2K");
        }
    }
}

/// `[#####     ]  50 %  steps`.
fn line(progress: &Progress<'_>) -> String {
    let total = progress.total.max(1);
    let done = progress.done.clamp(0, total);
    let filled = usize::try_from(done.saturating_mul(WIDTH as i64) / total).unwrap_or(0);
    let percent = done.saturating_mul(100) / total;
    let (full, empty) = ("#".repeat(filled), " ".repeat(WIDTH - filled));
    format!("[{full}{empty}] {percent:3} %  {}", progress.doing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_grows_to_its_end_and_no_further() {
        let at = |done, total| {
            line(&Progress {
                doing: "steps",
                done,
                total,
            })
        };
        assert_eq!(at(0, 0), format!("[{}]   0 %  steps", " ".repeat(WIDTH)));
        assert_eq!(
            at(5, 10),
            format!("[{}{}]  50 %  steps", "#".repeat(15), " ".repeat(15))
        );
        assert_eq!(at(11, 10), format!("[{}] 100 %  steps", "#".repeat(WIDTH)));
    }
}
