//! What a command ends with when it does not end well: one clear message and an exit code.

use std::io::Write;
use std::process::ExitCode;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// Something did not work (exit code 1).
    pub(crate) fn new(message: impl ToString) -> Self {
        Self {
            message: message.to_string(),
            code: 1,
        }
    }

    /// The user asked for something that cannot be (exit code 2).
    pub(crate) fn usage(message: impl ToString) -> Self {
        Self {
            message: message.to_string(),
            code: 2,
        }
    }

    /// There is nothing more to say, but the exit code is `code`.
    pub(crate) fn silent(code: u8) -> Self {
        Self {
            message: String::new(),
            code,
        }
    }

    /// The same with another exit code.
    pub(crate) fn with_code(self, code: u8) -> Self {
        Self { code, ..self }
    }

    /// What is wrong.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn report(&self) {
        if !self.message.is_empty() {
            // Without anybody who reads it, the exit code says it alone.
            let _ = writeln!(std::io::stderr(), "weir: {}", self.message);
        }
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl From<weir_status_api::Error> for Failure {
    fn from(error: weir_status_api::Error) -> Self {
        use weir_status_api::Error;
        match error {
            Error::NotFound { .. }
            | Error::InvalidQuery { .. }
            | Error::InvalidInput { .. }
            | Error::Conflict { .. } => Self::usage(error),
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
                Self::new(format!("{error} (--token-file presents a token)"))
            }
            Error::Unavailable { .. } => Self::new(format!(
                "the master is {error}; does it run, and is --upstream its address?"
            )),
            other => Self::new(other),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        // Whoever reads our output has read enough.
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::silent(0);
        }
        Self::new(error)
    }
}

/// Why something that goes on for long ended early.
#[derive(Debug)]
pub(crate) enum Interrupted {
    /// The connection to the master is lost; it may come back.
    Lost(weir_status_api::Error),
    /// It cannot go on.
    Failed(Failure),
}

impl From<weir_status_api::Error> for Interrupted {
    fn from(error: weir_status_api::Error) -> Self {
        match error {
            weir_status_api::Error::Unavailable { .. } => Self::Lost(error),
            other => Self::Failed(other.into()),
        }
    }
}

impl From<std::io::Error> for Interrupted {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Failure> for Interrupted {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Interrupted> for Failure {
    fn from(interrupted: Interrupted) -> Self {
        match interrupted {
            Interrupted::Lost(error) => error.into(),
            Interrupted::Failed(failure) => failure,
        }
    }
}
