//! The write side: what each transition does to the tables, and the events it emits.

pub(super) mod builds;
pub(super) mod buildsets;
mod change_sources;
mod changes;
pub(super) mod checkpoints;
pub(super) mod configurations;
mod dead_letters;
mod delete;
mod finish;
mod force;
pub(super) mod force_keys;
pub(super) mod kept_states;
pub(super) mod listeners;
pub(super) mod logs;
mod outcomes;
pub(super) mod plans;
mod projects;
mod requests;
mod setup;
mod steps;
mod tx;
mod workers;

use weir_status_api::Timestamp;

use super::{Conn, commit, roll_back};
use crate::backend::{BatchError, Committed, Unit, Write};
use crate::error::{Error, Result};
use crate::transition::{Applied, Transition};
use tx::{Tx, found};

/// Applies the units in one transaction. On an error nothing of them is stored.
pub(super) async fn batch(conn: &mut Conn, units: &[Unit], at: Timestamp) -> Result<Committed, BatchError> {
    super::super::begin_write(conn).await.map_err(whole)?;
    match within(conn, units, at).await {
        Ok(committed) => {
            // Whether a failed commit took place is not known, so it is not tried again.
            commit(conn).await.map_err(whole)?;
            Ok(committed)
        }
        Err(error) => {
            roll_back(conn).await;
            Err(error)
        }
    }
}

async fn within(conn: &mut Conn, units: &[Unit], at: Timestamp) -> Result<Committed, BatchError> {
    let mut tx = Tx::new(conn, at);
    let mut applied = Vec::with_capacity(units.len());
    for unit in units {
        let outcome = apply_unit(&mut tx, unit).await.map_err(|error| BatchError {
            one_unit: !error.is_outage(),
            error,
        })?;
        applied.push(outcome);
    }
    let events = tx.number_events().await.map_err(whole)?;
    Ok(Committed { applied, events })
}

fn whole(error: impl Into<Error>) -> BatchError {
    BatchError {
        error: error.into(),
        one_unit: false,
    }
}

async fn apply_unit(tx: &mut Tx<'_>, unit: &Unit) -> Result<Vec<Applied>> {
    let mut applied = Vec::with_capacity(unit.len());
    for write in unit {
        applied.push(match write {
            Write::Transition(transition) => apply(tx, transition).await?,
            Write::Append(log, chunks) => {
                logs::append(tx, *log, chunks).await?;
                Applied::Done
            }
            Write::Move(chunks) => {
                logs::moved(tx, chunks).await?;
                Applied::Done
            }
        });
    }
    Ok(applied)
}

async fn apply(tx: &mut Tx<'_>, transition: &Transition) -> Result<Applied> {
    match transition {
        Transition::StartMaster { name } => return setup::start_master(tx, name).await.map(Applied::Master),
        Transition::StopMaster(master) => setup::stop_master(tx, *master).await?,
        Transition::Configure(master, setup) => {
            return setup::configure(tx, *master, setup).await.map(Applied::Setup);
        }
        Transition::AddChange(change) => return changes::add(tx, change).await.map(Applied::Change),
        Transition::AddBuildset(new) => {
            let (buildset, requests) = buildsets::add(tx, new).await?;
            return Ok(Applied::Buildset(buildset, requests));
        }
        Transition::Force(key, new) => {
            let (buildset, requests) = force_keys::force(tx, key, new).await?;
            return Ok(Applied::Buildset(buildset, requests));
        }
        Transition::Trigger(key, new) => {
            let (buildset, requests) = buildsets::trigger(tx, key, new).await?;
            return Ok(Applied::Buildset(buildset, requests));
        }
        Transition::SetPriority(request, priority) => {
            requests::set_priority(tx, *request, *priority).await?;
        }
        Transition::SetWaitingFor(request, what) => {
            requests::set_waiting_for(tx, *request, what.as_deref()).await?;
        }
        Transition::Claim(request, master) => {
            return requests::claim(tx, *request, *master).await.map(Applied::Claimed);
        }
        Transition::Unclaim(request) => requests::unclaim(tx, *request).await?,
        Transition::CompleteRequest(request, results) => requests::complete(tx, *request, *results).await?,
        Transition::Collapse { into, collapsed } => requests::collapse(tx, *into, collapsed).await?,
        Transition::StartBuild {
            request,
            worker,
            master,
            properties,
            configuration,
        } => {
            let build = builds::start(tx, *request, *worker, *master, properties, *configuration).await?;
            return Ok(Applied::Build(build.id, build.number));
        }
        Transition::SetBuildState(build, state) => builds::set_state(tx, *build, state).await?,
        Transition::SetProperties(build, properties) => {
            builds::set_properties(tx, *build, properties).await?;
        }
        Transition::UseSecrets(build, names) => builds::use_secrets(tx, *build, names).await?,
        Transition::FinishBuild {
            build,
            results,
            state,
        } => finish::build(tx, *build, *results, state).await?,
        Transition::AddStep(build, name) => return steps::add(tx, *build, name).await.map(Applied::Step),
        Transition::InsertSteps(new) => plans::insert(tx, new).await?,
        Transition::KeepConfiguration { master, text, needed } => {
            let kept = configurations::keep(tx, *master, text, needed).await;
            return kept.map(Applied::Configuration);
        }
        Transition::KeepCheckpoint(new) => checkpoints::keep(tx, new).await?,
        Transition::StartStep(step) => steps::start(tx, *step).await?,
        Transition::AwaitLocks(step, state) => steps::await_locks(tx, *step, state).await?,
        Transition::UpdateStep { step, state, urls } => steps::update(tx, *step, state, urls).await?,
        Transition::FinishStep {
            step,
            results,
            state,
            hidden,
        } => finish::step(tx, *step, *results, state, *hidden).await?,
        Transition::AddLog(log) => return logs::add(tx, log).await.map(Applied::Log),
        Transition::AppendLog(..) => {
            return Err(Error::data("log text came to the database before it was on disk"));
        }
        Transition::FinishLog(log) => logs::finish(tx, *log).await?,
        Transition::ConnectWorker(worker, master, info) => {
            workers::connect(tx, *worker, *master, info).await?;
        }
        Transition::KnowProcess(worker, process) => workers::know_process(tx, *worker, process).await?,
        Transition::DisconnectWorker { worker, master, why } => {
            workers::disconnect(tx, *worker, *master, why).await?;
        }
        Transition::RefuseWorker(worker, why) => workers::refuse(tx, *worker, why).await?,
        Transition::SetWorkerState {
            worker,
            paused,
            reason,
            graceful,
        } => workers::set_state(tx, *worker, *paused, reason.as_deref(), *graceful).await?,
        Transition::MissWorker(worker, absence) => workers::miss(tx, *worker, absence.as_ref()).await?,
        Transition::AddCommit(new) => return projects::add_commit(tx, new).await.map(Applied::Commit),
        Transition::MoveBranch { codebase, name, head } => {
            let branch = projects::move_branch(tx, *codebase, name, *head).await?;
            return Ok(Applied::Branch(branch));
        }
        Transition::SetBuildData(new) => outcomes::set_build_data(tx, new).await?,
        Transition::AddTestResultSet(new) => {
            return outcomes::add_set(tx, new).await.map(Applied::TestResultSet);
        }
        Transition::AddTestResults(set, results) => outcomes::add_results(tx, *set, results).await?,
        Transition::FinishTestResultSet { set, passed, failed } => {
            outcomes::finish_set(tx, *set, *passed, *failed).await?;
        }
        Transition::EnableScheduler(scheduler, enabled) => {
            setup::enable_scheduler(tx, *scheduler, *enabled).await?;
        }
        Transition::Record(record) => requests::record(tx, record).await?,
        Transition::KeepState(state) => kept_states::keep(tx, state).await?,
        Transition::Listen {
            listener,
            holder,
            ask,
        } => return listeners::listen(tx, listener, holder, ask).await,
        Transition::DeliverAgain { letters, caller } => {
            dead_letters::deliver_again(tx, letters, caller).await?;
        }
        Transition::DropDeadLetters { letters, caller } => dead_letters::forget(tx, letters, caller).await?,
        Transition::RewindListener {
            listener,
            first,
            caller,
        } => listeners::rewind(tx, listener, *first, caller).await?,
        Transition::ForgetListener { listener, caller } => listeners::forget(tx, listener, caller).await?,
        Transition::Delete {
            what,
            least_per_builder,
            rows,
        } => {
            let deleted = delete::outdated(tx, what, *least_per_builder, *rows).await?;
            return Ok(Applied::Deleted(deleted));
        }
        Transition::ExpireEvents(cursor) => kept_states::expire_events(tx, *cursor).await?,
    }
    Ok(Applied::Done)
}
