//! When the process is told to end.

use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// A token that is cancelled at SIGTERM or SIGINT.
pub(crate) fn ending() -> Result<CancellationToken, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let fail = |error| Failure::new(format!("signals cannot be watched: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(fail)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(fail)?;
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
