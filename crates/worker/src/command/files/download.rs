//! Taking a file from the master, piece by piece.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use weir_worker_protocol::v1::{Download, Piece};

use super::failure::{Doing, Failure};
use super::folders::part_of;
use super::place::Place;
use super::{Done, blocking};
use crate::hold::{Hold, lock};

/// How many bytes are asked for at once.
const AT_ONCE: u32 = 512 * 1024;

/// Takes the file, and puts it in its place once it is whole.
pub(super) async fn file(
    place: &Place,
    download: &Download,
    id: &str,
    hold: &Hold,
    stop: &CancellationToken,
) -> Done<()> {
    let (place, path, id) = (place.clone(), download.path.clone(), id.to_owned());
    let opened = move |_: &_| Part::create(place.target(&path)?, &id);
    let part = Arc::new(Mutex::new(blocking(stop, opened).await?));
    let mut offset = 0;
    loop {
        let piece = tokio::select! {
            piece = hold.read(offset, AT_ONCE) => piece,
            () = stop.cancelled() => return Err(Failure::stopped()),
        };
        let bytes = bytes_of(piece, &download.path)?;
        let most = download.max_bytes;
        offset += bytes.len() as u64;
        if most != 0 && offset > most {
            let path = &download.path;
            return Err(Failure::new(format!(
                "what is to be {path} is larger than {most} bytes"
            )));
        }
        let (part, mode, is_last) = (Arc::clone(&part), download.mode, bytes.is_empty());
        let put = move |_: &_| match is_last {
            true => lock(&part).put(mode),
            false => lock(&part).write(&bytes),
        };
        blocking(stop, put).await?;
        if is_last {
            return Ok(());
        }
    }
}

fn bytes_of(piece: Piece, path: &str) -> Done<Bytes> {
    match piece.failure.as_str() {
        "" => Ok(piece.data),
        why => Err(Failure::new(format!("the master does not give {path}: {why}"))),
    }
}

/// A file that is not whole yet, beside its place; it is removed unless it is put there.
struct Part {
    file: File,
    path: PathBuf,
    target: PathBuf,
    is_put: bool,
}

impl Part {
    fn create(target: PathBuf, id: &str) -> Done<Self> {
        if target.is_dir() {
            let error = io::Error::from_raw_os_error(nix::libc::EISDIR);
            return Err(Failure::of("write", &target, &error));
        }
        let path = part_of(&target, id)?;
        let file = File::create_new(&path).doing("write", &path)?;
        Ok(Self {
            file,
            path,
            target,
            is_put: false,
        })
    }

    fn write(&mut self, bytes: &[u8]) -> Done<()> {
        self.file.write_all(bytes).doing("write", &self.path)
    }

    /// Puts it in its place, with these permissions.
    fn put(&mut self, mode: Option<u32>) -> Done<()> {
        if let Some(mode) = mode {
            set_mode(&self.path, mode)?;
        }
        fs::rename(&self.path, &self.target).doing("write", &self.target)?;
        self.is_put = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_put {
            // A file that is left behind is no harm, and there is nobody to tell.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn set_mode(path: &Path, mode: u32) -> Done<()> {
    fs::set_permissions(path, Permissions::from_mode(mode & 0o7777)).doing("set the permissions of", path)
}
