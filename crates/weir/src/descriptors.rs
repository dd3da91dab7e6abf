//! How many files and connections a server may have open.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The most that is asked for: all connections, and room for files.
const ENOUGH: u64 = 65_536;

/// Raises the limit as far as it may be: what a shell or a service manager sets, often 1,024, a crowd of readers takes
/// alone, and nobody else can connect then.
pub(crate) fn raise_limit() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        let wanted = hard.min(ENOUGH).max(soft);
        setrlimit(Resource::RLIMIT_NOFILE, wanted, hard)
    });
    if let Err(error) = raised {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}
