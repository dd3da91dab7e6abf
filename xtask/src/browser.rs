//! The whole in a browser: a real master and workers, and the web status in headless Chromium.

use std::path::PathBuf;

use crate::demo::Demo;
use crate::process::{has, root, run_with};
use crate::python;
use crate::test::build_as_tested;

/// The Chromium that is there: `$CHROMIUM`, or one of the usual names.
pub(crate) fn chromium() -> Option<String> {
    let given = std::env::var("CHROMIUM").ok();
    let usual = ["chromium", "chromium-browser", "google-chrome"].map(str::to_owned);
    given
        .into_iter()
        .chain(usual)
        .find(|it| has(it, &["--version"]))
        .map(|it| find(&it))
}

/// The whole path of a program, since the browser's driver looks at no search path.
fn find(program: &str) -> String {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| PathBuf::from(program))
        .display()
        .to_string()
}

/// Opens the page of a running demo, forces a build and sees its log arrive.
pub(crate) fn test(chromium: &str) -> Result<(), String> {
    let weir = build_as_tested()?.join("weir");
    let folder = root().join("target").join("browser-test");
    let demo = Demo::start(&folder, &weir, 0, None)?;
    demo.add_history()?;
    // Some tests start masters of their own.
    let program = weir.display().to_string();
    let environment = [
        ("WEIR_URL", demo.url.as_str()),
        ("WEIR_PROGRAM", program.as_str()),
        ("CHROMIUM", chromium),
    ];
    run_with(
        &root().join("web-status"),
        "npm",
        &["run", "test:product"],
        &environment,
    )
}

/// Opens the page, and the command line, on a real Buildbot master, and sees both follow its builds; and Buildbot's own pages on a master of
/// Weir's.
pub(crate) fn test_on_buildbot(chromium: &str, python: &str) -> Result<(), String> {
    let programs = python::buildbot(python)?.display().to_string();
    let weir = build_as_tested()?.join("weir").display().to_string();
    let environment = [
        ("BUILDBOT", programs.as_str()),
        ("WEIR_PROGRAM", weir.as_str()),
        ("CHROMIUM", chromium),
    ];
    for script in ["test:buildbot", "test:buildbot-ui"] {
        run_with(&root().join("web-status"), "npm", &["run", script], &environment)?;
    }
    Ok(())
}
