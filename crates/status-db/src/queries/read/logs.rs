//! Where the lines of a log are.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{LogId, LogKey, LogKind, Timestamp};

use super::super::Conn;
use super::keys;
use crate::backend::{IndexedChunk, LogChunks};
use crate::error::{Error, Result};
use crate::schema::{log_chunks, logs};
use crate::segments::Place;

/// How many chunks an answer has at the most: far more than a megabyte of full ones, and a bound for logs
/// that came line by line.
const MAX_CHUNKS: i64 = 1024;

/// The first of the chunks that hold the lines from `first` on, at most `limit` of them.
pub(in super::super) async fn log_chunks(
    conn: &mut Conn,
    key: &LogKey,
    first: i64,
    limit: u32,
) -> Result<LogChunks> {
    let (log, kind) = existing(conn, key).await?;
    let kind =
        LogKind::from_letter(&kind).ok_or_else(|| Error::data(format_args!("log {log} of kind `{kind}`")))?;
    if kind == LogKind::Deleted {
        return Err(Error::ContentDeleted {
            what: key.to_string(),
        });
    }
    let of_log = || log_chunks::table.filter(log_chunks::log.eq(log));
    let begin: Option<i64> = of_log()
        .filter(log_chunks::first_line.le(first))
        .order(log_chunks::first_line.desc())
        .select(log_chunks::first_line)
        .first(conn)
        .await
        .optional()?;
    let rows: Vec<(i64, i64, i64, i64, i64, Option<i64>)> = of_log()
        .filter(log_chunks::first_line.ge(begin.unwrap_or(first)))
        .filter(log_chunks::first_line.lt(first.saturating_add(limit.into())))
        .order(log_chunks::first_line)
        .limit(MAX_CHUNKS)
        .select((
            log_chunks::first_line,
            log_chunks::line_count,
            log_chunks::segment,
            log_chunks::byte_offset,
            log_chunks::byte_length,
            log_chunks::stored_at,
        ))
        .load(conn)
        .await?;
    let chunks = rows
        .into_iter()
        .map(
            |(first_line, line_count, segment, offset, length, stored_at)| IndexedChunk {
                first_line,
                line_count,
                place: Place {
                    segment,
                    offset,
                    length,
                },
                stored_at: stored_at.map(Timestamp),
            },
        )
        // Beyond the end the last chunk was found.
        .filter(|chunk| chunk.first_line + chunk.line_count > first)
        .collect();
    Ok(LogChunks {
        log: LogId(log),
        kind,
        chunks,
    })
}

/// The id and kind of a log that exists.
async fn existing(conn: &mut Conn, key: &LogKey) -> Result<(i64, String)> {
    let id = match key {
        LogKey::Id(id) => Some(id.0),
        LogKey::Slug(..) => keys::log(conn, key).await?,
    };
    let found = match id {
        Some(id) => {
            let log = logs::table.find(id).select((logs::id, logs::kind));
            log.first(conn).await.optional()?
        }
        None => None,
    };
    found.ok_or_else(|| Error::not_found(key))
}
