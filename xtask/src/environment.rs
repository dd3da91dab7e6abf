//! Python environments with packages of their own, each made once below the folder of what is built.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::process::{has, root, run};

/// An environment.
pub(crate) struct Environment {
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// The Python of which it is made.
    pub(crate) python: String,
    /// What is installed into it, as `pip` is told.
    pub(crate) packages: Vec<String>,
}

impl Environment {
    /// Where its programs are; it is made if it is not there.
    ///
    /// # Errors
    /// What of it failed.
    pub(crate) fn programs(&self) -> Result<PathBuf, String> {
        let programs = self.folder.join("bin");
        // Written last, so that what was broken off is begun anew.
        let done = self.folder.join("installed");
        if done.exists() {
            return Ok(programs);
        }
        // It may not be there; if it is and stays, the next step says so.
        let _ = fs::remove_dir_all(&self.folder);
        let module = if has(&self.python, &["-c", "import venv, ensurepip"]) {
            "venv"
        } else {
            // Python 2 has no other.
            "virtualenv"
        };
        let folder = self.folder.display().to_string();
        run(&root(), &self.python, &["-m", module, &folder])?;
        let mut install = vec!["install", "--quiet", "--disable-pip-version-check"];
        install.extend(self.packages.iter().map(String::as_str));
        run(&root(), &programs.join("pip").display().to_string(), &install)?;
        fs::write(&done, "").map_err(|error| format!("{} cannot be written: {error}", done.display()))?;
        Ok(programs)
    }
}

/// A Python of one of these versions, such as `3.9`, that can make environments; the first that there is. It is looked for on the
/// search path and among those of pyenv.
pub(crate) fn python_of(versions: &[&str]) -> Option<String> {
    versions.iter().find_map(|version| {
        let on_path = [format!("python{version}"), "python3".to_owned()];
        let mut found = on_path.into_iter().chain(of_pyenv(version));
        found.find(|it| is_python(it, version))
    })
}

/// Whether it is a Python of this version that can make environments.
fn is_python(program: &str, version: &str) -> bool {
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    let modules = match major {
        "2" => "virtualenv",
        _ => "venv, ensurepip",
    };
    let check = format!("import sys, {modules}; sys.exit(sys.version_info[:2] != ({major}, {minor}))");
    has(program, &["-c", &check])
}

/// The Pythons of a version that pyenv has.
fn of_pyenv(version: &str) -> Vec<String> {
    let said = |arguments: &[&str]| {
        let output = Command::new("pyenv").args(arguments).output().ok();
        let output = output.filter(|it| it.status.success());
        output.map(|it| String::from_utf8_lossy(&it.stdout).trim().to_owned())
    };
    let all = said(&["versions", "--bare"]).unwrap_or_default();
    let of_version = all
        .lines()
        .map(str::trim)
        .filter(|it| it.starts_with(&format!("{version}.")));
    of_version
        .filter_map(|it| said(&["prefix", it]).map(|prefix| format!("{prefix}/bin/python")))
        .collect()
}
