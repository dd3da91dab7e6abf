//! Steps about files: on the worker, and between it and the master.

use super::PropertyValue;
use crate::text::Text;

/// What a step does to files. Paths on the worker are relative to the step's folder.
#[derive(Clone, Debug, PartialEq)]
pub enum FileStep {
    /// Makes a folder, and those above it (Buildbot's `MakeDirectory`).
    MakeDirectory(Text),
    /// Removes a folder with all in it (Buildbot's `RemoveDirectory`).
    RemoveDirectory(Text),
    /// Copies a folder with all in it (Buildbot's `CopyDirectory`).
    CopyDirectory {
        /// The folder.
        path: Text,
        /// What the copy is.
        to: Text,
    },
    /// Removes a file.
    RemoveFile(Text),
    /// Fails unless there is a file (Buildbot's `FileExists`).
    FileExists(Text),
    /// Takes files from the worker.
    Upload(UploadStep),
    /// Gives a file to the worker.
    Download(DownloadStep),
}

/// A path on the master: below the folder for files of its data, or anywhere if it is written so.
#[derive(Clone, Debug, PartialEq)]
pub struct MasterPath {
    /// The path.
    pub text: Text,
    /// Whether it is absolute, as it is written in the configuration.
    pub is_absolute: bool,
}

/// Takes files from the worker.
#[derive(Clone, Debug, PartialEq)]
pub struct UploadStep {
    /// Which.
    pub what: Uploaded,
    /// What they become: the file, or the folder that takes what is in theirs, or takes them.
    pub to: MasterPath,
    /// The permissions of files, as Unix has them; the usual ones, or in folders those that they have, if none.
    pub mode: Option<u32>,
    /// How many bytes each may have, a folder as an archive; no limit if none.
    pub max_size: Option<u64>,
    /// Whether files keep the times at which they were read and written.
    pub keep_times: bool,
    /// Whether folders are sent compressed.
    pub compress: bool,
    /// A link for the step.
    pub url: Option<Text>,
    /// What the link is called; the name of what was taken if none.
    pub url_text: Option<Text>,
}

/// What is taken from the worker.
#[derive(Clone, Debug, PartialEq)]
pub enum Uploaded {
    /// A file (Buildbot's `FileUpload`).
    File(Text),
    /// What is in a folder (Buildbot's `DirectoryUpload`).
    Directory(Text),
    /// Files and folders (Buildbot's `MultipleFileUpload`); never empty.
    Several {
        /// Where they are.
        paths: Vec<Text>,
        /// Whether these are patterns.
        glob: bool,
    },
}

/// Gives a file to the worker.
#[derive(Clone, Debug, PartialEq)]
pub struct DownloadStep {
    /// What is in it.
    pub what: Downloaded,
    /// Where it goes.
    pub to: Text,
    /// Its permissions, as Unix has them; the usual ones if none.
    pub mode: Option<u32>,
    /// How many bytes it may have; no limit if none.
    pub max_size: Option<u64>,
}

/// What is given to the worker.
#[derive(Clone, Debug, PartialEq)]
pub enum Downloaded {
    /// A file of the master's (Buildbot's `FileDownload`).
    File(MasterPath),
    /// A text (Buildbot's `StringDownload`).
    Text(Text),
    /// A value, as JSON (Buildbot's `JSONStringDownload`).
    Json(PropertyValue),
    /// The build's properties and sources, as JSON (Buildbot's `JSONPropertiesDownload`).
    Properties,
}
