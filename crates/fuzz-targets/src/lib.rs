//! What reads bytes that others wrote, each as a target for random input: none may panic, and whatever was read is written
//! so that it is read again as it was, where there is a writer.
//!
//! The tests here try inputs by chance, beginning from `fuzz/corpus`; `cargo xtask fuzz` lets libFuzzer look for them.

mod banana;
mod config;
mod event;
mod gateway;
mod grpc;
mod jelly;
#[path = "../../status-api/tests/model/mod.rs"]
#[allow(dead_code, reason = "more is in it than is asked for here")]
mod model;
mod page_token;
mod path;
mod query;
mod rpc;
#[path = "../../web/tests/gateway/scene.rs"]
#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "it is of a test, and more is in it than is asked for here"
)]
mod scene;
mod server;
mod socket;
mod test_results;
mod worker;
mod worker_msgpack;

use arbitrary::{Arbitrary, Unstructured};

use server::Server;

/// Tries one input. Bytes that cannot be what a target takes are passed over.
pub type Target = fn(&[u8]);

/// The targets, by name.
pub const TARGETS: [(&str, Target); 14] = [
    ("banana", banana::try_it),
    ("config", |data| with(data, config::try_it)),
    ("event", |data| with(data, event::try_it)),
    ("gateway", |data| with(data, gateway::try_it)),
    ("grpc", grpc::try_it),
    ("jelly", jelly::try_it),
    ("page_token", |data| with(data, page_token::try_it)),
    ("path", |data| with(data, path::try_it)),
    ("query", |data| with(data, query::try_it)),
    ("rpc", rpc::try_it),
    ("socket", socket::try_it),
    ("test_results", |data| with(data, test_results::try_it)),
    ("worker", worker::try_it),
    ("worker_msgpack", worker_msgpack::try_it),
];

/// Tries one input with the target of this name.
///
/// # Panics
/// If there is none, or if the input shows a fault.
pub fn try_it(name: &str, data: &[u8]) {
    let found = TARGETS.iter().find(|(of, _)| *of == name);
    let (_, target) = found.expect("a target of this name");
    target(data);
}

/// Makes of bytes what a target takes.
fn with<'a, T: Arbitrary<'a>>(data: &'a [u8], target: fn(T)) {
    if let Ok(input) = T::arbitrary_take_rest(Unstructured::new(data)) {
        target(input);
    }
}
