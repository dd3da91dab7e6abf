//! Sending a file, or a folder as an archive, to the master.

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use weir_worker_protocol::v1::Upload;

use super::archive::Archive;
use super::failure::{Doing, Failure};
use super::place::Place;
use super::{Done, blocking, give};
use crate::hold::{Hold, lock};

/// How many bytes are read at once.
const AT_ONCE: usize = 256 * 1024;

/// Sends the bytes of a file.
pub(super) async fn file(place: &Place, upload: &Upload, hold: &Hold, stop: &CancellationToken) -> Done<()> {
    let (place, path) = (place.clone(), upload.path.clone());
    let opened = move |_: &_| {
        let path = place.target(&path)?;
        let file = File::open(&path).doing("read", &path)?;
        let metadata = file.metadata().doing("look at", &path)?;
        if metadata.is_dir() {
            let error = io::Error::from_raw_os_error(nix::libc::EISDIR);
            return Err(Failure::of("read", &path, &error));
        }
        Ok((file, path))
    };
    let (mut file, path) = blocking(stop, opened).await?;
    let next = move || {
        let mut bytes = Vec::with_capacity(AT_ONCE);
        let mut piece = (&mut file).take(AT_ONCE as u64);
        piece.read_to_end(&mut bytes).doing("read", &path)?;
        Ok((!bytes.is_empty()).then_some(bytes))
    };
    send(next, upload, hold, stop).await
}

/// Sends a folder with all in it as an archive.
pub(super) async fn folder(
    place: &Place,
    upload: &Upload,
    hold: &Hold,
    stop: &CancellationToken,
) -> Done<()> {
    let (place, path, gzip) = (place.clone(), upload.path.clone(), upload.gzip);
    let opened = move |_: &_| Archive::new(&place.target(&path)?, gzip);
    let mut archive = blocking(stop, opened).await?;
    send(move || archive.next(AT_ONCE), upload, hold, stop).await
}

/// Sends what `next` gives until there is no more, or it is too much.
async fn send(
    next: impl FnMut() -> Done<Option<Vec<u8>>> + Send + 'static,
    upload: &Upload,
    hold: &Hold,
    stop: &CancellationToken,
) -> Done<()> {
    let next = Arc::new(Mutex::new(next));
    let mut room = match upload.max_bytes {
        0 => u64::MAX,
        most => most,
    };
    loop {
        let next = Arc::clone(&next);
        let Some(bytes) = blocking(stop, move |_| (lock(&next))()).await? else {
            return Ok(());
        };
        let fits = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        give(hold, &bytes[..fits], stop).await?;
        room -= fits as u64;
        if fits < bytes.len() {
            let (path, most) = (&upload.path, upload.max_bytes);
            return Err(Failure::new(format!("{path} is larger than {most} bytes")));
        }
    }
}
