//! The wire as a whole: recorded sessions of real masters and workers, both ends against each other, whatever bytes come.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod broker;
mod broker_sessions;
mod ends;
mod limits;
mod login;
mod msgpack_sessions;
mod old_workers;
mod recorded;
mod roundtrip;
mod seen;
mod typed_broker;
mod typed_msgpack;
