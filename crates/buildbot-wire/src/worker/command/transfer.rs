//! Files that go to the master and come from it.
//!
//! Over the perspective broker the worker calls an object that it is given; over msgpack it names the command.

use super::Spelled;
use crate::worker::args::{Args, Given};
use crate::worker::{Abilities, Protocol};
use crate::{Error, Result, Value};

/// What a path is called over the perspective broker: from 3.0 on, and before.
type Paths = (&'static str, &'static str);
const FROM_WORKER: Paths = ("workersrc", "slavesrc");
const TO_WORKER: Paths = ("workerdest", "slavedest");

/// Send a file to the master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadFile {
    /// In which directory the path begins; over msgpack the path is whole, and this is empty.
    pub workdir: String,
    /// The file.
    pub path: String,
    /// The number of the object that takes it, on the master's side; none over msgpack.
    pub writer: Option<u64>,
    /// Bytes after which it is cut off.
    pub max_size: Option<u64>,
    /// Bytes of a piece.
    pub block_size: u64,
    /// Whether its times are sent as well: workers can from 2.13 on.
    pub keep_times: bool,
}

/// Send a directory to the master, as a tar archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadDirectory {
    /// In which directory the path begins; over msgpack the path is whole, and this is empty.
    pub workdir: String,
    /// The directory.
    pub path: String,
    /// The number of the object that takes it, on the master's side; none over msgpack.
    pub writer: Option<u64>,
    /// Bytes after which the archive is cut off.
    pub max_size: Option<u64>,
    /// Bytes of a piece.
    pub block_size: u64,
    /// How the archive is compressed.
    pub compression: Option<Compression>,
}

/// How an archive is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// By gzip.
    Gzip,
    /// By bzip2.
    Bzip2,
}

/// Take a file from the master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadFile {
    /// In which directory the path begins; over msgpack the path is whole, and this is empty.
    pub workdir: String,
    /// The file. Directories above it are made.
    pub path: String,
    /// The number of the object that gives it, on the master's side; none over msgpack.
    pub reader: Option<u64>,
    /// Bytes after which it is cut off.
    pub max_size: Option<u64>,
    /// Bytes of a piece.
    pub block_size: u64,
    /// The permissions it gets, as Unix has them.
    pub mode: Option<u32>,
}

impl UploadFile {
    pub(super) fn spell(&self, worker: &Abilities) -> Result<Spelled> {
        if self.keep_times {
            worker.need("uploadFile", &[2, 13])?;
        }
        let args = Transfer {
            name: "uploadFile",
            over_msgpack: "upload_file",
            object: ("writer", self.writer),
            workdir: &self.workdir,
            path: &self.path,
            paths: FROM_WORKER,
        };
        args.spell(worker, |args| {
            args.with("maxsize", self.max_size)
                .with("blocksize", self.block_size)
                .with("keepstamp", self.keep_times)
        })
    }

    pub(super) fn read(given: Given<'_>) -> Result<Self> {
        let (workdir, path) = place(given, FROM_WORKER)?;
        Ok(Self {
            workdir,
            path,
            writer: number(given, "writer")?,
            max_size: given.int("maxsize")?,
            block_size: block_size(given)?,
            keep_times: given.bool("keepstamp", false)?,
        })
    }
}

impl UploadDirectory {
    pub(super) fn spell(&self, worker: &Abilities) -> Result<Spelled> {
        worker.need("uploadDirectory", &[2, 6])?;
        let args = Transfer {
            name: "uploadDirectory",
            over_msgpack: "upload_directory",
            object: ("writer", self.writer),
            workdir: &self.workdir,
            path: &self.path,
            paths: FROM_WORKER,
        };
        args.spell(worker, |args| {
            args.with("maxsize", self.max_size)
                .with("blocksize", self.block_size)
                .with("compress", self.compression.map(Compression::name))
        })
    }

    pub(super) fn read(given: Given<'_>) -> Result<Self> {
        let (workdir, path) = place(given, FROM_WORKER)?;
        Ok(Self {
            workdir,
            path,
            writer: number(given, "writer")?,
            max_size: given.int("maxsize")?,
            block_size: block_size(given)?,
            compression: given.some("compress").map(Compression::read).transpose()?,
        })
    }
}

impl DownloadFile {
    pub(super) fn spell(&self, worker: &Abilities) -> Result<Spelled> {
        let args = Transfer {
            name: "downloadFile",
            over_msgpack: "download_file",
            object: ("reader", self.reader),
            workdir: &self.workdir,
            path: &self.path,
            paths: TO_WORKER,
        };
        args.spell(worker, |args| {
            args.with("maxsize", self.max_size)
                .with("blocksize", self.block_size)
                .with("mode", self.mode)
        })
    }

    pub(super) fn read(given: Given<'_>) -> Result<Self> {
        let (workdir, path) = place(given, TO_WORKER)?;
        Ok(Self {
            workdir,
            path,
            reader: number(given, "reader")?,
            max_size: given.int("maxsize")?,
            block_size: block_size(given)?,
            mode: given.int("mode")?,
        })
    }
}

/// What the three have in common.
struct Transfer<'t> {
    /// The command over the perspective broker.
    name: &'static str,
    /// The command over msgpack.
    over_msgpack: &'static str,
    /// The name and the number of the object that the worker calls, over the perspective broker.
    object: (&'static str, Option<u64>),
    workdir: &'t str,
    path: &'t str,
    /// What the path is called.
    paths: Paths,
}

impl Transfer<'_> {
    fn spell(&self, worker: &Abilities, others: impl FnOnce(Args) -> Args) -> Result<Spelled> {
        if worker.protocol == Protocol::Msgpack {
            let args = others(Args::default().with("path", self.path));
            return Ok(Spelled::new(self.over_msgpack, args.done()));
        }
        let (object, number) = self.object;
        let number = number.ok_or_else(|| Error::missing(self.name, object))?;
        let path = match worker.has(self.name, &[3, 0]) {
            true => self.paths.0,
            false => self.paths.1,
        };
        let args = Args::default()
            .with("workdir", self.workdir)
            .with(object, Value::OfSender(number));
        Ok(Spelled::new(self.name, others(args).with(path, self.path).done()))
    }
}

impl Compression {
    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Bzip2 => "bz2",
        }
    }

    fn read(value: &Value) -> Result<Self> {
        match value.to_text()?.as_ref() {
            "gz" => Ok(Self::Gzip),
            "bz2" => Ok(Self::Bzip2),
            other => Err(Error::form("gz or bz2", other)),
        }
    }
}

/// The directory in which a path begins, and the path. Over msgpack Buildbot's master sends the same parts once more
/// beside the whole path.
fn place(given: Given<'_>, (name, older): Paths) -> Result<(String, String)> {
    match given.some("path") {
        Some(path) => Ok((String::new(), path.to_text()?.into_owned())),
        None => {
            let path = given.either(name, older)?.to_text()?.into_owned();
            Ok((given.text("workdir")?, path))
        }
    }
}

fn number(given: Given<'_>, name: &str) -> Result<Option<u64>> {
    match given.some(name) {
        None => Ok(None),
        Some(Value::OfSender(number)) => Ok(Some(*number)),
        Some(other) => Err(other.unlike("an object")),
    }
}

fn block_size(given: Given<'_>) -> Result<u64> {
    given.need("blocksize")?.to_int()
}
