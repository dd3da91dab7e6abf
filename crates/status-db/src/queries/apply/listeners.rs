//! Listeners: who holds them, where they are, how they fare.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{
    ControlAction, ControlRecord, ControlTarget, Cursor, Entity, ListenAsk, ListenerId, ListenerKey,
    MAX_DONE, MAX_LEASE, Place, Verb,
};

use super::super::Conn;
use super::super::read::span;
use super::super::rows::{ListenerRow, from_json, to_json};
use super::{Tx, dead_letters, found};
use crate::error::{Error, Result};
use crate::schema::listeners;
use crate::texts::{check, cut};
use crate::transition::{Applied, Recalled};

/// Does what the runner `holder` of the listener `name` asks for.
pub(super) async fn listen(tx: &mut Tx<'_>, name: &str, holder: &str, ask: &ListenAsk) -> Result<Applied> {
    check("listener", Some(name))?;
    match ask {
        ListenAsk::Hold { kind, on, seconds } => return hold(tx, name, holder, kind, on, *seconds).await,
        ListenAsk::KeepPlace { place, rewinds } => keep_place(tx, name, holder, place, *rewinds).await?,
        ListenAsk::Release => {
            let row = found(named(tx, name).await?, format_args!("listener `{name}`"))?;
            if row.holder.is_some() {
                let row = held(tx, name, holder).await?;
                release(tx, row).await?;
            }
        }
        ListenAsk::Note { waiting } => {
            let row = held(tx, name, holder).await?;
            note(tx, row, waiting.as_deref()).await?;
        }
        ListenAsk::Park { event, why } => {
            let row = held(tx, name, holder).await?;
            dead_letters::park(tx, row, *event, why).await?;
        }
        ListenAsk::Unpark { letter } => {
            let row = held(tx, name, holder).await?;
            dead_letters::unpark(tx, row, *letter).await?;
        }
        ListenAsk::KeepState { state } => {
            let row = held(tx, name, holder).await?;
            diesel::update(listeners::table.find(row.id))
                .set(listeners::state_json.eq(to_json(state)?))
                .execute(tx.conn)
                .await?;
        }
        ListenAsk::Recall => return Err(Error::data("a recall came to the writer")),
    }
    Ok(Applied::Done)
}

/// The listener of that name, which the runner `holder` was the last to hold.
async fn held(tx: &mut Tx<'_>, name: &str, holder: &str) -> Result<ListenerRow> {
    let row = named(tx, name).await?;
    let row = found(row, format_args!("listener `{name}`"))?;
    match row.holder.as_deref() {
        Some(own) if own == holder => Ok(row),
        Some(_) => Err(held_by_another(&row)),
        // Whoever held it since may have gone further.
        None => Err(Error::conflict(format_args!(
            "the listener `{name}` is held by nobody: hold it first"
        ))),
    }
}

async fn named(tx: &mut Tx<'_>, name: &str) -> Result<Option<ListenerRow>> {
    let row = listeners::table
        .filter(listeners::name.eq(name))
        .select(ListenerRow::as_select())
        .first(tx.conn)
        .await
        .optional()?;
    Ok(row)
}

fn held_by_another(row: &ListenerRow) -> Error {
    let on = row.held_on.as_deref().unwrap_or("another");
    Error::conflict(format_args!("the listener `{}` is held by {on}", row.name))
}

/// Makes a listener that is not known yet.
async fn make(tx: &mut Tx<'_>, name: &str, kind: &str) -> Result<()> {
    let made = diesel::insert_into(listeners::table)
        .values((listeners::name.eq(name), listeners::kind.eq(kind)))
        .on_conflict_do_nothing()
        .returning(ListenerRow::as_returning())
        .get_result(tx.conn)
        .await
        .optional()?;
    if let Some(made) = made {
        tx.emit(Verb::New, made.into_listener());
    }
    Ok(())
}

/// Holds it from now on. Who held it is told anew only if that is another than before: holds come all the time.
async fn hold(
    tx: &mut Tx<'_>,
    name: &str,
    holder: &str,
    kind: &str,
    on: &str,
    seconds: u32,
) -> Result<Applied> {
    check("holder", Some(holder))?;
    let (kind, on) = (cut(kind), cut(on));
    if named(tx, name).await?.is_none() {
        make(tx, name, &kind).await?;
    }
    let before = named(tx, name).await?;
    let before = found(before, format_args!("listener `{name}`"))?;
    let until = tx.at.0 + i64::from(seconds.min(MAX_LEASE)) * 1_000_000;
    // Decided by the row as it is when it changes: another master may be asked at once.
    let is_free = listeners::holder
        .is_null()
        .or(listeners::holder.eq(holder))
        .or(listeners::held_until.is_null())
        .or(listeners::held_until.lt(tx.at.0));
    let now = diesel::update(listeners::table.find(before.id))
        .filter(is_free.assume_not_null())
        .set((
            listeners::kind.eq(&*kind),
            listeners::holder.eq(holder),
            listeners::held_on.eq(&*on),
            listeners::held_until.eq(until),
        ))
        .returning(ListenerRow::as_returning())
        .get_result(tx.conn)
        .await
        .optional()?;
    let Some(now) = now else {
        return Ok(Applied::HeldByAnother(before.held_on.unwrap_or_default()));
    };
    let is_news = (&before.holder, &before.held_on, &before.kind) != (&now.holder, &now.held_on, &now.kind);
    if is_news {
        tx.emit(Verb::Updated, now.into_listener());
    }
    Ok(Applied::Done)
}

async fn release(tx: &mut Tx<'_>, row: ListenerRow) -> Result<()> {
    let row = diesel::update(listeners::table.find(row.id))
        .set((
            listeners::holder.eq(None::<String>),
            listeners::held_on.eq(None::<String>),
            // Nobody has run it since.
            listeners::held_until.eq(tx.at.0),
        ))
        .returning(ListenerRow::as_returning())
        .get_result(tx.conn)
        .await?;
    tx.emit(Verb::Updated, row.into_listener());
    Ok(())
}

/// Keeps its place, in one statement: this is written for each event that it is done with.
async fn keep_place(tx: &mut Tx<'_>, name: &str, holder: &str, place: &Place, rewinds: i64) -> Result<()> {
    if place.done.len() > MAX_DONE {
        let why = format_args!("has {} gaps; {MAX_DONE} are the most", place.done.len());
        return Err(Error::invalid("place", why));
    }
    let done = to_json(&place.done)?;
    let kept = diesel::update(listeners::table)
        .filter(listeners::name.eq(name))
        .filter(listeners::rewinds.eq(rewinds))
        .filter(listeners::holder.eq(holder).assume_not_null())
        .set((listeners::place.eq(place.after.0), listeners::done_json.eq(&done)))
        .execute(tx.conn)
        .await?;
    if kept > 0 {
        return Ok(());
    }
    held(tx, name, holder).await?;
    Err(Error::conflict(format_args!(
        "the listener `{name}` was rewound; load its place again"
    )))
}

/// Notes how it fares; told only where that is new.
async fn note(tx: &mut Tx<'_>, row: ListenerRow, waiting: Option<&str>) -> Result<()> {
    let waiting = waiting.map(|why| cut(&why.replace('\0', "")).into_owned());
    if row.waiting_reason == waiting && row.waiting == waiting.is_some() {
        return Ok(());
    }
    let since = waiting.as_ref().map(|_| row.waiting_since.unwrap_or(tx.at.0));
    let row = diesel::update(listeners::table.find(row.id))
        .set((
            listeners::waiting.eq(waiting.is_some()),
            listeners::waiting_reason.eq(waiting),
            listeners::waiting_since.eq(since),
        ))
        .returning(ListenerRow::as_returning())
        .get_result(tx.conn)
        .await?;
    tx.emit(Verb::Updated, row.into_listener());
    Ok(())
}

/// Tells that a listener has so many dead letters more, or fewer.
pub(super) async fn count_dead_letters(tx: &mut Tx<'_>, listener: ListenerId, more: i64) -> Result<()> {
    let row = diesel::update(listeners::table.find(listener.0))
        .set(listeners::dead_letters.eq(listeners::dead_letters + more))
        .returning(ListenerRow::as_returning())
        .get_result(tx.conn)
        .await?;
    tx.emit(Verb::Updated, row.into_listener());
    Ok(())
}

/// The listener that `key` names.
pub(super) async fn load(tx: &mut Tx<'_>, key: &ListenerKey) -> Result<ListenerRow> {
    let row = match key {
        ListenerKey::Name(name) if name.contains('\0') => None,
        ListenerKey::Name(name) => named(tx, name).await?,
        ListenerKey::Id(id) => {
            let row = listeners::table.find(id.0).select(ListenerRow::as_select());
            row.first(tx.conn).await.optional()?
        }
    };
    found(row, key)
}

/// Tells what somebody asked of a listener.
pub(super) fn record(
    tx: &mut Tx<'_>,
    listener: ListenerId,
    action: ControlAction,
    reason: String,
    caller: &str,
) {
    let record = ControlRecord {
        target: ControlTarget::Listener(listener),
        action,
        reason: Some(reason),
        caller: caller.to_owned(),
    };
    tx.emit(Verb::Requested, Entity::Control(record));
}

/// Lets its place go back, so that `first` comes again and what came after it.
pub(super) async fn rewind(tx: &mut Tx<'_>, key: &ListenerKey, first: Cursor, caller: &str) -> Result<()> {
    let row = load(tx, key).await?;
    let after = first.0.saturating_sub(1).max(0);
    if row.place.is_none_or(|place| place <= after) {
        return Ok(());
    }
    let oldest = span(tx.conn).await?.oldest;
    if after < oldest.0 {
        return Err(Error::CursorExpired { oldest });
    }
    let row = diesel::update(listeners::table.find(row.id))
        .set((
            listeners::place.eq(after),
            listeners::done_json.eq("[]"),
            listeners::rewinds.eq(listeners::rewinds + 1),
        ))
        .returning(ListenerRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let listener = ListenerId(row.id);
    tx.emit(Verb::Updated, row.into_listener());
    let reason = format!("all events from {first} on");
    record(tx, listener, ControlAction::Replay, reason, caller);
    Ok(())
}

/// Forgets a listener that nobody runs, with its dead letters.
pub(super) async fn forget(tx: &mut Tx<'_>, key: &ListenerKey, caller: &str) -> Result<()> {
    let row = load(tx, key).await?;
    // Decided by the row as it is when it goes: a runner may ask for it at once.
    let is_held = listeners::holder
        .is_not_null()
        .and(listeners::held_until.ge(tx.at.0));
    let letters = dead_letters::forget_all(tx, row.id).await?;
    let gone = diesel::delete(listeners::table.find(row.id))
        .filter(diesel::dsl::not(is_held.assume_not_null()))
        .returning(ListenerRow::as_returning())
        .get_result(tx.conn)
        .await
        .optional()?;
    let gone = gone.ok_or_else(|| held_by_another(&row))?;
    let listener = ListenerId(gone.id);
    let plural = if letters == 1 { "" } else { "s" };
    let reason = format!("the listener `{}`, with {letters} dead letter{plural}", gone.name);
    tx.emit(Verb::Deleted, gone.into_listener());
    record(tx, listener, ControlAction::Drop, reason, caller);
    Ok(())
}

/// What is kept of the listener of that name, if it is known.
pub(crate) async fn recall(conn: &mut Conn, name: &str) -> Result<Option<Recalled>> {
    type Row = (Option<i64>, String, i64, Option<String>);
    let row = listeners::table
        .filter(listeners::name.eq(name))
        .select((
            listeners::place,
            listeners::done_json,
            listeners::rewinds,
            listeners::state_json,
        ))
        .first::<Row>(conn)
        .await
        .optional()?;
    let Some((place, done, rewinds, state)) = row else {
        return Ok(None);
    };
    let done = from_json("listeners.done_json", &done)?;
    let state = state.map(|it| from_json("listeners.state_json", &it));
    Ok(Some(Recalled {
        place: place.map(|after| Place {
            after: Cursor(after),
            done,
        }),
        rewinds,
        state: state.transpose()?,
    }))
}
