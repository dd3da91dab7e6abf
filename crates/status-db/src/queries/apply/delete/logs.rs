//! The contents of logs go; the logs stay, and say so.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{LogKind, Verb};

use super::super::super::rows::{BuildRow, LogRow};
use super::super::Tx;
use super::kept::Kept;
use super::{Budget, Fate, builds};
use crate::error::Result;
use crate::schema::{builds as builds_table, log_chunks, logs, steps};

/// Deletes the content of a log whose build is not needed; of a long one as much as may go now.
pub(super) async fn delete_content(
    tx: &mut Tx<'_>,
    id: i64,
    kept: &Kept,
    least: u32,
    budget: &mut Budget,
) -> Result<Fate> {
    let found: Option<(LogRow, BuildRow)> = logs::table
        .inner_join(steps::table.on(steps::id.eq(logs::step)))
        .inner_join(builds_table::table.on(builds_table::id.eq(steps::build)))
        .filter(logs::id.eq(id))
        .select((LogRow::as_select(), BuildRow::as_select()))
        .first(tx.conn)
        .await
        .optional()?;
    let Some((log, build)) = found else {
        return Ok(Fate::Stays);
    };
    if builds::is_needed(tx, &build, kept, least).await? {
        return Ok(Fate::Stays);
    }
    Ok(match empty(tx, log, budget).await? {
        true => Fate::Gone,
        false => Fate::Later,
    })
}

/// Says that the log's content is gone, and deletes as much of its index as may go now; whether that is all.
pub(super) async fn empty(tx: &mut Tx<'_>, log: LogRow, budget: &mut Budget) -> Result<bool> {
    let id = log.id;
    if log.kind != LogKind::Deleted.letter() {
        let row = diesel::update(logs::table.find(id))
            .set(logs::kind.eq(LogKind::Deleted.letter()))
            .returning(LogRow::as_returning())
            .get_result(tx.conn)
            .await?;
        let log = row.into_log()?;
        tx.emit(Verb::Update, log);
        budget.take(1);
    }
    let of_log = || log_chunks::table.filter(log_chunks::log.eq(id));
    let beyond: Option<i64> = of_log()
        .order(log_chunks::first_line)
        .offset(budget.left.max(0))
        .select(log_chunks::first_line)
        .first(tx.conn)
        .await
        .optional()?;
    let gone = match beyond {
        None => diesel::delete(of_log()).execute(tx.conn).await?,
        Some(beyond) => {
            let first = of_log().filter(log_chunks::first_line.lt(beyond));
            diesel::delete(first).execute(tx.conn).await?
        }
    };
    budget.take(gone);
    Ok(beyond.is_none())
}
