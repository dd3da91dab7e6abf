//! Taking files from the worker (Buildbot's `FileUpload`, `DirectoryUpload` and `MultipleFileUpload`).

mod put;

use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;
use weir_config::{RenderError, UploadStep, Uploaded};
use weir_off_thread::off_thread;
use weir_status_api::{Results, Url};
use weir_status_db::Transition;
use weir_worker_protocol::v1::FileFacts;

use super::super::command::Reader;
use super::super::log::LogWriter;
use super::super::step::{StepEnd, StepRun, cannot_render};
use super::place::on_master;
use super::{FOLDER, KIND, Received, conclude, execute, facts, failed, found, rendered, title};
use crate::error::Result;
use crate::workers::FileCommand;
use put::{Times, put_file, put_folder};

/// How many files and folders a step may take.
const MOST_TAKEN: usize = 1_000;

/// What the step asks for, completed.
struct Wanted {
    /// Paths or patterns on the worker.
    paths: Vec<String>,
    to: PathBuf,
    url: Option<Url>,
}

/// Takes all that the step asks for.
pub(super) async fn run(step: &StepRun<'_>, upload: &UploadStep, log: &mut LogWriter) -> Result<StepEnd> {
    let wanted = match wanted(step, upload) {
        Ok(Ok(wanted)) => wanted,
        Ok(Err(why)) => return Ok(failed(&why, log)),
        Err(error) => return Ok(cannot_render(&error, log)),
    };
    let mut taking = Taking {
        step,
        upload,
        log,
        tried: 0,
        taken: 0,
        bytes: 0,
    };
    let first = wanted.paths.first().cloned().unwrap_or_default();
    let end = match &upload.what {
        Uploaded::File(_) => taking.file(&first, &wanted.to).await?,
        Uploaded::Directory(_) => taking.folder(&first, &wanted.to).await?,
        Uploaded::Several { glob, .. } => taking.several(wanted.paths, *glob, &wanted.to).await?,
    };
    if let Some(end) = end {
        return Ok(end);
    }
    let (taken, bytes) = (taking.taken, taking.bytes);
    let state = match &upload.what {
        Uploaded::Several { .. } if taken == 0 => {
            return Ok(StepEnd::new(Results::Skipped, "there is nothing to upload"));
        }
        Uploaded::Several { .. } if taken > 1 => format!("uploaded {taken} files and folders: {bytes} bytes"),
        _ => format!("uploaded {first}: {bytes} bytes"),
    };
    log.say(&state);
    if let Some(url) = wanted.url {
        let update = Transition::UpdateStep {
            step: step.step,
            state: step.values.secrets.mask(&state),
            urls: vec![url],
        };
        log.once(vec![update]).await?;
    }
    Ok(StepEnd::new(Results::Success, state))
}

/// What the step asks for. The inner error says why that cannot be.
fn wanted(step: &StepRun<'_>, upload: &UploadStep) -> Result<Result<Wanted, String>, RenderError> {
    let paths = match &upload.what {
        Uploaded::File(path) | Uploaded::Directory(path) => vec![rendered(step, path)?],
        Uploaded::Several { paths, .. } => {
            let paths = paths.iter().map(|it| it.render_words(&step.values));
            paths.collect::<Result<Vec<_>, _>>()?.concat()
        }
    };
    let to = match on_master(&step.engine.files, &upload.to, |it| rendered(step, &it.text))? {
        Ok(to) => to,
        Err(why) => return Ok(Err(why)),
    };
    let mask = |text: String| step.values.secrets.mask(&text);
    let url = match &upload.url {
        None => None,
        Some(url) => {
            let url = rendered(step, url)?;
            if !["http://", "https://"].iter().any(|it| url.starts_with(it)) {
                return Ok(Err(format!("the link `{url}` is no http or https URL")));
            }
            let name = match &upload.url_text {
                Some(text) => rendered(step, text)?,
                None => name_of(&to).unwrap_or("files").to_owned(),
            };
            Some(Url {
                name: mask(name),
                url: mask(url),
            })
        }
    };
    Ok(Ok(Wanted { paths, to, url }))
}

fn name_of(path: &Path) -> Option<&str> {
    path.file_name().and_then(|it| it.to_str())
}

/// The files and folders that a step takes, one after the other.
struct Taking<'t> {
    step: &'t StepRun<'t>,
    upload: &'t UploadStep,
    log: &'t mut LogWriter,
    /// How many were begun with.
    tried: usize,
    taken: usize,
    /// How many bytes of them came.
    bytes: u64,
}

impl Taking<'_> {
    /// Takes each that is there at the paths, or matches them, into a folder. Gives the step's end if that cannot be done.
    async fn several(&mut self, paths: Vec<String>, glob: bool, to: &Path) -> Result<Option<StepEnd>> {
        for path in paths {
            let found = match glob {
                true => self.matching(path).await?,
                false => Ok(vec![path]),
            };
            let found = match found {
                Ok(found) => found,
                Err(end) => return Ok(Some(end)),
            };
            for path in found {
                if let Some(end) = self.either(&path, to).await? {
                    return Ok(Some(end));
                }
            }
        }
        Ok(None)
    }

    /// What matches the pattern. The inner error is the step's end if that cannot be told.
    async fn matching(&mut self, pattern: String) -> Result<Result<Vec<String>, StepEnd>> {
        let command = FileCommand::Glob(pattern.clone());
        let bytes = match found(self.step, command, self.log).await? {
            Ok(bytes) => bytes,
            Err(end) => return Ok(Err(end)),
        };
        let Ok(text) = String::from_utf8(bytes) else {
            let why = format!("a file that matches {pattern} has a name that is not UTF-8");
            return Ok(Err(failed(&why, self.log)));
        };
        let found: Vec<String> = text.split_terminator('\0').map(str::to_owned).collect();
        self.log.say(&match found.len() {
            0 => format!("nothing matches {pattern}"),
            1 => format!("1 file or folder matches {pattern}"),
            many => format!("{many} files and folders match {pattern}"),
        });
        Ok(Ok(found))
    }

    /// Takes a file or a folder into the folder `to`, under its own name.
    async fn either(&mut self, path: &str, to: &Path) -> Result<Option<StepEnd>> {
        if self.tried == MOST_TAKEN {
            let why = format!("there are more than {MOST_TAKEN} files and folders to take");
            return Ok(Some(failed(&why, self.log)));
        }
        let Some(name) = name_of(Path::new(path)) else {
            return Ok(Some(failed(
                &format!("`{path}` has no name of its own"),
                self.log,
            )));
        };
        let to = to.join(name);
        let facts = match facts(self.step, path, self.log).await? {
            Ok(facts) => facts,
            Err(end) => return Ok(Some(end)),
        };
        match facts.mode & KIND == FOLDER {
            true => self.folder(path, &to).await,
            false => self.file_with(path, &to, Some(&facts)).await,
        }
    }

    /// Takes a file, which becomes `to`.
    async fn file(&mut self, path: &str, to: &Path) -> Result<Option<StepEnd>> {
        if !self.upload.keep_times {
            return self.file_with(path, to, None).await;
        }
        match facts(self.step, path, self.log).await? {
            Ok(facts) => self.file_with(path, to, Some(&facts)).await,
            Err(end) => Ok(Some(end)),
        }
    }

    async fn file_with(
        &mut self,
        path: &str,
        to: &Path,
        facts: Option<&FileFacts>,
    ) -> Result<Option<StepEnd>> {
        let command = FileCommand::UploadFile {
            path: path.to_owned(),
            max_bytes: self.upload.max_size,
        };
        let times = facts.filter(|_| self.upload.keep_times).map(Times::of);
        let (mode, to) = (self.upload.mode, to.to_owned());
        self.take(command, &to.clone(), move |part, size, _| {
            put_file(part, &to, size, mode, times)
        })
        .await
    }

    /// Takes a folder: what is in it comes into `to`.
    async fn folder(&mut self, path: &str, to: &Path) -> Result<Option<StepEnd>> {
        let (gzip, most) = (self.upload.compress, self.upload.max_size);
        let command = FileCommand::UploadDir {
            path: path.to_owned(),
            max_bytes: most,
            gzip,
        };
        let to = to.to_owned();
        self.take(command, &to.clone(), move |part, _, stop| {
            put_folder(part, &to, gzip, most, stop)
        })
        .await
    }

    /// Runs the command, whose bytes go into a file beside `to`, which `put` then puts in its place: it is given the file,
    /// how many bytes it has, and whether it is to end early. Gives the step's end if that cannot be done.
    async fn take(
        &mut self,
        command: FileCommand,
        to: &Path,
        put: impl FnOnce(&Path, u64, &CancellationToken) -> Result<(), String> + Send + 'static,
    ) -> Result<Option<StepEnd>> {
        let part = self.part(to);
        self.tried += 1;
        let title = title(&command);
        let mut received = Received::new(part.clone());
        let end = execute(self.step, command, self.log, Reader::Received(&mut received)).await?;
        let end = conclude(self.step, &title, end, self.log);
        let end = match (end.results, received.failure()) {
            // The command may have been ended because of that.
            (Results::Success | Results::Failure | Results::Retry, Some(why)) => Err(failed(why, self.log)),
            (Results::Success | Results::Warnings, None) => Ok(()),
            _ => Err(end),
        };
        let size = received.stored();
        let (whole, at) = (end.is_ok(), part.clone());
        let done = self
            .blocking(move |stop| match whole {
                true => put(&at, size, stop),
                false => Ok(()),
            })
            .await;
        if done.is_err() || end.is_err() {
            let _ = off_thread(move || std::fs::remove_file(part)).await;
        }
        if let Err(end) = end {
            return Ok(Some(end));
        }
        if let Err(why) = done {
            let end = failed(&why, self.log);
            return Ok(Some(self.step.stopped().unwrap_or(end)));
        }
        self.taken += 1;
        self.bytes += size;
        Ok(None)
    }

    /// The file that has what came so far: no other try, step or build has the same.
    fn part(&self, to: &Path) -> PathBuf {
        let (step, attempt, number) = (self.step.step, self.log.attempt, self.tried);
        to.with_file_name(format!(".weir-part-{step}-{attempt}-{number}"))
    }

    /// Does work that takes long, and ends it early if the step is to end.
    async fn blocking(
        &self,
        work: impl FnOnce(&CancellationToken) -> Result<(), String> + Send + 'static,
    ) -> Result<(), String> {
        let stop = CancellationToken::new();
        let told = stop.clone();
        let work = off_thread(move || work(&told));
        tokio::pin!(work);
        let done = tokio::select! {
            biased;
            done = &mut work => done,
            () = self.step.stop.wait() => {
                stop.cancel();
                work.await
            }
        };
        done.map_err(|error| error.to_string())?
    }
}
