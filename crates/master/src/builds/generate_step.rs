//! The step `generate`: adds the steps that a function gives (Buildbot's `addStepsAfterCurrentStep`).

use weir_config::{Command, GenerateStep, Generated, MOST_GENERATED, RanStep, StepFacts, StepOutput};
use weir_off_thread::off_thread;
use weir_status_api::Results;

use super::captured::Captured;
use super::command::{End, Reader};
use super::log::LogWriter;
use super::step::{StepEnd, StepRun, cannot_render};
use crate::error::Result;
use crate::workers::Outcome;

/// How many bytes the output of a command may have of which a function is told.
const MOST_OUTPUT: usize = 1024 * 1024;

/// What a step knows of the rest of its build.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// The steps that have ended, in their order.
    pub(crate) ran: Vec<RanStep>,
    /// How many steps may still be added to the build.
    pub(crate) room: usize,
}

/// Runs the command if there is one, and asks the function. The steps are added together with the end of the step.
pub(crate) async fn run(step: &StepRun<'_>, config: &GenerateStep, log: &mut LogWriter) -> Result<StepEnd> {
    let (end, output) = match &config.command {
        None => (StepEnd::new(Results::Success, ""), None),
        Some(command) => match output(step, command, log).await? {
            Ok((end, output)) => (end, Some(output)),
            Err(end) => return Ok(end),
        },
    };
    let facts = StepFacts {
        build: step.values.facts(),
        name: step.config.name.clone(),
        output,
        ran: step.surroundings.ran.clone(),
    };
    let (function, arguments) = (config.function.clone(), config.arguments.clone());
    let called = off_thread(move || function.generate(&facts, &arguments)).await;
    let generated = match called {
        Ok(Ok(generated)) => fits(step, &generated).map_or(Ok(generated), Err),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    Ok(match generated {
        Ok(generated) => {
            for line in generated.plan.lines() {
                log.say(line);
            }
            StepEnd {
                state: match generated.steps.len() {
                    0 => "no step added".to_owned(),
                    1 => "1 step added".to_owned(),
                    many => format!("{many} steps added"),
                },
                added: Some(generated),
                ..end
            }
        }
        Err(why) => {
            log.say(&why);
            StepEnd::new(Results::Exception, why)
        }
    })
}

/// What the command came to; or the end of the step if it has nothing to say.
async fn output(
    step: &StepRun<'_>,
    command: &Command,
    log: &mut LogWriter,
) -> Result<std::result::Result<(StepEnd, StepOutput), StepEnd>> {
    let (spec, title) = match step.rendered(command) {
        Ok(it) => it,
        Err(error) => return Ok(Err(cannot_render(&error, log))),
    };
    let mut captured = Captured::up_to(MOST_OUTPUT).with_stderr();
    let end = step.execute(spec, log, Reader::Captured(&mut captured)).await?;
    let code = match &end {
        End::Outcome(Outcome::Exited(code)) => Some(*code),
        _ => None,
    };
    let end = step.decide(&title, end, log);
    let has_gone_well = matches!(end.results, Results::Success | Results::Warnings);
    let Some(exit_code) = code.filter(|_| has_gone_well && step.stop.told().is_none()) else {
        return Ok(Err(end));
    };
    if captured.is_cut {
        let why = format!("the output has more than {MOST_OUTPUT} bytes, too much for a function");
        log.say(&why);
        return Ok(Err(StepEnd::new(Results::Failure, why)));
    }
    let (stdout, stderr) = captured.both();
    // What the function gives is kept and shown as it is.
    let secrets = step.values.secrets;
    let text = |bytes: &[u8]| secrets.mask(&String::from_utf8_lossy(bytes));
    let output = StepOutput {
        exit_code,
        stdout: text(&stdout),
        stderr: text(&stderr),
    };
    Ok(Ok((end, output)))
}

/// Why the steps cannot be added, if they cannot.
fn fits(step: &StepRun<'_>, generated: &Generated) -> Option<String> {
    let count = generated.steps.len();
    if count > step.surroundings.room {
        let before = MOST_GENERATED - step.surroundings.room;
        return Some(format!(
            "functions may add {MOST_GENERATED} steps to a build; {before} are added, and here come {count}"
        ));
    }
    let current = step.engine.current();
    current.config.why_not_added(step.builder, &generated.steps)
}
