//! The demo: a real project, built by a real master and two workers.

mod buildbot_worker;
mod program;
mod project;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{require, root, run, target};
use crate::test::build_web;
use crate::workers;
use buildbot_worker::BuildbotWorker;
use program::Program;
use project::Project;

const WORKERS: [&str; 2] = ["worker-1", "worker-2"];

/// Runs the demo until it is interrupted.
pub(crate) fn show(port: u16, release: bool, buildbot_worker: bool) -> Result<(), String> {
    require(
        "git",
        "the demo builds a git repository; install git, e.g. `apt-get install git`",
    )?;
    let buildbot = match buildbot_worker {
        true => Some(install_buildbot_worker()?),
        false => None,
    };
    build_web()?;
    let weir = build_weir(release)?;
    let mut demo = Demo::start(&folder(), &weir, port, buildbot.as_deref())?;
    println!(
        "\n  Weir builds a small C project at {url}\n\n  \
         cargo xtask demo --commit      adds a commit: watch the page move\n  \
         {weir} status    shows the same on the terminal\n  \
         Ctrl-C                         ends the demo\n",
        url = demo.url,
        weir = weir.display(),
    );
    demo.add_history()?;
    demo.wait()
}

/// Adds a commit to the project of the demo that runs.
pub(crate) fn commit() -> Result<(), String> {
    let project = Project::open(&folder())
        .ok_or("there is no demo to add a commit to; start it with `cargo xtask demo`")?;
    let title = project.commit_next()?;
    println!("committed «{title}»; the page moves within two seconds");
    Ok(())
}

/// Where the programs of Buildbot's worker are.
fn install_buildbot_worker() -> Result<PathBuf, String> {
    let installed = workers::NEWEST.install();
    installed.map_err(|why| {
        format!("Buildbot's worker cannot be installed: {why}; install Python with venv, e.g. `apt-get install python3-venv`")
    })
}

fn folder() -> PathBuf {
    root().join("target").join("demo")
}

/// Builds the binary and gives its path.
pub(crate) fn build_weir(release: bool) -> Result<PathBuf, String> {
    let mut arguments = vec!["build", "--locked", "--package", "weir"];
    if release {
        arguments.push("--release");
    }
    run(&root(), "cargo", &arguments)?;
    let profile = if release { "release" } else { "debug" };
    Ok(target().join(profile).join("weir"))
}

/// A running demo; ends when it is dropped.
pub(crate) struct Demo {
    pub(crate) url: String,
    project: Project,
    master: Program,
    workers: Vec<Program>,
}

impl Demo {
    /// Starts everything afresh in `folder`. Port 0 takes a free one. With the programs of a Buildbot worker there is one more.
    pub(crate) fn start(
        folder: &Path,
        weir: &Path,
        port: u16,
        buildbot: Option<&Path>,
    ) -> Result<Self, String> {
        let failed = |what: &str, error: std::io::Error| format!("{what} cannot be made: {error}");
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("{} cannot be emptied: {error}", folder.display()));
            }
            _ => {}
        }
        fs::create_dir_all(folder).map_err(|error| failed("the demo's folder", error))?;
        let project = Project::create(folder)?;
        let guest = buildbot.map(|programs| BuildbotWorker::new(programs, folder));
        let guests = guest
            .as_ref()
            .map_or(String::new(), BuildbotWorker::configuration);
        let configuration = include_str!("weir.star")
            .replace("@REPOSITORY@", &project.url())
            .replace("@BUILDBOT_WORKERS@", &format!("[{guests}]"));
        let file = folder.join("weir.star");
        fs::write(&file, configuration).map_err(|error| failed("the configuration", error))?;
        for worker in WORKERS {
            fs::write(folder.join(format!("{worker}.token")), secret() + "\n")
                .map_err(|error| failed("a token", error))?;
        }
        let mut command = Command::new(weir);
        command
            .args(["master", "--listen", &format!("127.0.0.1:{port}")])
            .args(guest.iter().flat_map(|_| ["--buildbot-pb", "127.0.0.1:0"]))
            .arg("--config")
            .arg(&file)
            .arg("--data")
            .arg(folder.join("data"));
        let mut master = Program::start(&mut command, folder.join("master.log"))?;
        // It says that first.
        guest.as_ref().map_or(Ok(()), |it| it.make(&mut master))?;
        let line = master.line_with("the master serves ")?;
        let url = line.rsplit(' ').next().unwrap_or_default().trim().to_owned();
        // From here on commits are changes.
        master.line_with("first look at the repository")?;
        let guest = guest.map(|it| it.start()).transpose()?;
        let workers = WORKERS
            .iter()
            .map(|name| {
                let mut command = Command::new(weir);
                command
                    .args(["worker", "--name", name, "--master", &url, "--token-file"])
                    .arg(folder.join(format!("{name}.token")))
                    .arg("--dir")
                    .arg(folder.join(name));
                Program::start(&mut command, folder.join(format!("{name}.log")))
            })
            .chain(guest.map(Ok))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            url,
            project,
            master,
            workers,
        })
    }

    /// Commits of several authors, one of which breaks the tests.
    pub(crate) fn add_history(&self) -> Result<(), String> {
        for _ in 0..4 {
            self.project.commit_next()?;
        }
        Ok(())
    }

    /// Waits until the master ends.
    fn wait(&mut self) -> Result<(), String> {
        self.master.wait()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        for program in self.workers.iter_mut().chain([&mut self.master]) {
            program.end();
        }
    }
}

/// Something that nobody guesses; the standard library seeds its hashers from the system.
fn secret() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}
