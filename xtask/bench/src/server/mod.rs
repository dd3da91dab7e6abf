//! The two servers: how each is configured and started, and where its database is.

mod buildbot;
mod weir;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::options::{Places, Plan, Which};

pub(crate) use buildbot::{Buildbot, Programs};
pub(crate) use weir::{Weir, token};

/// A line of the loud builder has this many bytes, with its end.
const LINE: usize = 80;

/// A server that can be started. Both have the builders `b000`, … (one step, `true`), `loud` and `short` (one step
/// that prints a file), the force scheduler `force`, and workers that build one build at a time.
pub(crate) trait Server {
    /// Its name, for people.
    fn name(&self) -> &'static str;

    /// Its address, without a slash at the end.
    fn base(&self) -> &str;

    /// What a caller presents to force builds, if it wants that.
    fn token(&self) -> Option<&str>;

    /// The command that is its master.
    fn master(&self) -> Command;

    /// The command that is the worker of that name.
    fn worker(&self, name: &str) -> Command;

    /// The SQLite file of its master.
    fn database(&self) -> PathBuf;

    /// Whether it has to be started anew before each load of requests, because a load leaves it broken.
    fn breaks_under_load(&self) -> bool;

    /// The SQL that puts the history into the database.
    fn inserts(&self) -> &'static str;
}

/// Configures the server in the folder.
pub(crate) fn configure(
    which: Which,
    places: &Places,
    plan: &Plan,
    folder: &Path,
) -> Result<Box<dyn Server>> {
    write(&folder.join("loud.txt"), &lines(plan.lines))?;
    write(&folder.join("short.txt"), &lines(8))?;
    Ok(match which {
        Which::Weir => Box::new(Weir::configure(&places.weir, plan, folder)?),
        Which::Buildbot => Box::new(Buildbot::configure(&places.root, plan, folder)?),
    })
}

/// The name of a worker.
pub(crate) fn worker_name(number: u16) -> String {
    format!("w{number:02}")
}

/// Numbered lines of [`LINE`] bytes each.
fn lines(count: u64) -> String {
    (0..count).fold(String::new(), |text, number| {
        text + &format!("{number:08} {:.<width$}\n", "", width = LINE - 10)
    })
}

/// A configuration in which the names between @ are filled in.
pub(crate) fn fill_in(configuration: &str, names: &[(&str, String)]) -> String {
    let fill = |text: String, (name, value): &(&str, String)| text.replace(&format!("@{name}@"), value);
    names.iter().fold(configuration.to_owned(), fill)
}

/// Writes a file.
pub(crate) fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).map_err(|error| format!("{} cannot be written: {error}", file.display()))
}

/// Runs a command to its end, quietly unless it fails.
pub(crate) fn run(mut command: Command) -> Result<()> {
    let program = command.get_program().display().to_string();
    let output = command
        .output()
        .map_err(|error| format!("{program} cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!(
        "{program} failed: {}",
        String::from_utf8_lossy(&said).trim()
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    fn lines_have_the_size_that_is_told() {
        let text = super::lines(3);
        assert_eq!(text.len(), 3 * super::LINE);
        assert!(text.lines().last().is_some_and(|it| it.starts_with("00000002 .")));
    }
}
