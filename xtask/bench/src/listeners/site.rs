//! The master with its workers and listeners, and the processes of listeners beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use futures::StreamExt;
use weir_status_api::{
    Cursor, Entity, Lane, Master, Query, ReadExt, Signal, Start, TopicFilter, Verb, Watch,
};
use weir_status_grpc::GrpcStatus;

use super::kinds::Runner;
use super::{Happened, Happening, What};
use crate::Result;
use crate::client::{Client, id};
use crate::program::{Program, Usage, free_port};
use crate::server::{fill_in, token, write};

/// Builders of the configuration: so many requests come of each force.
pub(super) const BUILDERS: u64 = 20;
/// How long a program may take until it is there.
const READY: Duration = Duration::from_secs(120);
/// The folder in which the process over JSON keeps its places.
const PLACES: &str = "places";
/// Where people would look at builds.
const WEB: &str = "http://bench.example.org";

/// The lines of configuration of each process's listeners. A process beside the master that has none is not started.
#[derive(Clone, Debug, Default)]
pub(super) struct Setup {
    pub(super) master: String,
    pub(super) grpc: String,
    pub(super) json: String,
}

impl Setup {
    fn of(&self, runner: Runner) -> &str {
        match runner {
            Runner::Master => &self.master,
            Runner::Grpc => &self.grpc,
            Runner::Json => &self.json,
        }
    }

    /// How many listeners a process has.
    fn listeners(&self, runner: Runner) -> usize {
        self.of(runner).lines().count()
    }
}

/// All that runs; it ends when this is dropped.
pub(super) struct Site {
    program: PathBuf,
    folder: PathBuf,
    address: String,
    client: Client,
    setup: Setup,
    beside: [Option<Program>; 2],
    workers: Option<Program>,
    master: Option<Program>,
}

/// Makes the folder, empty.
pub(super) fn empty(folder: &Path) -> Result<()> {
    let failed = |error| format!("{} cannot be made: {error}", folder.display());
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(error)),
        _ => fs::create_dir_all(folder).map_err(failed),
    }
}

impl Site {
    /// Writes configurations and tokens into `folder`, for the program `weir`.
    pub(super) fn configure(weir: &Path, folder: &Path, setup: Setup) -> Result<Self> {
        let caller = token();
        let names = [
            ("TOKEN", caller.clone()),
            ("WEB", WEB.to_owned()),
            ("LISTENERS", setup.master.clone()),
        ];
        let configuration = fill_in(include_str!("listeners.star"), &names);
        write(&folder.join("weir.star"), &configuration)?;
        for (file, runner) in [("grpc.star", Runner::Grpc), ("json.star", Runner::Json)] {
            write(&folder.join(file), setup.of(runner))?;
        }
        write(&folder.join("worker.token"), &token())?;
        write(&folder.join("caller.token"), &caller)?;
        let address = format!("127.0.0.1:{}", free_port()?);
        Ok(Self {
            program: fs::canonicalize(weir)
                .map_err(|error| format!("there is no program {}: {error}", weir.display()))?,
            folder: folder.to_owned(),
            client: Client::new(&format!("http://{address}"), Some(&caller))?,
            address,
            setup,
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
        for runner in [Runner::Grpc, Runner::Json] {
            if !self.setup.of(runner).is_empty() {
                self.start_runner(runner).await?;
            }
        }
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
        let at_master = self.setup.listeners(Runner::Master) + self.setup.listeners(Runner::Grpc);
        let in_folder = self.setup.listeners(Runner::Json);
        while self.client.list("/api/v2/listeners?limit=1000").await?.len() < at_master
            || self.places() < in_folder
        {
            if Instant::now() > deadline {
                return Err(format!("there are not {at_master} and {in_folder} listeners"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// How many listeners have their place in the folder.
    fn places(&self) -> usize {
        let files = fs::read_dir(self.folder.join(PLACES))
            .into_iter()
            .flatten()
            .flatten();
        files
            .filter(|it| it.path().extension().is_some_and(|it| it == "cursor"))
            .count()
    }

    /// Starts a process beside the master, whose places the master keeps unless `more` says otherwise.
    fn listen(&self, name: &str, upstream: &str, more: &[&str]) -> Result<Program> {
        let config = format!("{name}.star");
        let usual = [
            "listen",
            "--upstream",
            upstream,
            "--config",
            &config,
            "--token-file",
            "caller.token",
        ];
        self.start(name, &[&usual, more].concat())
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
            Runner::Grpc => {
                self.beside[0] = Some(self.listen("grpc", &format!("grpc://{}", self.address), &[])?)
            }
            Runner::Json => {
                self.beside[1] = Some(self.listen("json", self.client.base(), &["--data", PLACES])?)
            }
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

    /// What a process of listeners has used; none if it does not run.
    pub(super) fn usage(&self, runner: Runner) -> Result<Option<Usage>> {
        let program = match runner {
            Runner::Master => &self.master,
            Runner::Grpc => &self.beside[0],
            Runner::Json => &self.beside[1],
        };
        program.as_ref().map(Program::usage).transpose()
    }

    /// How many transactions the master's database has had since it was opened: SQLite counts them in the index of its
    /// log, at the ninth byte (`iChange` of its `WalIndexHdr`).
    pub(super) fn transactions(&self) -> Result<u32> {
        let unknown = |why: &str| format!("the transactions cannot be counted: {why}");
        let data = self.folder.join("data");
        let files = fs::read_dir(&data).map_err(|it| unknown(&it.to_string()))?;
        let index = files
            .filter_map(|it| Some(it.ok()?.path()))
            .find(|it| it.to_string_lossy().ends_with("-shm"))
            .ok_or_else(|| unknown("there is no index of a log"))?;
        let bytes = fs::read(index).map_err(|it| unknown(&it.to_string()))?;
        let count = bytes.get(8..12).and_then(|it| it.try_into().ok());
        count
            .map(u32::from_ne_bytes)
            .ok_or_else(|| unknown("the index is too short"))
    }

    /// An error if a program has ended.
    pub(super) fn is_well(&mut self) -> Result<()> {
        let beside = self.beside.iter_mut().flatten();
        beside
            .chain(&mut self.master)
            .chain(&mut self.workers)
            .try_for_each(Program::check)
    }

    /// The ids of the builders.
    pub(super) async fn builders(&self) -> Result<Vec<i64>> {
        let builders = self.client.list("/api/v2/builders?limit=1000").await?;
        builders.iter().map(|it| id(it, "builderid")).collect()
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

    /// All that listeners are told of.
    pub(super) async fn happened(&self) -> Result<Happened> {
        let status = self.status()?;
        let topics = ["builds/*/new", "builds/*/finished", "buildrequests/*/claimed"];
        let filter = TopicFilter::parse_all(topics).map_err(|it| it.to_string())?;
        let newest = self.newest().await?;
        let mut events = status
            .watch(filter, Start::After(Cursor::ZERO))
            .await
            .map_err(|it| it.to_string())?;
        let mut happened = Happened::new();
        while let Some(signal) = events.next().await {
            let signal = signal.map_err(|it| it.to_string())?;
            if let Signal::Event(event) = &signal {
                let what = match (&event.entity, event.verb) {
                    (Entity::Build(_), Verb::New) => What::Begin,
                    (Entity::Build(_), _) => What::End,
                    _ => What::Claim,
                };
                let page = match &event.entity {
                    Entity::Build(it) => format!("{WEB}/#/builders/{}/builds/{}", it.builder, it.number),
                    _ => String::new(),
                };
                let happening = Happening {
                    at: event.at.0,
                    lane: Lane::of(event),
                    page,
                    what,
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
