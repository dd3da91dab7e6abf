//! All that must pass before a change lands.

use crate::process::{has, root, run, run_with};

/// Checks and tests everything; the web first, because it is quick to fail.
pub(crate) fn run_all() -> Result<(), String> {
    if root().join("web-status/package-lock.json").exists() {
        build_web()?;
        test_web()?;
    }
    test_rust()
}

/// Builds the web status into `web-status/dist`.
pub(crate) fn build_web() -> Result<(), String> {
    let web = root().join("web-status");
    run(&web, "npm", &["ci"])?;
    run(&web, "npm", &["run", "build"])
}

fn test_web() -> Result<(), String> {
    let web = root().join("web-status");
    ["check", "lint", "test"]
        .into_iter()
        .try_for_each(|script| run(&web, "npm", &["run", script]))
}

fn test_rust() -> Result<(), String> {
    let root = root();
    run(&root, "cargo", &["fmt", "--all", "--check"])?;
    run(
        &root,
        "cargo",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
    )?;
    let docs = ["doc", "--workspace", "--no-deps", "--locked"];
    run_with(&root, "cargo", &docs, &[("RUSTDOCFLAGS", "-D warnings")])?;
    if has("cargo", &["nextest", "--version"]) {
        run(&root, "cargo", &["nextest", "run", "--workspace", "--locked"])?;
        run(&root, "cargo", &["test", "--workspace", "--doc", "--locked"])
    } else {
        run(&root, "cargo", &["test", "--workspace", "--locked"])
    }
}
