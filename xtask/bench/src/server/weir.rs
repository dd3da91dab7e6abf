//! Weir, with its own workers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Server, fill_in, write};
use crate::Result;
use crate::options::Plan;
use crate::program::free_port;

/// A Weir master on SQLite.
pub(crate) struct Weir {
    program: PathBuf,
    folder: PathBuf,
    address: String,
    base: String,
    token: String,
}

impl Weir {
    /// With the builders and workers of `plan`.
    pub(crate) fn configure(program: &Path, plan: &Plan, folder: &Path) -> Result<Self> {
        let names = [
            ("WORKERS", plan.workers.to_string()),
            ("BUILDERS", plan.builders.to_string()),
            ("FOLDER", folder.display().to_string()),
        ];
        Self::configure_as(include_str!("weir.star"), &names, program, folder)
    }

    /// Writes its configuration and tokens: a text in which the `names` between @ are filled in, and `TOKEN`.
    pub(crate) fn configure_as(
        configuration: &str,
        names: &[(&str, String)],
        program: &Path,
        folder: &Path,
    ) -> Result<Self> {
        let address = format!("127.0.0.1:{}", free_port()?);
        let token = token();
        let configuration = fill_in(configuration, names).replace("@TOKEN@", &token);
        write(&folder.join("weir.star"), &configuration)?;
        write(&folder.join("worker.token"), &self::token())?;
        let program = fs::canonicalize(program)
            .map_err(|error| format!("there is no program {}: {error}", program.display()))?;
        Ok(Self {
            program,
            folder: folder.to_owned(),
            base: format!("http://{address}"),
            address,
            token,
        })
    }

    fn command(&self, what: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(what).env("NO_COLOR", "1").current_dir(&self.folder);
        command
    }
}

impl Server for Weir {
    fn name(&self) -> &'static str {
        "Weir"
    }

    fn base(&self) -> &str {
        &self.base
    }

    fn token(&self) -> Option<&str> {
        Some(&self.token)
    }

    fn master(&self) -> Command {
        let mut command = self.command("master");
        command.args([
            "--config",
            "weir.star",
            "--data",
            "data",
            "--listen",
            &self.address,
        ]);
        command
    }

    fn worker(&self, name: &str) -> Command {
        let mut command = self.command("worker");
        command.args(["--master", &self.base, "--name", name, "--dir", name]);
        command.args(["--token-file", "worker.token"]);
        command
    }

    fn database(&self) -> PathBuf {
        self.folder.join("data").join("weir.sqlite")
    }

    fn breaks_under_load(&self) -> bool {
        false
    }

    fn inserts(&self) -> &'static str {
        include_str!("../fill/weir.sql")
    }
}

/// Something that nobody guesses; the standard library seeds its hashers from the system.
pub(crate) fn token() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}
