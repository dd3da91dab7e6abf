//! The master with its workers and listeners, and the processes of listeners beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use futures::StreamExt;
use weir_status_api::{Cursor, Entity, Master, Query, ReadExt, Signal, Start, TopicFilter, Verb, Watch};
use weir_status_grpc::GrpcStatus;

use super::{Happened, Happening, Options};
use crate::Result;
use crate::client::Client;
use crate::program::{Program, Usage, free_port};
use crate::server::{fill_in, token, write};

/// Builders of the configuration: so many requests come of each force.
pub(super) const BUILDERS: u64 = 20;
/// Listeners in the process that only shows what one costs.
pub(super) const CROWD: usize = 45;
/// How long a program may take until it is there.
const READY: Duration = Duration::from_secs(120);

/// The processes that listeners run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runner {
    /// The master, with its own.
    Master,
    /// A process beside it, over gRPC.
    Grpc,
    /// A process beside it, over JSON.
    Json,
}

impl Runner {
    pub(super) const ALL: [Self; 3] = [Self::Master, Self::Grpc, Self::Json];

    /// The names of its listeners.
    pub(super) fn listeners(self) -> Vec<String> {
        let (name, count) = match self {
            Self::Master => ("master", 4),
            Self::Grpc => ("grpc", 3),
            Self::Json => ("json", 3),
        };
        (1..=count).map(|number| format!("{name}-{number}")).collect()
    }
}

/// All that runs; it ends when this is dropped.
pub(super) struct Site {
    program: PathBuf,
    folder: PathBuf,
    address: String,
    client: Client,
    crowd: Option<Program>,
    beside: [Option<Program>; 2],
    workers: Option<Program>,
    master: Option<Program>,
}

impl Site {
    /// Writes configurations and tokens into `folder`, which is emptied.
    pub(super) fn configure(options: &Options, folder: &Path, receivers: &str) -> Result<Self> {
        let failed = |error| format!("{} cannot be made: {error}", folder.display());
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => fs::create_dir_all(folder).map_err(failed)?,
        }
        let caller = token();
        let webhooks = |names: &[String]| {
            let each = names.iter().map(|name| {
                format!("webhook(\"{name}\", \"{receivers}/{name}\", events = [\"builds/*/new\", \"builds/*/finished\"])\n")
            });
            each.collect::<String>()
        };
        let names = [
            ("TOKEN", caller.clone()),
            ("LISTENERS", webhooks(&Runner::Master.listeners())),
        ];
        write(
            &folder.join("weir.star"),
            &fill_in(include_str!("listeners.star"), &names),
        )?;
        for (file, runner) in [("grpc.star", Runner::Grpc), ("json.star", Runner::Json)] {
            write(&folder.join(file), &webhooks(&runner.listeners()))?;
        }
        let crowd: Vec<String> = (1..=CROWD).map(|number| format!("crowd-{number}")).collect();
        write(&folder.join("crowd.star"), &webhooks(&crowd))?;
        write(&folder.join("worker.token"), &token())?;
        write(&folder.join("caller.token"), &caller)?;
        let address = format!("127.0.0.1:{}", free_port()?);
        Ok(Self {
            program: fs::canonicalize(&options.weir)
                .map_err(|error| format!("there is no program {}: {error}", options.weir.display()))?,
            folder: folder.to_owned(),
            client: Client::new(&format!("http://{address}"), Some(&caller))?,
            address,
            crowd: None,
            beside: [None, None],
            workers: None,
            master: None,
        })
    }

    /// Calls the master.
    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    fn start(&self, name: &str, arguments: &[&str]) -> Result<Program> {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("NO_COLOR", "1")
            .current_dir(&self.folder);
        Program::start(command, self.folder.join(format!("{name}.log")))
    }

    /// Starts everything.
    pub(super) async fn start_all(&mut self) -> Result<()> {
        self.start_runner(Runner::Master).await?;
        let master = self.client.base().to_owned();
        let simulated = ["--simulate", "20", "--duration", "0s", "--lines", "0..5"];
        let worker = [
            "worker",
            "--master",
            &master,
            "--name",
            "w{}",
            "--token-file",
            "worker.token",
            "--dir",
            "workers",
        ];
        self.workers = Some(self.start("workers", &[&worker[..], &simulated].concat())?);
        self.start_runner(Runner::Grpc).await?;
        self.start_runner(Runner::Json).await?;
        self.crowd = Some(self.listen("crowd", &format!("grpc://{}", self.address))?);
        let deadline = Instant::now() + READY;
        while self.client.connected_workers().await? < 20 {
            if Instant::now() > deadline {
                return Err("the workers do not connect".to_owned());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.listeners_are_there().await
    }

    /// Waits until each listener has its place: what happens from then on is told.
    async fn listeners_are_there(&self) -> Result<()> {
        let deadline = Instant::now() + READY;
        let wanted = super::LISTENERS + CROWD;
        while self.client.list("/api/v2/listeners?limit=1000").await?.len() < wanted {
            if Instant::now() > deadline {
                return Err(format!("there are not {wanted} listeners"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    fn listen(&self, name: &str, upstream: &str) -> Result<Program> {
        let config = format!("{name}.star");
        let arguments = [
            "listen",
            "--upstream",
            upstream,
            "--config",
            &config,
            "--token-file",
            "caller.token",
        ];
        self.start(name, &arguments)
    }

    /// Starts a process of listeners; the master until it answers.
    pub(super) async fn start_runner(&mut self, runner: Runner) -> Result<()> {
        match runner {
            Runner::Master => {
                let address = self.address.clone();
                let arguments = [
                    "master",
                    "--config",
                    "weir.star",
                    "--data",
                    "data",
                    "--listen",
                    &address,
                ];
                let mut master = self.start("master", &arguments)?;
                let deadline = Instant::now() + READY;
                while !self.client.is_up().await {
                    master.check()?;
                    if Instant::now() > deadline {
                        return Err(format!("the master does not answer; {}", master.last_words()));
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                self.master = Some(master);
            }
            Runner::Grpc => self.beside[0] = Some(self.listen("grpc", &format!("grpc://{}", self.address))?),
            Runner::Json => self.beside[1] = Some(self.listen("json", self.client.base())?),
        }
        Ok(())
    }

    /// Kills a process of listeners, at once and without a word.
    pub(super) fn kill(&mut self, runner: Runner) {
        let program = match runner {
            Runner::Master => self.master.take(),
            Runner::Grpc => self.beside[0].take(),
            Runner::Json => self.beside[1].take(),
        };
        if let Some(program) = program {
            program.kill();
        }
    }

    /// What the master, the process over gRPC and the crowd's have used.
    pub(super) fn usages(&self) -> Result<[Usage; 3]> {
        let usage = |program: &Option<Program>| program.as_ref().ok_or("a program is gone")?.usage();
        Ok([usage(&self.master)?, usage(&self.beside[0])?, usage(&self.crowd)?])
    }

    /// Ends the crowd's process.
    pub(super) fn send_crowd_away(&mut self) {
        self.crowd = None;
    }

    /// An error if a program has ended.
    pub(super) fn is_well(&mut self) -> Result<()> {
        let beside = self.beside.iter_mut().flatten();
        beside
            .chain(&mut self.master)
            .chain(&mut self.workers)
            .try_for_each(Program::check)
    }

    /// The newest build that has ended: as many have, but for those that run.
    pub(super) async fn ended(&self) -> Result<u64> {
        let newest = "/api/v2/builds?complete=true&order=-buildid&limit=1&field=buildid";
        let builds = self.client.list(newest).await?;
        Ok(builds
            .first()
            .and_then(|it| it["buildid"].as_u64())
            .unwrap_or_default())
    }

    /// How many requests are open, as far as a hundred.
    pub(super) async fn open(&self) -> Result<u64> {
        let open = "/api/v2/buildrequests?complete=false&limit=100&field=buildrequestid";
        let requests = self.client.list(open).await?;
        Ok(requests.len() as u64)
    }

    fn status(&self) -> Result<GrpcStatus> {
        GrpcStatus::connect(&format!("http://{}", self.address), None).map_err(|error| error.to_string())
    }

    /// The newest event's cursor.
    pub(super) async fn newest(&self) -> Result<i64> {
        let page = self.status()?.page(Query::<Master>::new().limit(1)).await;
        page.map(|it| it.cursor.0).map_err(|error| error.to_string())
    }

    /// All beginnings and ends of builds.
    pub(super) async fn happened(&self) -> Result<Happened> {
        let status = self.status()?;
        let filter =
            TopicFilter::parse_all(["builds/*/new", "builds/*/finished"]).map_err(|it| it.to_string())?;
        let newest = self.newest().await?;
        let mut events = status
            .watch(filter, Start::After(Cursor::ZERO))
            .await
            .map_err(|it| it.to_string())?;
        let mut happened = Happened::new();
        while let Some(signal) = events.next().await {
            let signal = signal.map_err(|it| it.to_string())?;
            if let Signal::Event(event) = &signal
                && let Entity::Build(build) = &event.entity
            {
                let happening = Happening {
                    at: event.at.0,
                    build: build.id.0,
                    end: event.verb == Verb::Finished,
                };
                happened.insert(event.cursor.0, happening);
            }
            if signal.cursor().0 >= newest {
                return Ok(happened);
            }
        }
        Err("the stream of events ended".to_owned())
    }
}
