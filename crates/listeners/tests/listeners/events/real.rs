//! Programs of others that are tested against, where this machine has them.

use std::path::PathBuf;
use std::time::Duration;

use weir_testbed::Process;

/// How long one may take to begin, on a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// The program of that name; if there is none, says that a test is skipped, and which of Debian's packages has it.
pub(super) fn program(name: &str, package: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|it| it.is_file());
    if found.is_none() {
        eprintln!("skipped: there is no {name} here (Debian's package {package} has it)");
    }
    found
}

/// The address behind `key` in the first line that says `what`.
pub(super) async fn address(process: &mut Process, what: &str, key: &str) -> String {
    let line = process.line(SOON, |line| line.contains(what)).await;
    let (_, rest) = line.split_once(key).expect("the line has an address");
    rest.split_whitespace().next().unwrap_or_default().to_owned()
}
