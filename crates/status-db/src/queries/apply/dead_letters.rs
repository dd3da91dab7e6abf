//! Events that could not be delivered: kept, asked for again, forgotten.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{
    ControlAction, ControlTarget, Cursor, DeadLetterChoice, DeadLetterId, Entity, ListenerId,
    MAX_DEAD_LETTERS, Verb,
};

use super::super::read::span;
use super::super::rows::{DeadLetterRow, ListenerRow, from_json};
use super::{Tx, found, listeners};
use crate::error::{Error, Result};
use crate::schema::{dead_letters, events};
use crate::texts::cut;

/// Keeps an event that the listener could not deliver, or why it still cannot.
pub(super) async fn park(tx: &mut Tx<'_>, listener: ListenerRow, event: Cursor, why: &str) -> Result<()> {
    let why = cut(&why.replace('\0', "")).into_owned();
    let known = diesel::update(dead_letters::table)
        .filter(dead_letters::listener.eq(listener.id))
        .filter(dead_letters::event.eq(event.0))
        .set((
            dead_letters::why.eq(&why),
            dead_letters::parked_at.eq(tx.at.0),
            dead_letters::again.eq(false),
        ))
        .returning(DeadLetterRow::as_returning())
        .get_result(tx.conn)
        .await
        .optional()?;
    if let Some(known) = known {
        tx.emit(Verb::Updated, known.into_dead_letter()?);
        return Ok(());
    }
    let (at, verb, entity) = stored(tx, event).await?;
    if is_about_listeners(&from_json("events.entity_json", &entity)?) {
        return Ok(());
    }
    if listener.dead_letters >= MAX_DEAD_LETTERS as i64 {
        let why = format!("{MAX_DEAD_LETTERS} dead letters are kept: deliver them again or drop them");
        return Err(Error::TooMany { why });
    }
    let new = diesel::insert_into(dead_letters::table)
        .values((
            dead_letters::listener.eq(listener.id),
            dead_letters::event.eq(event.0),
            dead_letters::event_at.eq(at),
            dead_letters::verb.eq(verb),
            dead_letters::entity_json.eq(entity),
            dead_letters::why.eq(why),
            dead_letters::parked_at.eq(tx.at.0),
            dead_letters::again.eq(false),
        ))
        .returning(DeadLetterRow::as_returning())
        .get_result(tx.conn)
        .await?;
    tx.emit(Verb::New, new.into_dead_letter()?);
    listeners::count_dead_letters(tx, ListenerId(listener.id), 1).await
}

/// An event as it is stored.
async fn stored(tx: &mut Tx<'_>, event: Cursor) -> Result<(i64, String, String)> {
    let row = events::table
        .find(event.0)
        .select((events::at, events::verb, events::entity_json))
        .first(tx.conn)
        .await
        .optional()?;
    match row {
        Some(row) => Ok(row),
        None => {
            let span = span(tx.conn).await?;
            match event <= span.newest {
                true => Err(Error::CursorExpired { oldest: span.oldest }),
                false => Err(Error::not_found(format_args!("event {event}"))),
            }
        }
    }
}

/// Whether a dead letter of it would make the next of the same listener.
fn is_about_listeners(entity: &Entity) -> bool {
    match entity {
        Entity::Listener(_) | Entity::DeadLetter(_) => true,
        Entity::Control(record) => matches!(record.target, ControlTarget::Listener(_)),
        _ => false,
    }
}

/// Forgets one that was delivered.
pub(super) async fn unpark(tx: &mut Tx<'_>, listener: ListenerRow, letter: DeadLetterId) -> Result<()> {
    let gone = diesel::delete(dead_letters::table.find(letter.0))
        .filter(dead_letters::listener.eq(listener.id))
        .returning(DeadLetterRow::as_returning())
        .get_result(tx.conn)
        .await
        .optional()?;
    if let Some(gone) = gone {
        tx.emit(Verb::Deleted, gone.into_dead_letter()?);
        listeners::count_dead_letters(tx, ListenerId(listener.id), -1).await?;
    }
    Ok(())
}

/// Marks dead letters, so that their listeners' runners deliver them again.
pub(super) async fn deliver_again(tx: &mut Tx<'_>, letters: &DeadLetterChoice, caller: &str) -> Result<()> {
    let mut asked: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for row in chosen(tx, letters).await? {
        if row.again {
            continue;
        }
        let row = diesel::update(dead_letters::table.find(row.id))
            .set(dead_letters::again.eq(true))
            .returning(DeadLetterRow::as_returning())
            .get_result(tx.conn)
            .await?;
        asked.entry(row.listener).or_default().push(row.id);
        tx.emit(Verb::Updated, row.into_dead_letter()?);
    }
    for (listener, letters) in asked {
        let reason = tell(&letters);
        listeners::record(tx, ListenerId(listener), ControlAction::Replay, reason, caller);
    }
    Ok(())
}

/// Forgets dead letters.
pub(super) async fn forget(tx: &mut Tx<'_>, letters: &DeadLetterChoice, caller: &str) -> Result<()> {
    let mut gone: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for row in chosen(tx, letters).await? {
        diesel::delete(dead_letters::table.find(row.id))
            .execute(tx.conn)
            .await?;
        gone.entry(row.listener).or_default().push(row.id);
        tx.emit(Verb::Deleted, row.into_dead_letter()?);
    }
    for (listener, letters) in gone {
        let fewer = i64::try_from(letters.len()).unwrap_or(i64::MAX);
        listeners::count_dead_letters(tx, ListenerId(listener), -fewer).await?;
        listeners::record(
            tx,
            ListenerId(listener),
            ControlAction::Drop,
            tell(&letters),
            caller,
        );
    }
    Ok(())
}

/// Forgets all of a listener that goes itself, and gives how many there were.
pub(super) async fn forget_all(tx: &mut Tx<'_>, listener: i64) -> Result<usize> {
    let gone: Vec<DeadLetterRow> = diesel::delete(dead_letters::table)
        .filter(dead_letters::listener.eq(listener))
        .returning(DeadLetterRow::as_returning())
        .get_results(tx.conn)
        .await?;
    let letters = gone.len();
    for letter in gone {
        tx.emit(Verb::Deleted, letter.into_dead_letter()?);
    }
    Ok(letters)
}

async fn chosen(tx: &mut Tx<'_>, letters: &DeadLetterChoice) -> Result<Vec<DeadLetterRow>> {
    match letters {
        DeadLetterChoice::One(id) => {
            let row = dead_letters::table.find(id.0).select(DeadLetterRow::as_select());
            let row = row.first(tx.conn).await.optional()?;
            Ok(vec![found(row, format_args!("dead letter {id}"))?])
        }
        DeadLetterChoice::Of { listener, first } => {
            let listener = listeners::load(tx, listener).await?;
            let rows = dead_letters::table
                .filter(dead_letters::listener.eq(listener.id))
                .filter(dead_letters::event.ge(first.0))
                .order(dead_letters::id)
                .select(DeadLetterRow::as_select());
            Ok(rows.load(tx.conn).await?)
        }
    }
}

/// Which dead letters somebody asked about, for people.
fn tell(letters: &[i64]) -> String {
    match letters {
        [one] => format!("dead letter {one}"),
        several => format!("{} dead letters", several.len()),
    }
}
