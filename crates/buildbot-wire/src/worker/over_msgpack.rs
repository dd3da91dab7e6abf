//! The messages as requests over msgpack.

use super::message::{FromWorker, Settings, StartCommand, ToWorker, WorkerObject};
use super::{Spelled, Update};
use crate::msgpack::Request;
use crate::{Error, Failure, Result, Value};

/// What a worker tells, and of which command.
#[derive(Clone, Debug, PartialEq)]
pub struct OfCommand {
    /// The command's id.
    pub id: String,
    /// What the worker speaks to.
    pub object: WorkerObject,
    /// What it tells.
    pub message: FromWorker,
}

impl ToWorker {
    /// The request to the worker.
    ///
    /// # Errors
    /// [`Error::NotInProtocol`] for what only the perspective broker has.
    pub fn into_request(self) -> Result<Request> {
        let (op, fields) = match self {
            Self::Print(message) => ("print", vec![("message", message.into())]),
            Self::GetWorkerInfo => ("get_worker_info", vec![]),
            Self::SetSettings(settings) => ("set_worker_settings", vec![("args", settings.write())]),
            Self::Keepalive => ("keepalive", vec![]),
            Self::StartCommand(it) => {
                let Spelled { name, args } = it.command;
                let mut fields = vec![
                    ("command_id", it.id.into()),
                    ("command_name", name.into()),
                    ("args", args),
                ];
                fields.extend(it.builder.map(|it| ("builder_name", it.into())));
                ("start_command", fields)
            }
            Self::InterruptCommand { id, why } => {
                let fields = vec![("command_id", id.into()), ("why", why.into())];
                ("interrupt_command", fields)
            }
            Self::Shutdown => ("shutdown", vec![]),
            Self::GetSlaveInfo => return Err(not_here("getSlaveInfo")),
            Self::GetCommands => return Err(not_here("getCommands")),
            Self::GetVersion => return Err(not_here("getVersion")),
            Self::SetBuilderList(_) => return Err(not_here("setBuilderList")),
            Self::SetMaster(_) => return Err(not_here("setMaster")),
            Self::StartBuild => return Err(not_here("startBuild")),
        };
        Ok(Request::new(op, fields))
    }

    /// What a master tells with a request; for a worker.
    ///
    /// # Errors
    /// [`Error::NotInProtocol`] for an unknown request, [`Error::Missing`] and [`Error::Form`] if its fields are others
    /// than it has.
    pub fn of_request(mut request: Request) -> Result<Self> {
        let it = &mut request;
        Ok(match it.op.as_str() {
            "print" => Self::Print(it.take("message")?.into_text()?),
            "get_worker_info" => Self::GetWorkerInfo,
            "set_worker_settings" => Self::SetSettings(Settings::read(&it.take("args")?)?),
            "keepalive" => Self::Keepalive,
            "start_command" => Self::StartCommand(StartCommand {
                id: it.take("command_id")?.into_text()?,
                object: None,
                builder: match it.take("builder_name") {
                    Ok(name) => Some(name.into_text()?),
                    Err(_) => None,
                },
                command: Spelled {
                    name: it.take("command_name")?.into_text()?,
                    args: it.take("args")?,
                },
            }),
            "interrupt_command" => Self::InterruptCommand {
                id: it.take("command_id")?.into_text()?,
                why: it.take("why")?.into_text()?,
            },
            "shutdown" => Self::Shutdown,
            other => return Err(not_here(other)),
        })
    }
}

impl Settings {
    fn write(self) -> Value {
        Value::map([
            ("newline_re", self.newline_re.into()),
            ("max_line_length", self.max_line_length.into()),
            ("buffer_timeout", self.buffer_timeout.into()),
            ("buffer_size", self.buffer_size.into()),
        ])
    }

    fn read(args: &Value) -> Result<Self> {
        let need = |name: &str| {
            let it = args.get(name);
            it.ok_or_else(|| Error::missing("set_worker_settings", name))
        };
        Ok(Self {
            buffer_size: need("buffer_size")?.to_int()?,
            buffer_timeout: need("buffer_timeout")?.to_int()?,
            newline_re: need("newline_re")?.to_text()?.into_owned(),
            max_line_length: need("max_line_length")?.to_int()?,
        })
    }
}

impl OfCommand {
    /// What a worker tells with a request.
    ///
    /// # Errors
    /// [`Error::NotInProtocol`] for an unknown request, [`Error::Missing`] and [`Error::Form`] if its fields are others
    /// than it has.
    pub fn of_request(mut request: Request) -> Result<Self> {
        use WorkerObject::{Command, DirectoryWriter, FileReader, FileWriter};
        let it = &mut request;
        let (object, message) = match it.op.as_str() {
            "update" => (Command, read_updates(it.take("args")?)?),
            "complete" => (Command, FromWorker::Complete(read_end(it.take("args")?)?)),
            "update_upload_file_write" => (FileWriter, FromWorker::Write(it.take("args")?.into_bytes()?)),
            "update_upload_file_close" => (FileWriter, FromWorker::Close),
            "update_upload_file_utime" => {
                let times = FromWorker::SetTimes {
                    accessed: it.take("access_time")?.to_float()?,
                    modified: it.take("modified_time")?.to_float()?,
                };
                (FileWriter, times)
            }
            "update_upload_directory_write" => {
                (DirectoryWriter, FromWorker::Write(it.take("args")?.into_bytes()?))
            }
            "update_upload_directory_unpack" => (DirectoryWriter, FromWorker::Unpack),
            "update_read_file" => (FileReader, FromWorker::Read(it.take("length")?.to_int()?)),
            "update_read_file_close" => (FileReader, FromWorker::Close),
            other => return Err(not_here(other)),
        };
        Ok(Self {
            id: it.take("command_id")?.into_text()?,
            object,
            message,
        })
    }

    /// The request to the master; for a worker.
    ///
    /// # Errors
    /// [`Error::NotInProtocol`] if the object has no such message here.
    pub fn into_request(self) -> Result<Request> {
        use WorkerObject::{Command, DirectoryWriter, FileReader, FileWriter};
        let (op, mut fields) = match (self.object, self.message) {
            (Command, FromWorker::Update { updates, .. }) => {
                let pair = |update: Update| {
                    let (key, value) = update.write();
                    Value::List(vec![key.into(), value])
                };
                let updates = Value::List(updates.into_iter().map(pair).collect());
                ("update", vec![("args", updates)])
            }
            (Command, FromWorker::Complete(failure)) => {
                let failure = failure.map(|it| it.to_string());
                ("complete", vec![("args", failure.into())])
            }
            (FileWriter, FromWorker::Write(bytes)) => {
                ("update_upload_file_write", vec![("args", Value::Bytes(bytes))])
            }
            (FileWriter, FromWorker::Close) => ("update_upload_file_close", vec![]),
            (FileWriter, FromWorker::SetTimes { accessed, modified }) => (
                "update_upload_file_utime",
                vec![
                    ("access_time", accessed.into()),
                    ("modified_time", modified.into()),
                ],
            ),
            (DirectoryWriter, FromWorker::Write(bytes)) => (
                "update_upload_directory_write",
                vec![("args", Value::Bytes(bytes))],
            ),
            (DirectoryWriter, FromWorker::Unpack) => ("update_upload_directory_unpack", vec![]),
            (FileReader, FromWorker::Read(length)) => ("update_read_file", vec![("length", length.into())]),
            (FileReader, FromWorker::Close) => ("update_read_file_close", vec![]),
            (object, message) => return Err(not_here(&format!("{message:?} of {object:?}"))),
        };
        fields.push(("command_id", self.id.into()));
        Ok(Request::new(op, fields))
    }
}

fn read_updates(list: Value) -> Result<FromWorker> {
    let updates = list.into_items()?.into_iter().map(|pair| {
        let [key, value] = pair.into_array()?;
        Update::read(&key.to_text()?, value)
    });
    Ok(FromWorker::Update {
        updates: updates.collect::<Result<_>>()?,
        number: 0,
    })
}

fn read_end(failure: Value) -> Result<Option<Failure>> {
    match failure {
        Value::None => Ok(None),
        text => Ok(Some(Failure::of_text(&text.into_text()?))),
    }
}

fn not_here(what: &str) -> Error {
    Error::NotInProtocol(what.to_owned())
}
