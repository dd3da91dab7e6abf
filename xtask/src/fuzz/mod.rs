//! Random input: to whatever reads bytes of others (the targets in `fuzz/`), and to a running master.

mod http;

use std::fs;
use std::path::Path;

use crate::process::{has, root, run, target};

/// The name of what asks a running master.
const HTTP: &str = "http";
/// How long one input may take, in seconds: then it counts as a failure.
const LONGEST: u32 = 20;

/// How long each target is tried unless told otherwise, in seconds.
const USUAL: u32 = 10;

/// How much is tried.
pub(crate) struct Effort {
    /// Seconds for each target, or for the JSON API.
    pub(crate) seconds: Option<u32>,
    /// Where chance begins.
    pub(crate) seed: u32,
    /// Requests for each operation of the JSON API at most.
    pub(crate) examples: u32,
}

/// Tries `wanted`: targets, or `http`; all targets if none.
pub(crate) fn start(wanted: &[String], effort: &Effort) -> Result<(), String> {
    let folder = root().join("fuzz");
    let targets = targets(&folder)?;
    if let Some(unknown) = wanted.iter().find(|it| *it != HTTP && !targets.contains(it)) {
        let all = targets.join(", ");
        return Err(format!("there is no target {unknown}; there are {HTTP}, {all}"));
    }
    if wanted.iter().any(|it| it == HTTP) {
        http::ask(effort.seed, effort.examples, effort.seconds)?;
    }
    let chosen = |it: &&String| wanted.is_empty() || wanted.contains(it);
    let chosen: Vec<&String> = targets.iter().filter(chosen).collect();
    match chosen.is_empty() {
        true => Ok(()),
        false => try_all(&folder, &chosen, effort),
    }
}

fn try_all(folder: &Path, chosen: &[&String], effort: &Effort) -> Result<(), String> {
    install()?;
    let build = target().join("fuzz").join("build").display().to_string();
    // Without a sanitizer: all of it is safe Rust, and the stable compiler has none.
    let common = ["--dev", "--sanitizer", "none", "--target-dir", &build];
    run(&root(), "cargo", &[&["fuzz", "build"], &common[..]].concat())?;
    let mut failed = vec![];
    for name in chosen {
        if let Err(why) = fuzz(folder, name, effort, &common) {
            eprintln!("xtask: {why}");
            failed.push(name.as_str());
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    let failed = failed.join(", ");
    Err(format!(
        "{failed} failed; the inputs are in fuzz/artifacts, and `cargo fuzz run --dev --sanitizer none TARGET FILE` \
         tries one again"
    ))
}

/// The targets by name.
fn targets(folder: &Path) -> Result<Vec<String>, String> {
    let folder = folder.join("fuzz_targets");
    let entries =
        fs::read_dir(&folder).map_err(|error| format!("{} cannot be read: {error}", folder.display()))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|it| it.path().file_stem()?.to_str().map(str::to_owned))
        .collect();
    names.sort();
    Ok(names)
}

/// Tries random inputs that grow from the seeds in `fuzz/corpus` and from what was found before.
fn fuzz(folder: &Path, name: &str, effort: &Effort, common: &[&str]) -> Result<(), String> {
    let grown = folder.join("grown").join(name);
    fs::create_dir_all(&grown).map_err(|error| format!("{} cannot be made: {error}", grown.display()))?;
    let (grown, seeds) = (
        grown.display().to_string(),
        folder.join("corpus").join(name).display().to_string(),
    );
    let seconds = format!("-max_total_time={}", effort.seconds.unwrap_or(USUAL));
    let seed = format!("-seed={}", effort.seed);
    let longest = format!("-timeout={LONGEST}");
    let mut arguments = vec!["fuzz", "run"];
    arguments.extend(common);
    arguments.extend([name, &grown, &seeds, "--"]);
    arguments.extend([
        seconds.as_str(),
        &seed,
        &longest,
        "-verbosity=0",
        "-print_final_stats=1",
    ]);
    run(&root(), "cargo", &arguments)
}

/// Installs cargo-fuzz if it is not there.
fn install() -> Result<(), String> {
    if !has("c++", &["--version"]) {
        let why = "a C++ compiler is not installed, which fuzzing needs (Debian: g++)";
        return Err(why.to_owned());
    }
    if has("cargo", &["fuzz", "--version"]) {
        return Ok(());
    }
    run(&root(), "cargo", &["install", "cargo-fuzz", "--locked"])
}
