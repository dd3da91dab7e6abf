//! What a worker says about itself.

use super::{Abilities, Protocol};
use crate::{Result, Value};

/// A worker's answer to `getWorkerInfo`, or to `getSlaveInfo` before 0.9.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerInfo {
    /// Who runs it, from its file `info/admin`.
    pub admin: Option<String>,
    /// Its machine, from its file `info/host`.
    pub host: Option<String>,
    /// How to reach it, from its file `info/access_uri`.
    pub access_uri: Option<String>,
    /// Its version; before 0.9 it is asked for with `getVersion`.
    pub version: Option<String>,
    /// The name of Python's module for its system: `posix`, or `nt` for Windows.
    pub system: Option<String>,
    /// The directory in which all its builders have theirs.
    pub basedir: Option<String>,
    /// How many processors it has.
    pub numcpus: Option<u32>,
    /// The variables of its environment.
    pub environ: Vec<(String, String)>,
    /// Whether it wants directories of builders that are no more to be deleted: so a master has to, over msgpack.
    pub delete_leftover_dirs: bool,
    /// Its commands with their versions; before 0.9 they may be missing, and are asked for with `getCommands`.
    pub commands: Option<Value>,
    /// What else it says: other files of its directory `info`, and `os_…` of its system.
    pub other: Vec<(String, Value)>,
}

impl WorkerInfo {
    /// Reads one.
    ///
    /// # Errors
    /// [`Error::Form`](crate::Error::Form) if it is no map, or something in it is of another type.
    pub fn read(value: Value) -> Result<Self> {
        let mut info = Self {
            admin: None,
            host: None,
            access_uri: None,
            version: None,
            system: None,
            basedir: None,
            numcpus: None,
            environ: vec![],
            delete_leftover_dirs: false,
            commands: None,
            other: vec![],
        };
        for (key, value) in value.into_pairs()? {
            let key = key.into_text()?;
            info.set(key, value)?;
        }
        Ok(info)
    }

    fn set(&mut self, key: String, value: Value) -> Result<()> {
        match key.as_str() {
            "admin" => self.admin = Some(value.into_text()?),
            "host" => self.host = Some(value.into_text()?),
            "access_uri" => self.access_uri = Some(value.into_text()?),
            "version" => self.version = Some(value.into_text()?),
            "system" => self.system = Some(value.into_text()?),
            "basedir" => self.basedir = Some(value.into_text()?),
            "numcpus" if !value.is_none() => self.numcpus = Some(value.to_int()?),
            "environ" => {
                let pair = |(key, value): (Value, Value)| Ok((key.into_text()?, value.into_text()?));
                self.environ = value.into_pairs()?.into_iter().map(pair).collect::<Result<_>>()?;
            }
            "delete_leftover_dirs" => self.delete_leftover_dirs = value.to_bool()?,
            "worker_commands" | "slave_commands" => self.commands = Some(value),
            _ => self.other.push((key, value)),
        }
        Ok(())
    }

    /// The answer of a worker that has this to say.
    pub fn write(self) -> Value {
        let mut pairs: Vec<(Value, Value)> = vec![];
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                pairs.push((key.into(), value));
            }
        };
        put("admin", self.admin.map(Value::from));
        put("host", self.host.map(Value::from));
        put("access_uri", self.access_uri.map(Value::from));
        self.other.into_iter().for_each(|(key, it)| put(&key, Some(it)));
        let environ = self.environ.into_iter().map(|(key, it)| (key.into(), it.into()));
        put("environ", Some(Value::Map(environ.collect())));
        put("system", self.system.map(Value::from));
        put("basedir", self.basedir.map(Value::from));
        put("numcpus", self.numcpus.map(Value::from));
        put("version", self.version.map(Value::from));
        put("worker_commands", self.commands);
        put("delete_leftover_dirs", Some(self.delete_leftover_dirs.into()));
        Value::Map(pairs)
    }

    /// What the worker can do, if it says so here.
    ///
    /// # Errors
    /// Those of [`Abilities::read`].
    pub fn abilities(&self, protocol: Protocol) -> Option<Result<Abilities>> {
        let commands = self.commands.as_ref()?;
        Some(Abilities::read(protocol, commands))
    }
}
