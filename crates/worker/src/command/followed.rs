//! The files that are followed while a command runs.

use std::convert::Infallible;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::sleep;

use weir_off_thread::off_thread;
use weir_worker_protocol::MAX_OUTPUT;
use weir_worker_protocol::v1::WatchedFile;

use super::say;
use super::supervisor::reason;
use crate::hold::{Hold, lock};

/// How long between two looks at the files.
const INTERVAL: Duration = Duration::from_millis(500);

/// How many files a command may have.
const MOST_FILES: usize = 20;

/// How many bytes of all its files together are read.
const MOST_BYTES: u64 = 1024 * 1024 * 1024;

/// The files of one command.
pub(super) struct FollowedFiles {
    is_empty: bool,
    state: Arc<Mutex<State>>,
}

struct State {
    /// The worker's folder, as a real path.
    base: PathBuf,
    files: Vec<Followed>,
    /// How many bytes may still be read.
    left: u64,
    /// What was read and not said yet, so that a look that is given up loses nothing.
    news: Vec<News>,
}

/// What a look at a file gives.
enum News {
    More(String, Bytes),
    Header(String),
}

struct Followed {
    name: String,
    path: PathBuf,
    /// What was there before the command is left out.
    skips: bool,
    /// How it was before the command, until that changes.
    before: Option<Stamp>,
    open: Option<Open>,
    is_given_up: bool,
}

struct Open {
    file: File,
    identity: (u64, u64),
    offset: u64,
}

/// How a file is.
#[derive(PartialEq, Eq)]
struct Stamp {
    identity: (u64, u64),
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            identity: (metadata.dev(), metadata.ino()),
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

impl FollowedFiles {
    /// The files of a command that is to begin in `workdir`.
    ///
    /// # Errors
    /// One sentence, if they cannot be followed.
    pub(super) fn new(files: &[WatchedFile], base: &Path, workdir: &Path) -> Result<Self, String> {
        if files.len() > MOST_FILES {
            return Err(format!("the command has more than {MOST_FILES} files to follow"));
        }
        let followed = |it: &WatchedFile| {
            let is_below = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
            if it.path.is_empty() || !Path::new(&it.path).components().all(is_below) {
                return Err(format!(
                    "the file `{}` to follow must be below the command's folder, without `..`",
                    it.path
                ));
            }
            let path = workdir.join(&it.path);
            Ok(Followed {
                name: it.name.clone(),
                before: std::fs::metadata(&path).ok().map(|it| Stamp::of(&it)),
                path,
                skips: it.follow,
                open: None,
                is_given_up: false,
            })
        };
        let state = State {
            base: base.to_owned(),
            files: files.iter().map(followed).collect::<Result<_, _>>()?,
            left: MOST_BYTES,
            news: Vec::new(),
        };
        Ok(Self {
            is_empty: files.is_empty(),
            state: Arc::new(Mutex::new(state)),
        })
    }

    /// Follows them for ever; `grew` is told whenever there is more of one.
    pub(super) async fn follow(&self, hold: &Hold, grew: &Notify) -> Infallible {
        if self.is_empty {
            std::future::pending::<()>().await;
        }
        loop {
            while hold.has_room() && self.look(hold).await {
                grew.notify_one();
            }
            sleep(INTERVAL).await;
        }
    }

    /// Reads what is left of them, now that the command has ended.
    pub(super) async fn finish(&self, hold: &Hold) {
        let mut interrupt = hold.interrupted();
        while self.look(hold).await {
            while !hold.has_room() {
                tokio::select! {
                    () = hold.room() => {}
                    _ = reason(&mut interrupt) => return,
                }
            }
        }
    }

    /// Reads a piece of each; false if there was nothing new.
    async fn look(&self, hold: &Hold) -> bool {
        if self.is_empty {
            return false;
        }
        let state = Arc::clone(&self.state);
        // A look that fails is followed by another.
        let _ = off_thread(move || lock(&state).look()).await;
        let news = std::mem::take(&mut lock(&self.state).news);
        let is_any = !news.is_empty();
        for it in news {
            match it {
                News::More(name, bytes) => hold.file(&name, bytes),
                News::Header(text) => say(hold, &text),
            }
        }
        is_any
    }
}

impl State {
    fn look(&mut self) {
        for file in self.files.iter_mut().filter(|it| !it.is_given_up) {
            match file.look(&self.base) {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) if bytes.len() as u64 <= self.left => {
                    self.left -= bytes.len() as u64;
                    self.news.push(News::More(file.name.clone(), bytes));
                }
                Ok(_) => {
                    file.is_given_up = true;
                    let text = format!(
                        "file {}: no more than {MOST_BYTES} bytes of files are read\n",
                        file.name
                    );
                    self.news.push(News::Header(text));
                }
                Err(error) => {
                    file.is_given_up = true;
                    let text = format!("file {} cannot be followed: {error}\n", file.name);
                    self.news.push(News::Header(text));
                }
            }
        }
    }
}

impl Followed {
    /// The next piece; empty if there is no more for now.
    fn look(&mut self, base: &Path) -> io::Result<Bytes> {
        if let Some(open) = &mut self.open {
            let bytes = open.read()?;
            if !bytes.is_empty() {
                return Ok(bytes);
            }
            if open.file.metadata()?.len() < open.offset {
                open.offset = 0;
                return open.read();
            }
        }
        // It is not there yet, or another one took its place.
        let Ok(metadata) = std::fs::metadata(&self.path) else {
            return Ok(Bytes::new());
        };
        let stamp = Stamp::of(&metadata);
        let is_open = self.open.as_ref().is_some_and(|it| it.identity == stamp.identity);
        if is_open || self.before.as_ref() == Some(&stamp) || !metadata.is_file() {
            return Ok(Bytes::new());
        }
        let real = self.path.canonicalize()?;
        if !real.starts_with(base) {
            let why = format!("it leads out of the worker's folder, to {}", real.display());
            return Err(io::Error::other(why));
        }
        let before = self.before.take();
        let skipped =
            before.filter(|it| self.skips && it.identity == stamp.identity && it.size <= stamp.size);
        let mut open = Open {
            file: File::open(real)?,
            identity: stamp.identity,
            offset: skipped.map_or(0, |it| it.size),
        };
        let bytes = open.read();
        self.open = Some(open);
        bytes
    }
}

impl Open {
    fn read(&mut self) -> io::Result<Bytes> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(self.offset))?;
        (&mut self.file).take(MAX_OUTPUT as u64).read_to_end(&mut bytes)?;
        self.offset += bytes.len() as u64;
        Ok(bytes.into())
    }
}
