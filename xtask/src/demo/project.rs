//! The demo's project: a gauge that tells the level of a stream, in C, with tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A commit of the demo: who makes it, its message, and how it changes files.
struct Step {
    author: &'static str,
    mail: &'static str,
    message: &'static str,
    files: &'static [(&'static str, &'static str)],
}

const ADA: (&str, &str) = ("Ada Wehr", "ada@gauge.example");
const BEN: (&str, &str) = ("Ben Flood", "ben@gauge.example");
const CLEO: (&str, &str) = ("Cleo Sluice", "cleo@gauge.example");

const HEADER: &str = include_str!("gauge/gauge.h");
const SOURCE: &str = include_str!("gauge/gauge.c");
const BROKEN: &str = include_str!("gauge/gauge_broken.c");
const TEST: &str = include_str!("gauge/test_gauge.c");
const RUN: &str = include_str!("gauge/run_tests.sh");

/// The first is there from the start; the others follow one by one, and the last ones again and again.
const STEPS: &[Step] = &[
    Step {
        author: ADA.0,
        mail: ADA.1,
        message: "Gauge a stream",
        files: &[
            ("gauge.h", HEADER),
            ("gauge.c", SOURCE),
            ("test_gauge.c", TEST),
            ("run_tests.sh", RUN),
        ],
    },
    Step {
        author: BEN.0,
        mail: BEN.1,
        message: "Say what the gauge is for",
        files: &[("README", "A gauge tells the level of a stream, in millimetres.\n")],
    },
    Step {
        author: CLEO.0,
        mail: CLEO.1,
        message: "Make the mean faster\n\nDividing once is enough.",
        files: &[("gauge.c", BROKEN)],
    },
    Step {
        author: ADA.0,
        mail: ADA.1,
        message: "Add before dividing: the mean was wrong",
        files: &[("gauge.c", SOURCE)],
    },
    Step {
        author: BEN.0,
        mail: BEN.1,
        message: "Name the authors",
        files: &[("AUTHORS", "Ada Wehr\nBen Flood\nCleo Sluice\n")],
    },
];

/// The git repository of the demo.
pub(crate) struct Project {
    folder: PathBuf,
}

impl Project {
    /// Makes the repository with its first commit below `folder`.
    pub(crate) fn create(folder: &Path) -> Result<Self, String> {
        let project = Self {
            folder: folder.join("repository"),
        };
        fs::create_dir_all(&project.folder)
            .map_err(|error| format!("the demo's repository cannot be made: {error}"))?;
        project.git(&["init", "--quiet", "--initial-branch", "main"])?;
        project.commit_next()?;
        Ok(project)
    }

    /// The repository that a demo made below `folder`.
    pub(crate) fn open(folder: &Path) -> Option<Self> {
        let folder = folder.join("repository");
        folder.join(".git").exists().then_some(Self { folder })
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.folder.display())
    }

    /// Makes the next commit and gives its title. After the last one, breaking and mending follow each other.
    pub(crate) fn commit_next(&self) -> Result<String, String> {
        let done = match self.git(&["rev-list", "--count", "HEAD"]) {
            Ok(count) => count.trim().parse::<usize>().unwrap_or(0),
            Err(_) => 0,
        };
        if let Some(step) = STEPS.get(done) {
            return self.commit(step);
        }
        let entry = format!("{done:>4}: the level is {} mm\n", 400 + done * 37 % 250);
        let file = self.folder.join("LEVELS");
        let levels = fs::read_to_string(&file).unwrap_or_default() + &entry;
        fs::write(&file, levels).map_err(|error| format!("a file cannot be written: {error}"))?;
        let step = &STEPS[2 + done % 3];
        let message = format!("Note level {done}");
        self.record(step.author, step.mail, &message)?;
        Ok(message)
    }

    fn commit(&self, step: &Step) -> Result<String, String> {
        for (name, text) in step.files {
            let file = self.folder.join(name);
            fs::write(&file, text).map_err(|error| format!("{name} cannot be written: {error}"))?;
            if name.ends_with(".sh") {
                use std::os::unix::fs::PermissionsExt;
                fs::set_permissions(&file, fs::Permissions::from_mode(0o755))
                    .map_err(|error| format!("{name} cannot be made a program: {error}"))?;
            }
        }
        self.record(step.author, step.mail, step.message)?;
        Ok(step.message.lines().next().unwrap_or_default().to_owned())
    }

    fn record(&self, author: &str, mail: &str, message: &str) -> Result<(), String> {
        self.git(&["add", "--all"])?;
        let (name, mail) = (format!("user.name={author}"), format!("user.email={mail}"));
        let commit = ["commit", "--quiet", "--no-gpg-sign", "--message", message];
        let arguments = [&["-c", &name, "-c", &mail], &commit[..]].concat();
        self.git(&arguments).map(drop)
    }

    fn git(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(&self.folder)
            .output()
            .map_err(|error| format!("git cannot be started: {error}"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("git {}: {}", arguments.join(" "), said.trim()))
    }
}
