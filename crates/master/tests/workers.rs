//! The worker manager with real workers on loopback.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod workers {
    pub(crate) mod buildbot;
    pub(crate) mod commands;
    pub(crate) mod connections;
    pub(crate) mod house;
    pub(crate) mod msgpack;
    pub(crate) mod puppet;
    pub(crate) mod sessions;
}
