//! Locks, and how builders and steps take them.

use std::collections::BTreeMap;
use std::fmt;

/// Something of which there is only so much at a time (Buildbot's `MasterLock` and `WorkerLock`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockConfig {
    /// Its name.
    pub name: String,
    /// What there is one of it for.
    pub scope: LockScope,
    /// How often it can be held at a time, 1 or more (Buildbot's `maxCount`).
    pub count: u32,
    /// As `count`, on these workers (Buildbot's `maxCountForWorker`); empty unless the scope is [`LockScope::Worker`].
    pub counts: BTreeMap<String, u32>,
}

impl LockConfig {
    /// How often it can be held at a time by what runs on the worker.
    pub fn count_on(&self, worker: &str) -> u32 {
        self.counts.get(worker).copied().unwrap_or(self.count)
    }
}

/// What there is one lock for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockScope {
    /// One for everything that the master runs.
    Master,
    /// One for each worker.
    Worker,
}

impl LockScope {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Master, Self::Worker];

    /// Its name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Master => "master",
            Self::Worker => "worker",
        }
    }
}

/// How a builder or step takes a lock (Buildbot's `LockAccess`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockAccess {
    /// The lock's name.
    pub lock: String,
    /// How.
    pub mode: LockMode,
}

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMode {
    /// By nobody else.
    Exclusive,
    /// Beside others, this often; 1 or more, and at the most the lock's count.
    Counting(u32),
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exclusive => f.write_str("exclusive()"),
            Self::Counting(count) => write!(f, "counting({count})"),
        }
    }
}
