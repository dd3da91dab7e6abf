//! Workers come, go, pause and end.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{
    Absence, ControlAction, ControlRecord, Entity, MasterId, Verb, Worker, WorkerId, WorkerInfo,
};

use super::super::rows::{WorkerRow, to_json, workers as assemble};
use super::{Tx, found};
use crate::error::{Error, Result};
use crate::schema::{connected_workers, masters, workers};
use crate::texts::cut;

/// The worker as it is now.
pub(super) async fn load(tx: &mut Tx<'_>, worker: WorkerId) -> Result<Worker> {
    let row = workers::table
        .find(worker.0)
        .select(WorkerRow::as_select())
        .first(tx.conn)
        .await
        .optional()?;
    let row = found(row, format_args!("worker {worker}"))?;
    let worker = assemble(tx.conn, vec![row]).await?.pop();
    worker.ok_or_else(|| Error::data("a worker vanished"))
}

async fn emit(tx: &mut Tx<'_>, verb: Verb, worker: WorkerId) -> Result<()> {
    let worker = load(tx, worker).await?;
    tx.emit(verb, worker);
    Ok(())
}

pub(super) async fn connect(
    tx: &mut Tx<'_>,
    worker: WorkerId,
    master: MasterId,
    info: &WorkerInfo,
) -> Result<()> {
    let known = masters::table
        .find(master.0)
        .select(masters::id)
        .first::<i64>(tx.conn);
    found(known.await.optional()?, format_args!("master {master}"))?;
    let updated = diesel::update(workers::table.find(worker.0))
        .set((
            workers::info_json.eq(to_json(info)?),
            workers::away_reason.eq(None::<String>),
        ))
        .execute(tx.conn)
        .await?;
    if updated == 0 {
        return Err(Error::not_found(format_args!("worker {worker}")));
    }
    diesel::insert_into(connected_workers::table)
        .values((
            connected_workers::worker.eq(worker.0),
            connected_workers::master.eq(master.0),
        ))
        .on_conflict_do_nothing()
        .execute(tx.conn)
        .await?;
    emit(tx, Verb::Connected, worker).await
}

pub(super) async fn know_process(tx: &mut Tx<'_>, worker: WorkerId, process: &str) -> Result<()> {
    let last: Option<Option<String>> = workers::table
        .find(worker.0)
        .select(workers::process)
        .first(tx.conn)
        .await
        .optional()?;
    let last = found(last, format_args!("worker {worker}"))?;
    if last.as_deref() == Some(process) {
        return Ok(());
    }
    diesel::update(workers::table.find(worker.0))
        .set(workers::process.eq(process))
        .execute(tx.conn)
        .await?;
    let before = load(tx, worker).await?;
    let reason = before.pause_reason.as_deref();
    set_state(tx, worker, before.paused, reason, false).await
}

/// Nothing happens if the worker was not connected to the master.
pub(super) async fn disconnect(tx: &mut Tx<'_>, worker: WorkerId, master: MasterId, why: &str) -> Result<()> {
    let gone = diesel::delete(connected_workers::table.find((worker.0, master.0)))
        .execute(tx.conn)
        .await?;
    if gone == 0 {
        return load(tx, worker).await.map(drop);
    }
    if load(tx, worker).await?.connected_to.is_empty() {
        set_away_reason(tx, worker, &sentence(why)).await?;
    }
    emit(tx, Verb::Disconnected, worker).await
}

/// Nothing happens if the worker is connected, or away for that reason already.
pub(super) async fn refuse(tx: &mut Tx<'_>, worker: WorkerId, why: &str) -> Result<()> {
    let before = load(tx, worker).await?;
    let why = sentence(why);
    if !before.connected_to.is_empty() || before.away_reason.as_ref() == Some(&why) {
        return Ok(());
    }
    set_away_reason(tx, worker, &why).await?;
    emit(tx, Verb::StateUpdated, worker).await
}

async fn set_away_reason(tx: &mut Tx<'_>, worker: WorkerId, why: &str) -> Result<()> {
    diesel::update(workers::table.find(worker.0))
        .set(workers::away_reason.eq(why))
        .execute(tx.conn)
        .await?;
    Ok(())
}

/// One line of at most 1,000 bytes without control characters: a worker may have any words in it.
fn sentence(why: &str) -> String {
    let line: String = why
        .chars()
        .map(|it| if it.is_control() { ' ' } else { it })
        .collect();
    cut(line.trim()).into_owned()
}

/// The master is gone, and with it all its connections.
pub(super) async fn disconnect_all(tx: &mut Tx<'_>, master: MasterId) -> Result<()> {
    let connected: Vec<i64> = connected_workers::table
        .filter(connected_workers::master.eq(master.0))
        .order(connected_workers::worker)
        .select(connected_workers::worker)
        .load(tx.conn)
        .await?;
    for worker in connected {
        disconnect(tx, WorkerId(worker), master, "its master ended").await?;
    }
    Ok(())
}

pub(super) async fn set_state(
    tx: &mut Tx<'_>,
    worker: WorkerId,
    paused: bool,
    reason: Option<&str>,
    graceful: bool,
) -> Result<()> {
    let before = load(tx, worker).await?;
    let unchanged =
        before.paused == paused && before.pause_reason.as_deref() == reason && before.graceful == graceful;
    if unchanged {
        return Ok(());
    }
    diesel::update(workers::table.find(worker.0))
        .set((
            workers::paused.eq(paused),
            workers::pause_reason.eq(reason),
            workers::graceful.eq(graceful),
        ))
        .execute(tx.conn)
        .await?;
    emit(tx, Verb::StateUpdated, worker).await
}

/// Tells that the worker is missing, and how.
pub(super) async fn miss(tx: &mut Tx<'_>, worker: WorkerId, absence: Option<&Absence>) -> Result<()> {
    let worker = Worker {
        absence: absence.cloned(),
        ..load(tx, worker).await?
    };
    tx.emit(Verb::Missing, worker);
    Ok(())
}

/// What somebody asked of a worker: its state says so from now on, and the event tells its master.
pub(super) async fn ask(
    tx: &mut Tx<'_>,
    worker: WorkerId,
    action: ControlAction,
    record: &ControlRecord,
) -> Result<()> {
    let before = load(tx, worker).await?;
    tx.emit(Verb::Requested, Entity::Control(record.clone()));
    let reason = record.reason.as_deref();
    let kept = before.pause_reason.as_deref();
    match action {
        ControlAction::Pause => set_state(tx, worker, true, reason, before.graceful).await,
        ControlAction::Unpause => set_state(tx, worker, false, None, before.graceful).await,
        // One that is to end at once gets no new build before it has.
        ControlAction::Stop | ControlAction::Kill => set_state(tx, worker, before.paused, kept, true).await,
        ControlAction::Cancel | ControlAction::Replay | ControlAction::Drop => {
            let why = format_args!("a worker knows no `{}`", action.name());
            Err(Error::invalid("action", why))
        }
    }
}
