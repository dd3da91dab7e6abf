//! Why something could not be done to files.

use std::fmt;
use std::io;
use std::path::Path;

use tokio_util::sync::CancellationToken;
use weir_off_thread::Stopped;

/// Why something could not be done, and the number of the system's error.
#[derive(Debug)]
pub(super) struct Failure {
    why: String,
    code: i32,
}

impl Failure {
    /// One that is no error of the system's: it has the number 1.
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            code: 1,
        }
    }

    /// The command was told to end.
    pub(super) fn stopped() -> Self {
        Self::new("ended before it was done")
    }

    /// `what` could not be done to `path`, by an error of the system's.
    pub(super) fn of(what: &str, path: &Path, error: &io::Error) -> Self {
        Self {
            why: format!("cannot {what} {}: {error}", path.display()),
            code: error.raw_os_error().unwrap_or(1),
        }
    }

    /// The exit code of a command that failed so.
    pub(super) const fn code(&self) -> i32 {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.why)
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        Self::new(stopped.to_string())
    }
}

/// Names what was to be done when the system says no.
pub(super) trait Doing<T> {
    /// `what` was to be done to `path`.
    fn doing(self, what: &str, path: &Path) -> Result<T, Failure>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: &str, path: &Path) -> Result<T, Failure> {
        self.map_err(|error| Failure::of(what, path, &error))
    }
}

/// Fails once the command was told to end.
pub(super) fn heed(stop: &CancellationToken) -> Result<(), Failure> {
    match stop.is_cancelled() {
        true => Err(Failure::stopped()),
        false => Ok(()),
    }
}
