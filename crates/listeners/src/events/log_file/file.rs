//! The file itself: its last lines, its torn end, and how it makes room.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use weir_status_api::MAX_DONE;

/// How many of the last lines are known. An event comes again only if it is one of those that were done beyond the
/// first that was not, or on its way.
const KNOWN: usize = 2 * MAX_DONE;

/// How much of the end of a file is looked at for its last lines, in bytes.
const LOOKED_AT: u64 = 32 << 20;

/// A line to be written.
pub(super) struct Line {
    /// The event's cursor.
    pub(super) cursor: i64,
    /// The line, with its end.
    pub(super) text: String,
}

/// Why lines could not be written: where, and what the system says.
#[derive(Debug)]
pub(super) struct WriteError {
    path: PathBuf,
    source: io::Error,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be written: {}", self.path.display(), self.source)
    }
}

/// Lines in a file, and in those that were full.
pub(super) struct LogLines {
    path: PathBuf,
    max_bytes: u64,
    keep: u32,
    /// None before the first line, and after what went wrong.
    open: Option<Open>,
}

struct Open {
    file: File,
    /// Its length: what is beyond is no whole line.
    length: u64,
    known: Known,
}

/// The cursors of the last lines.
#[derive(Default)]
struct Known {
    set: HashSet<i64>,
    order: VecDeque<i64>,
}

impl Known {
    fn add(&mut self, cursor: i64) {
        if self.set.insert(cursor) {
            self.order.push_back(cursor);
        }
        if self.order.len() > KNOWN
            && let Some(oldest) = self.order.pop_front()
        {
            self.set.remove(&oldest);
        }
    }
}

impl LogLines {
    pub(super) fn new(path: PathBuf, max_bytes: u64, keep: u32) -> Self {
        Self {
            path,
            max_bytes,
            keep,
            open: None,
        }
    }

    /// Writes those lines that are not there yet, durably. After an error none of them counts as written.
    pub(super) fn write(&mut self, lines: &[Line]) -> Result<(), WriteError> {
        let result = self.try_write(lines);
        if result.is_err() {
            // What is in the file now is found out when it is opened again.
            self.open = None;
        }
        result.map_err(|source| WriteError {
            path: self.path.clone(),
            source,
        })
    }

    fn try_write(&mut self, lines: &[Line]) -> io::Result<()> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.open()?,
        };
        let mut text = String::new();
        for line in lines {
            if open.known.set.contains(&line.cursor) {
                continue;
            }
            let length = open.length + text.len() as u64;
            if length > 0 && length + line.text.len() as u64 > self.max_bytes {
                open.append(&text)?;
                text.clear();
                self.make_room(&mut open)?;
            }
            text.push_str(&line.text);
            open.known.add(line.cursor);
        }
        open.append(&text)?;
        self.open = Some(open);
        Ok(())
    }

    /// Opens the file, cuts off what is no whole line, and learns its last lines.
    fn open(&self) -> io::Result<Open> {
        let folder = folder_of(&self.path);
        std::fs::create_dir_all(folder)?;
        let mut known = Known::default();
        // A file that was begun a moment ago has few lines.
        match File::open(self.full(1)) {
            Ok(mut file) => drop(learn(&mut file, &mut known)?),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).create(true).open(&self.path)?;
        let length = learn(&mut file, &mut known)?;
        if length < file.metadata()?.len() {
            tracing::warn!(path = %self.path.display(), "the last line was not whole; it is cut off");
            file.set_len(length)?;
            file.sync_all()?;
        }
        sync_folder(folder)?;
        Ok(Open { file, length, known })
    }

    /// Begins a new file; the full one is `PATH.1` then, the one that was is `PATH.2`, and so on.
    fn make_room(&self, open: &mut Open) -> io::Result<()> {
        let moved = |from: &Path, to: &Path| match std::fs::rename(from, to) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        for number in (1..self.keep).rev() {
            moved(&self.full(number), &self.full(number + 1))?;
        }
        match self.keep {
            0 => std::fs::remove_file(&self.path)?,
            _ => moved(&self.path, &self.full(1))?,
        }
        let mut options = OpenOptions::new();
        open.file = options
            .read(true)
            .append(true)
            .create_new(true)
            .open(&self.path)?;
        open.length = 0;
        sync_folder(folder_of(&self.path))
    }

    fn full(&self, number: u32) -> PathBuf {
        self.path.with_added_extension(number.to_string())
    }
}

impl Open {
    fn append(&mut self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.file.write_all(text.as_bytes())?;
        self.file.sync_data()?;
        self.length += text.len() as u64;
        Ok(())
    }
}

/// Adds the cursors of the file's last lines to `known`, and gives the length of its whole lines.
fn learn(file: &mut File, known: &mut Known) -> io::Result<u64> {
    #[derive(Deserialize)]
    struct Written {
        cursor: i64,
    }
    let length = file.metadata()?.len();
    let from = length.saturating_sub(LOOKED_AT);
    file.seek(SeekFrom::Start(from))?;
    let mut end = vec![];
    file.take(length - from).read_to_end(&mut end)?;
    let whole = end.iter().rposition(|it| *it == b'\n').map_or(0, |it| it + 1);
    let lines: Vec<&[u8]> = end[..whole].split(|it| *it == b'\n').collect();
    for line in &lines[lines.len().saturating_sub(KNOWN + 1)..] {
        // The first can be a part of a line, and others may have written here.
        if let Ok(written) = serde_json::from_slice::<Written>(line) {
            known.add(written.cursor);
        }
    }
    // Without an end of a line in all that, there is none of ours at all.
    Ok(from + whole as u64)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes a new or renamed file's name durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
