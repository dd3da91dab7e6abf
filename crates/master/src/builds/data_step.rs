//! The step `build_data`: keeps a piece of data with the build (Buildbot's `setBuildData`).

use weir_config::{BuildDataStep, DataOrigin};
use weir_status_api::Results;
use weir_status_db::{MAX_BUILD_DATA, NewBuildData, Transition};

use super::captured::Captured;
use super::command::Reader;
use super::log::LogWriter;
use super::step::{StepEnd, StepRun, cannot_render};
use crate::error::Result;

/// Finds the data, and stores it.
pub(crate) async fn run(step: &StepRun<'_>, data: &BuildDataStep, log: &mut LogWriter) -> Result<StepEnd> {
    let value = match &data.from {
        DataOrigin::Value(text) => match text.render(&step.values) {
            // Of what a function gave.
            Ok(text) => step.values.secrets.mask(&text).into_bytes(),
            Err(error) => return Ok(cannot_render(&error, log)),
        },
        DataOrigin::Output(command) => {
            let mut output = Captured::up_to(MAX_BUILD_DATA);
            let end = step.command(command, log, Reader::Captured(&mut output)).await?;
            if end.results != Results::Success {
                return Ok(end);
            }
            if output.is_cut {
                return Ok(too_large(log));
            }
            output.bytes
        }
    };
    if value.len() > MAX_BUILD_DATA {
        return Ok(too_large(log));
    }
    let state = format!("{}: {} bytes", data.name, value.len());
    log.say(&state);
    let set = Transition::SetBuildData(NewBuildData {
        build: step.build,
        name: data.name.clone(),
        value,
        source: data.source.clone(),
    });
    log.once(vec![set]).await?;
    Ok(StepEnd::new(Results::Success, state))
}

fn too_large(log: &mut LogWriter) -> StepEnd {
    let why = format!("the data has more than {MAX_BUILD_DATA} bytes");
    log.say(&why);
    StepEnd::new(Results::Failure, why)
}
