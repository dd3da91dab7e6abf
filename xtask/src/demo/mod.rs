//! The demo: a real project, built by a real master and two workers.

mod project;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use crate::process::{require, root, run, target};
use crate::test::build_web;
use project::Project;

/// How long a process may take to get ready.
const READY: Duration = Duration::from_secs(30);
const WORKERS: [&str; 2] = ["worker-1", "worker-2"];

/// Runs the demo until it is interrupted.
pub(crate) fn show(port: u16, release: bool) -> Result<(), String> {
    require(
        "git",
        "the demo builds a git repository; install git, e.g. `apt-get install git`",
    )?;
    build_web()?;
    let weir = build_weir(release)?;
    let mut demo = Demo::start(&folder(), &weir, port)?;
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
    /// Starts everything afresh in `folder`. Port 0 takes a free one.
    pub(crate) fn start(folder: &Path, weir: &Path, port: u16) -> Result<Self, String> {
        let failed = |what: &str, error: std::io::Error| format!("{what} cannot be made: {error}");
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("{} cannot be emptied: {error}", folder.display()));
            }
            _ => {}
        }
        fs::create_dir_all(folder).map_err(|error| failed("the demo's folder", error))?;
        let project = Project::create(folder)?;
        let configuration = include_str!("weir.star").replace("@REPOSITORY@", &project.url());
        let file = folder.join("weir.star");
        fs::write(&file, configuration).map_err(|error| failed("the configuration", error))?;
        for worker in WORKERS {
            let token = format!("{:016x}{:016x}\n", random(), random());
            fs::write(folder.join(format!("{worker}.token")), token)
                .map_err(|error| failed("a token", error))?;
        }
        let mut command = Command::new(weir);
        command
            .args(["master", "--listen", &format!("127.0.0.1:{port}")])
            .arg("--config")
            .arg(&file)
            .arg("--data")
            .arg(folder.join("data"));
        let mut master = Program::start(&mut command, folder.join("master.log"))?;
        let line = master.line_with("the master serves ")?;
        let url = line.rsplit(' ').next().unwrap_or_default().trim().to_owned();
        // From here on commits are changes.
        master.line_with("first look at the repository")?;
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
        let status = self.master.child.wait().map_err(|error| error.to_string())?;
        if status.success() {
            Ok(())
        } else {
            Err(format!(
                "the master ended with {status}; see {}",
                self.master.log.display()
            ))
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        for program in self.workers.iter_mut().chain([&mut self.master]) {
            program.end();
        }
    }
}

/// A program whose standard error goes to a file and, until it is ready, to us.
struct Program {
    child: Child,
    lines: Receiver<String>,
    log: PathBuf,
}

impl Program {
    fn start(command: &mut Command, log: PathBuf) -> Result<Self, String> {
        let mut file = fs::File::create(&log)
            .map_err(|error| format!("{} cannot be written: {error}", log.display()))?;
        let mut child = command
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", command.get_program().display()))?;
        let (sender, lines) = sync_channel(1000);
        if let Some(stderr) = child.stderr.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    // The file is for people; a demo without its logs is still a demo.
                    let _ = writeln!(file, "{line}");
                    // When nobody waits for a line any more, the channel is full.
                    let _ = sender.try_send(line);
                }
            });
        }
        Ok(Self { child, lines, log })
    }

    /// Waits for a line that contains `text`.
    fn line_with(&mut self, text: &str) -> Result<String, String> {
        let deadline = Instant::now() + READY;
        let mut seen = String::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains(text) => return Ok(line),
                Ok(line) => seen = format!("{seen}{line}\n"),
                Err(_) => return Err(format!("the program did not say «{text}»; it said:\n{seen}")),
            }
        }
    }

    /// Ends it: asked first, then by force.
    fn end(&mut self) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        let deadline = Instant::now() + Duration::from_secs(10);
        while asked.as_ref().is_ok_and(|it| it.success()) && Instant::now() < deadline {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // It may have ended in between; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Random bits for tokens; the standard library seeds its hashers from the system.
fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}
