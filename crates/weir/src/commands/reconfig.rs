//! `weir reconfig`.

use std::sync::Arc;

use clap::Args;
use weir_status_api::{
    Command, ConfigurationChange, Difference, Error, Master, MasterField, Outcome, Query, ReadExt, StatusApi,
};

use crate::failure::Failure;
use crate::show::{plain, say};
use crate::upstream::Upstream;

/// Lets a master read its configuration again and go by it; builds that run go on as they were begun.
#[derive(Args)]
pub(crate) struct Reconfig {
    #[command(flatten)]
    upstream: Upstream,
    /// The master's name or id, where several run on one store.
    #[arg(long, value_name = "NAME")]
    master: Option<String>,
}

impl Reconfig {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let caller = self.upstream.caller()?;
        let api = self.upstream.connect()?;
        let master = running_master(&api, self.master.as_deref()).await?.id;
        let report = match api.control(&caller, Command::Reconfigure { master }).await {
            Ok(Outcome::Reconfigured { report }) => report,
            Ok(_) => return Err(Failure::new("the master did not say what it did")),
            Err(Error::InvalidInput { fields }) => {
                for mistakes in fields.values() {
                    for line in mistakes.lines() {
                        eprintln!("{}", plain(line));
                    }
                }
                let why = "the configuration has mistakes; the master goes by the one that it had";
                return Err(Failure::usage(why));
            }
            Err(error) => return Err(error.into()),
        };
        say_changes(&report.changes, report.unlisted)?;
        for sentence in &report.restart {
            say(format!("! {}", plain(sentence)))?;
        }
        match report.changes.len() as u64 + report.unlisted {
            0 => say("the master goes by this configuration already"),
            1 => say("the master goes by the configuration as it is now: 1 change"),
            many => say(format!(
                "the master goes by the configuration as it is now: {many} changes"
            )),
        }
    }
}

/// The master that runs, or the one that is named.
pub(super) async fn running_master(api: &Arc<dyn StatusApi>, name: Option<&str>) -> Result<Master, Failure> {
    let query = Query::<Master>::new().eq(MasterField::Active, true);
    let mut masters = api.page(query).await?.items;
    if let Some(name) = name {
        masters.retain(|it| it.name == name || it.id.to_string() == name);
    }
    match (masters.pop(), masters.pop(), name) {
        (Some(master), None, _) => Ok(master),
        (None, _, Some(name)) => Err(Failure::usage(format!("no master `{name}` runs"))),
        (None, _, None) => Err(Failure::usage("no master runs on this store")),
        _ => Err(Failure::usage(
            "several masters run on this store; --master names one",
        )),
    }
}

/// Says how the parts differ, one in a line.
pub(super) fn say_changes(changes: &[ConfigurationChange], unlisted: u64) -> Result<(), Failure> {
    for change in changes {
        let sign = match change.difference {
            Difference::Added => '+',
            Difference::Removed => '-',
            Difference::Changed => '~',
        };
        let what = format!("{} {}", change.kind, change.name);
        let fields = match change.fields.is_empty() {
            true => String::new(),
            false => format!(": {}", change.fields.join(", ")),
        };
        say(format!("{sign} {}{}", plain(what.trim_end()), plain(&fields)))?;
    }
    if unlisted > 0 {
        say(format!("and {unlisted} more"))?;
    }
    Ok(())
}
