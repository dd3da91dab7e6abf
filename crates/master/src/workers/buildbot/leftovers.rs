//! Folders of builders that are no more, which some workers want to be removed: over msgpack the master has to.

use std::collections::BTreeSet;

use weir_buildbot_wire::worker::{
    Abilities, Command, FromWorker, ListDir, RemoveDirs, StartCommand, Stat, ToWorker, Update,
};

use super::connection::{Connection, Parted};
use super::line::{Heard, Part, To};
use super::place::Home;
use crate::workers::WorkerBuilder;

/// The worker's own folder beside those of its builders.
const OWN: &str = "info";

/// Removes the folders in the worker's that no builder has. What cannot be removed stays.
///
/// # Errors
/// Why the connection is over.
pub(super) async fn remove(
    connection: &mut Connection,
    abilities: &Abilities,
    home: &Home,
    builders: &[WorkerBuilder],
) -> Result<(), Parted> {
    let wanted: BTreeSet<&str> = builders.iter().map(|it| it.folder.as_str()).collect();
    let mut run = Run {
        connection,
        abilities,
        last: 0,
    };
    let path = home.basedir().to_owned();
    let Some(found) = run.command(&Command::ListDir(ListDir { path })).await? else {
        return Ok(());
    };
    let names = found.into_iter().flat_map(|update| match update {
        Update::Files(names) => names,
        _ => vec![],
    });
    let mut leftovers = vec![];
    for name in names.filter(|it| it != OWN && !wanted.contains(it.as_str())) {
        let path = home.below_home(&name);
        let stat = Command::Stat(Stat {
            path: path.clone(),
            workdir: None,
        });
        let facts = run.command(&stat).await?.unwrap_or_default();
        if facts
            .iter()
            .any(|it| matches!(it, Update::Stat(stat) if stat.is_dir()))
        {
            leftovers.push(path);
        }
    }
    if !leftovers.is_empty() {
        tracing::info!(?leftovers, "a worker removes what no builder has");
        let remove = Command::RemoveDirs(RemoveDirs {
            paths: leftovers,
            timeout: None,
            max_time: None,
            log_environ: false,
        });
        run.command(&remove).await?;
    }
    Ok(())
}

/// Runs commands one after the other, before the worker is in.
struct Run<'c> {
    connection: &'c mut Connection,
    abilities: &'c Abilities,
    last: u64,
}

impl Run<'_> {
    /// What the command told; none if it failed.
    async fn command(&mut self, command: &Command) -> Result<Option<Vec<Update>>, Parted> {
        let Ok(command) = command.spell(self.abilities) else {
            return Ok(None);
        };
        self.last += 1;
        let part = Part(self.last);
        let line = &mut self.connection.line;
        line.begin(part, None)?;
        let start = ToWorker::StartCommand(StartCommand {
            id: part.0.to_string(),
            object: None,
            builder: None,
            command,
        });
        let question = line.tell(To::Worker, start)?;
        let mut told = vec![];
        let failed = loop {
            match self.connection.hear(true).await? {
                Heard::Answer(of, Err(_)) if of == question => break true,
                Heard::OfCommand { message, reply, .. } => {
                    let line = &mut self.connection.line;
                    line.reply(reply, message.receipt())?;
                    match message {
                        FromWorker::Update { updates, .. } => told.extend(updates),
                        FromWorker::Complete(failure) => break failure.is_some(),
                        _ => {}
                    }
                }
                Heard::OfItself { message, reply } => {
                    self.connection.line.reply(reply, message.receipt())?;
                }
                Heard::LoggedOut => return Err(Parted::LoggedOut),
                Heard::Answer(..) => {}
            }
        };
        self.connection.line.end(part);
        let is_well = |it: &Update| matches!(it, Update::ReturnCode(Some(0)));
        let succeeded = !failed && told.iter().any(is_well);
        Ok(succeeded.then_some(told))
    }
}
