//! The messages as calls of the perspective broker.

use super::message::{Builder, FromWorker, StartCommand, ToWorker, WorkerObject};
use super::{Spelled, Update};
use crate::pb::{Call, PeerObject};
use crate::{Error, Failure, Result, Value};

/// A method with its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    /// Its name.
    pub name: String,
    /// The arguments by place.
    pub args: Vec<Value>,
    /// The arguments by name.
    pub named: Vec<(Value, Value)>,
}

impl Method {
    fn new(name: &str, args: Vec<Value>) -> Self {
        Self {
            name: name.to_owned(),
            args,
            named: vec![],
        }
    }

    /// The only argument, be it given by place or by name.
    pub(crate) fn one(mut self) -> Result<Value> {
        match (self.args.len(), self.named.len()) {
            (1, 0) => self.args.pop(),
            (0, 1) => self.named.pop().map(|(_, value)| value),
            _ => None,
        }
        .ok_or_else(|| Error::form("one argument", format!("`{}` with others", self.name)))
    }

    fn array<const N: usize>(self) -> Result<[Value; N]> {
        Value::Tuple(self.args).into_array()
    }
}

impl From<Call> for Method {
    fn from(call: Call) -> Self {
        Self {
            name: call.method,
            args: call.args,
            named: call.named,
        }
    }
}

impl ToWorker {
    /// The call of the worker's mind, or of a builder's object for what is said to one.
    ///
    /// # Errors
    /// [`Error::NotInProtocol`] for what only msgpack has, [`Error::Missing`] if a command has no object.
    pub fn into_method(self) -> Result<Method> {
        Ok(match self {
            Self::Print(message) => Method {
                named: vec![("message".into(), message.into())],
                ..Method::new("print", vec![])
            },
            Self::GetWorkerInfo => Method::new("getWorkerInfo", vec![]),
            Self::GetSlaveInfo => Method::new("getSlaveInfo", vec![]),
            Self::GetCommands => Method::new("getCommands", vec![]),
            Self::GetVersion => Method::new("getVersion", vec![]),
            Self::SetBuilderList(builders) => {
                let pair = |it: Builder| Value::Tuple(vec![it.name.into(), it.dir.into()]);
                let builders = builders.into_iter().map(pair).collect();
                Method::new("setBuilderList", vec![Value::List(builders)])
            }
            Self::SetMaster(object) => Method::new("setMaster", vec![Value::OfSender(object)]),
            Self::StartBuild => Method::new("startBuild", vec![]),
            Self::StartCommand(it) => {
                let object = it
                    .object
                    .ok_or_else(|| Error::missing("a command", "an object"))?;
                let Spelled { name, args } = it.command;
                let object = Value::OfSender(object);
                Method::new("startCommand", vec![object, it.id.into(), name.into(), args])
            }
            Self::InterruptCommand { id, why } => {
                Method::new("interruptCommand", vec![id.into(), why.into()])
            }
            Self::Shutdown => Method::new("shutdown", vec![]),
            Self::SetSettings(_) => return Err(not_here("set_worker_settings")),
            Self::Keepalive => return Err(not_here("keepalive to a worker")),
        })
    }

    /// What a master tells with a call; for a worker.
    ///
    /// # Errors
    /// [`Error::NotInProtocol`] for an unknown method, [`Error::Form`] if its arguments are others than it has.
    pub fn of_method(method: Method) -> Result<Self> {
        Ok(match method.name.as_str() {
            "print" => Self::Print(method.one()?.into_text()?),
            "getWorkerInfo" => method.array().map(|[]| Self::GetWorkerInfo)?,
            "getSlaveInfo" => method.array().map(|[]| Self::GetSlaveInfo)?,
            "getCommands" => method.array().map(|[]| Self::GetCommands)?,
            "getVersion" => method.array().map(|[]| Self::GetVersion)?,
            "setBuilderList" => {
                let builders = method.one()?.into_items()?.into_iter().map(|it| {
                    let [name, dir] = it.into_array()?;
                    Ok(Builder {
                        name: name.into_text()?,
                        dir: dir.into_text()?,
                    })
                });
                Self::SetBuilderList(builders.collect::<Result<_>>()?)
            }
            "setMaster" => Self::SetMaster(PeerObject::read(&method.one()?)?.number()),
            "startBuild" => method.array().map(|[]| Self::StartBuild)?,
            "startCommand" => {
                let [object, id, name, args] = method.array()?;
                Self::StartCommand(StartCommand {
                    id: id.into_text()?,
                    object: Some(PeerObject::read(&object)?.number()),
                    builder: None,
                    command: Spelled {
                        name: name.into_text()?,
                        args,
                    },
                })
            }
            "interruptCommand" => {
                let [id, why] = method.array()?;
                Self::InterruptCommand {
                    id: id.into_text()?,
                    why: why.into_text()?,
                }
            }
            "shutdown" => method.array().map(|[]| Self::Shutdown)?,
            other => return Err(not_here(other)),
        })
    }
}

impl FromWorker {
    /// What a worker tells with a call of this kind of object.
    ///
    /// # Errors
    /// [`Error::NotInProtocol`] for a method that the object does not have: it is answered with a failure. [`Error::Form`]
    /// if its arguments are others than it has.
    pub fn of_method(object: WorkerObject, method: Method) -> Result<Self> {
        use WorkerObject::{Avatar, Command, DirectoryWriter, FileReader, FileWriter};
        Ok(match (object, method.name.as_str()) {
            (Avatar, "keepalive") => Self::Keepalive,
            (Avatar, "shutdown") => Self::Shutdown,
            (Command, "update") => read_updates(method.one()?)?,
            (Command, "complete") => Self::Complete(read_end(method)?),
            (FileWriter | DirectoryWriter, "write") => Self::Write(method.one()?.into_bytes()?),
            (FileWriter | DirectoryWriter | FileReader, "close") => Self::Close,
            (FileWriter, "utime") => {
                let [accessed, modified] = method.one()?.into_array()?;
                Self::SetTimes {
                    accessed: accessed.to_float()?,
                    modified: modified.to_float()?,
                }
            }
            (DirectoryWriter, "unpack") => Self::Unpack,
            (FileReader, "read") => Self::Read(method.one()?.to_int()?),
            (_, other) => return Err(not_here(other)),
        })
    }

    /// The call of the master's object, as workers from 4.0 on make it; for a worker.
    pub fn into_method(self) -> Method {
        match self {
            Self::Keepalive => Method::new("keepalive", vec![]),
            Self::Shutdown => Method::new("shutdown", vec![]),
            Self::Update { updates, number } => {
                let one = |update: Update| {
                    let (key, value) = update.write();
                    Value::List(vec![Value::Map(vec![(key.into(), value)]), number.into()])
                };
                let updates = updates.into_iter().map(one).collect();
                Method::new("update", vec![Value::List(updates)])
            }
            Self::Complete(failure) => Method::new("complete", vec![failure.into()]),
            Self::Write(bytes) => Method::new("write", vec![Value::Bytes(bytes)]),
            Self::Close => Method::new("close", vec![]),
            Self::SetTimes { accessed, modified } => {
                let times = Value::Tuple(vec![accessed.into(), modified.into()]);
                Method::new("utime", vec![times])
            }
            Self::Unpack => Method::new("unpack", vec![]),
            Self::Read(length) => Method::new("read", vec![length.into()]),
        }
    }
}

/// The objects of builders, by their names: what a worker answers to [`ToWorker::SetBuilderList`].
///
/// # Errors
/// [`Error::Form`] if it is something else.
pub fn builder_objects(answer: Value) -> Result<Vec<(String, PeerObject)>> {
    let pairs = answer.into_pairs()?.into_iter();
    pairs
        .map(|(name, object)| Ok((name.into_text()?, PeerObject::read(&object)?)))
        .collect()
}

/// Pairs of a map and a number. Workers before 4.0 have several keys in a map.
fn read_updates(list: Value) -> Result<FromWorker> {
    let mut updates = vec![];
    let mut highest = 0;
    for pair in list.into_items()? {
        let [map, number] = pair.into_array()?;
        highest = number.to_int::<i64>()?.max(highest);
        for (key, value) in map.into_pairs()? {
            updates.push(Update::read(&key.to_text()?, value)?);
        }
    }
    Ok(FromWorker::Update {
        updates,
        number: highest,
    })
}

/// The failure with which a command has ended. Anything but a failure and nothing is one as well.
fn read_end(method: Method) -> Result<Option<Failure>> {
    if method.args.is_empty() && method.named.is_empty() {
        return Ok(None);
    }
    match method.one()? {
        Value::None => Ok(None),
        Value::Failure(failure) => Ok(Some(*failure)),
        other => Ok(Some(Failure::of_text(&other.into_text()?))),
    }
}

fn not_here(what: &str) -> Error {
    Error::NotInProtocol(what.to_owned())
}
