//! How much the other end may ask to be kept.

/// How large what comes may be. It is checked before memory is taken for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep lists and maps may stand in each other.
    pub depth: usize,
    /// Bytes of one string.
    pub string: usize,
    /// Items of all lists of one message together, what is referred to counted each time.
    pub items: usize,
    /// Bytes of one message in all.
    pub message: usize,
    /// Objects that each side may hold of the other.
    pub objects: usize,
    /// Calls of each side that are not answered yet.
    pub calls: usize,
}

impl Limits {
    /// For whoever has not logged in yet: enough for a name and a response.
    pub const BEFORE_LOGIN: Self = Self {
        depth: 8,
        string: 1024,
        items: 64,
        message: 4096,
        objects: 16,
        calls: 16,
    };

    /// For a worker that is known. Strings are as long as Twisted lets them be (`SIZE_LIMIT` of its `banana.py`), and
    /// objects as many as it lets them be (`MAX_BROKER_REFS` of its `pb.py`).
    pub const OF_WORKER: Self = Self {
        depth: 64,
        string: 640 * 1024,
        items: 1 << 20,
        message: 16 * 1024 * 1024,
        objects: 1024,
        calls: 16 * 1024,
    };
}
