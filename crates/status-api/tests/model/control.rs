//! Control: what is carried out at once, and what is recorded for a master to do.

use async_trait::async_trait;
use weir_status_api::conformance::NewBuildset;
use weir_status_api::{
    BuildKey, BuildRequestId, Caller, Change, ChangeId, ChangeParams, Command, Control, ControlAction,
    ControlRecord, ControlTarget, Entity, Error, MasterId, Outcome, Property, Result, Results, SchedulerKey,
    SourceStamp, SourceStampId, Verb, WorkerKey,
};

use super::write::{change, row};
use super::{Fault, Model, Transaction};

impl Transaction<'_> {
    pub(super) fn record(
        &mut self,
        caller: &Caller,
        target: ControlTarget,
        action: ControlAction,
        reason: Option<String>,
    ) {
        let record = ControlRecord {
            target,
            action,
            reason,
            caller: caller.name().to_owned(),
        };
        self.emit(Verb::Requested, Entity::Control(record));
    }

    fn worker(&self, key: &WorkerKey) -> Result<ControlTarget> {
        let found = self.workers.iter().find(|it| match key {
            WorkerKey::Id(id) => it.id == *id,
            WorkerKey::Name(name) => it.name == *name,
        });
        found
            .map(|it| ControlTarget::Worker(it.id))
            .ok_or_else(|| Error::not_found(key))
    }

    fn enable_scheduler(&mut self, key: &SchedulerKey, enabled: bool) -> Result<Outcome> {
        let found = self.schedulers.iter().find(|it| match key {
            SchedulerKey::Id(id) => it.id == *id,
            SchedulerKey::Name(name) => it.name == *name,
        });
        let id = found.ok_or_else(|| Error::not_found(key))?.id;
        self.enable(id, enabled);
        Ok(Outcome::Done)
    }

    fn needs_master(&self, master: MasterId) -> Result<Outcome> {
        if !self.masters.iter().any(|it| it.id == master) {
            return Err(Error::not_found(format!("master {master}")));
        }
        Err(Error::NotSupported {
            operation: "reconfigure".to_owned(),
            implementer: "a model".to_owned(),
        })
    }

    fn stop_build(&mut self, caller: &Caller, build: &BuildKey, reason: Option<String>) -> Result<Outcome> {
        let build = self.find_build(build)?;
        let (id, runs) = (build.id, build.complete_at.is_none());
        if runs {
            self.record(caller, ControlTarget::Build(id), ControlAction::Stop, reason);
        }
        Ok(Outcome::Done)
    }

    fn cancel(
        &mut self,
        caller: &Caller,
        request: BuildRequestId,
        reason: Option<String>,
    ) -> Result<Outcome> {
        let found = self.requests.iter().find(|it| it.id == request);
        let row = found.ok_or_else(|| Error::not_found(format!("build request {request}")))?;
        let open = row.complete_at.is_none() || self.has(Fault::CancelsTheEnded);
        let claimed = row.claimed_by.is_some() && row.complete_at.is_none();
        if open {
            self.record(
                caller,
                ControlTarget::BuildRequest(request),
                ControlAction::Cancel,
                reason,
            );
        }
        if open && !claimed {
            self.complete_request(request, Results::Cancelled);
        }
        Ok(Outcome::Done)
    }

    fn tell(&mut self, told: ChangeParams) -> Result<Outcome> {
        let wrong = [
            ("author", told.author.trim().is_empty()),
            ("files", told.files.iter().any(String::is_empty)),
            ("properties", told.properties.contains_key("")),
        ];
        let takes_all = self.has(Fault::TakesAnyChange);
        if let Some((field, _)) = wrong.into_iter().find(|(_, it)| *it && !takes_all) {
            return Err(Error::InvalidInput {
                fields: [(field.to_owned(), "is wrong".to_owned())].into(),
            });
        }
        let now = self.now;
        let properties = told.properties.into_iter();
        let change = self.add_change(Change {
            id: ChangeId(0),
            parents: vec![],
            author: told.author,
            committer: told.committer,
            files: told.files,
            comments: told.comments,
            revision: told.revision,
            branch: told.branch,
            category: told.category,
            revlink: told.revlink,
            properties: properties
                .map(|(name, value)| (name, Property::new(value, "Change")))
                .collect(),
            repository: told.repository,
            project: told.project,
            codebase: told.codebase,
            source_stamp: SourceStamp {
                id: SourceStampId(0),
                revision: None,
                branch: None,
                repository: String::new(),
                project: String::new(),
                codebase: String::new(),
                created_at: now,
                patch: None,
            },
            when: told.when.unwrap_or(now),
        });
        Ok(Outcome::Change { change })
    }

    fn set_priority(&mut self, request: BuildRequestId, priority: i32) -> Result<Outcome> {
        let found = self.requests.iter().find(|it| it.id == request);
        let row = found.ok_or_else(|| Error::not_found(format!("build request {request}")))?;
        let open = row.complete_at.is_none() || self.has(Fault::PrioritizesTheEnded);
        if open && self.has(Fault::PrioritizesSilently) {
            row!(self, requests, request).priority = priority;
        } else if open {
            change!(self, Update, requests, request, |it| it.priority = priority);
        }
        Ok(Outcome::Done)
    }

    fn rebuild(&mut self, key: &BuildKey, as_nobody: bool) -> Result<Outcome> {
        let build = self.find_build(key)?.clone();
        let mut builders = self.builders.iter();
        let is_there = builders.any(|it| it.id == build.builder && !it.masters.is_empty());
        if !is_there && !self.has(Fault::RebuildsWhatIsRemoved) {
            return Err(Error::Conflict {
                why: "the builder is not configured any more".to_owned(),
            });
        }
        let request = self
            .requests
            .iter()
            .find(|it| it.id == build.request)
            .expect("a build has a request")
            .clone();
        let buildset = self
            .buildsets
            .iter()
            .find(|it| it.id == request.buildset)
            .expect("so has a request")
            .clone();
        let mut changes = self.buildset_changes[&buildset.id].clone();
        if self.has(Fault::RebuildsWithoutChanges) {
            changes.clear();
        }
        let new = NewBuildset {
            reason: format!("rebuild of build {}", build.id),
            sources: buildset.source_stamps,
            changes,
            builders: vec![build.builder],
            properties: self.buildset_properties[&buildset.id].clone(),
            ..NewBuildset::default()
        };
        let rebuilt = (!as_nobody).then_some(build.id);
        let (buildset, requests) = self.add_buildset(new, rebuilt);
        Ok(Outcome::Buildset { buildset, requests })
    }
}

#[async_trait]
impl Control for Model {
    async fn control(&self, caller: &Caller, command: Command) -> Result<Outcome> {
        self.transact(|state| match command {
            Command::Force { scheduler, params } => self.force(state, caller, &scheduler, params),
            Command::StopBuild { build, reason } => state.stop_build(caller, &build, reason),
            Command::Rebuild { build } => state.rebuild(&build, self.has(Fault::RepeatsAsNobody)),
            Command::CancelRequest { request, reason } => state.cancel(caller, request, reason),
            Command::PauseWorker { worker, reason } => {
                let target = state.worker(&worker)?;
                state.record(caller, target, ControlAction::Pause, reason);
                Ok(Outcome::Done)
            }
            Command::UnpauseWorker { worker } => {
                let target = state.worker(&worker)?;
                state.record(caller, target, ControlAction::Unpause, None);
                Ok(Outcome::Done)
            }
            Command::StopWorker { worker, reason } => {
                let target = state.worker(&worker)?;
                state.record(caller, target, ControlAction::Stop, reason);
                Ok(Outcome::Done)
            }
            Command::KillWorker { worker, reason } => {
                let target = state.worker(&worker)?;
                let stops = self.has(Fault::StopsInsteadOfKilling);
                let action = if stops {
                    ControlAction::Stop
                } else {
                    ControlAction::Kill
                };
                state.record(caller, target, action, reason);
                Ok(Outcome::Done)
            }
            Command::SetPriority { request, priority } => state.set_priority(request, priority),
            Command::EnableScheduler { scheduler, enabled } => state.enable_scheduler(&scheduler, enabled),
            Command::AddChange { change } => state.tell(change),
            Command::Reconfigure { master } | Command::DescribeConfiguration { master } => {
                state.needs_master(master)
            }
            Command::Listen {
                listener,
                holder,
                ask,
            } => state.listen(&listener, &holder, ask),
            Command::DeliverAgain { letters } => state.deliver_again(caller, &letters),
            Command::DropDeadLetters { letters } => state.drop_dead_letters(caller, &letters),
            Command::RewindListener { listener, first } => state.rewind(caller, &listener, first),
            Command::ForgetListener { listener } => state.forget_listener(caller, &listener),
        })
    }
}
