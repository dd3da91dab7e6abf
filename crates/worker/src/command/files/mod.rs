//! What is done to files without a program: folders are made, copied and removed, files are sent and taken.
//!
//! Work that blocks is off the tasks' threads. Whatever takes long heeds its [`CancellationToken`] between two files or
//! pieces, so that a command can be ended at any time.

mod archive;
mod download;
mod failure;
mod folders;
mod pattern;
mod place;
mod search;
mod tree;
mod upload;

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use weir_off_thread::off_thread;
use weir_worker_protocol::MAX_OUTPUT;
use weir_worker_protocol::v1::{StartCommand, Stream, Timeout, finished::Outcome, start_command::What};

use super::supervisor::reason;
use super::{header, say};
use crate::hold::Hold;
use failure::Failure;

pub(super) use place::Place;

/// What became of the work.
type Done<T> = Result<T, Failure>;

/// Whether the command is one of these.
pub(super) fn is_one(what: Option<&What>) -> bool {
    !matches!(what, Some(What::Argv(_) | What::Script(_)) | None)
}

/// Does what `command` says; what it gives and what failed goes to `hold`.
pub(super) async fn run(command: &StartCommand, place: Place, hold: &Hold) -> Outcome {
    let stop = CancellationToken::new();
    let work = act(command, place, hold, &stop);
    tokio::pin!(work);
    let ended = tokio::select! {
        biased;
        ended = limits(command, hold) => ended,
        done = &mut work => return match done {
            Ok(()) => Outcome::ExitCode(0),
            Err(failure) => {
                say(hold, &format!("{failure}\n"));
                Outcome::ExitCode(failure.code())
            }
        },
    };
    stop.cancel();
    let grace = Duration::from_millis(command.interrupt_grace_ms);
    if timeout(grace, work).await.is_err() {
        say(hold, "what is under way could not be ended in time\n");
    }
    ended
}

/// Waits until the command has to end for another reason than its own, and tells of it. How long it is silent does not
/// count: there is no program that could be stuck.
async fn limits(command: &StartCommand, hold: &Hold) -> Outcome {
    let total = command.total_timeout_ms;
    let until = Instant::now() + Duration::from_millis(total);
    let mut interrupt = hold.interrupted();
    tokio::select! {
        reason = reason(&mut interrupt) => {
            say(hold, &format!("command interrupted ({reason})\n"));
            Outcome::Interrupted(reason)
        }
        () = sleep_until(until), if total != 0 => {
            say(hold, &header::timed_out(Timeout::Total, command));
            Outcome::TimedOut(Timeout::Total.into())
        }
    }
}

async fn act(command: &StartCommand, place: Place, hold: &Hold, stop: &CancellationToken) -> Done<()> {
    match command.what.clone() {
        Some(What::MakeDirs(it)) => blocking(stop, move |_| folders::make(&place, &it.paths)).await,
        Some(What::RemoveDirs(it)) => {
            blocking(stop, move |stop| folders::remove(&place, &it.paths, stop)).await
        }
        Some(What::CopyDir(it)) => {
            let id = command.command_id.clone();
            let copied = move |stop: &_| folders::copy(&place, &it.from, &it.to, &id, stop);
            for skipped in blocking(stop, copied).await? {
                let skipped = skipped.display();
                say(
                    hold,
                    &format!("skipped {skipped}: neither a file, a folder nor a link\n"),
                );
            }
            Ok(())
        }
        Some(What::RemoveFile(path)) => blocking(stop, move |_| folders::remove_file(&place, &path)).await,
        Some(What::Stat(path)) => {
            let facts = blocking(stop, move |_| search::facts(&place, &path)).await?;
            give(hold, &facts, stop).await
        }
        Some(What::Glob(pattern)) => {
            let found = blocking(stop, move |stop| search::matching(&place, &pattern, stop)).await?;
            give(hold, &found, stop).await
        }
        Some(What::ListDir(path)) => {
            let found = blocking(stop, move |stop| search::names(&place, &path, stop)).await?;
            give(hold, &found, stop).await
        }
        Some(What::UploadFile(it)) => upload::file(&place, &it, hold, stop).await,
        Some(What::UploadDir(it)) => upload::folder(&place, &it, hold, stop).await,
        Some(What::DownloadFile(it)) => download::file(&place, &it, &command.command_id, hold, stop).await,
        Some(What::Argv(_) | What::Script(_)) | None => Err(Failure::new("the command is not about files")),
    }
}

/// Does work that blocks where it keeps no task waiting.
async fn blocking<T: Send + 'static>(
    stop: &CancellationToken,
    work: impl FnOnce(&CancellationToken) -> Done<T> + Send + 'static,
) -> Done<T> {
    let stop = stop.clone();
    off_thread(move || work(&stop)).await?
}

/// Gives bytes to the master, no faster than it takes them.
async fn give(hold: &Hold, bytes: &[u8], stop: &CancellationToken) -> Done<()> {
    for piece in bytes.chunks(MAX_OUTPUT) {
        while !hold.can_go_on() {
            tokio::select! {
                () = hold.room() => {}
                () = stop.cancelled() => return Err(Failure::stopped()),
            }
        }
        hold.output(Stream::Data, Bytes::copy_from_slice(piece));
    }
    Ok(())
}
