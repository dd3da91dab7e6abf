//! How far steps that run have come.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::StepId;

use super::super::Conn;
use super::{Tx, steps};
use crate::error::{Error, Result};
use crate::schema::{step_checkpoints, step_pieces};
use crate::transition::{KeptCheckpoint, NewCheckpoint};

/// Keeps a checkpoint in the place of the one before it.
pub(super) async fn keep(tx: &mut Tx<'_>, new: &NewCheckpoint) -> Result<()> {
    let updated = diesel::update(
        step_checkpoints::table
            .find(new.step.0)
            .filter(step_checkpoints::number.eq(new.number - 1)),
    )
    .set((
        step_checkpoints::number.eq(new.number),
        step_checkpoints::body.eq(&new.value),
    ))
    .execute(tx.conn)
    .await?;
    if updated == 0 {
        begin(tx, new).await?;
    }
    if let Some(piece) = &new.piece {
        diesel::insert_into(step_pieces::table)
            .values((
                step_pieces::step.eq(new.step.0),
                step_pieces::number.eq(new.number),
                step_pieces::body.eq(piece),
            ))
            .execute(tx.conn)
            .await?;
    }
    Ok(())
}

/// Keeps a step's first checkpoint.
async fn begin(tx: &mut Tx<'_>, new: &NewCheckpoint) -> Result<()> {
    let step = steps::open(tx, new.step).await?;
    let unfit = |why: String| {
        Err(Error::conflict(format_args!(
            "checkpoint {} of step {}: {why}",
            new.number, new.step
        )))
    };
    if step.started_at.is_none() {
        return unfit("it has not begun".to_owned());
    }
    let inserted = diesel::insert_into(step_checkpoints::table)
        .values((
            step_checkpoints::step.eq(new.step.0),
            step_checkpoints::number.eq(new.number),
            step_checkpoints::body.eq(&new.value),
        ))
        .on_conflict_do_nothing();
    if new.number != 1 || inserted.execute(tx.conn).await? == 0 {
        return unfit("it is not the next one".to_owned());
    }
    Ok(())
}

/// The step has ended.
pub(super) async fn forget(tx: &mut Tx<'_>, step: StepId) -> Result<()> {
    let kept = diesel::delete(step_checkpoints::table.find(step.0));
    if kept.execute(tx.conn).await? > 0 {
        let pieces = step_pieces::table.filter(step_pieces::step.eq(step.0));
        diesel::delete(pieces).execute(tx.conn).await?;
    }
    Ok(())
}

/// The step's checkpoint, if one is kept.
pub(crate) async fn load(conn: &mut Conn, step: StepId) -> Result<Option<KeptCheckpoint>> {
    let kept = step_checkpoints::table
        .find(step.0)
        .select((step_checkpoints::number, step_checkpoints::body))
        .first::<(i64, Vec<u8>)>(conn)
        .await
        .optional()?;
    let Some((number, value)) = kept else {
        return Ok(None);
    };
    let pieces = step_pieces::table
        .filter(step_pieces::step.eq(step.0))
        .select((step_pieces::number, step_pieces::body))
        .load::<(i64, Vec<u8>)>(conn)
        .await?;
    Ok(Some(KeptCheckpoint {
        number,
        value,
        pieces: pieces.into_iter().collect(),
    }))
}
