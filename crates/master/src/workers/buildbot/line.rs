//! A protocol of Buildbot's, as the session of a worker sees it.

use bytes::Bytes;
use weir_buildbot_wire::worker::{FromWorker, Protocol, ToWorker, WorkerObject};
use weir_buildbot_wire::{Failure, Result, Value, pb};

/// A connection's protocol, without the connection: bytes go in and out.
pub(super) trait Line: Send {
    /// Which it is.
    fn protocol(&self) -> Protocol;

    /// Takes what came: a piece of the stream, or a frame.
    fn receive(&mut self, bytes: Bytes);

    /// What the worker says next; none if more must come for it.
    fn poll(&mut self) -> Result<Option<Heard>>;

    /// What is to be sent next: a piece of the stream, or a frame.
    fn transmit(&mut self) -> Option<Bytes>;

    /// Tells the worker something.
    fn tell(&mut self, to: To, message: ToWorker) -> Result<Question>;

    /// Answers the worker.
    fn reply(&mut self, to: Reply, with: Value) -> Result<()>;

    /// Answers the worker that it cannot be done, because `why`.
    fn refuse(&mut self, to: Reply, why: &str) -> Result<()>;

    /// A command begins, whose `file`, if it has one, is of this kind: the numbers of its objects, if objects have some.
    fn begin(&mut self, part: Part, file: Option<WorkerObject>) -> Result<Objects>;

    /// A command has ended: what is said of it from now on is refused.
    fn end(&mut self, part: Part);

    /// Nothing is said to this object of the worker's any more.
    fn release(&mut self, object: pb::PeerObject) -> Result<()>;

    /// The worker is in.
    fn welcome(&mut self) -> Result<()>;

    /// The worker is not let in, because `why`.
    fn turn_away(&mut self, why: &str) -> Result<()>;
}

/// One command as the worker has it; what is one for a builder may be several, one after the other, for its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Part(pub(super) u64);

/// Whom something is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// The worker itself.
    Worker,
    /// One of its builders, if the protocol has objects for them.
    Builder(Option<pb::PeerObject>),
}

/// Something the worker was told, which it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Question {
    Pb(pb::OwnCall),
    Msgpack(u64),
}

/// How to answer something that the worker said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// It awaits no answer.
    None,
    Pb(pb::PeerCall),
    Msgpack(u64),
}

/// The numbers of the objects of a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Objects {
    pub(super) command: Option<u64>,
    pub(super) file: Option<u64>,
}

/// What a worker says.
#[derive(Debug)]
pub(super) enum Heard {
    /// Something of itself.
    OfItself { message: FromWorker, reply: Reply },
    /// Something of a command.
    OfCommand {
        part: Part,
        message: FromWorker,
        reply: Reply,
    },
    /// An answer.
    Answer(Question, Result<Value, Failure>),
    /// It is logged in no more, though it is connected.
    LoggedOut,
}
