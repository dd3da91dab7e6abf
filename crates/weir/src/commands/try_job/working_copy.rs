//! Working copies: where one differs from what its upstream has.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::failure::Failure;

/// What a patch is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Base {
    /// The revision; none for the newest.
    pub(super) revision: Option<String>,
    /// The branch; none for the default one.
    pub(super) branch: Option<String>,
}

/// The folder of a working copy.
#[derive(Debug)]
pub(super) enum WorkingCopy {
    Git(PathBuf),
    Mercurial(PathBuf),
}

impl WorkingCopy {
    /// The innermost one around the folder.
    pub(super) fn find(folder: PathBuf) -> Option<Self> {
        let git = |it: &Path| it.join(".git").exists().then(|| Self::Git(it.to_owned()));
        let hg = |it: &Path| it.join(".hg").exists().then(|| Self::Mercurial(it.to_owned()));
        folder.ancestors().find_map(|it| git(it).or_else(|| hg(it)))
    }

    /// Where it differs from the base that is wanted, and what that is if not all of it is said. Files that are not known to it
    /// are left out, with a word about that.
    pub(super) fn diff(&self, wanted: Base) -> Result<(Base, Vec<u8>), Failure> {
        let (found, unknown) = match self {
            Self::Git(folder) => (Git(folder).diff(wanted)?, Git(folder).unknown()?),
            Self::Mercurial(folder) => (Mercurial(folder).diff(wanted)?, Mercurial(folder).unknown()?),
        };
        if unknown > 0 {
            let (add, noun) = match self {
                Self::Git(_) => ("git add -N", "git"),
                Self::Mercurial(_) => ("hg add", "Mercurial"),
            };
            let files = if unknown == 1 {
                "1 file is"
            } else {
                &format!("{unknown} files are")
            };
            tell(&format!(
                "{files} left out, of which {noun} does not know (`{add} FILE` tells it)"
            ));
        }
        Ok(found)
    }

    /// Who its commits would be by.
    pub(super) fn who(&self) -> Option<String> {
        match self {
            Self::Git(folder) => Git(folder).who(),
            Self::Mercurial(folder) => Mercurial(folder).who(),
        }
    }
}

/// Says something beside the command's results.
fn tell(what: &str) {
    use std::io::Write;
    // Without anybody who reads it, there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "weir: {what}");
}

struct Git<'f>(&'f Path);

impl Git<'_> {
    fn diff(&self, wanted: Base) -> Result<(Base, Vec<u8>), Failure> {
        let tracked = self.tracked(wanted.branch.as_deref());
        let revision = match (&wanted.revision, &tracked) {
            (Some(revision), _) => {
                let commit = format!("{revision}^{{commit}}");
                self.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?
                    .ok_or_else(|| {
                        Failure::usage(format!("--baserev: there is no revision {revision} here"))
                    })?
            }
            (None, Some((_, reference))) => {
                self.ask(&["merge-base", reference, "HEAD"])?.ok_or_else(|| {
                    Failure::usage(format!(
                        "nothing of {reference} is in this branch; give the base with --baserev"
                    ))
                })?
            }
            (None, None) => return Err(self.no_upstream(wanted.branch.as_deref())),
        };
        // Whatever the user's own settings are, it is to be read by `git apply`.
        let diff = self.run(&[
            "diff",
            "--binary",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            "--no-relative",
            "--submodule=short",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            &revision,
        ])?;
        if !diff.status.success() {
            return Err(failed("git diff", &diff));
        }
        let base = Base {
            revision: Some(revision),
            branch: wanted.branch.or_else(|| Some(tracked?.0)),
        };
        Ok((base, diff.stdout))
    }

    /// The branch of the upstream, and what it is called here; none if there is none.
    fn tracked(&self, branch: Option<&str>) -> Option<(String, String)> {
        let here = self.answer(&["symbolic-ref", "--short", "--quiet", "HEAD"]);
        let config = |name: &str| self.answer(&["config", &format!("branch.{}.{name}", here.as_deref()?)]);
        // One that follows a branch of the working copy itself says nothing of what others have.
        let remote = config("remote").filter(|it| it != ".");
        let reference =
            |branch: &str| format!("refs/remotes/{}/{branch}", remote.as_deref().unwrap_or("origin"));
        if let Some(branch) = branch {
            let reference = reference(branch);
            return self
                .answer(&["rev-parse", "--verify", "--quiet", &reference])
                .map(|_| (branch.to_owned(), reference));
        }
        if remote.is_some()
            && let Some(merge) = config("merge")
            && let Some(upstream) = self.answer(&["rev-parse", "--symbolic-full-name", "@{upstream}"])
        {
            let branch = merge.strip_prefix("refs/heads/").unwrap_or(&merge);
            return Some((branch.to_owned(), upstream));
        }
        let head = self.answer(&["symbolic-ref", "--quiet", &reference("HEAD")])?;
        let branch = head.strip_prefix(&reference(""))?.to_owned();
        Some((branch, head))
    }

    fn no_upstream(&self, branch: Option<&str>) -> Failure {
        Failure::usage(match branch {
            Some(branch) => format!(
                "the upstream's branch {branch} is not known here; run `git fetch`, or give the base with --baserev"
            ),
            None => "this branch has no upstream; `git branch --set-upstream-to` gives it one, or say --branch or --baserev"
                .to_owned(),
        })
    }

    fn unknown(&self) -> Result<usize, Failure> {
        let files = self.run(&["ls-files", "--others", "--exclude-standard", "-z"])?;
        Ok(files.stdout.iter().filter(|it| **it == 0).count())
    }

    fn who(&self) -> Option<String> {
        let name = self.answer(&["config", "user.name"]);
        let mail = self.answer(&["config", "user.email"]);
        match (name, mail) {
            (Some(name), Some(mail)) => Some(format!("{name} <{mail}>")),
            (name, mail) => name.or(mail),
        }
    }

    /// The line that it answers; none if it says no, or cannot be asked.
    fn answer(&self, arguments: &[&str]) -> Option<String> {
        self.ask(arguments).ok().flatten()
    }

    fn ask(&self, arguments: &[&str]) -> Result<Option<String>, Failure> {
        Ok(line(&self.run(arguments)?))
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, Failure> {
        let mut command = Command::new("git");
        // A look must not write, and what it says is read.
        command.env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
        output("git", command.args(arguments).current_dir(self.0))
    }
}

struct Mercurial<'f>(&'f Path);

impl Mercurial<'_> {
    fn diff(&self, wanted: Base) -> Result<(Base, Vec<u8>), Failure> {
        // What is public was pulled, or pushed.
        let set = wanted
            .revision
            .as_deref()
            .unwrap_or("max(public() and ancestors(.))");
        let revision = self.ask(&["log", "--limit", "1", "--template", "{node}\n", "--rev", set])?;
        let revision = revision.ok_or_else(|| {
            Failure::usage(match &wanted.revision {
                Some(revision) => format!("--baserev: there is no revision {revision} here"),
                None => "nothing of this working copy is public; give the base with --baserev".to_owned(),
            })
        })?;
        let diff = self.run(&["diff", "--git", "--rev", &revision])?;
        if !diff.status.success() {
            return Err(failed("hg diff", &diff));
        }
        let branch = match wanted.branch {
            Some(branch) => Some(branch),
            None => self.ask(&["branch"])?,
        };
        let base = Base {
            revision: Some(revision),
            branch,
        };
        Ok((base, diff.stdout))
    }

    fn unknown(&self) -> Result<usize, Failure> {
        let files = self.run(&["status", "--unknown", "--no-status", "--print0"])?;
        Ok(files.stdout.iter().filter(|it| **it == 0).count())
    }

    fn who(&self) -> Option<String> {
        self.ask(&["config", "ui.username"]).ok().flatten()
    }

    fn ask(&self, arguments: &[&str]) -> Result<Option<String>, Failure> {
        Ok(line(&self.run(arguments)?))
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, Failure> {
        let mut command = Command::new("hg");
        command.env("HGPLAIN", "1");
        output("hg", command.args(arguments).current_dir(self.0))
    }
}

fn output(program: &str, command: &mut Command) -> Result<Output, Failure> {
    command
        .output()
        .map_err(|error| Failure::new(format!("{program} does not start: {error}")))
}

/// The line that a program wrote; none if it said no.
fn line(output: &Output) -> Option<String> {
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Some(text).filter(|it| output.status.success() && !it.is_empty())
}

fn failed(what: &str, output: &Output) -> Failure {
    let said = String::from_utf8_lossy(&output.stderr);
    Failure::new(format!("{what} failed: {}", said.trim()))
}
