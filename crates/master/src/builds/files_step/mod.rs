//! The steps about files: on the worker, and between it and the master.
//!
//! What a step leaves on the master's disk is the same when it is done twice: a file that is not whole yet has a name of
//! its own, and is moved to its place in the end.

mod download;
mod given;
mod merge;
mod place;
mod received;
mod unpack;
mod upload;

use prost::Message;
use weir_config::{FileStep, RenderError, Text};
use weir_status_api::Results;
use weir_worker_protocol::v1::FileFacts;

use super::captured::Captured;
use super::command::{End, Reader};
use super::log::LogWriter;
use super::step::{StepEnd, StepRun, cannot_render};
use crate::error::Result;
use crate::workers::{FileCommand, Outcome};

pub(super) use given::Given;
pub(super) use received::Received;

/// The bits of a file's mode that tell its kind, and two kinds, as Unix has them.
const KIND: u32 = 0o170_000;
const FILE: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;

/// The number of the system's error that there is no such file.
const NOT_THERE: i32 = 2;

/// Does what the step says.
pub(crate) async fn run(step: &StepRun<'_>, files: &FileStep, log: &mut LogWriter) -> Result<StepEnd> {
    let command = match files {
        FileStep::Upload(it) => return upload::run(step, it, log).await,
        FileStep::Download(it) => return download::run(step, it, log).await,
        FileStep::FileExists(path) => return exists(step, path, log).await,
        FileStep::MakeDirectory(path) => rendered(step, path).map(|it| FileCommand::MakeDirs(vec![it])),
        FileStep::RemoveDirectory(path) => rendered(step, path).map(|it| FileCommand::RemoveDirs(vec![it])),
        FileStep::RemoveFile(path) => rendered(step, path).map(FileCommand::RemoveFile),
        FileStep::CopyDirectory { path, to } => rendered(step, path).and_then(|from| {
            let to = rendered(step, to)?;
            Ok(FileCommand::CopyDir { from, to })
        }),
    };
    let command = match command {
        Ok(command) => command,
        Err(error) => return Ok(cannot_render(&error, log)),
    };
    let title = title(&command);
    let end = execute(step, command, log, Reader::Nobody).await?;
    Ok(conclude(step, &title, end, log))
}

fn rendered(step: &StepRun<'_>, text: &Text) -> Result<String, RenderError> {
    text.render(&step.values)
}

/// What a command is called, for people.
fn title(command: &FileCommand) -> String {
    match command {
        FileCommand::MakeDirs(paths) => format!("mkdir {}", paths.join(" ")),
        FileCommand::RemoveDirs(paths) => format!("rm -rf {}", paths.join(" ")),
        FileCommand::CopyDir { from, to } => format!("cp -r {from} {to}"),
        FileCommand::RemoveFile(path) => format!("rm {path}"),
        FileCommand::Stat(path) => format!("stat {path}"),
        FileCommand::Glob(pattern) => format!("glob {pattern}"),
        FileCommand::ListDir(path) => format!("ls {path}"),
        FileCommand::UploadFile { path, .. } | FileCommand::UploadDir { path, .. } => {
            format!("upload {path}")
        }
        FileCommand::DownloadFile { path, .. } => format!("download {path}"),
    }
}

/// Runs the next command of the step. The inner error is the step's end if it cannot be put together.
async fn execute(
    step: &StepRun<'_>,
    command: FileCommand,
    log: &mut LogWriter,
    reader: Reader<'_>,
) -> Result<Result<End, StepEnd>> {
    let spec = match step.file_spec(command) {
        Ok(spec) => spec,
        Err(error) => return Ok(Err(cannot_render(&error, log))),
    };
    step.execute(spec, log, reader).await.map(Ok)
}

/// What the end of the command `title` means for the step.
fn conclude(step: &StepRun<'_>, title: &str, end: Result<End, StepEnd>, log: &mut LogWriter) -> StepEnd {
    match end {
        Ok(end) => step.decide(title, end, log),
        Err(end) => end,
    }
}

/// How the file on the worker is. The inner error is the step's end if it cannot be looked at.
async fn facts(step: &StepRun<'_>, path: &str, log: &mut LogWriter) -> Result<Result<FileFacts, StepEnd>> {
    let command = FileCommand::Stat(path.to_owned());
    let title = title(&command);
    let bytes = match found(step, command, log).await? {
        Ok(bytes) => bytes,
        Err(end) => return Ok(Err(end)),
    };
    Ok(FileFacts::decode(&*bytes).map_err(|error| failed(&format!("{title}: {error}"), log)))
}

/// What a command finds out. The inner error is the step's end if it fails.
async fn found(
    step: &StepRun<'_>,
    command: FileCommand,
    log: &mut LogWriter,
) -> Result<Result<Vec<u8>, StepEnd>> {
    /// How much a command may find out, in bytes.
    const MOST: usize = 4 * 1024 * 1024;

    let title = title(&command);
    let mut found = Captured::up_to(MOST).of_data();
    let end = execute(step, command, log, Reader::Captured(&mut found)).await?;
    let is_missing = matches!(end, Ok(End::Outcome(Outcome::Exited(NOT_THERE))));
    let has_found = matches!(end, Ok(End::Outcome(Outcome::Exited(0))));
    let end = conclude(step, &title, end, log);
    Ok(match end.results {
        Results::Success if found.is_cut => Err(failed(&format!("{title}: more than {MOST} bytes"), log)),
        Results::Success if has_found => Ok(found.bytes),
        Results::Failure if is_missing => Err(StepEnd {
            state: format!("{title}: there is no such file"),
            ..end
        }),
        _ => Err(end),
    })
}

/// The step fails for this reason, which its log tells.
fn failed(why: &str, log: &mut LogWriter) -> StepEnd {
    log.say(why);
    StepEnd::new(Results::Failure, why)
}

/// Succeeds if there is a file at the path.
async fn exists(step: &StepRun<'_>, path: &Text, log: &mut LogWriter) -> Result<StepEnd> {
    let path = match rendered(step, path) {
        Ok(path) => path,
        Err(error) => return Ok(cannot_render(&error, log)),
    };
    Ok(match facts(step, &path, log).await? {
        Ok(facts) if facts.mode & KIND == FILE => {
            StepEnd::new(Results::Success, format!("{path}: {} bytes", facts.size))
        }
        Ok(_) => failed(&format!("{path} is not a file"), log),
        Err(end) => end,
    })
}
