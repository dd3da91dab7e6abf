//! When the process is told to end.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// A token that is cancelled at SIGTERM or SIGINT.
pub(crate) fn ending() -> Result<CancellationToken, Failure> {
    let mut terminate = watch(SignalKind::terminate())?;
    let mut interrupt = watch(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let told = token.clone();
    tokio::spawn(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        told.cancel();
        tracing::info!(signal = name, "stopping");
        // Somebody who insists is obeyed at once.
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        std::process::exit(130);
    });
    Ok(token)
}

/// Each SIGHUP from now on, which no longer ends the process.
pub(crate) fn hangups() -> Result<Signal, Failure> {
    watch(SignalKind::hangup())
}

fn watch(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::new(format!("signals cannot be watched: {error}")))
}
