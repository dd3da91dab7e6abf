//! What a master and a worker say to each other, in the same words for both protocols.
//!
//! A master sends [`ToWorker`], among them the start of a [`Command`], and takes [`FromWorker`], among them [`Update`]s. How
//! these are spelled differs: [`over_pb`] makes calls of objects of them, [`over_msgpack`] requests. What differs between
//! workers is in [`Abilities`], from what a worker says about itself ([`WorkerInfo`]).

mod abilities;
mod args;
mod command;
mod info;
mod message;
pub mod over_msgpack;
pub mod over_pb;
mod update;
mod version;

pub use abilities::{Abilities, Protocol};
pub use command::{
    Argument, Command, CommandLine, Compression, CopyDir, DownloadFile, Glob, ListDir, LogFile, MakeDirs,
    RemoveDirs, RemoveFile, Shell, Spelled, Stat, UploadDirectory, UploadFile, Variable,
};
pub use info::WorkerInfo;
pub use message::{Builder, FromWorker, Settings, StartCommand, ToWorker, WorkerObject};
pub use update::{FailureReason, FileStat, Lines, Text, Update};
pub use version::Version;
