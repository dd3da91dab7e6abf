//! Logs and what is in them.

use weir_status_api::{Log, LogId, LogKind, StepId};
use weir_status_db::{History, ImportedLines};

use super::Parts;
use crate::compression::decompress;
use crate::error::{Error, Result};
use crate::note::Note;
use crate::record::{id, text};

/// How many logs are read at a time.
const AT_ONCE: usize = 5000;
/// How many chunks are, each of which Buildbot keeps below 64 KiB.
const CHUNKS_AT_ONCE: usize = 2000;
/// How many lines a chunk can have, each with its end at least.
const MOST_LINES: usize = 64 * 1024;
/// How much text of one log is handed on in one piece.
const PIECE: usize = 1024 * 1024;

impl Parts {
    /// Logs; all of them are complete, since nothing adds to them any more.
    pub(super) async fn logs(&mut self, note: &mut Note) -> Result<History> {
        let columns = ["#id", "name", "slug", "#stepid", "#num_lines", "type"];
        let rest = note.next("id", AT_ONCE);
        let found = self.source.read("logs", &columns, &rest).await?;
        let mut logs = Vec::with_capacity(found.len());
        for mut it in found {
            let id = id("logs", it.opt_int())?;
            (note.after.0, note.read) = (id, note.read + 1);
            let (name, slug) = (it.text(), it.text());
            let Some(step) = self.known.only("steps", it.opt_int()) else {
                continue;
            };
            self.known.add("logs", id);
            logs.push(Log {
                id: LogId(id),
                name,
                slug,
                step: StepId(step),
                complete: true,
                num_lines: it.int(),
                kind: LogKind::from_letter(&it.text()).unwrap_or(LogKind::Text),
            });
        }
        note.keep("logs", logs.len());
        Ok(History {
            logs,
            ..History::default()
        })
    }

    /// The contents of logs, a chunk after the other.
    pub(super) async fn lines(&mut self, note: &mut Note) -> Result<History> {
        let columns = ["#logid", "#first_line", "#last_line", "#compressed", "*content"];
        let (log, line) = note.after;
        let rest = format!(
            "WHERE t.logid >= {log} AND (t.logid > {log} OR t.first_line > {line}) \
             ORDER BY t.logid, t.first_line LIMIT {CHUNKS_AT_ONCE}"
        );
        let mut lines: Vec<ImportedLines> = Vec::new();
        let mut kept = 0;
        for mut it in self.source.read("logchunks", &columns, &rest).await? {
            let (log, first, last, method) = (it.int(), it.int(), it.int(), it.int());
            let (before, again) = (note.after.0, note.after == (log, first));
            note.after = (log, first);
            note.read += 1;
            if again || !self.known.has("logs", log) {
                continue;
            }
            let mut text = match decompress(it.opt_bytes().unwrap_or_default(), method) {
                Ok(content) => text(content),
                Err(why) if self.replace_damaged => {
                    note.damaged += 1;
                    self.in_place_of(log, last - first + 1, &why).await?
                }
                Err(why) => {
                    let place = format_args!("logchunks, log {log} from line {first}");
                    return Err(Error::data(place, why));
                }
            };
            text.push('\n');
            let found = i64::try_from(text.matches('\n').count()).unwrap_or(i64::MAX);
            if before != log {
                note.of_log = 0;
            }
            kept += 1;
            match lines.last_mut() {
                Some(piece) if piece.log.0 == log && piece.text.len() + text.len() <= PIECE => {
                    piece.text.push_str(&text);
                }
                // Lines are counted: a log has no hole here, should Buildbot's have one.
                _ => lines.push(ImportedLines {
                    log: LogId(log),
                    first_line: note.of_log,
                    text: text.clone(),
                }),
            }
            note.of_log += found;
            note.lines += found;
            note.bytes += i64::try_from(text.len()).unwrap_or(i64::MAX);
        }
        note.keep("log_chunks", kept);
        Ok(History {
            lines,
            ..History::default()
        })
    }

    /// What stands where `lines` of a log cannot be read, as many, so that those after them keep their numbers.
    async fn in_place_of(&mut self, log: i64, lines: i64, why: &str) -> Result<String> {
        let of_log = format!("WHERE t.id = {log}");
        let found = self.source.read("logs", &["type"], &of_log).await?;
        let letter = found.into_iter().next().map(|mut it| it.text());
        let mark = match letter.and_then(|it| LogKind::from_letter(&it)) {
            Some(LogKind::Stdio) => "h",
            _ => "",
        };
        let lines = usize::try_from(lines).unwrap_or(0).clamp(1, MOST_LINES);
        let mut text =
            format!("{mark}These lines, {lines}, could not be read from Buildbot's database: {why}");
        for _ in 1..lines {
            text.push('\n');
            text.push_str(mark);
        }
        Ok(text)
    }
}
