//! A folder as a tar archive, made piece by piece as it is asked for.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header, HeaderMode};

use super::Done;
use super::failure::{Doing, Failure};
use super::tree::{Met, Walk};

/// The unit of an archive, in bytes.
const BLOCK: u64 = 512;

/// What ends one.
const END: [u8; 2 * BLOCK as usize] = [0; 2 * BLOCK as usize];

/// An archive whose names are relative to the folder.
pub(super) struct Archive {
    folder: PathBuf,
    walk: Walk,
    /// The file whose bytes come next.
    open: Option<Open>,
    out: Out,
    is_finished: bool,
}

/// A file of which not everything is in the archive.
struct Open {
    file: File,
    path: PathBuf,
    /// How many bytes its header promises still.
    left: u64,
    /// How many bytes come after it, so that the next header begins with a block.
    padding: u64,
}

/// Where the archive's bytes go until they are asked for.
enum Out {
    Plain(Vec<u8>),
    Gzip(GzEncoder<Vec<u8>>),
}

impl Archive {
    /// Of the folder, which is a real path; with `gzip` it is compressed.
    pub(super) fn new(folder: &Path, gzip: bool) -> Done<Self> {
        Ok(Self {
            walk: Walk::new(folder.to_owned()).doing("read the folder", folder)?,
            folder: folder.to_owned(),
            open: None,
            out: match gzip {
                true => Out::Gzip(GzEncoder::new(vec![], Compression::default())),
                false => Out::Plain(vec![]),
            },
            is_finished: false,
        })
    }

    /// The next bytes, about `wanted` of them, or fewer where much is packed into few; none at the end.
    pub(super) fn next(&mut self, wanted: usize) -> Done<Option<Vec<u8>>> {
        let mut looked_at = 0;
        while self.out.bytes().len() < wanted && looked_at < 16 * wanted && !self.is_finished {
            looked_at += self.advance(wanted)?;
        }
        let bytes = std::mem::take(self.out.bytes());
        Ok((!self.is_finished || !bytes.is_empty()).then_some(bytes))
    }

    /// Puts a little more into the archive; gives how much was looked at, in bytes.
    fn advance(&mut self, most: usize) -> Done<usize> {
        if let Some(open) = &mut self.open {
            let piece = open.read(most).doing("read", &open.path)?;
            let is_whole = open.left == 0;
            self.out.write(&piece)?;
            if is_whole {
                let padding = vec![0; usize::try_from(open.padding).unwrap_or_default()];
                self.out.write(&padding)?;
                self.open = None;
            }
            return Ok(piece.len());
        }
        match self.walk.next() {
            Some(Met::Entry(path)) => self.begin(path)?,
            Some(Met::Left(_)) => {}
            None => {
                self.out.write(&END)?;
                self.out.finish()?;
                self.is_finished = true;
            }
        }
        Ok(BLOCK as usize)
    }

    /// Begins with what is at `path`. What vanished meanwhile, and what is neither a file, a folder nor a link, is left
    /// out.
    fn begin(&mut self, path: PathBuf) -> Done<()> {
        let metadata = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found.doing("look at", &path)?,
        };
        let name = path.strip_prefix(&self.folder).unwrap_or(&path).to_owned();
        if metadata.is_symlink() {
            let link = fs::read_link(&path).doing("read the link", &path)?;
            let mut header = header(&metadata, EntryType::Symlink, 0);
            return self.write_with(|to| to.append_link(&mut header, &name, &link), &path);
        }
        if metadata.is_dir() {
            let mut header = header(&metadata, EntryType::Directory, 0);
            self.write_with(|to| to.append_data(&mut header, &name, io::empty()), &path)?;
            return self.walk.enter(path.clone()).doing("read the folder", &path);
        }
        if !metadata.is_file() {
            return Ok(());
        }
        let file = File::open(&path).doing("read", &path)?;
        let left = metadata.len();
        let mut header = header(&metadata, EntryType::Regular, left);
        // Its bytes follow as they are asked for.
        self.write_with(|to| to.append_data(&mut header, &name, io::empty()), &path)?;
        self.open = Some(Open {
            file,
            path,
            left,
            padding: left.next_multiple_of(BLOCK) - left,
        });
        Ok(())
    }

    fn write_with(
        &mut self,
        write: impl FnOnce(&mut Builder<&mut Vec<u8>>) -> io::Result<()>,
        path: &Path,
    ) -> Done<()> {
        let mut bytes = vec![];
        let mut builder = Builder::new(&mut bytes);
        write(&mut builder)
            .and_then(|()| builder.finish())
            .doing("put into the archive", path)?;
        drop(builder);
        // The end of an archive, which comes later.
        bytes.truncate(bytes.len() - END.len());
        self.out.write(&bytes)
    }
}

impl Open {
    /// The next bytes. A file that has become shorter is filled with zeros.
    fn read(&mut self, most: usize) -> io::Result<Vec<u8>> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(most);
        let mut bytes = Vec::with_capacity(wanted);
        (&mut self.file).take(wanted as u64).read_to_end(&mut bytes)?;
        bytes.resize(wanted, 0);
        self.left -= wanted as u64;
        Ok(bytes)
    }
}

impl Out {
    fn bytes(&mut self) -> &mut Vec<u8> {
        match self {
            Self::Plain(bytes) => bytes,
            Self::Gzip(encoder) => encoder.get_mut(),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Done<()> {
        match self {
            Self::Plain(out) => out.extend_from_slice(bytes),
            Self::Gzip(encoder) => encoder.write_all(bytes).map_err(not_packed)?,
        }
        Ok(())
    }

    fn finish(&mut self) -> Done<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Gzip(encoder) => encoder.try_finish().map_err(not_packed),
        }
    }
}

fn not_packed(error: io::Error) -> Failure {
    Failure::new(format!("the archive cannot be compressed: {error}"))
}

fn header(metadata: &Metadata, kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_metadata_in_mode(metadata, HeaderMode::Complete);
    // Whose it is on the worker is of no use elsewhere.
    header.set_uid(0);
    header.set_gid(0);
    header.set_entry_type(kind);
    header.set_size(size);
    header
}
