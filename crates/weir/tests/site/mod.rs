//! A whole site for a test: a git repository, a master and workers as programs of their own.
#![allow(dead_code, reason = "each test uses what it needs")]

pub(crate) mod plain;

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;
use weir_status_api::{
    Build, BuildField, BuildRequest, BuildRequestField, Key, Log, LogField, LogKey, Query, Read, ReadExt,
    Step, StepField,
};
use weir_status_grpc::{Ca, GrpcStatus, Options};
use weir_testbed::{GitRepository, Process, eventually};

/// How long anything may take on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(60);

const WEIR: &str = env!("CARGO_BIN_EXE_weir");

/// A folder with everything, and the programs that run.
pub(crate) struct Site {
    folder: TempDir,
    pub(crate) repository: GitRepository,
    pub(crate) master: Process,
    pub(crate) url: String,
    database: Option<String>,
    /// The file with the authority of the master's certificate, if it has one.
    ca: Option<PathBuf>,
}

impl Site {
    /// Starts a master; in `config`, `@REPOSITORY@` stands for the repository's URL. Every worker `w1`, `w2`, … has
    /// its token file.
    pub(crate) async fn start(config: &str) -> Self {
        Self::start_on(config, None).await
    }

    /// As [`Site::start`], on the database at a URL.
    pub(crate) async fn start_on(config: &str, database: Option<String>) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), config, database, None, &[]).await
    }

    /// As [`Site::start`], with these flags of the master until it is started again.
    pub(crate) async fn start_with_flags(config: &str, flags: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), config, None, None, flags).await
    }

    /// As [`Site::start`], in a folder with what the configuration needs for TLS: all trust the authority in the
    /// folder's file `ca`.
    pub(crate) async fn start_with_tls(folder: TempDir, config: &str, ca: &str) -> Self {
        let ca = folder.path().join(ca);
        Self::start_in(folder, config, None, Some(ca), &[]).await
    }

    async fn start_in(
        folder: TempDir,
        config: &str,
        database: Option<String>,
        ca: Option<PathBuf>,
        flags: &[&str],
    ) -> Self {
        let repository = GitRepository::new(folder.path().join("repository"));
        repository.commit("Ada <ada@weir.example>", &[("README", "a weir\n")], "Begin");
        let config = config.replace("@REPOSITORY@", &repository.url());
        std::fs::write(folder.path().join("weir.star"), config).unwrap();
        for worker in ["w1", "w2"] {
            let token = format!("token-of-{worker}-which-is-long-enough");
            std::fs::write(folder.path().join(format!("{worker}.token")), token).unwrap();
        }
        let program = Command::new(WEIR);
        let (master, url) =
            start_master(program, folder.path(), "127.0.0.1:0", database.as_deref(), flags).await;
        Self {
            folder,
            repository,
            master,
            url,
            database,
            ca,
        }
    }

    /// A file or folder of the site.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Kills the master with SIGKILL and starts it again at the same address.
    pub(crate) async fn kill_and_restart(&mut self) {
        self.master.kill();
        self.master.ended(SOON).await;
        self.restart().await;
    }

    /// Starts the master again at the same address.
    pub(crate) async fn restart(&mut self) {
        let address = self.address().to_owned();
        self.restart_by(Command::new(WEIR), &address).await;
    }

    /// Starts the master again, at another address, by a command that ends with its program.
    pub(crate) async fn restart_within(&mut self, mut within: Command) {
        within.arg(WEIR);
        self.restart_by(within, "127.0.0.1:0").await;
    }

    async fn restart_by(&mut self, program: Command, address: &str) {
        let database = self.database.as_deref();
        let (master, url) = start_master(program, self.folder.path(), address, database, &[]).await;
        (self.master, self.url) = (master, url);
    }

    /// Where the master serves.
    pub(crate) fn address(&self) -> &str {
        self.url.rsplit('/').next().unwrap()
    }

    /// The status API over gRPC.
    pub(crate) fn api(&self) -> GrpcStatus {
        let ca = self.ca.as_ref().map(|it| Ca::read(it).unwrap());
        let options = Options {
            ca,
            ..Options::default()
        };
        GrpcStatus::with_options(&self.url, options).unwrap()
    }

    /// Starts a worker that presents the token in `token_file`.
    pub(crate) fn worker_with(&self, name: &str, token_file: &Path) -> Process {
        let dir = self.path(&format!("worker-{name}"));
        let mut command = self.command(&["worker", "--master", &self.url, "--name", name, "--token-file"]);
        command.arg(token_file).arg("--dir").arg(dir);
        Process::spawn(command)
    }

    /// Starts a worker with its own token.
    pub(crate) fn worker(&self, name: &str) -> Process {
        self.worker_with(name, &self.path(&format!("{name}.token")))
    }

    /// Runs a command of the program against the master, to its end.
    pub(crate) async fn weir(&self, arguments: &[&str]) -> Output {
        self.command(arguments).kill_on_drop(true).output().await.unwrap()
    }

    /// As [`Site::weir`], in a folder.
    pub(crate) async fn weir_in(&self, folder: &Path, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        command.current_dir(folder).kill_on_drop(true);
        command.output().await.unwrap()
    }

    /// Starts a program of ours that goes on, such as `weir web`.
    pub(crate) fn start_weir(&self, arguments: &[&str]) -> Process {
        Process::spawn(self.command(arguments))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(WEIR);
        command
            .args(arguments)
            .env("WEIR_UPSTREAM", self.url.replacen("http", "grpc", 1))
            .env("NO_COLOR", "1");
        if let Some(ca) = &self.ca {
            command.env("WEIR_CA", ca);
        }
        command
    }

    /// Forces a build and gives its request's id, by the command line.
    pub(crate) async fn force(&self, builder: &str) -> i64 {
        self.try_to_force(builder).await.unwrap()
    }

    /// As [`Site::force`]; what is said if it is refused.
    pub(crate) async fn try_to_force(&self, builder: &str) -> Result<i64, String> {
        let output = self.weir(&["force", builder, "--json"]).await;
        if !output.status.success() {
            return Err(text(&output));
        }
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let requests = answer["buildrequests"].as_object().unwrap();
        Ok(requests.values().next().unwrap().as_i64().unwrap())
    }

    /// The builds of a request, the oldest first.
    pub(crate) async fn builds_of(&self, request: i64) -> Vec<Build> {
        let query = Query::<Build>::new()
            .eq(BuildField::Request, request)
            .ascending(BuildField::Id);
        self.api().page(query).await.unwrap().items
    }

    /// Waits until a build of the request has begun.
    pub(crate) async fn begun(&self, request: i64) -> Build {
        eventually("a build begins", SOON, async || {
            self.builds_of(request).await.pop()
        })
        .await
    }

    /// Waits until the request is complete, and gives its last build.
    pub(crate) async fn finished(&self, request: i64) -> Build {
        let api = self.api();
        eventually("the request is complete", SOON, async || {
            let query = Query::<BuildRequest>::new()
                .eq(BuildRequestField::Id, request)
                .eq(BuildRequestField::Complete, true);
            !api.page(query).await.unwrap().items.is_empty()
        })
        .await;
        self.builds_of(request).await.pop().unwrap()
    }

    /// The steps of a build.
    pub(crate) async fn steps(&self, build: &Build) -> Vec<Step> {
        let query = Query::<Step>::new()
            .eq(StepField::Build, build.id)
            .ascending(StepField::Number);
        self.api().page(query).await.unwrap().items
    }

    /// The step of that name.
    pub(crate) async fn step(&self, build: &Build, name: &str) -> Step {
        let steps = self.steps(build).await;
        let found = steps.iter().find(|it| it.name == name).cloned();
        found.unwrap_or_else(|| panic!("no step {name} in {steps:#?}"))
    }

    /// The log `stdio` of a step, if it has begun.
    pub(crate) async fn log(&self, step: &Step) -> Option<Log> {
        let query = Query::<Log>::new().eq(LogField::Step, step.id);
        self.api().page(query).await.unwrap().items.pop()
    }

    /// All lines of a step's log, with their letters.
    pub(crate) async fn log_text(&self, step: &Step) -> String {
        let log = self.log(step).await.expect("the step has a log");
        let api = self.api();
        let mut text = String::new();
        let mut next = 0;
        loop {
            let chunk = api
                .log_content(LogKey::Id(log.id), next, 100_000)
                .await
                .unwrap()
                .value;
            if chunk.content.is_empty() {
                return text;
            }
            next += i64::try_from(chunk.content.matches('\n').count()).unwrap();
            text.push_str(&chunk.content);
        }
    }

    /// Waits until the build's step has at least `lines` lines in its log.
    pub(crate) async fn has_lines(&self, build: &Build, step: &str, lines: i64) -> Log {
        eventually("the log grows", SOON, async || {
            let step = self.steps(build).await.into_iter().find(|it| it.name == step)?;
            self.log(&step).await.filter(|it| it.num_lines >= lines)
        })
        .await
    }

    /// Waits until the worker is connected, or not.
    pub(crate) async fn worker_connected(&self, name: &str, connected: bool) {
        let api = self.api();
        eventually("the worker comes or goes", SOON, async || {
            let worker: weir_status_api::Worker = api.one(Key::Worker(name.into())).await.unwrap().value;
            worker.connected_to.is_empty() != connected
        })
        .await;
    }
}

async fn start_master(
    mut command: Command,
    folder: &Path,
    address: &str,
    database: Option<&str>,
    flags: &[&str],
) -> (Process, String) {
    command
        .args(["master", "--listen", address])
        .args(flags)
        .arg("--config")
        .arg(folder.join("weir.star"))
        .arg("--data")
        .arg(folder.join("data"))
        .env("NO_COLOR", "1");
    if let Some(database) = database {
        command.args(["--database", database]);
    }
    let mut master = Process::spawn(command);
    let line = master
        .line(SOON, |line| line.contains("the master serves "))
        .await;
    let url = line.rsplit(' ').next().unwrap().to_owned();
    (master, url)
}

/// What a command wrote.
pub(crate) fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
