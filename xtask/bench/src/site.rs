//! A server that runs, with its workers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Result;
use crate::client::Client;
use crate::fill::{self, Filled};
use crate::options::{Places, Plan, Which};
use crate::program::{Program, Usage};
use crate::server::{self, Server, worker_name};

/// How long a server may take until it answers, and workers until they are there.
const READY: Duration = Duration::from_secs(120);

/// A server in its folder. What runs ends when this is dropped.
pub(crate) struct Site {
    server: Box<dyn Server>,
    folder: PathBuf,
    client: Client,
    // Dropped before the master, so that they end while it is there.
    workers: Vec<Program>,
    master: Option<Program>,
}

impl Site {
    /// Configures the server of `plan` anew in `folder`, which is emptied.
    pub(crate) fn new(which: Which, places: &Places, plan: &Plan, folder: &Path) -> Result<Self> {
        Self::configure(folder, |folder| server::configure(which, places, plan, folder))
    }

    /// Configures a server anew in `folder`, which is emptied.
    pub(crate) fn configure(
        folder: &Path,
        configure: impl FnOnce(&Path) -> Result<Box<dyn Server>>,
    ) -> Result<Self> {
        let failed = |error| format!("{} cannot be made: {error}", folder.display());
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => fs::create_dir_all(folder).map_err(failed)?,
        }
        let folder = fs::canonicalize(folder).map_err(failed)?;
        let server = configure(&folder)?;
        Ok(Self {
            client: Client::new(server.base(), server.token())?,
            server,
            folder,
            workers: vec![],
            master: None,
        })
    }

    /// The server's name.
    pub(crate) fn name(&self) -> &'static str {
        self.server.name()
    }

    /// Calls the server.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The folder of everything, logs of the programs among it.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the master has used.
    pub(crate) fn usage(&self) -> Result<Usage> {
        self.master.as_ref().ok_or("no master runs")?.usage()
    }

    /// The file of the database.
    pub(crate) fn database(&self) -> PathBuf {
        self.server.database()
    }

    /// Bytes of the database.
    pub(crate) fn database_bytes(&self) -> u64 {
        fs::metadata(self.database()).map_or(0, |it| it.len())
    }

    /// An error if the master has ended by itself.
    pub(crate) fn check(&mut self) -> Result<()> {
        self.master.as_mut().map_or(Ok(()), Program::check)
    }

    /// Starts the master, and gives how long it took to its first answer.
    pub(crate) async fn start_master(&mut self) -> Result<Duration> {
        let begun = Instant::now();
        let log = self.folder.join("master.log");
        let mut master = Program::start(self.server.master(), log)?;
        while !self.client.is_up().await {
            master.check()?;
            if begun.elapsed() > READY {
                return Err(format!("the master does not answer; {}", master.last_words()));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.master = Some(master);
        Ok(begun.elapsed())
    }

    /// Makes the master ready for a load of requests.
    pub(crate) async fn ready_for_load(&mut self) -> Result<()> {
        if self.server.breaks_under_load() {
            self.stop();
            self.start_master().await?;
        }
        Ok(())
    }

    /// Starts the workers, and waits until all are connected.
    pub(crate) async fn start_workers(&mut self, count: u16) -> Result<()> {
        for name in (0..count).map(worker_name) {
            self.start_worker(self.server.worker(&name), &name)?;
        }
        self.wait_for_workers(usize::from(count)).await
    }

    /// Starts a program that is a worker, or several.
    pub(crate) fn start_worker(&mut self, command: Command, name: &str) -> Result<()> {
        let log = self.folder.join(format!("{name}.log"));
        self.workers.push(Program::start(command, log)?);
        Ok(())
    }

    /// Waits until so many workers are connected.
    pub(crate) async fn wait_for_workers(&mut self, count: usize) -> Result<()> {
        let deadline = Instant::now() + READY;
        loop {
            // A server that starts may not answer this yet.
            let connected = self.client.connected_workers().await.unwrap_or_default();
            if connected >= count {
                return Ok(());
            }
            for worker in &mut self.workers {
                worker.check()?;
            }
            if Instant::now() > deadline {
                return Err(format!("{connected} of {count} workers are connected"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Starts the master and the workers anew, so that it holds no memory of what was before.
    pub(crate) async fn restart(&mut self, workers: u16) -> Result<()> {
        self.stop();
        self.start_master().await?;
        self.start_workers(workers).await
    }

    /// Ends the workers and the master.
    pub(crate) fn stop(&mut self) {
        self.workers.clear();
        self.master = None;
    }

    /// Fills the database of the stopped server with history. One build with a log has been made by the server
    /// itself; the history's logs show the same.
    pub(crate) async fn fill(&mut self, plan: &Plan) -> Result<Filled> {
        self.start_master().await?;
        self.start_workers(plan.workers).await?;
        let request = self.client.force(self.client.builder("short").await?).await?;
        self.client.built(request).await?;
        self.stop();
        let (database, inserts) = (self.server.database(), self.server.inserts());
        let plan = plan.clone();
        let work = move || fill::fill(&database, inserts, &plan);
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| format!("the history cannot be written: {error}"))?
    }
}
