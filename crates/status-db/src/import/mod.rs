//! What another master has done becomes a store, all of it or nothing.
//!
//! Rows go into a database that nobody sees, with tables that have no indexes yet; where the import is, is stored with
//! them, so that one that was ended at any moment goes on where it was. When all is there, the indexes are made, and
//! the whole takes its place in one step. There are no events of it: nobody could watch, and whoever watches the store
//! begins with what is there.

mod history;
mod place;
mod postgres;
mod rows;
mod sqlite;

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use weir_status_api::Timestamp;

pub use history::{History, ImportedBuildData, ImportedBuildset, ImportedChange, ImportedLines};

use crate::error::{Error, Result};
use crate::schema::log_chunks;
use crate::segments::{Packer, Place, SegmentReader, SegmentWriter, off_thread};
use crate::store::{Database, lock};
use history::beginning;
use place::Folder;
use rows::{ChunkRow, Rows};

/// How many chunks are read at a time when they are looked at.
const CHUNKS_AT_ONCE: i64 = 4000;

/// An import that is under way.
pub struct Import {
    staging: Box<dyn Staging>,
    folder: Folder,
    segments: SegmentWriter,
    /// What is known of how far it is, by part.
    notes: BTreeMap<String, String>,
    /// By what source stamps are told apart.
    stamps: HashSet<u64>,
    at: Timestamp,
    /// Keeps others from the data directory.
    _lock: File,
}

/// What [`Import::open`] found.
pub enum Opened {
    /// There is something to be imported.
    Import(Box<Import>),
    /// An import that was ended when all was done has taken its place now; this is what was said of it to
    /// [`Import::publish`].
    Published(String),
}

/// What is in the imported store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Rows, by table.
    pub rows: BTreeMap<String, i64>,
    /// Lines of logs, as they are read from it.
    pub lines: i64,
    /// Their bytes.
    pub bytes: i64,
    /// Logs that had fewer or more lines than was said of them; now it is said of them what they have.
    pub corrected_logs: i64,
}

/// A note, or an index that is made at the end.
#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    body: String,
}

/// What is counted, or the id of a row.
#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// A database that is being filled, and that nobody sees.
#[async_trait]
trait Staging: Send {
    /// What is noted.
    async fn notes(&mut self) -> Result<BTreeMap<String, String>>;

    /// Writes rows and notes in one transaction.
    async fn write(&mut self, rows: Rows, notes: Vec<(String, String)>) -> Result<()>;

    /// The ids of the rows of a table that has some.
    async fn ids(&mut self, table: &'static str) -> Result<Vec<i64>>;

    /// The digests of the source stamps.
    async fn digests(&mut self) -> Result<Vec<String>>;

    /// Makes the row of a new segment; committed at once.
    async fn new_segment(&mut self, at: Timestamp) -> Result<i64>;

    /// Lets logs say how many lines they have; gives how many said otherwise.
    async fn correct_logs(&mut self) -> Result<i64>;

    /// Makes one index that is not there yet; gives how many are left after it.
    async fn make_index(&mut self) -> Result<usize>;

    /// How many rows a table has.
    async fn count(&mut self, table: &'static str) -> Result<i64>;

    /// Chunks behind the one of the log and line: where they are, and how many lines they have.
    async fn chunks(&mut self, behind: (i64, i64), most: i64) -> Result<Vec<FoundChunk>>;

    /// Closes the database.
    async fn close(&mut self) -> Result<()>;
}

impl Import {
    /// Begins an import into a store that is not there yet, or goes on with one that was interrupted, if it was of the
    /// same `source`: a text that tells which source it is, and what is in it.
    ///
    /// # Errors
    /// [`Error::Conflict`] if there is a store already; [`Error::InUse`] if another process imports into it; faults of
    /// the database and the disk.
    pub async fn open(database: &Database, data_dir: &Path, source: &str, at: Timestamp) -> Result<Opened> {
        let made = !data_dir.exists();
        let lock = lock(data_dir)?;
        let folder = Folder::new(database.clone(), data_dir, made);
        if let Some(said) = folder.finish().await? {
            return Ok(Opened::Published(said));
        }
        if let Err(error) = folder.refuse_store().await {
            folder.leave();
            return Err(error);
        }
        let mut staging = match folder.open().await {
            Ok(staging) => staging,
            Err(error) => {
                folder.leave();
                return Err(error);
            }
        };
        let mut notes = staging.notes().await?;
        if notes.get("source").is_none_or(|it| it != source) || !folder.is_of(&notes) {
            staging.close().await?;
            drop(staging);
            folder.clear().await?;
            staging = folder.open().await?;
            let token = folder.sign(at)?;
            let begun = [
                ("source", source.to_owned()),
                ("token", token),
                ("at", at.0.to_string()),
            ];
            let begun = begun.map(|(name, text)| (name.to_owned(), text));
            staging.write(Rows::default(), begun.to_vec()).await?;
            notes = BTreeMap::from(begun);
        }
        let begun = notes.get("at").and_then(|it| it.parse().ok());
        let digests = staging.digests().await?;
        Ok(Opened::Import(Box::new(Self {
            segments: SegmentWriter::new(folder.logs()).await?,
            staging,
            folder,
            notes,
            stamps: digests.iter().map(|it| beginning(it)).collect(),
            at: begun.map_or(at, Timestamp),
            _lock: lock,
        })))
    }

    /// When it was begun first.
    pub fn begun_at(&self) -> Timestamp {
        self.at
    }

    /// What was noted of a part when it was last [added](Self::add) to.
    pub fn note(&self, part: &str) -> Option<&str> {
        self.notes.get(part).map(String::as_str)
    }

    /// Stores what happened, and with it a note on how far the `part` is.
    ///
    /// # Errors
    /// [`Error::Database`] if something is there already or refers to what is not; faults of the database and the disk.
    pub async fn add(&mut self, mut history: History, part: &str, note: String) -> Result<()> {
        let lines = std::mem::take(&mut history.lines);
        let mut rows = history.into_rows(&mut self.stamps)?;
        rows.log_chunks = self.store(lines).await?;
        self.staging
            .write(rows, vec![(part.to_owned(), note.clone())])
            .await?;
        self.notes.insert(part.to_owned(), note);
        Ok(())
    }

    /// Compresses lines into the segments, and brings them to the disk.
    async fn store(&mut self, lines: Vec<ImportedLines>) -> Result<Vec<ChunkRow>> {
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        let packed = off_thread(move || {
            let mut packer = Packer::new()?;
            let pack = |it: &ImportedLines| Ok((it.log.0, it.first_line, packer.pack(&it.text)?));
            lines.iter().map(pack).collect::<Result<Vec<_>>>()
        });
        let mut rows = Vec::new();
        for (log, mut first_line, chunks) in packed.await? {
            for chunk in chunks {
                if self.segments.needs_segment() {
                    let id = self.staging.new_segment(self.at).await?;
                    self.segments.begin(id).await?;
                }
                let place = self.segments.append(&chunk.data)?;
                rows.push(ChunkRow {
                    log,
                    first_line,
                    line_count: chunk.lines,
                    segment: place.segment,
                    byte_offset: place.offset,
                    byte_length: place.length,
                });
                first_line += chunk.lines;
            }
        }
        self.segments.sync().await?;
        Ok(rows)
    }

    /// The ids of the rows of a table so far.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn ids(&mut self, table: &'static str) -> Result<Vec<i64>> {
        self.staging.ids(table).await
    }

    /// Makes the indexes, and tells what there is: rows are counted, and all lines are read. `step` is called with how
    /// many indexes are left, then with how many lines have been read.
    ///
    /// # Errors
    /// [`Error::InvalidData`] if lines are not as they were written; faults of the database and the disk.
    pub async fn settle(&mut self, mut step: impl FnMut(usize, i64) + Send) -> Result<Settled> {
        let corrected_logs = self.staging.correct_logs().await?;
        loop {
            let left = self.staging.make_index().await?;
            step(left, 0);
            if left == 0 {
                break;
            }
        }
        let mut settled = Settled {
            corrected_logs,
            ..Settled::default()
        };
        for table in rows::TABLES {
            settled
                .rows
                .insert((*table).to_owned(), self.staging.count(table).await?);
        }
        let reader = SegmentReader::new(self.folder.logs());
        let mut behind = (0, -1);
        loop {
            let chunks = self.staging.chunks(behind, CHUNKS_AT_ONCE).await?;
            let Some((log, first_line, ..)) = chunks.last() else {
                break;
            };
            behind = (*log, *first_line);
            let expected: Vec<(i64, i64)> = chunks.iter().map(|it| (it.0, it.2)).collect();
            let places = chunks.into_iter().map(|it| it.3).collect();
            let (lines, bytes) = look_at(&reader, places, expected).await?;
            settled.lines += lines;
            settled.bytes += bytes;
            step(0, settled.lines);
        }
        Ok(settled)
    }

    /// Lets the store take its place. `said` is what is known of it, should this be ended before it can be told.
    ///
    /// # Errors
    /// Faults of the database and the disk; the next [`open`](Self::open) goes on with it.
    pub async fn publish(mut self, said: &str) -> Result<()> {
        self.segments.sync().await?;
        self.staging.close().await?;
        drop(self.staging);
        self.folder.ready(said)?;
        self.folder.finish().await.map(drop)
    }

    /// Takes away all that was imported so far.
    ///
    /// # Errors
    /// Faults of the database and the disk.
    pub async fn discard(mut self) -> Result<()> {
        self.staging.close().await?;
        drop(self.staging);
        self.folder.clear().await?;
        self.folder.leave();
        Ok(())
    }
}

/// The lines and bytes of the chunks at `places`, which are to have so many lines.
async fn look_at(
    reader: &SegmentReader,
    places: Vec<Place>,
    expected: Vec<(i64, i64)>,
) -> Result<(i64, i64)> {
    let start = (0, 0, None);
    let ((lines, bytes, wrong), _) = reader
        .each(places, start, move |(lines, bytes, wrong), number, text| {
            let found = i64::try_from(text.matches('\n').count()).unwrap_or(i64::MAX);
            if let Some((log, said)) = expected.get(number)
                && *said != found
            {
                *wrong = Some(*log);
            }
            *lines += found;
            *bytes += i64::try_from(text.len()).unwrap_or(i64::MAX);
            wrong.is_none()
        })
        .await?;
    match wrong {
        None => Ok((lines, bytes)),
        Some(log) => Err(Error::data(format_args!(
            "log {log} has not the lines that were written"
        ))),
    }
}

/// Lets logs say how many lines they have.
const CORRECT_LOGS: &str = "UPDATE logs SET num_lines = \
     (SELECT CAST(COALESCE(SUM(line_count), 0) AS BIGINT) FROM log_chunks WHERE log_chunks.log = logs.id) \
     WHERE kind <> 'd' AND num_lines <> \
     (SELECT CAST(COALESCE(SUM(line_count), 0) AS BIGINT) FROM log_chunks WHERE log_chunks.log = logs.id)";

/// The columns of a chunk that are read when lines are looked at.
const CHUNK_COLUMNS: (
    log_chunks::log,
    log_chunks::first_line,
    log_chunks::line_count,
    log_chunks::segment,
    log_chunks::byte_offset,
    log_chunks::byte_length,
) = (
    log_chunks::log,
    log_chunks::first_line,
    log_chunks::line_count,
    log_chunks::segment,
    log_chunks::byte_offset,
    log_chunks::byte_length,
);

/// Their values.
type ChunkValues = (i64, i64, i64, i64, i64, i64);

/// A chunk's log, first line and number of lines, and where it is.
type FoundChunk = (i64, i64, i64, Place);

fn placed((log, first_line, lines, segment, offset, length): ChunkValues) -> FoundChunk {
    let place = Place {
        segment,
        offset,
        length,
    };
    (log, first_line, lines, place)
}

/// The database file of an import into SQLite.
fn database_file(folder: &Path) -> PathBuf {
    folder.join("weir.sqlite")
}
