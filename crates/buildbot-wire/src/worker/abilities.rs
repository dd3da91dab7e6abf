//! What a worker can do, as far as it changes what it is sent.

use std::collections::BTreeMap;

use super::Version;
use crate::{Error, Result, Value};

/// How a worker is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The perspective broker. Paths are beneath the builder's directory.
    Pb,
    /// Msgpack over a WebSocket. Paths are absolute.
    Msgpack,
}

/// A worker's protocol and its commands with their versions. All commands of a worker have one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Its protocol.
    pub protocol: Protocol,
    /// Its commands by name.
    pub commands: BTreeMap<String, Version>,
}

impl Abilities {
    /// Those of a worker that says this about its commands: names and versions, as `getWorkerInfo` has them in
    /// `worker_commands` (before 0.9 in `slave_commands`), and `getCommands` alone.
    ///
    /// # Errors
    /// [`Error::Form`] if it is no map of texts.
    pub fn read(protocol: Protocol, commands: &Value) -> Result<Self> {
        let pairs = commands.pairs()?.iter();
        let commands = pairs
            .map(|(name, version)| Ok((name.to_text()?.into_owned(), Version::read(&version.to_text()?))));
        Ok(Self {
            protocol,
            commands: commands.collect::<Result<_>>()?,
        })
    }

    /// The version of a command; none if the worker does not have it, which counts as older than any.
    pub fn version(&self, command: &str) -> Option<&Version> {
        self.commands.get(command)
    }

    /// Whether a command is there in this version, or a newer one.
    pub fn has(&self, command: &str, version: &[u32]) -> bool {
        self.version(command) >= Some(&Version::new(version))
    }

    /// # Errors
    /// [`Error::TooOld`] if the worker does not have a command in this version, or a newer one.
    pub fn need(&self, command: &'static str, version: &[u32]) -> Result<()> {
        match self.has(command, version) {
            true => Ok(()),
            false => Err(Error::TooOld {
                command,
                has: self.version(command).map_or("none".into(), Version::to_string),
                needs: Version::new(version).to_string(),
            }),
        }
    }
}
