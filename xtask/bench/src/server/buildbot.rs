//! Buildbot 4.3, with its own workers, in a Python environment that is made once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Server, run, worker_name, write};
use crate::Result;
use crate::options::Plan;
use crate::program::free_port;

const VERSION: &str = "4.3.0";
const MASTER: &str = "master";
const PASSWORD: &str = "bench";

/// A Buildbot master on SQLite.
pub(crate) struct Buildbot {
    twistd: PathBuf,
    folder: PathBuf,
    base: String,
}

impl Buildbot {
    /// Makes the master's and the workers' folders, with their configuration.
    pub(crate) fn configure(root: &Path, plan: &Plan, folder: &Path) -> Result<Self> {
        let programs = environment(&root.join("target").join("bench"))?;
        let (http, pb) = (free_port()?, free_port()?);
        let base = format!("http://127.0.0.1:{http}");
        let make = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(programs.join(program));
            command.args(arguments).current_dir(folder);
            run(command)
        };
        make("buildbot", &["create-master", MASTER])?;
        let configuration = include_str!("master.cfg")
            .replace("@WORKERS@", &plan.workers.to_string())
            .replace("@BUILDERS@", &plan.builders.to_string())
            .replace("@FOLDER@", &folder.display().to_string())
            .replace("@BASE@", &base)
            .replace("@HTTP_PORT@", &http.to_string())
            .replace("@PB_PORT@", &pb.to_string())
            .replace("@PASSWORD@", PASSWORD);
        write(&folder.join(MASTER).join("master.cfg"), &configuration)?;
        let address = format!("127.0.0.1:{pb}");
        for name in (0..plan.workers).map(worker_name) {
            make(
                "buildbot-worker",
                &["create-worker", &name, &address, &name, PASSWORD],
            )?;
        }
        Ok(Self {
            twistd: programs.join("twistd"),
            folder: folder.to_owned(),
            base,
        })
    }

    fn command(&self, folder: &str) -> Command {
        let mut command = Command::new(&self.twistd);
        command
            .args(["--nodaemon", "--no_save", "--pidfile=", "-y", "buildbot.tac"])
            .current_dir(self.folder.join(folder));
        command
    }
}

impl Server for Buildbot {
    fn name(&self) -> &'static str {
        "Buildbot"
    }

    fn base(&self) -> &str {
        &self.base
    }

    fn token(&self) -> Option<&str> {
        None
    }

    fn master(&self) -> Command {
        self.command(MASTER)
    }

    fn worker(&self, name: &str) -> Command {
        self.command(name)
    }

    fn database(&self) -> PathBuf {
        self.folder.join(MASTER).join("state.sqlite")
    }

    /// Where clients leave in the middle of their answers, Buildbot 4.3 goes on to write to them from its threads, and
    /// Twisted's reactor, which mistakes another connection for theirs, refuses new ones from then on.
    fn breaks_under_load(&self) -> bool {
        true
    }

    fn inserts(&self) -> &'static str {
        include_str!("../fill/buildbot.sql")
    }
}

/// Where Buildbot's programs are; they are installed if they are not.
fn environment(cache: &Path) -> Result<PathBuf> {
    let venv = cache.join(format!("buildbot-{VERSION}"));
    let programs = venv.join("bin");
    // Written last, so that what was broken off is begun anew.
    let done = venv.join("installed");
    if done.exists() {
        return Ok(programs);
    }
    eprintln!("==> installing Buildbot {VERSION} into {}", venv.display());
    // It may not be there; if it is and stays, the next step says so.
    let _ = fs::remove_dir_all(&venv);
    let mut command = Command::new("python3");
    command.args(["-m", "venv"]).arg(&venv);
    run(command).map_err(|why| {
        format!("Buildbot needs Python 3 with venv (`apt-get install python3-venv`): {why}")
    })?;
    let mut command = Command::new(programs.join("pip"));
    command
        .args(["install", "--quiet", "--disable-pip-version-check"])
        .args([
            format!("buildbot[bundle]=={VERSION}"),
            format!("buildbot-worker=={VERSION}"),
        ]);
    run(command)?;
    write(&done, "")?;
    Ok(programs)
}
