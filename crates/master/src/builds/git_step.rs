//! The step `git`: gets the build's source stamp into the step's folder (Buildbot's `Git`, incremental).

use weir_config::{GitStep, RenderError};
use weir_status_api::{Patch, Property, Results, SourceStamp};

use super::captured::Captured;
use super::command::{End, Reader};
use super::log::LogWriter;
use super::patch;
use super::step::{StepEnd, StepRun, cannot_render};
use crate::error::Result;
use crate::workers::{CommandSpec, Outcome, What};

/// How many bytes `git rev-parse` may give.
const MOST_REVISION: usize = 1024;

/// What to get, all rendered.
struct Target {
    repository: String,
    branch: Option<String>,
    revision: Option<String>,
}

/// Gets the source and tells its revision as `got_revision`.
pub(crate) async fn run(step: &StepRun<'_>, git: &GitStep, log: &mut LogWriter) -> Result<StepEnd> {
    let target = match target(step, git) {
        Ok(target) => target,
        Err(error) => return Ok(cannot_render(&error, log)),
    };
    for attempt in plan(&target, git) {
        if let Some(end) = carry_out(step, attempt, log).await? {
            return Ok(end);
        }
    }
    let patch = patch_of(step, git);
    if let Some(patch) = patch
        && let Some(end) = patch::apply(step, patch, log).await?
    {
        return Ok(end);
    }
    let mut revision = Captured::up_to(MOST_REVISION);
    let spec = match git_command(step, words(&["rev-parse", "HEAD"])) {
        Ok(spec) => spec,
        Err(error) => return Ok(cannot_render(&error, log)),
    };
    let end = step.execute(spec, log, Reader::Captured(&mut revision)).await?;
    let mut end = step.conclude("git rev-parse", end, log);
    if end.results == Results::Success {
        let revision = String::from_utf8_lossy(&revision.bytes).trim().to_owned();
        let short: String = revision.chars().take(12).collect();
        end.state = match patch {
            Some(_) => format!("got {short}, and patched it"),
            None => format!("got {short}"),
        };
        end.properties
            .insert("got_revision".to_owned(), Property::new(revision, "Git"));
    }
    Ok(end)
}

fn patch_of<'s>(step: &StepRun<'s>, git: &GitStep) -> Option<&'s Patch> {
    let mut stamps = step.values.sources.iter();
    stamps.find(|it| it.codebase == git.codebase)?.patch.as_ref()
}

fn target(step: &StepRun<'_>, git: &GitStep) -> Result<Target, RenderError> {
    let stamp: Option<&SourceStamp> = step.values.sources.iter().find(|it| it.codebase == git.codebase);
    let stamp_branch = stamp.and_then(|it| it.branch.clone()).filter(|it| !it.is_empty());
    let branch = match (stamp_branch, &git.branch) {
        (Some(branch), _) => Some(branch),
        (None, Some(text)) => Some(text.render(&step.values)?).filter(|it| !it.is_empty()),
        (None, None) => None,
    };
    Ok(Target {
        repository: git.repository.render(&step.values)?,
        branch,
        revision: stamp
            .and_then(|it| it.revision.clone())
            .filter(|it| !it.is_empty()),
    })
}

/// One thing to get done: the first of its ways whose commands all succeed does it.
struct Attempt {
    title: &'static str,
    ways: Vec<Vec<Words>>,
}

/// The arguments of `git`.
type Words = Vec<String>;

fn plan(target: &Target, git: &GitStep) -> Vec<Attempt> {
    let one = |title, command: Words| Attempt {
        title,
        ways: vec![vec![command]],
    };
    // With `refs/heads/` before it, a branch whose name begins with a dash is not taken for an option.
    let branch = target
        .branch
        .as_ref()
        .map_or("HEAD".to_owned(), |branch| format!("refs/heads/{branch}"));
    let fetch = |what: &str| words(&["fetch", "--force", "--no-tags", "--", &target.repository, what]);
    let shallow = |what: &str| {
        let depth = ["fetch", "--force", "--no-tags", "--depth", "1", "--"];
        words(&[&depth[..], &[&target.repository, what]].concat())
    };
    let wanted = target.revision.as_deref().unwrap_or("FETCH_HEAD");
    let checkout = words(&["checkout", "--force", "--detach", &format!("{wanted}^{{commit}}")]);
    let fetches = match (&target.revision, git.shallow) {
        (None, true) => vec![vec![shallow(&branch)]],
        // A server may refuse to give a revision by its name; then its branch has it.
        (Some(revision), true) => vec![vec![shallow(revision)], vec![fetch(&branch)]],
        (_, false) => vec![vec![fetch(&branch)]],
    };
    let mut checkouts = vec![vec![checkout.clone()]];
    if let Some(revision) = &target.revision {
        // The branch was moved away from it, but the server may still have it.
        checkouts.push(vec![fetch(revision), checkout]);
    }
    let mut plan = vec![
        one("git init", words(&["init", "--quiet", "."])),
        Attempt {
            title: "git fetch",
            ways: fetches,
        },
        Attempt {
            title: "git checkout",
            ways: checkouts,
        },
    ];
    if git.clean {
        plan.push(one("git clean", words(&["clean", "-ffdx"])));
    }
    if git.submodules {
        let update = ["submodule", "update", "--init", "--recursive", "--force"];
        plan.push(one("git submodule update", words(&update)));
    }
    plan
}

fn words(words: &[&str]) -> Words {
    words.iter().map(|it| (*it).to_owned()).collect()
}

/// Tries one way after the other; gives the step's end if none did it.
async fn carry_out(step: &StepRun<'_>, attempt: Attempt, log: &mut LogWriter) -> Result<Option<StepEnd>> {
    let mut last = None;
    for way in attempt.ways {
        match follow(step, attempt.title, way, log).await? {
            Ok(()) => return Ok(None),
            Err(Stopped { end, is_final }) => {
                if is_final {
                    return Ok(Some(end));
                }
                last = Some(end);
            }
        }
    }
    Ok(last)
}

/// Why a way did not lead to its end, and whether another would not either.
struct Stopped {
    end: StepEnd,
    is_final: bool,
}

async fn follow(
    step: &StepRun<'_>,
    title: &str,
    way: Vec<Words>,
    log: &mut LogWriter,
) -> Result<Result<(), Stopped>> {
    for command in way {
        let spec = match git_command(step, command) {
            Ok(spec) => spec,
            Err(error) => {
                return Ok(Err(Stopped {
                    end: cannot_render(&error, log),
                    is_final: true,
                }));
            }
        };
        let end = step.execute(spec, log, Reader::Nobody).await?;
        let git_said_no = matches!(end, End::Outcome(Outcome::Exited(code)) if code != 0);
        let end = step.conclude(title, end, log);
        if end.results != Results::Success {
            return Ok(Err(Stopped {
                end,
                is_final: !git_said_no,
            }));
        }
    }
    Ok(Ok(()))
}

pub(super) fn git_command(step: &StepRun<'_>, arguments: Words) -> Result<CommandSpec, RenderError> {
    let mut argv = vec!["git".to_owned()];
    argv.extend(arguments);
    let mut spec = step.spec(What::Argv(argv))?;
    // Nobody is there to answer.
    spec.env.insert("GIT_TERMINAL_PROMPT".to_owned(), "0".to_owned());
    Ok(spec)
}
