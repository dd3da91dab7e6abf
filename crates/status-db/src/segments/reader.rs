//! Reading segments.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::chunk::{self, unpack};
use super::{Place, off_thread, segment_path};
use crate::error::{Error, Result};

/// How many segments stay open at once.
const OPEN_FILES: usize = 32;
/// More than any chunk can be: compressing what cannot be compressed adds less than a hundredth.
const MAX_LENGTH: usize = chunk::MAX_LINE + chunk::MAX_LINE / 64;

/// Reads chunks of segments; clones share their open files.
#[derive(Clone, Debug)]
pub(crate) struct SegmentReader {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    /// The last used first.
    open: Mutex<VecDeque<(i64, Arc<File>)>>,
}

impl SegmentReader {
    /// Reads from `folder`.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            shared: Arc::new(Shared {
                folder,
                open: Mutex::new(VecDeque::with_capacity(OPEN_FILES)),
            }),
        }
    }

    /// The text of the chunks at `places`, in their order, all read in one go; but no chunk behind the first
    /// that brings the text to `enough` bytes.
    ///
    /// # Errors
    /// [`Error::Io`] if a segment cannot be read, [`Error::InvalidData`] if it is not what was written.
    pub(crate) async fn read(&self, places: Vec<Place>, enough: usize) -> Result<Vec<String>> {
        let shared = self.shared.clone();
        off_thread(move || {
            let mut texts = Vec::with_capacity(places.len());
            let mut total = 0;
            for place in places {
                if total >= enough {
                    break;
                }
                let text = unpack(&shared.read(place)?)?;
                total += text.len();
                texts.push(text);
            }
            Ok(texts)
        })
        .await
    }

    /// Hands the text of the chunks at `places`, one after the other, to `take` with its number among them, until that
    /// wants no more; gives what `take` made of `state`, and whether it wants more. One of them is in memory at a time.
    ///
    /// # Errors
    /// As [`SegmentReader::read`].
    pub(crate) async fn each<T: Send + 'static>(
        &self,
        places: Vec<Place>,
        mut state: T,
        take: impl Fn(&mut T, usize, &str) -> bool + Send + 'static,
    ) -> Result<(T, bool)> {
        let shared = self.shared.clone();
        off_thread(move || {
            for (number, place) in places.into_iter().enumerate() {
                let text = unpack(&shared.read(place)?)?;
                if !take(&mut state, number, &text) {
                    return Ok((state, false));
                }
            }
            Ok((state, true))
        })
        .await
    }
}

impl SegmentReader {
    /// The folder that it reads from.
    pub(crate) fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// The chunks at `places` as they are, compressed.
    ///
    /// # Errors
    /// [`Error::Io`] if a segment cannot be read.
    pub(crate) async fn read_packed(&self, places: Vec<Place>) -> Result<Vec<Vec<u8>>> {
        let shared = self.shared.clone();
        off_thread(move || places.into_iter().map(|place| shared.read(place)).collect()).await
    }

    /// How many bytes the file of a segment has.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be told.
    pub(crate) async fn length(&self, segment: i64) -> Result<u64> {
        let path = segment_path(&self.shared.folder, segment);
        off_thread(move || match fs::metadata(&path) {
            Ok(known) => Ok(known.len()),
            Err(source) => Err(failed(&path, source)),
        })
        .await
    }

    /// Deletes the file of a segment, which nothing refers to any more.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be deleted.
    pub(crate) async fn remove(&self, segment: i64) -> Result<()> {
        let shared = self.shared.clone();
        off_thread(move || {
            // An open file would keep its space.
            let mut open = shared.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.retain(|(id, _)| *id != segment);
            drop(open);
            let path = segment_path(&shared.folder, segment);
            fs::remove_file(&path)
                .map_err(|source| Error::io(format_args!("deleting {}", path.display()), source))
        })
        .await
    }
}

impl Shared {
    fn read(&self, place: Place) -> Result<Vec<u8>> {
        let (Ok(offset), Ok(length)) = (u64::try_from(place.offset), usize::try_from(place.length)) else {
            return Err(Error::data(format_args!("{place:?} of a log chunk")));
        };
        if length > MAX_LENGTH {
            return Err(Error::data(format_args!("{place:?} is too long for a log chunk")));
        }
        let mut bytes = vec![0; length];
        self.file(place.segment)?
            .read_exact_at(&mut bytes, offset)
            .map_err(|source| failed(&segment_path(&self.folder, place.segment), source))?;
        Ok(bytes)
    }

    fn file(&self, segment: i64) -> Result<Arc<File>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = open
            .iter()
            .position(|(id, _)| *id == segment)
            .and_then(|at| open.remove(at))
        {
            let file = entry.1.clone();
            open.push_front(entry);
            return Ok(file);
        }
        let path = segment_path(&self.folder, segment);
        let file = Arc::new(File::open(&path).map_err(|source| failed(&path, source))?);
        open.truncate(OPEN_FILES - 1);
        open.push_front((segment, file.clone()));
        Ok(file)
    }
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::io(format_args!("reading {}", path.display()), source)
}
