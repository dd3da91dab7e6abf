//! Servers of others that are tested against: those of this machine, and those of Python's and Node's packages, each
//! installed once below the folder of what is built. A test whose server cannot be had says so, and is skipped.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use weir_testbed::Process;

/// How long one may take to begin, on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// The program of that name; if there is none, says that a test is skipped, and which of Debian's packages has it.
pub(crate) fn program(name: &str, package: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Not everybody looks for programs where servers are.
    let found = std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")])
        .map(|folder| folder.join(name))
        .find(|it| it.is_file());
    if found.is_none() {
        eprintln!("skipped: there is no {name} here (Debian's package {package} has it)");
    }
    found
}

/// The folder of an environment of Python's of its own that has the package in that version (`aiosmtpd==1.4.6`), made if it
/// is not there. None, with a word why, if Python or the package cannot be had.
pub(crate) fn python(package: &str) -> Option<PathBuf> {
    let make = |folder: &Path| {
        let place = folder.display().to_string();
        let pip = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            package,
        ];
        run("python3", &["-m", "venv", "--clear", &place], Path::new("."))
            && run(folder.join("bin/python"), &pip, Path::new("."))
    };
    let name = package.split("==").next().unwrap_or(package);
    let folder = installed(name, package, make);
    if folder.is_none() {
        eprintln!(
            "skipped: Python with venv, or its package {package}, cannot be had (Debian: python3-venv)"
        );
    }
    folder
}

/// The folder of Node's package, as the lock file in `manifest`, a folder beside this file, has it. None, with a word why, if
/// Node or the package cannot be had.
pub(crate) fn node(package: &str, manifest: &str) -> Option<PathBuf> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listeners");
    let manifest = tests.join(manifest);
    let make = |folder: &Path| {
        fs::create_dir_all(folder).unwrap();
        for name in ["package.json", "package-lock.json"] {
            fs::copy(manifest.join(name), folder.join(name)).unwrap();
        }
        let install = [
            "ci",
            "--omit=optional",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--silent",
        ];
        run("npm", &install, folder)
    };
    let wanted = fs::read_to_string(manifest.join("package-lock.json")).unwrap();
    let folder = installed(package, &wanted, make);
    if folder.is_none() {
        eprintln!("skipped: Node with npm, or its package {package}, cannot be had (Debian: npm)");
    }
    folder.map(|it| it.join("node_modules").join(package))
}

/// The folder of that name with what is wanted, as `make` made it once; none if that fails.
fn installed(name: &str, wanted: &str, make: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // Tests are processes that run at the same time.
    let lock = File::create(folder.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let done = folder.join("installed");
    if fs::read_to_string(&done).is_ok_and(|it| it == wanted) {
        return Some(folder);
    }
    if !make(&folder) {
        return None;
    }
    // Last, so that what was broken off is begun anew.
    fs::write(done, wanted).unwrap();
    Some(folder)
}

fn run(program: impl AsRef<Path>, arguments: &[&str], folder: &Path) -> bool {
    let status = Command::new(program.as_ref())
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .status();
    status.is_ok_and(|it| it.success())
}

/// The address behind `key` in the first line that says `what`.
pub(crate) async fn address(process: &mut Process, what: &str, key: &str) -> String {
    let line = process.line(SOON, |line| line.contains(what)).await;
    let (_, rest) = line.split_once(key).expect("the line has an address");
    rest.split_whitespace().next().unwrap_or_default().to_owned()
}

/// An address of this machine that nobody has, by TCP and UDP, for a server that cannot ask for one itself.
pub(crate) fn free_address() -> SocketAddr {
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        if UdpSocket::bind(address).is_ok() {
            return address;
        }
    }
}
