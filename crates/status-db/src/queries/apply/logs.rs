//! Logs are opened, grow and end.

use std::collections::BTreeSet;

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{LogId, Timestamp, Verb};

use super::super::super::insert_chunks;
use super::super::Conn;
use super::super::rows::LogRow;
use super::{Tx, found, steps};
use crate::backend::{MovedChunk, PlacedChunk};
use crate::error::{Error, Result};
use crate::inserts::ChunkRow;
use crate::schema::{log_chunks, log_segments, logs};
use crate::texts::cut;
use crate::transition::NewLog;

/// How long a slug can be, as Buildbot's.
const SLUG_CHARS: usize = 50;

/// Where the log ends, to which something can be added: its lines, and when the last were stored.
async fn open(tx: &mut Tx<'_>, log: LogId) -> Result<(i64, Option<i64>)> {
    let row: Option<(bool, i64, Option<i64>)> = logs::table
        .find(log.0)
        .select((logs::complete, logs::num_lines, logs::last_stored_at))
        .first(tx.conn)
        .await
        .optional()?;
    let (complete, num_lines, last_stored_at) = found(row, format_args!("log {log}"))?;
    if complete {
        return Err(Error::conflict(format_args!("log {log} is complete")));
    }
    Ok((num_lines, last_stored_at))
}

pub(super) async fn add(tx: &mut Tx<'_>, new: &NewLog) -> Result<LogId> {
    steps::open(tx, new.step).await?;
    let taken: BTreeSet<String> = logs::table
        .filter(logs::step.eq(new.step.0))
        .select(logs::slug)
        .load::<String>(tx.conn)
        .await?
        .into_iter()
        .collect();
    let row = diesel::insert_into(logs::table)
        .values((
            logs::name.eq(cut(&new.name)),
            logs::slug.eq(steps::unique(&slug(&new.name), &taken)),
            logs::step.eq(new.step.0),
            logs::complete.eq(false),
            logs::num_lines.eq(0),
            logs::kind.eq(new.kind.letter()),
        ))
        .returning(LogRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let log = row.into_log()?;
    let id = log.id;
    tx.emit(Verb::New, log);
    Ok(id)
}

/// The name as an identifier: other characters become `_`, and it does not begin with a digit or a dot.
fn slug(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let mut slug: String = name
        .chars()
        .take(SLUG_CHARS)
        .map(|c| if allowed(c) { c } else { '_' })
        .collect();
    if slug.is_empty() || slug.starts_with(|c: char| c.is_ascii_digit()) {
        slug.insert(0, '_');
        slug.truncate(SLUG_CHARS);
    }
    slug
}

/// Adds chunks that are on disk to the log.
pub(super) async fn append(tx: &mut Tx<'_>, log: LogId, chunks: &[PlacedChunk]) -> Result<()> {
    let (mut first_line, last_stored_at) = open(tx, log).await?;
    // A clock can be set back, and another master's be behind.
    let stored_at = last_stored_at.map_or(tx.at.0, |last| last.max(tx.at.0));
    let rows: Vec<ChunkRow> = chunks
        .iter()
        .map(|chunk| {
            let row = ChunkRow {
                log: log.0,
                first_line,
                line_count: chunk.lines,
                segment: chunk.place.segment,
                byte_offset: chunk.place.offset,
                byte_length: chunk.place.length,
                stored_at,
            };
            first_line += chunk.lines;
            row
        })
        .collect();
    insert_chunks(tx.conn, rows).await?;
    let row = diesel::update(logs::table.find(log.0))
        .set((logs::num_lines.eq(first_line), logs::last_stored_at.eq(stored_at)))
        .returning(LogRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let log = row.into_log()?;
    tx.emit_append(log);
    Ok(())
}

/// Nothing happens if the log is complete already.
pub(super) async fn finish(tx: &mut Tx<'_>, log: LogId) -> Result<()> {
    match open(tx, log).await {
        Ok(_) => {}
        Err(Error::Conflict { .. }) => return Ok(()),
        Err(error) => return Err(error),
    }
    let row = diesel::update(logs::table.find(log.0))
        .set(logs::complete.eq(true))
        .returning(LogRow::as_returning())
        .get_result(tx.conn)
        .await?;
    let log = row.into_log()?;
    tx.emit(Verb::Finished, log);
    Ok(())
}

/// Lets the index say where chunks were moved to, unless they are gone by now.
pub(super) async fn moved(tx: &mut Tx<'_>, chunks: &[MovedChunk]) -> Result<()> {
    for MovedChunk { from, to } in chunks {
        let chunk = log_chunks::table
            .find((from.log, from.first_line))
            .filter(log_chunks::segment.eq(from.place.segment))
            .filter(log_chunks::byte_offset.eq(from.place.offset));
        diesel::update(chunk)
            .set((
                log_chunks::segment.eq(to.segment),
                log_chunks::byte_offset.eq(to.offset),
            ))
            .execute(tx.conn)
            .await?;
    }
    Ok(())
}

/// Deletes the row of a segment that holds nothing.
pub(crate) async fn forget_segment(conn: &mut Conn, segment: i64) -> Result<()> {
    let held = log_chunks::table.filter(log_chunks::segment.eq(segment));
    diesel::delete(log_segments::table.filter(log_segments::id.eq(segment).and(not(exists(held)))))
        .execute(conn)
        .await?;
    Ok(())
}

/// Makes the row of a new segment, and gives its id.
pub(crate) async fn new_segment(conn: &mut Conn, at: Timestamp) -> Result<i64> {
    Ok(diesel::insert_into(log_segments::table)
        .values(log_segments::created_at.eq(at.0))
        .returning(log_segments::id)
        .get_result(conn)
        .await?)
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn a_slug_is_an_identifier() {
        for (name, expected) in [
            ("stdio", "stdio"),
            ("err.html", "err_html"),
            ("1st try", "_1st_try"),
            ("", "_"),
            ("größe", "gr__e"),
        ] {
            assert_eq!(slug(name), expected);
        }
        assert_eq!(slug(&"9".repeat(80)).len(), 50);
    }
}
