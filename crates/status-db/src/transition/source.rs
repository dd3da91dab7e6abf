//! What is to be built: sources, and patches upon them.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// How many bytes a patch can have: 640 KiB. It is in every answer and event that shows its source stamp, and is sent to
/// a worker in one piece.
pub const MAX_PATCH: usize = 640 * 1024;

/// A patch upon a source.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NewPatch {
    /// How many leading path parts to strip.
    pub level: i32,
    /// The folder it is applied in; empty for the source's own.
    pub subdir: String,
    /// Who made it.
    pub author: String,
    /// What it does.
    pub comment: String,
    /// The diff, [`MAX_PATCH`] bytes at the most.
    pub body: Vec<u8>,
}

impl fmt::Debug for NewPatch {
    /// Shows the length of the diff, not the diff.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPatch")
            .field("level", &self.level)
            .field("subdir", &self.subdir)
            .field("author", &self.author)
            .field("comment", &self.comment)
            .field("body", &self.body.len())
            .finish()
    }
}

/// Which source to build. Equal ones share one source stamp.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSourceStamp {
    /// The revision; none for the newest.
    pub revision: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// The repository's URL.
    pub repository: String,
    /// The project.
    pub project: String,
    /// The codebase.
    pub codebase: String,
    /// A patch upon it.
    pub patch: Option<NewPatch>,
}

impl NewSourceStamp {
    /// A hash over all that makes a stamp; JSON keeps missing values and the borders between texts apart.
    pub(crate) fn digest(&self) -> Result<String> {
        let Self {
            revision,
            branch,
            repository,
            project,
            codebase,
            patch,
        } = self;
        let source = (revision, branch, repository, project, codebase);
        let text = match patch {
            None => to_json(&source)?,
            Some(NewPatch {
                level,
                subdir,
                author,
                comment,
                body,
            }) => to_json(&(source, (level, subdir, author, comment, hash(body))))?,
        };
        Ok(hash(text.as_bytes()))
    }
}

/// SHA-256, in hexadecimal.
fn hash(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn to_json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::data(format_args!("cannot be written as JSON: {error}")))
}
