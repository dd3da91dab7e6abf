//! The Python client: its types, and its tests against a real master.

use crate::process::{has, root, run, run_with};
use crate::test::build_as_tested;

/// The Python that can test the client: 3.10 or later, which can make environments of its own.
pub(crate) fn python() -> Option<&'static str> {
    const CAN: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";
    ["python3", "python"].into_iter().find(|it| has(it, &["-c", CAN]))
}

/// Installs the client into an environment of its own and tests it.
pub(crate) fn test(python: &str) -> Result<(), String> {
    let root = root();
    let environment = root.join("target").join("python");
    let bin = environment.join("bin");
    let program = |name: &str| bin.join(name).display().to_string();
    if !bin.join("pip").is_file() {
        run(&root, python, &["-m", "venv", &environment.display().to_string()])?;
    }
    let client = root.join("proto").join("python");
    let install = ["install", "--quiet", "--disable-pip-version-check", ".[test]"];
    run(&client, &program("pip"), &install)?;
    // From a folder without the sources, so that what was installed is checked.
    let config = client.join("pyproject.toml").display().to_string();
    run(
        &environment,
        &program("mypy"),
        &["--config-file", &config, "-p", "weir.status"],
    )?;
    let weir = build_as_tested()?.join("weir").display().to_string();
    run_with(&client, &program("pytest"), &["-q"], &[("WEIR", weir.as_str())])
}
