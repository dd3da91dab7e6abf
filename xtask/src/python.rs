//! The Python client: its types, and its tests against a real master; and Buildbot, beside which Weir is tested.

use std::path::PathBuf;

use crate::environment::Environment;
use crate::process::{has, root, run, run_with};
use crate::test::build_as_tested;
use crate::workers;

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

/// Lets a master of Weir's and one of Buildbot's do the same, and checks what they answer with Buildbot's own code.
pub(crate) fn test_beside_buildbot(python: &str) -> Result<(), String> {
    let program = buildbot(python)?.join("python").display().to_string();
    let weir = build_as_tested()?.join("weir").display().to_string();
    let folder = root().join("target").join("beside-buildbot");
    run(
        &root().join("xtask").join("buildbot"),
        &program,
        &["-B", "both.py", &weir, &folder.display().to_string()],
    )
}

/// The version of Buildbot beside which Weir is tested.
const BUILDBOT: &str = workers::NEWEST.version;

/// Where Buildbot's programs are, in the environment that the benchmarks use too; they are installed if they are not.
pub(crate) fn buildbot(python: &str) -> Result<PathBuf, String> {
    let environment = Environment {
        folder: root()
            .join("target")
            .join("bench")
            .join(format!("buildbot-{BUILDBOT}")),
        python: python.to_owned(),
        packages: vec![
            format!("buildbot[bundle]=={BUILDBOT}"),
            format!("buildbot-worker=={BUILDBOT}"),
        ],
    };
    environment.programs()
}
