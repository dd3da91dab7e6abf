//! Where it is measured.

use std::fs;
use std::process::Command;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::Result;

/// Files that are open beside an audience's connections.
const OTHER_FILES: u64 = 200;

/// The machine in a sentence's length: its day, cores and system.
pub(crate) fn describe() -> String {
    let day = said("date", &["-u", "+%F"]);
    let kernel = said("uname", &["-srm"]);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("", |it| it.trim_start_matches([' ', '\t', ':']));
    format!("{day}; {cores} cores ({model}), shared by server, workers and client; {kernel}")
}

/// The load of the last minute: how many processes ran or wanted to.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_owned()
}

/// Lets this process, and those that it starts, have `connections` connections open.
pub(crate) fn allow_connections(connections: usize) -> Result<()> {
    let failed = |error| format!("the limit of open files is not known: {error}");
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).map_err(failed)?;
    let wanted = connections as u64 + OTHER_FILES;
    if hard < wanted {
        return Err(format!(
            "{connections} connections need {wanted} open files, and {hard} are allowed; raise it with `ulimit -Hn`"
        ));
    }
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map_err(failed)
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| "?".to_owned(),
        |it| String::from_utf8_lossy(&it.stdout).trim().to_owned(),
    )
}
