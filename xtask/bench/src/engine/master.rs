//! The master of LLVM's size, and its simulated workers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::Options;
use crate::Result;
use crate::client::Client;
use crate::program::{Program, Usage, free_port};
use crate::server::{run, token, write};

/// Workers of the configuration.
const WORKERS: usize = 150;
/// How long the master may take until it answers, and workers until they are there.
const READY: Duration = Duration::from_secs(120);

/// The master in its folder. What runs ends when this is dropped.
pub(crate) struct Master {
    program: PathBuf,
    folder: PathBuf,
    address: String,
    client: Client,
    duration: String,
    seed: u64,
    // Dropped before the master, so that they end while it is there.
    workers: Option<Program>,
    master: Option<Program>,
}

impl Master {
    /// Writes its configuration and tokens into `folder`, which is emptied.
    pub(crate) fn configure(options: &Options, folder: &Path) -> Result<Self> {
        let failed = |error| format!("{} cannot be made: {error}", folder.display());
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => fs::create_dir_all(folder).map_err(failed)?,
        }
        let caller = token();
        let quick = if options.quick { "True" } else { "False" };
        let configuration = include_str!("llvm.star")
            .replace("@TOKEN@", &caller)
            .replace("@QUICK@", quick);
        write(&folder.join("weir.star"), &configuration)?;
        write(&folder.join("worker.token"), &token())?;
        let address = format!("127.0.0.1:{}", free_port()?);
        Ok(Self {
            program: fs::canonicalize(&options.weir)
                .map_err(|error| format!("there is no program {}: {error}", options.weir.display()))?,
            folder: folder.to_owned(),
            client: Client::new(&format!("http://{address}"), Some(&caller))?,
            address,
            duration: options.duration.clone(),
            seed: options.seed,
            workers: None,
            master: None,
        })
    }

    fn command(&self, what: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(what).env("NO_COLOR", "1").current_dir(&self.folder);
        command
    }

    /// Calls the master.
    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// Lets the configuration be checked, and gives how long that takes, a process's start with it.
    pub(crate) fn check(&self) -> Result<Duration> {
        let begun = Instant::now();
        run(self.command("check"))?;
        Ok(begun.elapsed())
    }

    /// Starts the master, and gives how long it took to its first answer.
    pub(crate) async fn start(&mut self) -> Result<Duration> {
        let mut command = self.command("master");
        command.args([
            "--config",
            "weir.star",
            "--data",
            "data",
            "--listen",
            &self.address,
        ]);
        let begun = Instant::now();
        let mut master = Program::start(command, self.folder.join("master.log"))?;
        while !self.client.is_up().await {
            master.check()?;
            if begun.elapsed() > READY {
                return Err(format!("the master does not answer; {}", master.last_words()));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let took = begun.elapsed();
        self.master = Some(master);
        Ok(took)
    }

    /// Starts all workers, and waits until they are connected.
    pub(crate) async fn start_workers(&mut self) -> Result<()> {
        let mut command = self.command("worker");
        command
            .args([
                "--master",
                self.client.base(),
                "--name",
                "w{}",
                "--token-file",
                "worker.token",
            ])
            .args([
                "--dir",
                "workers",
                "--lines",
                "0..20",
                "--duration",
                &self.duration,
            ])
            .args([
                "--simulate",
                &WORKERS.to_string(),
                "--seed",
                &self.seed.to_string(),
            ]);
        let mut workers = Program::start(command, self.folder.join("workers.log"))?;
        let deadline = Instant::now() + READY;
        loop {
            if self.client.connected_workers().await? >= WORKERS {
                self.workers = Some(workers);
                return Ok(());
            }
            workers.check()?;
            if Instant::now() > deadline {
                return Err(format!("the workers do not connect; {}", workers.last_words()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What the master has used.
    pub(crate) fn usage(&self) -> Result<Usage> {
        self.master.as_ref().ok_or("no master runs")?.usage()
    }

    /// An error unless master and workers run, and all builds that have ended ended well.
    pub(crate) async fn is_well(&mut self) -> Result<()> {
        for program in self.master.iter_mut().chain(self.workers.iter_mut()) {
            program.check()?;
        }
        let wrong = self
            .client
            .list("/api/v2/builds?complete=true&results__gt=0&limit=1")
            .await?;
        match wrong.first() {
            Some(build) => Err(format!("a build did not end well: {build}")),
            None => Ok(()),
        }
    }

    /// Waits until no request is open.
    pub(crate) async fn has_nothing_to_do(&self) -> Result<()> {
        let deadline = Instant::now() + READY;
        let open = "/api/v2/buildrequests?complete=false&limit=1";
        while let Some(request) = self.client.list(open).await?.first() {
            if Instant::now() > deadline {
                return Err(format!("a request is not built: {request}"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Ends the workers and the master.
    pub(crate) fn stop(&mut self) {
        self.workers = None;
        self.master = None;
    }
}
