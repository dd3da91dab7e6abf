//! The step `sequence`: one command after the other (Buildbot's `ShellSequence`).

use weir_config::SequenceCommand;
use weir_status_api::Results;

use super::command::Reader;
use super::log::{LogWriter, STDIO};
use super::rules::weigh;
use super::step::{StepEnd, StepRun};
use crate::error::Result;

/// Runs the commands up to one that ends the step.
pub(crate) async fn run(
    step: &StepRun<'_>,
    commands: &[SequenceCommand],
    log: &mut LogWriter,
) -> Result<StepEnd> {
    let mut whole = StepEnd::new(Results::Success, "");
    for command in commands {
        log.switch(command.log.as_deref().unwrap_or(STDIO)).await?;
        let end = step.command(&command.command, log, Reader::Nobody).await?;
        let weight = weigh(&command.consequences, end.results);
        if let Some(counts) = weight.counts {
            // The first of those that make it so says why.
            if whole.results.worst(counts) != whole.results {
                whole.state = end.state.clone();
            }
            whole.results = whole.results.worst(counts);
        }
        if weight.halts {
            break;
        }
    }
    if whole.state.is_empty() {
        whole.state = match commands.len() {
            1 => "1 command".to_owned(),
            many => format!("{many} commands"),
        };
    }
    Ok(whole)
}
