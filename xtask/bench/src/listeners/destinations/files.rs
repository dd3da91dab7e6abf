//! Destinations that are files: the log file, and what the program writes.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;
use weir_status_api::{Clock, SystemClock};

use super::{Delivery, Mood};
use crate::Result;

/// What the listener `program` runs: it notes which delivery came when, and does as its destination feels.
const PROGRAM: &str = r#"while [ -e program.hangs ]; do sleep 0.1; done
if [ -e program.down ]; then exit 75; fi
date "+$WEIR_DELIVERY %s%6N" >> program.told
if [ -e program.mute ]; then date +%s >> program.lost; exit 75; fi
"#;

/// How often it is looked whether lines have come: as exact are their times.
const EVERY: Duration = Duration::from_millis(1);

/// When lines came, by their ids.
type Times = Arc<Mutex<HashMap<String, i64>>>;

/// The files, in the folder that the processes run in.
pub(super) struct Files {
    folder: PathBuf,
    times: Times,
}

/// Looks when lines come, until it is dropped.
pub(in super::super) struct Look(JoinHandle<()>);

impl Drop for Look {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Files {
    /// Those in `folder`, with the program.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        crate::server::write(&folder.join("program.sh"), PROGRAM)?;
        Ok(Self {
            folder: folder.to_owned(),
            times: Times::default(),
        })
    }

    fn log(&self) -> PathBuf {
        self.folder.join("events.jsonl")
    }

    /// Lets the program's destination be of that mood.
    pub(super) fn set(&self, mood: Mood) -> Result<()> {
        for (name, its) in [("down", Mood::Down), ("hangs", Mood::Hangs), ("mute", Mood::Mute)] {
            let sign = self.folder.join(format!("program.{name}"));
            match mood == its {
                true => crate::server::write(&sign, "")?,
                false => match fs::remove_file(&sign) {
                    Err(error) if error.kind() != ErrorKind::NotFound => {
                        return Err(format!("{} cannot be removed: {error}", sign.display()));
                    }
                    _ => (),
                },
            }
        }
        Ok(())
    }

    /// What the program was told.
    pub(super) fn told(&self) -> Result<Vec<Delivery>> {
        let text = read(&self.folder.join("program.told"))?;
        let deliveries = text.lines().map(|line| {
            let (id, at) = line
                .split_once(' ')
                .ok_or_else(|| format!("the program wrote `{line}`"))?;
            Ok(Delivery {
                id: id.to_owned(),
                at: at.parse().ok(),
            })
        });
        deliveries.collect()
    }

    /// How often the program took something, and said that it did not.
    pub(super) fn lost(&self) -> Result<usize> {
        Ok(read(&self.folder.join("program.lost"))?.lines().count())
    }

    /// The lines of the log file and of those that were full, oldest first. Each has to be whole.
    pub(super) fn lines(&self) -> Result<Vec<Delivery>> {
        let log = self.log();
        let full = |number: usize| log.with_added_extension(number.to_string());
        let kept = (1..).take_while(|it| full(*it).exists()).count();
        let mut deliveries = vec![];
        for file in (1..=kept).rev().map(full).chain([log.clone()]) {
            self.lines_of(&file, &mut deliveries)?;
        }
        Ok(deliveries)
    }

    fn lines_of(&self, file: &Path, deliveries: &mut Vec<Delivery>) -> Result<()> {
        let text = read(file)?;
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        for line in text.split_inclusive('\n') {
            let id = id(line).ok_or_else(|| format!("{} has the torn line `{line}`", file.display()))?;
            let at = times.get(&id).copied();
            deliveries.push(Delivery { id, at });
        }
        Ok(())
    }

    /// Leaves half a line at the end of the log file.
    pub(super) fn tear(&self) -> Result<()> {
        let log = self.log();
        let torn = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&log)
            .and_then(|mut it| it.write_all(b"{\"cursor\": 17, \"delivery\": \"log_fi"));
        torn.map_err(|error| format!("{} cannot be torn: {error}", log.display()))
    }

    /// Notes when lines come.
    pub(super) fn look(&self) -> Look {
        let (log, times) = (self.log(), Arc::clone(&self.times));
        Look(tokio::spawn(async move {
            let mut tail = Tail::default();
            let mut every = tokio::time::interval(EVERY);
            loop {
                every.tick().await;
                tail.look(&log, &times);
            }
        }))
    }
}

/// The end of a file that others write and put aside.
#[derive(Default)]
struct Tail {
    file: Option<File>,
    /// The beginning of a line.
    rest: String,
}

impl Tail {
    /// Notes the lines that have come since the last look.
    fn look(&mut self, log: &Path, times: &Times) {
        self.read(times);
        let number = |file: &File| file.metadata().map(|it| it.ino()).ok();
        let known = self.file.as_ref().and_then(number);
        if fs::metadata(log).is_ok_and(|it| Some(it.ino()) != known) {
            // What came between the reading and now is in the old one.
            self.read(times);
            self.file = File::open(log).ok();
            self.rest.clear();
            self.read(times);
        }
    }

    fn read(&mut self, times: &Times) {
        let mut new = String::new();
        let read = self.file.as_mut().map(|it| it.read_to_string(&mut new));
        if !matches!(read, Some(Ok(1..))) {
            return;
        }
        let now = SystemClock.now().0;
        self.rest.push_str(&new);
        let Some(end) = self.rest.rfind('\n') else {
            return;
        };
        let rest = self.rest.split_off(end + 1);
        let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
        for id in self.rest.split_inclusive('\n').filter_map(id) {
            times.entry(id).or_insert(now);
        }
        self.rest = rest;
    }
}

/// The delivery of a whole line.
fn id(line: &str) -> Option<String> {
    let line = line.strip_suffix('\n')?;
    let event: Value = serde_json::from_str(line).ok()?;
    Some(event["delivery"].as_str()?.to_owned())
}

/// What a file holds; nothing if it is not there yet.
fn read(file: &Path) -> Result<String> {
    match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        text => text.map_err(|error| format!("{} cannot be read: {error}", file.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_all_files_are_there_in_their_order_and_a_torn_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(folder.path()).unwrap();
        let line = |number: u32| format!("{{\"delivery\": \"log_file-{number}\"}}\n");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("events.jsonl.2", &line(1));
        write("events.jsonl.1", &(line(2) + &line(3)));
        write("events.jsonl", &line(4));
        let ids: Vec<String> = files.lines().unwrap().into_iter().map(|it| it.id).collect();
        assert_eq!(ids, ["log_file-1", "log_file-2", "log_file-3", "log_file-4"]);
        files.tear().unwrap();
        assert!(files.lines().unwrap_err().contains("torn line"));
    }

    #[test]
    fn the_time_of_a_line_is_known_although_its_file_was_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(folder.path()).unwrap();
        let mut tail = Tail::default();
        fs::write(files.log(), "{\"delivery\": \"log_file-1\"}\n").unwrap();
        tail.look(&files.log(), &files.times);
        let mut old = OpenOptions::new().append(true).open(files.log()).unwrap();
        old.write_all(b"{\"delivery\": \"log_file-2\"}\n").unwrap();
        fs::rename(files.log(), files.log().with_added_extension("1")).unwrap();
        fs::write(files.log(), "{\"delivery\": \"log_file-3\"}\n").unwrap();
        tail.look(&files.log(), &files.times);
        assert!(files.lines().unwrap().iter().all(|it| it.at.is_some()));
        assert_eq!(files.times.lock().unwrap().len(), 3);
    }
}
