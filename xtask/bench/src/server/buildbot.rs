//! Buildbot 4.3, with its own workers, in a Python environment that is made once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Server, fill_in, run, worker_name, write};
use crate::Result;
use crate::options::Plan;
use crate::program::free_port;

const VERSION: &str = "4.3.0";
const MASTER: &str = "master";
const PASSWORD: &str = "bench";

/// A Buildbot master on SQLite.
pub(crate) struct Buildbot {
    programs: Programs,
    folder: PathBuf,
    base: String,
}

impl Buildbot {
    /// With the builders of `plan`, and its workers in folders of their own.
    pub(crate) fn configure(root: &Path, plan: &Plan, folder: &Path) -> Result<Self> {
        let names = [
            ("WORKERS", plan.workers.to_string()),
            ("BUILDERS", plan.builders.to_string()),
            ("FOLDER", folder.display().to_string()),
            ("PASSWORD", PASSWORD.to_owned()),
        ];
        let pb = free_port()?;
        let master = Self::configure_as(include_str!("master.cfg"), &names, pb, root, folder)?;
        for name in (0..plan.workers).map(worker_name) {
            master.programs.create_worker(folder, pb, &name, PASSWORD)?;
        }
        Ok(master)
    }

    /// Makes the master's folder, with its configuration: a text in which the `names` between @ are filled in, and `BASE`,
    /// `HTTP_PORT` and `PB_PORT`, at which it lets workers in.
    pub(crate) fn configure_as(
        configuration: &str,
        names: &[(&str, String)],
        pb: u16,
        root: &Path,
        folder: &Path,
    ) -> Result<Self> {
        let programs = Programs::install(root)?;
        let http = free_port()?;
        let base = format!("http://127.0.0.1:{http}");
        programs.run("buildbot", &["create-master", MASTER], folder)?;
        let configuration = fill_in(configuration, names)
            .replace("@BASE@", &base)
            .replace("@HTTP_PORT@", &http.to_string())
            .replace("@PB_PORT@", &pb.to_string());
        write(&folder.join(MASTER).join("master.cfg"), &configuration)?;
        Ok(Self {
            programs,
            folder: folder.to_owned(),
            base,
        })
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
        self.programs.start(&self.folder.join(MASTER))
    }

    fn worker(&self, name: &str) -> Command {
        self.programs.start(&self.folder.join(name))
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

/// Buildbot's programs, those of its workers among them.
pub(crate) struct Programs(PathBuf);

impl Programs {
    /// Those below `root`; they are installed if they are not.
    pub(crate) fn install(root: &Path) -> Result<Self> {
        environment(&root.join("target").join("bench")).map(Self)
    }

    /// Makes the folder `name` in `folder` that of a worker, which dials this port of the loopback.
    pub(crate) fn create_worker(&self, folder: &Path, pb: u16, name: &str, password: &str) -> Result<()> {
        let create = ["create-worker", name, &format!("127.0.0.1:{pb}"), name, password];
        self.run("buildbot-worker", &create, folder)
    }

    /// The command that is the master or the worker in a folder.
    pub(crate) fn start(&self, folder: &Path) -> Command {
        let mut command = Command::new(self.0.join("twistd"));
        command
            .args(["--nodaemon", "--no_save", "--pidfile=", "-y", "buildbot.tac"])
            .current_dir(folder);
        command
    }

    fn run(&self, program: &str, arguments: &[&str], folder: &Path) -> Result<()> {
        let mut command = Command::new(self.0.join(program));
        command.args(arguments).current_dir(folder);
        run(command)
    }
}

/// Where the programs are; they are installed if they are not.
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
