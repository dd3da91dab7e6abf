//! A worker of Buildbot's own, among those of the demo.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::program::Program;
use super::secret;

const NAME: &str = "buildbot-worker";

/// A worker that is to be made by its own program.
pub(super) struct BuildbotWorker {
    /// Where its programs are.
    programs: PathBuf,
    /// The demo's folder.
    folder: PathBuf,
    password: String,
}

impl BuildbotWorker {
    pub(super) fn new(programs: &Path, folder: &Path) -> Self {
        Self {
            programs: programs.to_owned(),
            folder: folder.to_owned(),
            password: secret(),
        }
    }

    /// What the configuration is told: its name and its password.
    pub(super) fn configuration(&self) -> String {
        format!("({NAME:?}, {:?})", self.password)
    }

    /// Makes its folder, once the master says where it is let in.
    pub(super) fn make(&self, master: &mut Program) -> Result<(), String> {
        let line = master.line_with("Buildbot's workers are let in at ")?;
        let address = line
            .strip_suffix(" (PB)")
            .and_then(|it| it.rsplit(' ').next())
            .ok_or_else(|| format!("the master does not say where Buildbot's workers are let in: {line}"))?;
        let create = ["create-worker", NAME, address, NAME, &self.password];
        let made = Command::new(self.programs.join("buildbot-worker"))
            .args(create)
            .current_dir(&self.folder)
            .output()
            .map_err(|error| format!("`buildbot-worker` could not be started: {error}"))?;
        match made.status.success() {
            true => Ok(()),
            false => Err(format!(
                "`buildbot-worker create-worker` failed: {}",
                String::from_utf8_lossy(&made.stderr).trim()
            )),
        }
    }

    /// Starts it.
    pub(super) fn start(self) -> Result<Program, String> {
        let mut command = Command::new(self.programs.join("twistd"));
        command
            .args(["--nodaemon", "--no_save", "--pidfile=", "-y", "buildbot.tac"])
            .current_dir(self.folder.join(NAME));
        Program::start(&mut command, self.folder.join(format!("{NAME}.log")))
    }
}
