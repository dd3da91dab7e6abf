//! Control: what people ask for becomes transitions, answered after the commit.
//!
//! Whether a request was claimed or a build has ended in the meantime is decided where it cannot change any
//! more, in the transaction.

mod change;
mod force;

use async_trait::async_trait;
use weir_status_api::{
    Build, BuildKey, BuildRequest, BuildRequestId, Builder, BuilderId, Caller, ChangeParams, Command,
    Control, ControlAction, ControlRecord, ControlTarget, ForceParams, ForceScheduler, Key, ListenAsk,
    Master, MasterId, Outcome, Resource, Scheduler, SchedulerKey, Worker, WorkerKey,
};

use crate::deadline::soon;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::transition::{Applied, BuildsetSource, NewBuildset, Transition};

#[async_trait]
impl Control for Store {
    async fn control(&self, caller: &Caller, command: Command) -> weir_status_api::Result<Outcome> {
        Ok(self.carry_out(caller, command).await?)
    }
}

impl Store {
    async fn carry_out(&self, caller: &Caller, command: Command) -> Result<Outcome> {
        refuse_nul(&command)?;
        match command {
            Command::Force { scheduler, params } => self.force(caller, scheduler, params).await,
            Command::Rebuild { build } => self.rebuild(&build).await,
            Command::StopBuild { build, reason } => {
                let build: Build = self.one(Key::Build(build)).await?;
                let target = ControlTarget::Build(build.id);
                self.record(caller, target, ControlAction::Stop, reason).await
            }
            Command::CancelRequest { request, reason } => self.cancel(caller, request, reason).await,
            Command::SetPriority { request, priority } => {
                self.apply(Transition::SetPriority(request, priority)).await?;
                Ok(Outcome::Done)
            }
            Command::PauseWorker { worker, reason } => {
                self.ask_worker(caller, worker, ControlAction::Pause, reason)
                    .await
            }
            Command::UnpauseWorker { worker } => {
                self.ask_worker(caller, worker, ControlAction::Unpause, None)
                    .await
            }
            Command::StopWorker { worker, reason } => {
                self.ask_worker(caller, worker, ControlAction::Stop, reason).await
            }
            Command::KillWorker { worker, reason } => {
                self.ask_worker(caller, worker, ControlAction::Kill, reason).await
            }
            Command::EnableScheduler { scheduler, enabled } => self.enable(scheduler, enabled).await,
            Command::AddChange { change } => self.tell(change).await,
            Command::Reconfigure { master } => self.needs_master(master, "reconfigure").await,
            Command::DescribeConfiguration { master } => {
                self.needs_master(master, "describe the configuration").await
            }
            Command::Listen {
                listener,
                holder,
                ask,
            } => self.listen(listener, holder, ask).await,
            Command::DeliverAgain { letters } => {
                let caller = caller.name().to_owned();
                self.apply(Transition::DeliverAgain { letters, caller }).await?;
                Ok(Outcome::Done)
            }
            Command::DropDeadLetters { letters } => {
                let caller = caller.name().to_owned();
                self.apply(Transition::DropDeadLetters { letters, caller })
                    .await?;
                Ok(Outcome::Done)
            }
            Command::RewindListener { listener, first } => {
                let caller = caller.name().to_owned();
                let rewind = Transition::RewindListener {
                    listener,
                    first,
                    caller,
                };
                self.apply(rewind).await?;
                Ok(Outcome::Done)
            }
            Command::ForgetListener { listener } => {
                let caller = caller.name().to_owned();
                self.apply(Transition::ForgetListener { listener, caller })
                    .await?;
                Ok(Outcome::Done)
            }
        }
    }

    /// The resource of type `R` that `key` names.
    async fn one<R: Resource>(&self, key: Key) -> Result<R> {
        let entity = soon(self.inner.backend.get(&key)).await?.value;
        R::from_entity(entity).ok_or_else(|| Error::data(format_args!("{key} is of another kind")))
    }

    async fn force(&self, caller: &Caller, scheduler: String, params: ForceParams) -> Result<Outcome> {
        let key = force::key(caller, &scheduler, params.idempotency_key.clone())?;
        // The first answer stands even where the same force would be refused by now.
        if let Some(key) = &key
            && let Some((buildset, requests)) =
                soon(self.inner.backend.forced(key, self.inner.clock.now())).await?
        {
            return Ok(Outcome::Buildset { buildset, requests });
        }
        let scheduler: ForceScheduler = self.one(Key::ForceScheduler(scheduler)).await?;
        let new = Box::new(force::buildset(self, caller, scheduler, params).await?);
        self.make(match key {
            Some(key) => Transition::Force(key, new),
            None => Transition::AddBuildset(new),
        })
        .await
    }

    /// Applies a transition that makes a buildset.
    async fn make(&self, buildset: Transition) -> Result<Outcome> {
        match self.apply(buildset).await? {
            Applied::Buildset(buildset, requests) => Ok(Outcome::Buildset { buildset, requests }),
            other => Err(Error::data(format_args!("a new buildset gave {other:?}"))),
        }
    }

    async fn rebuild(&self, build: &BuildKey) -> Result<Outcome> {
        let blueprint = soon(self.inner.backend.blueprint(build)).await?;
        self.configured(blueprint.builder).await?;
        let new = NewBuildset {
            reason: "rebuild".to_owned(),
            external_id: None,
            sources: blueprint
                .source_stamps
                .into_iter()
                .map(BuildsetSource::Stamp)
                .collect(),
            changes: blueprint.changes,
            builders: vec![blueprint.builder],
            properties: blueprint.properties,
            priority: blueprint.priority,
            waited_for: false,
            parent: None,
            rebuilt_build: Some(blueprint.build),
            state: None,
        };
        self.make(Transition::AddBuildset(Box::new(new))).await
    }

    /// Refuses a builder that no master has any more: its requests would wait for ever.
    async fn configured(&self, builder: BuilderId) -> Result<()> {
        let builder: Builder = self.one(Key::Builder(builder.into())).await?;
        if builder.masters.is_empty() {
            let why = format_args!("builder `{}` is not configured any more", builder.name);
            return Err(Error::conflict(why));
        }
        Ok(())
    }

    async fn cancel(
        &self,
        caller: &Caller,
        request: BuildRequestId,
        reason: Option<String>,
    ) -> Result<Outcome> {
        let request: BuildRequest = self.one(Key::BuildRequest(request)).await?;
        let target = ControlTarget::BuildRequest(request.id);
        self.record(caller, target, ControlAction::Cancel, reason).await
    }

    async fn ask_worker(
        &self,
        caller: &Caller,
        worker: WorkerKey,
        action: ControlAction,
        reason: Option<String>,
    ) -> Result<Outcome> {
        let worker: Worker = self.one(Key::Worker(worker)).await?;
        let target = ControlTarget::Worker(worker.id);
        self.record(caller, target, action, reason).await
    }

    async fn record(
        &self,
        caller: &Caller,
        target: ControlTarget,
        action: ControlAction,
        reason: Option<String>,
    ) -> Result<Outcome> {
        let record = ControlRecord {
            target,
            action,
            reason,
            caller: caller.name().to_owned(),
        };
        self.apply(Transition::Record(record)).await?;
        Ok(Outcome::Done)
    }

    async fn tell(&self, told: ChangeParams) -> Result<Outcome> {
        let change = change::change(told, self.inner.clock.now())?;
        match self.apply(Transition::AddChange(Box::new(change))).await? {
            Applied::Change(change) => Ok(Outcome::Change { change }),
            other => Err(Error::data(format_args!("a new change gave {other:?}"))),
        }
    }

    /// What only the process of a running master can do.
    async fn needs_master(&self, master: MasterId, what: &str) -> Result<Outcome> {
        let master: Master = self.one(Key::Master(master)).await?;
        Err(Error::NotSupported {
            operation: what.to_owned(),
            implementer: format!("a store without the process of the master `{}`", master.name),
        })
    }

    async fn listen(&self, listener: String, holder: String, ask: ListenAsk) -> Result<Outcome> {
        if ask == ListenAsk::Recall {
            let recalled = soon(self.inner.backend.recall(&listener)).await?;
            let known = recalled.ok_or_else(|| Error::not_found(format_args!("listener `{listener}`")))?;
            return Ok(Outcome::Recalled {
                place: known.place,
                rewinds: known.rewinds,
                state: known.state,
            });
        }
        let ask = Transition::Listen {
            listener,
            holder,
            ask,
        };
        Ok(match self.apply(ask).await? {
            Applied::HeldByAnother(on) => Outcome::HeldByAnother { on },
            _ => Outcome::Done,
        })
    }

    async fn enable(&self, scheduler: SchedulerKey, enabled: bool) -> Result<Outcome> {
        let scheduler: Scheduler = self.one(Key::Scheduler(scheduler)).await?;
        self.apply(Transition::EnableScheduler(scheduler.id, enabled))
            .await?;
        Ok(Outcome::Done)
    }
}

/// Refuses texts with NUL, which one of the databases cannot store.
fn refuse_nul(command: &Command) -> Result<()> {
    if let Command::AddChange { change } = command {
        let lists = change.files.iter().map(|it| ("files", it.as_str()));
        let names = change.properties.keys().map(|it| ("properties", it.as_str()));
        let mut texts = change::texts(change).into_iter().chain(lists).chain(names);
        return match texts.find(|(_, text)| text.contains('\0')) {
            Some((field, _)) => Err(Error::invalid(field, "holds a NUL character")),
            None => Ok(()),
        };
    }
    if let Command::Listen {
        listener,
        holder,
        ask,
    } = command
    {
        let mut texts = vec![("listener", listener), ("holder", holder)];
        if let ListenAsk::Hold { kind, on, .. } = ask {
            texts.extend([("kind", kind), ("on", on)]);
        }
        return match texts.into_iter().find(|(_, text)| text.contains('\0')) {
            Some((field, _)) => Err(Error::invalid(field, "holds a NUL character")),
            None => Ok(()),
        };
    }
    let texts = match command {
        Command::Force { params, .. } => vec![
            ("reason", &params.reason),
            ("branch", &params.branch),
            ("revision", &params.revision),
            ("repository", &params.repository),
            ("project", &params.project),
        ],
        Command::StopBuild { reason, .. }
        | Command::CancelRequest { reason, .. }
        | Command::PauseWorker { reason, .. }
        | Command::StopWorker { reason, .. }
        | Command::KillWorker { reason, .. } => vec![("reason", reason)],
        _ => vec![],
    };
    let holds_nul = |text: &Option<String>| text.as_ref().is_some_and(|it| it.contains('\0'));
    match texts.into_iter().find(|(_, text)| holds_nul(text)) {
        Some((field, _)) => Err(Error::invalid(field, "holds a NUL character")),
        None => Ok(()),
    }
}
