//! What the interfaces promise to older clients.

use crate::process::{root, run_with};

/// Compares the interfaces with what they promise, tells what is new, and fails if something is gone; with `write`
/// what there is now becomes the promise.
pub(crate) fn check(write: bool) -> Result<(), String> {
    let test = [
        "test",
        "--locked",
        "--package=weir-status-grpc",
        "--package=weir-status-http",
        "--test=promise",
        "--",
        "--nocapture",
        "what_is_promised_stands",
    ];
    let env: &[(&str, &str)] = if write { &[("WEIR_PROMISE", "write")] } else { &[] };
    run_with(&root(), "cargo", &test, env)
}
