//! Trying a step again that failed.

use std::time::Duration;

use weir_config::show_duration;
use weir_status_api::Results;

use super::log::LogWriter;
use super::step::{StepEnd, StepRun};
use crate::error::Result;

impl StepRun<'_> {
    /// Does what the step is for; if that fails, again, as often as is configured. The output of all tries is in its
    /// logs.
    pub(super) async fn try_all(&self, log: &mut LogWriter) -> Result<StepEnd> {
        let retries = self.config.retries;
        let mut end = self.attempt(log).await?;
        for number in 1..=retries {
            if end.results != Results::Failure {
                break;
            }
            let after = match self.config.retry_delay {
                Duration::ZERO => String::new(),
                delay => format!(" after {}", show_duration(delay)),
            };
            log.say(&format!(
                "{}; trying again{after}, {number} of {retries}",
                end.state
            ));
            if !log.is_replaying() {
                log.end_lines().await?;
                tokio::select! {
                    () = self.stop.wait() => break,
                    () = tokio::time::sleep(self.config.retry_delay) => {}
                }
            }
            log.begin_try(number);
            end = self.attempt(log).await?;
        }
        Ok(self
            .stopped()
            .filter(|_| end.results == Results::Failure)
            .unwrap_or(end))
    }
}
