//! The observer of a step, and the logs of the step: it sees their lines just before they are stored, and what it
//! says is stored with them.

use std::sync::Arc;

use weir_config::{OutputEnd, StepConfig};
use weir_status_api::{BuildId, Properties};
use weir_status_db::Transition;

use super::super::checkpoint::Ending;
use super::super::observe::{Observer, Said};
use super::super::step::StepEnd;
use super::LogWriter;
use crate::error::Result;

impl LogWriter {
    /// Has the step's observer see what comes, from where an earlier life of the master has left it.
    pub(in crate::builds) fn be_observed(
        &mut self,
        config: &StepConfig,
        build: BuildId,
        properties: &Properties,
    ) {
        let of = (build, self.step, Arc::clone(&self.secrets));
        self.observer = Observer::of(config, of, properties, &self.journal.record.observed);
    }

    /// Begins another try of the step; its observer begins anew.
    pub(in crate::builds) fn begin_try(&mut self, number: u32) {
        self.attempt = number;
        if let Some(observer) = &mut self.observer {
            observer.begin_try(number);
        }
    }

    /// What comes now replaces what came before.
    pub(super) fn observe_anew(&mut self) {
        if let Some(observer) = &mut self.observer {
            observer.begin_anew();
        }
    }

    /// The end of a try, with what the observer has to say of it.
    pub(in crate::builds) async fn observed(&mut self, end: StepEnd) -> Result<StepEnd> {
        let ending = self.journal.command().and_then(|it| it.ending.as_ref());
        let exit_code = match ending {
            Some(Ending::Exited(code)) => Some(*code),
            _ => None,
        };
        let output_end = OutputEnd {
            results: end.results,
            exit_code,
        };
        if let Some(observer) = &mut self.observer
            && observer.end(self.attempt, output_end)
        {
            self.commit(vec![], None).await?;
        }
        Ok(match &self.observer {
            Some(observer) => observer.conclude(self.attempt, end),
            None => end,
        })
    }

    /// Has the observer see the lines that wait. Gives what is to be stored with them.
    pub(super) async fn observe(&mut self) -> Result<Vec<Transition>> {
        let Some(observer) = &mut self.observer else {
            return Ok(vec![]);
        };
        let Some(said) = observer.look().await else {
            return Ok(vec![]);
        };
        self.journal.record.observed = observer.encode();
        let Said {
            logs,
            failure,
            transitions,
        } = said;
        for (name, lines) in logs {
            let log = self.open(&name).await?;
            self.add_output(log);
            if let Some(output) = self.outputs.iter_mut().find(|it| it.log == log) {
                output.limited.admit(&lines, &mut output.lines);
            }
        }
        if let Some(why) = failure {
            self.tell(&why);
        }
        Ok(transitions)
    }
}
