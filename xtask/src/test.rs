//! All that must pass before a change lands.

use std::path::PathBuf;

use crate::process::{has, require, root, run, run_with, target};
use crate::{browser, python};

/// Checks and tests everything. What the machine lacks is said in one sentence and left out, but not in CI.
pub(crate) fn run_all() -> Result<(), String> {
    let chromium = browser::chromium();
    let postgres = has_postgres();
    let mut missing = vec![];
    if chromium.is_none() {
        missing.push("Chromium is not installed, so the tests in a browser are left out (Debian: chromium).");
    }
    if !postgres {
        missing.push("PostgreSQL is not installed, so its tests are left out (Debian: postgresql).");
    }
    let python = python::python();
    if python.is_none() {
        missing.push(
            "Python 3.10 with venv is not installed, so the tests of the Python client are left out (Debian: python3-venv).",
        );
    }
    if !missing.is_empty() && std::env::var_os("CI").is_some() {
        return Err(missing.join(" "));
    }
    check_rust()?;
    build_web()?;
    test_web(chromium.as_deref())?;
    test_rust(postgres)?;
    if let Some(python) = python {
        python::test(python)?;
    }
    if let Some(chromium) = &chromium {
        browser::test(chromium)?;
    }
    for sentence in missing {
        eprintln!("==> {sentence}");
    }
    Ok(())
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
