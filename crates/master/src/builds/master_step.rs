//! The step `master_shell`: runs a command on the master's machine (Buildbot's `MasterShellCommand`).

mod process;

use weir_config::Command;
use weir_status_api::Results;

use super::command::End;
use super::log::LogWriter;
use super::step::{StepEnd, StepRun, cannot_render};
use crate::error::Result;
use crate::workers::{CommandSpec, Outcome};
use process::{Process, Watch};

/// Runs the command to its end.
pub(crate) async fn run(
    step: &StepRun<'_>,
    command: &Command,
    rerun: bool,
    log: &mut LogWriter,
) -> Result<StepEnd> {
    let (mut spec, title) = match step.rendered(command) {
        Ok(it) => it,
        Err(error) => return Ok(cannot_render(&error, log)),
    };
    spec.unset_env = step.values.secrets.variables();
    if let Some(why) = leads_out(&spec) {
        log.say(&why);
        return Ok(StepEnd::new(Results::Exception, why));
    }
    let folder = step.engine.steps.join(&spec.workdir);
    log.say(&format!("on the master, in {}", folder.display()));
    if let Some(end) = log.begin_own(rerun).await? {
        tell(&end, log);
        return Ok(step.decide(&title, end, log));
    }
    let outcome = match Process::start(&spec, &folder).await {
        Ok(process) => Watch::new(process, &spec, step.stop, log).run().await?,
        Err(why) => {
            log.say(&why);
            Outcome::CouldNotStart(step.values.secrets.mask(&why))
        }
    };
    let end = log.end_own(End::Outcome(outcome)).await?;
    tell(&end, log);
    Ok(step.decide(&title, end, log))
}

fn tell(end: &End, log: &mut LogWriter) {
    if let End::Outcome(Outcome::Exited(code)) = end {
        log.say(&format!("program finished with exit code {code}"));
    }
}

/// Why the folder cannot be the step's, if it leads out of where steps are.
fn leads_out(spec: &CommandSpec) -> Option<String> {
    let leads_out = spec.workdir.split('/').any(|it| it == "..");
    leads_out.then(|| format!("the folder `{}` leads out by '..'", spec.workdir))
}
