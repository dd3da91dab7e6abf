//! Writes events to a file, one JSON object a line.

mod file;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde::Deserialize;
use tokio::sync::oneshot;
use weir_off_thread::off_thread;
use weir_status_api::{Cursor, Event, Listener, ListenerError, StatusApi, TopicFilter};

use crate::events::wanted::Wanted;
use crate::{OptionError, Outlet};

use file::{Line, LogLines};

/// How a [`LogFile`] goes about it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogFileOptions {
    /// The file. Its folder is made if it is not there.
    pub path: PathBuf,
    /// Patterns of the topics that it wants, 1 to 100.
    pub events: Vec<String>,
    /// How large the file may become, in bytes, before a new one is begun.
    pub max_bytes: u64,
    /// How many full files are kept beside it, as `PATH.1` (the newest), `PATH.2`, ….
    pub keep: u32,
}

impl Default for LogFileOptions {
    /// The beginnings and ends of builds, 100 MiB a file, five full files kept.
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            events: vec!["builds/*/*".to_owned()],
            max_bytes: 100 << 20,
            keep: 5,
        }
    }
}

/// The least for [`LogFileOptions::max_bytes`].
const LEAST_BYTES: u64 = 4096;

/// The most for [`LogFileOptions::keep`].
const MOST_KEPT: u32 = 1000;

/// Writes events to a file, one JSON object a line, as a webhook posts them, and with `"delivery": "NAME-CURSOR"`.
///
/// An event is taken when it is on the disk; those that come at the same time are waited for together. What a crash
/// leaves of a line is cut off when the file is opened, and that event comes again. An event that comes again although
/// it was written, since the crash came before that was noted, is found among the file's last lines, and not written
/// twice. Lines of one build are in order; those of several builds stand as they came, and `cursor` tells their order.
pub struct LogFile {
    wanted: Wanted,
    outlet: Outlet,
    /// What is to be written, by those who wait for it.
    waiting: Mutex<Vec<Waiting>>,
    /// Had by the one who writes for all.
    writer: Arc<tokio::sync::Mutex<LogLines>>,
}

struct Waiting {
    line: Line,
    done: oneshot::Sender<Result<(), String>>,
}

impl fmt::Debug for LogFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogFile")
            .field("name", &self.wanted.name())
            .finish_non_exhaustive()
    }
}

impl LogFile {
    /// The log file `name` of these options; touches no file yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(name: String, options: LogFileOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        if options.path.file_name().is_none() {
            return Err(OptionError::new("path", "names no file; write e.g. events.jsonl"));
        }
        if options.max_bytes < LEAST_BYTES {
            let why = format!("is less than {LEAST_BYTES} bytes, which is the least");
            return Err(OptionError::new("max_bytes", why));
        }
        if options.keep > MOST_KEPT {
            let why = format!("is more than {MOST_KEPT} files, which is the most");
            return Err(OptionError::new("keep", why));
        }
        let wanted = Wanted::new(name, &options.events)?;
        let lines = LogLines::new(options.path, options.max_bytes, options.keep);
        Ok(Self {
            wanted,
            outlet: outlet.clone(),
            waiting: Mutex::default(),
            writer: Arc::new(tokio::sync::Mutex::new(lines)),
        })
    }

    fn line(&self, event: &Event) -> String {
        let mut told = self.wanted.hand_over(event);
        told.body["delivery"] = told.delivery.into();
        format!("{}\n", told.body)
    }

    /// Writes what waits, in one go.
    async fn write_all(&self) {
        let mut writer = Arc::clone(&self.writer).lock_owned().await;
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        if waiting.is_empty() {
            // Whoever had the file before wrote ours too.
            return;
        }
        let (lines, done): (Vec<Line>, Vec<_>) = waiting.into_iter().map(|it| (it.line, it.done)).unzip();
        // The work goes on to its end even if nobody waits for it any more, and has the file until then.
        let written = off_thread(move || writer.write(&lines)).await;
        let written = match written {
            Ok(written) => written.map_err(|error| error.to_string()),
            Err(stopped) => Err(stopped.to_string()),
        };
        for done in done {
            // Whoever was dropped meanwhile is told of the event again.
            let _ = done.send(written.clone());
        }
    }
}

#[async_trait]
impl Listener for LogFile {
    fn name(&self) -> &str {
        self.wanted.name()
    }

    fn kind(&self) -> &str {
        "log_file"
    }

    fn filter(&self) -> TopicFilter {
        self.wanted.filter().clone()
    }

    async fn on_event(&self, event: &Event, _: &dyn StatusApi) -> Result<(), ListenerError> {
        let text = self.line(event);
        if self.outlet.prints(|| text.trim_end().to_owned()) {
            return Ok(());
        }
        let Cursor(cursor) = event.cursor;
        let (done, taken) = oneshot::channel();
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Waiting {
                line: Line { cursor, text },
                done,
            });
        self.write_all().await;
        match taken.await {
            Ok(written) => written.map_err(ListenerError::Later),
            Err(_) => Err(ListenerError::Later("the writing was interrupted".to_owned())),
        }
    }
}
