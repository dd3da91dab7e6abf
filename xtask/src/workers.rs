//! Buildbot's own workers, of all ages, on a master of Weir's.

use std::path::PathBuf;

use crate::environment::{Environment, python_of};
use crate::process::{root, run_with};
use crate::test::build_as_tested;

/// A release of Buildbot's worker, and what it takes to install it.
pub(crate) struct Release {
    /// Its version.
    pub(crate) version: &'static str,
    /// The package: it had another name before 0.9.
    package: &'static str,
    /// The Pythons that run it, the best one first.
    pythons: &'static [&'static str],
    /// Packages beside it that are not to be as new as they could.
    pins: &'static [&'static str],
    /// The protocols that it speaks.
    protocols: &'static [&'static str],
}

/// The newest release: the one beside which Weir is tested.
pub(crate) const NEWEST: Release = Release {
    version: "4.3.0",
    package: "buildbot-worker",
    pythons: &["3.11", "3.12", "3.13", "3.10", "3.9"],
    pins: &[],
    protocols: &["pb", "msgpack"],
};

/// What is tested, and listed in the book: the newest and the oldest, and those at which something changed.
const RELEASES: &[Release] = &[
    NEWEST,
    Release {
        version: "4.0.4",
        ..NEWEST
    },
    Release {
        version: "3.11.9",
        pythons: &["3.9", "3.10", "3.11", "3.8"],
        ..NEWEST
    },
    Release {
        version: "3.0.3",
        pythons: &["3.8", "3.9", "3.7"],
        pins: &["setuptools<70", "twisted<23"],
        protocols: &["pb"],
        ..NEWEST
    },
    Release {
        version: "2.10.5",
        ..OF_PYTHON_3_7
    },
    Release {
        version: "1.8.2",
        ..OF_PYTHON_3_7
    },
    Release {
        version: "0.9.15",
        ..OF_PYTHON_3_7
    },
    Release {
        version: "0.8.12",
        package: "buildbot-slave",
        pythons: &["2.7"],
        pins: &["twisted<20.4", "automat<20"],
        protocols: &["pb"],
    },
];

/// What several releases share.
const OF_PYTHON_3_7: Release = Release {
    version: "",
    package: "buildbot-worker",
    pythons: &["3.7", "3.6"],
    pins: &["setuptools<60", "twisted<21"],
    protocols: &["pb"],
};

impl Release {
    /// Where its programs are; they are installed if they are not. A sentence says what is missing for that.
    pub(crate) fn install(&self) -> Result<PathBuf, String> {
        let python = python_of(self.pythons).ok_or_else(|| {
            let module = if self.pythons == ["2.7"] {
                "virtualenv"
            } else {
                "venv"
            };
            format!("there is no Python {} with {module}", self.pythons.join(" or "))
        })?;
        let package = format!("{}=={}", self.package, self.version);
        let pins = self.pins.iter().map(|&it| it.to_owned());
        let environment = Environment {
            folder: root()
                .join("target")
                .join("workers")
                .join(format!("{}-{}", self.package, self.version)),
            python,
            packages: std::iter::once(package).chain(pins).collect(),
        };
        environment.programs()
    }
}

/// Lets each release that a Python is there for build on a master, over each protocol that it speaks. What is left out is a
/// row of the table that is shown.
pub(crate) fn test(python: &str) -> Result<(), String> {
    let weir = build_as_tested()?.join("weir").display().to_string();
    let folder = root().join("target").join("workers").join("run");
    let scripts = root().join("xtask");
    let mut arguments = vec!["-B".to_owned(), "table.py".to_owned(), weir];
    arguments.push(folder.display().to_string());
    for release in RELEASES {
        // An installation that breaks off is no reason to leave it out, but a failure.
        let (option, what) = match python_of(release.pythons) {
            Some(_) => ("--worker", release.install()?.display().to_string()),
            None => ("--skipped", release.install().err().unwrap_or_default()),
        };
        for protocol in release.protocols {
            let row = [option, release.version, protocol, &what].map(str::to_owned);
            arguments.extend(row);
        }
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // What starts and asks masters is there.
    let shared = scripts.join("buildbot").display().to_string();
    run_with(
        &scripts.join("workers"),
        python,
        &arguments,
        &[("PYTHONPATH", &shared)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of the book's table: version, Pythons, protocols.
    fn rows(page: &str) -> Vec<[String; 3]> {
        let cells = |line: &str| {
            let mut cells = line
                .trim_matches('|')
                .split('|')
                .map(|it| it.trim().replace('`', ""));
            let [name, python, protocols] = std::array::from_fn(|_| cells.next().unwrap_or_default());
            Some([name.rsplit_once(' ')?.1.to_owned(), python, protocols])
        };
        let rows = page.lines().filter(|it| it.starts_with("| `buildbot-"));
        rows.filter_map(cells).collect()
    }

    #[test]
    fn the_book_has_a_row_for_each_release() {
        let page = include_str!("../../docs/src/buildbot-workers-versions.md");
        let released = RELEASES.iter().map(|it| {
            let protocols = it.protocols.join(", ");
            [it.version.to_owned(), it.pythons[0].to_owned(), protocols]
        });
        assert_eq!(rows(page), released.collect::<Vec<_>>());
    }
}
