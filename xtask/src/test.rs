//! All that must pass before a change lands.

use std::path::PathBuf;
use std::time::Instant;

use clap::ValueEnum;

use crate::process::{has, require, root, run, run_with, target};
use crate::{browser, python, workers};

/// What is tested, in this order.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Formatting, lints and docs of all Rust.
    Checks,
    /// The web status: built, checked, and tested by itself.
    Web,
    /// All Rust tests.
    Rust,
    /// The Python client against a real master.
    Python,
    /// Buildbot's own workers, of all ages, on a real master.
    Workers,
    /// The whole in a browser, with the web status that `web` built.
    Browser,
}

/// Checks and tests `parts`, everything if there are none. What the machine lacks is said in one sentence and left out,
/// but not in CI.
pub(crate) fn run_parts(parts: &[Part]) -> Result<(), String> {
    let machine = Machine::look();
    let missing = machine.missing();
    if !missing.is_empty() && std::env::var_os("CI").is_some() {
        return Err(missing.join(" "));
    }
    for part in Part::value_variants() {
        if parts.is_empty() || parts.contains(part) {
            let started = Instant::now();
            machine.test(*part)?;
            let name = part
                .to_possible_value()
                .map_or_else(String::new, |it| it.get_name().to_owned());
            eprintln!("==> {name} took {} s", started.elapsed().as_secs());
        }
    }
    for sentence in missing {
        eprintln!("==> {sentence}");
    }
    Ok(())
}

/// What there is to test with.
struct Machine {
    chromium: Option<String>,
    postgres: bool,
    python: Option<&'static str>,
}

impl Machine {
    fn look() -> Self {
        Self {
            chromium: browser::chromium(),
            postgres: has_postgres(),
            python: python::python(),
        }
    }

    fn missing(&self) -> Vec<&'static str> {
        let mut missing = vec![];
        if self.chromium.is_none() {
            missing.push(
                "Chromium is not installed, so the tests in a browser are left out (Debian: chromium).",
            );
        }
        if !self.postgres {
            missing.push("PostgreSQL is not installed, so its tests are left out (Debian: postgresql).");
        }
        if self.python.is_none() {
            missing.push(
                "Python 3.10 with venv is not installed, so the tests of the Python client, and those with Buildbot and its workers, are left out (Debian: python3-venv).",
            );
        }
        missing
    }

    fn test(&self, part: Part) -> Result<(), String> {
        let chromium = self.chromium.as_deref();
        match part {
            Part::Checks => check_rust(),
            Part::Web => {
                build_web()?;
                test_web(chromium)
            }
            Part::Rust => test_rust(self.postgres),
            Part::Python => self.python.map_or(Ok(()), python::test),
            Part::Workers => self.python.map_or(Ok(()), workers::test),
            Part::Browser => chromium.map_or(Ok(()), |it| test_browser(it, self.python)),
        }
    }
}

/// Builds the web status into `web-status/dist`.
pub(crate) fn build_web() -> Result<(), String> {
    require(
        "npm",
        "npm is not installed; install Node.js 20 or later, from https://nodejs.org or your system's packages",
    )?;
    let web = root().join("web-status");
    run(&web, "npm", &["ci", "--no-audit", "--no-fund"])?;
    run(&web, "npm", &["run", "build"])
}

fn test_web(chromium: Option<&str>) -> Result<(), String> {
    let web = root().join("web-status");
    for script in ["check", "lint", "test"] {
        run(&web, "npm", &["run", script])?;
    }
    match chromium {
        Some(chromium) => run_with(&web, "npm", &["run", "test:e2e"], &[("CHROMIUM", chromium)]),
        None => Ok(()),
    }
}

/// On a master of Weir's; and where there is Python, on one of Buildbot's, with Buildbot's own pages, and both masters' answers
/// beside each other.
fn test_browser(chromium: &str, python: Option<&str>) -> Result<(), String> {
    browser::test(chromium)?;
    let Some(python) = python else { return Ok(()) };
    browser::test_on_buildbot(chromium, python)?;
    python::test_beside_buildbot(python)
}

fn check_rust() -> Result<(), String> {
    let root = root();
    run(&root, "cargo", &["fmt", "--all", "--check"])?;
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ];
    run(&root, "cargo", &clippy)?;
    let docs = ["doc", "--workspace", "--no-deps", "--locked"];
    run_with(&root, "cargo", &docs, &[("RUSTDOCFLAGS", "-D warnings")])
}

fn test_rust(postgres: bool) -> Result<(), String> {
    let root = root();
    let without: &[(&str, &str)] = if postgres {
        &[]
    } else {
        &[("WEIR_TEST_WITHOUT_POSTGRES", "1")]
    };
    let nextest = ["nextest", "run", "--workspace", "--locked", "--no-fail-fast"];
    if has("cargo", &["nextest", "--version"]) {
        run_with(&root, "cargo", &nextest, without)?;
        run(&root, "cargo", &["test", "--workspace", "--doc", "--locked"])
    } else {
        run_with(&root, "cargo", &["test", "--workspace", "--locked"], without)
    }
}

/// Builds the programs with the features that they have in the tests, so that nothing which those built is built twice,
/// and gives their folder.
pub(crate) fn build_as_tested() -> Result<PathBuf, String> {
    let build = ["build", "--workspace", "--bins", "--tests", "--locked"];
    run(&root(), "cargo", &build)?;
    Ok(target().join("debug"))
}

/// Whether Debian's PostgreSQL, or one on the search path, is there.
fn has_postgres() -> bool {
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .any(|it| it.path().join("bin/initdb").is_file());
    debian || has("initdb", &["--version"])
}
