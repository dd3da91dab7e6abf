//! The locks of a step.

use std::time::Duration;

use weir_status_api::Results;
use weir_status_db::Transition;

use super::patience;
use super::step::{StepEnd, StepRun};
use crate::error::Result;
use crate::locks::{Held, Taken, Waiting};

/// How long people may read of a holder that has let go.
const REFRESH: Duration = Duration::from_secs(5);

/// Takes the step's locks, and waits for them if it must; its end if it does not get them.
pub(super) async fn take(step: &StepRun<'_>) -> Result<Result<Held, StepEnd>> {
    let worker = &step.values.worker.name;
    let locks = &step.engine.locks;
    match locks.take(step.holder, &step.config.locks, step.held, worker) {
        Ok(Taken::Now(held)) => Ok(Ok(held)),
        Ok(Taken::Later(waiting)) => wait(step, waiting).await,
        Err(never) => Ok(Err(StepEnd::new(
            Results::Exception,
            format!("would wait for ever: {never}"),
        ))),
    }
}

async fn wait(step: &StepRun<'_>, mut waiting: Waiting) -> Result<Result<Held, StepEnd>> {
    let mut told = String::new();
    loop {
        let why = waiting.why();
        if why != told {
            tell(step, &why).await?;
            told = why;
        }
        tokio::select! {
            biased;
            held = waiting.granted() => {
                return Ok(held.ok_or_else(|| {
                    StepEnd::new(Results::Exception, "a fault of the master: its locks are gone")
                }));
            }
            () = step.stop.wait() => {
                let end = step.stopped();
                return Ok(Err(end.unwrap_or_else(|| StepEnd::new(Results::Cancelled, "stopped"))));
            }
            // Not each time that a lock goes from hand to hand: many may wait for one.
            () = tokio::time::sleep(REFRESH) => {}
        }
    }
}

/// Stores that the step waits, and for what.
async fn tell(step: &StepRun<'_>, why: &str) -> Result<()> {
    let wait = Transition::AwaitLocks(step.step, why.to_owned());
    patience::store_repeatable(&step.engine.store, wait).await
}
