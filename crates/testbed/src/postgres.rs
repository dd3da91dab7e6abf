//! A throw-away PostgreSQL.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::unistd::User;

/// How long the server may take to be ready.
const START: Duration = Duration::from_secs(30);

/// Runs the server until its input ends, which it does when the test ends, however that happens.
const GUARD: &str = r#"
data=$1; shift
"$@" & server=$!
read -r _
kill -QUIT $server 2>/dev/null
wait $server
rm -rf "$data"
"#;

/// Why there is no [`Postgres`].
#[derive(Debug)]
pub struct PostgresError(String);

impl std::fmt::Display for PostgresError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PostgresError {}

/// A PostgreSQL server of its own in a temporary folder, on a free port of 127.0.0.1, that forgets
/// everything: not one byte is synced. It ends when this is dropped, or when the process dies.
#[derive(Debug)]
pub struct Postgres {
    bin: PathBuf,
    data: tempfile::TempDir,
    port: u16,
    guard: Child,
    databases: AtomicU32,
}

impl Postgres {
    /// Makes and starts a server. Blocks until it is ready, about two seconds.
    ///
    /// # Errors
    /// If PostgreSQL is not installed, or does not start; in one sentence.
    pub fn start() -> Result<Self, PostgresError> {
        let bin = find_bin()?;
        let user = unprivileged()?;
        // Somebody else can take the port between its choice and its use; then another one does.
        let mut last = String::new();
        for _ in 0..3 {
            match Self::try_start(&bin, user.as_ref()) {
                Ok(server) => return Ok(server),
                Err(PostgresError(why)) => last = why,
            }
        }
        Err(PostgresError(last))
    }

    fn try_start(bin: &Path, user: Option<&User>) -> Result<Self, PostgresError> {
        let data = data_folder(user).map_err(|error| failed("its folder cannot be made", &error))?;
        init(bin, data.path(), user)?;
        let port = free_port().map_err(|error| failed("no port is free", &error))?;
        let guard = serve(bin, data.path(), port, user)
            .map_err(|error| failed("the server cannot be run", &error))?;
        let mut server = Self {
            bin: bin.to_owned(),
            data,
            port,
            guard,
            databases: AtomicU32::new(0),
        };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Waits for the server to write `ready` into its lock file.
    fn wait_until_ready(&mut self) -> Result<(), PostgresError> {
        let lock = self.data.path().join("cluster/postmaster.pid");
        let end = Instant::now() + START;
        loop {
            let state = fs::read_to_string(&lock).unwrap_or_default();
            if state.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return Ok(());
            }
            let ended = self.guard.try_wait().ok().flatten().is_some();
            if ended || Instant::now() > end {
                let log = fs::read_to_string(self.data.path().join("log")).unwrap_or_default();
                let last = log.lines().last().unwrap_or("it says nothing");
                return Err(PostgresError(format!("PostgreSQL did not start: {last}")));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Makes a new, empty database and gives its URL.
    ///
    /// # Panics
    /// If the server does not make one.
    pub fn url(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test{number}");
        let output = Command::new(self.bin.join("createdb"))
            .arg("--host=127.0.0.1")
            .arg(format!("--port={}", self.port))
            .args(["--username=postgres", "--template=template0", &name])
            .output()
            .unwrap_or_else(|error| panic!("createdb does not start: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the database {name} is not made: {said}");
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The guard ends the server when its input ends, and goes then.
        drop(self.guard.stdin.take());
        self.guard.wait().ok();
    }
}

fn failed(what: &str, error: &io::Error) -> PostgresError {
    PostgresError(format!("PostgreSQL cannot be started, {what}: {error}"))
}

/// The folder of the newest PostgreSQL's programs: Debian's, or one on the path.
fn find_bin() -> Result<PathBuf, PostgresError> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let debian = versions
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse::<u32>().ok()?,
                entry.path().join("bin"),
            ))
        })
        .filter(|(_, bin)| bin.join("initdb").is_file())
        .max();
    if let Some((_, bin)) = debian {
        return Ok(bin);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .find(|bin| bin.join("initdb").is_file())
        .ok_or_else(|| {
            PostgresError(
                "PostgreSQL is not installed: there is no initdb in /usr/lib/postgresql/*/bin or on the PATH; \
                 install the package `postgresql`"
                    .to_owned(),
            )
        })
}

/// Whom to run the server as: PostgreSQL refuses to run as root. None if we are somebody else anyway.
fn unprivileged() -> Result<Option<User>, PostgresError> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(None);
    }
    ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| User::from_name(name).ok().flatten())
        .map(Some)
        .ok_or_else(|| {
            PostgresError(
                "PostgreSQL does not run as root, and there is no user `postgres` or `nobody`".to_owned(),
            )
        })
}

fn data_folder(user: Option<&User>) -> io::Result<tempfile::TempDir> {
    let data = tempfile::Builder::new().prefix("weir-postgres-").tempdir()?;
    if let Some(user) = user {
        std::os::unix::fs::chown(data.path(), Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
    }
    Ok(data)
}

fn init(bin: &Path, data: &Path, user: Option<&User>) -> Result<(), PostgresError> {
    let mut command = Command::new(bin.join("initdb"));
    command
        .arg("--pgdata")
        .arg(data.join("cluster"))
        .args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ])
        .args(["--no-sync", "--no-instructions"])
        .current_dir(data);
    let output = run_as(&mut command, user)
        .output()
        .map_err(|error| failed("initdb does not run", &error))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or("it says nothing");
    Err(PostgresError(format!("PostgreSQL's initdb failed: {last}")))
}

fn serve(bin: &Path, data: &Path, port: u16, user: Option<&User>) -> io::Result<Child> {
    let log = fs::File::create(data.join("log"))?;
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", GUARD, "sh"])
        .arg(data)
        .arg(bin.join("postgres"))
        .arg("-D")
        .arg(data.join("cluster"))
        .args(["-p", &port.to_string()])
        .arg("-k")
        .arg(data)
        .args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"])
        .args([
            "-c",
            "fsync=off",
            "-c",
            "full_page_writes=off",
            "-c",
            "shared_buffers=32MB",
        ])
        .current_dir(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::from(log.try_clone()?))
        .stderr(Stdio::from(log));
    run_as(&mut command, user).spawn()
}

/// Lets `command` run as `user`, without our other groups.
fn run_as<'a>(command: &'a mut Command, user: Option<&User>) -> &'a mut Command {
    if let Some(user) = user {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
