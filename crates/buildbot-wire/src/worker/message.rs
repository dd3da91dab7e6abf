//! What a master tells a worker, and what a worker tells a master.

use super::{Spelled, Update};
use crate::{Failure, Value};

/// What a master tells a worker.
#[derive(Clone, Debug, PartialEq)]
pub enum ToWorker {
    /// A line for the worker's log; its answer shows that the worker is there.
    Print(String),
    /// What is the worker? See [`WorkerInfo`](super::WorkerInfo).
    GetWorkerInfo,
    /// The same to a worker before 0.9. Over the perspective broker only, as the next two.
    GetSlaveInfo,
    /// The worker's commands, if its info lacks them: see [`Abilities::read`](super::Abilities::read).
    GetCommands,
    /// The worker's version, if its info lacks it: a text.
    GetVersion,
    /// All builders that the worker builds for; those left out end. Over the perspective broker only: the answer is a map
    /// of their names to objects, see [`over_pb::builder_objects`](super::over_pb::builder_objects).
    SetBuilderList(Vec<Builder>),
    /// The master's object for a builder. Over the perspective broker only, and newer masters do not say it.
    SetMaster(u64),
    /// How output is cut into messages. Over msgpack only.
    SetSettings(Settings),
    /// Something, so that the connection is used. Over msgpack only; else [`Self::Print`] is for that.
    Keepalive,
    /// A build begins. To a builder's object; over the perspective broker only.
    StartBuild,
    /// A command begins. To a builder's object. Over msgpack its first updates, and even its end, may come before the answer.
    StartCommand(StartCommand),
    /// The command is to end; it then completes as others do. To a builder's object.
    InterruptCommand {
        /// Its id.
        id: String,
        /// Why, for the worker's log.
        why: String,
    },
    /// The worker's process is to end.
    Shutdown,
}

/// A builder as a worker has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Builder {
    /// Its name.
    pub name: String,
    /// Its directory, beneath the worker's.
    pub dir: String,
}

/// How a worker cuts output into messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Characters that are sent at once.
    pub buffer_size: u64,
    /// Seconds after which they are sent, however few.
    pub buffer_timeout: u64,
    /// What becomes the end of a line, as a regular expression of Python.
    pub newline_re: String,
    /// Characters after which a line is cut.
    pub max_line_length: u64,
}

impl Default for Settings {
    /// Those that Buildbot's master sends. Ends of lines are those of Windows and of the old Mac, sequences that move a
    /// terminal's cursor or clear it, and backspaces, all of which programs use to show their progress.
    fn default() -> Self {
        Self {
            buffer_size: 64 * 1024,
            buffer_timeout: 5,
            newline_re: r"(\r\n|\r(?=.)|\033\[u|\033\[[0-9]+;[0-9]+[Hf]|\033\[2J|\x08+)".to_owned(),
            max_line_length: 4096,
        }
    }
}

/// A command that begins.
#[derive(Clone, Debug, PartialEq)]
pub struct StartCommand {
    /// Its id, unique among all of the master.
    pub id: String,
    /// The number of its object on the master's side, which takes updates; none over msgpack.
    pub object: Option<u64>,
    /// For which builder: over msgpack only, and workers do not look at it.
    pub builder: Option<String>,
    /// What is to be done.
    pub command: Spelled,
}

/// What a worker tells a master.
#[derive(Clone, Debug, PartialEq)]
pub enum FromWorker {
    /// Something, so that the connection is used. Over the perspective broker only.
    Keepalive,
    /// The worker wants to end once its builds have. Over the perspective broker only.
    Shutdown,
    /// What a command has to tell.
    Update {
        /// In their order.
        updates: Vec<Update>,
        /// What is to be answered over the perspective broker: the highest number that came with them. Workers from 4.0 on
        /// always send 0.
        number: i64,
    },
    /// A command has ended. Without a [return code](Update::ReturnCode) before it, it has failed.
    Complete(Option<Failure>),
    /// A piece of an upload.
    Write(Vec<u8>),
    /// All pieces of a file were sent or taken.
    Close,
    /// The times of a file that was sent, in seconds since 1970.
    SetTimes {
        /// When it was read.
        accessed: f64,
        /// When it was written.
        modified: f64,
    },
    /// All pieces of a directory's archive were sent: it can be unpacked.
    Unpack,
    /// Bytes of a download are wanted, at most so many. The answer is bytes; none at all are its end.
    Read(u64),
}

impl FromWorker {
    /// What it is answered with if all is well; only a [`Self::Read`] is answered with something else. Over msgpack the
    /// answer is nothing, whatever came.
    pub fn receipt(&self) -> Value {
        match self {
            Self::Update { number, .. } => (*number).into(),
            _ => Value::None,
        }
    }
}

/// What a worker speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerObject {
    /// The master's view of the worker.
    Avatar,
    /// A command.
    Command,
    /// What takes a file.
    FileWriter,
    /// What takes a directory.
    DirectoryWriter,
    /// What gives a file.
    FileReader,
}
