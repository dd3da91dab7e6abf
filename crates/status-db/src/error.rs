//! The one error of this crate, and how it looks through the status API.
//!
//! What a caller can act on has a variant of its own; the rest is the fault of the database, the disk or
//! the data, which is logged here in full and told to clients in brief.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use diesel::result::DatabaseErrorKind;
use weir_status_api as api;
use weir_status_api::Cursor;

/// What the store's calls give.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the store could not do it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such resource.
    #[error("there is no {what}")]
    NotFound {
        /// What was asked for, e.g. `build 17`.
        what: String,
    },
    /// The present state forbids it.
    #[error("{why}")]
    Conflict {
        /// What stands against it.
        why: String,
    },
    /// As much as may be is kept already.
    #[error("{why}")]
    TooMany {
        /// Of what.
        why: String,
    },
    /// A query or a transition cannot be taken as it is.
    #[error("{field}: {why}")]
    Invalid {
        /// The field or parameter that is wrong.
        field: String,
        /// What is wrong with it.
        why: String,
    },
    /// The parameters of a force do not fit its scheduler.
    #[error("the force's parameters do not fit: {fields:?}")]
    InvalidInput {
        /// What is wrong, by the full name of the field.
        fields: BTreeMap<String, String>,
    },
    /// The events after the cursor are no longer kept.
    #[error("the events after the cursor are no longer kept (the oldest cursor is {oldest})")]
    CursorExpired {
        /// The oldest cursor from which a watch can start.
        oldest: Cursor,
    },
    /// The content of a log is no longer kept.
    #[error("the content of {what} is no longer kept")]
    ContentDeleted {
        /// The log, e.g. `log 17`.
        what: String,
    },
    /// A store alone cannot do it.
    #[error("{operation} is not supported by {implementer}")]
    NotSupported {
        /// What was asked for.
        operation: String,
        /// Who does not have it.
        implementer: String,
    },
    /// What is stored is not what this version would have written.
    #[error("unexpected data in the store: {what}")]
    InvalidData {
        /// Where, and what.
        what: String,
    },
    /// The database refused or lost a statement.
    #[error("database: {0}")]
    Database(#[source] Arc<diesel::result::Error>),
    /// The database cannot be reached.
    #[error("the database cannot be reached: {why}")]
    Unreachable {
        /// What its client says.
        why: String,
    },
    /// Reading or writing a file failed.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, with the path.
        doing: String,
        /// What the system says.
        source: Arc<io::Error>,
    },
    /// The data directory belongs to another master that runs.
    #[error("another master uses the data directory {dir}; stop it, or give this one a directory of its own")]
    InUse {
        /// The data directory.
        dir: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl Error {
    /// There is no `what`.
    pub(crate) fn not_found(what: impl ToString) -> Self {
        Self::NotFound {
            what: what.to_string(),
        }
    }

    /// The present state forbids it, because `why`.
    pub(crate) fn conflict(why: impl ToString) -> Self {
        Self::Conflict { why: why.to_string() }
    }

    /// `field` is wrong, because `why`.
    pub(crate) fn invalid(field: impl ToString, why: impl ToString) -> Self {
        Self::Invalid {
            field: field.to_string(),
            why: why.to_string(),
        }
    }

    /// `what` in the store is not what this version would have written.
    pub(crate) fn data(what: impl ToString) -> Self {
        Self::InvalidData {
            what: what.to_string(),
        }
    }

    /// `doing` failed for a file.
    pub(crate) fn io(doing: impl ToString, source: io::Error) -> Self {
        Self::Io {
            doing: doing.to_string(),
            source: Arc::new(source),
        }
    }

    /// Whether the transaction stood against another master's, so that it can succeed if it is tried again.
    pub(crate) fn is_clash(&self) -> bool {
        let Self::Database(error) = self else {
            return false;
        };
        match &**error {
            diesel::result::Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => true,
            // Diesel has no kind for it, and keeps no code.
            diesel::result::Error::DatabaseError(DatabaseErrorKind::Unknown, what) => {
                what.message() == "deadlock detected"
            }
            _ => false,
        }
    }

    /// Whether the same can succeed later, for the fault is not in what was asked: the database is out of reach or
    /// read-only, the disk is full. Whether it was stored all the same is not known then.
    pub fn is_temporary(&self) -> bool {
        use diesel::result::Error as Diesel;
        match self {
            Self::Unreachable { .. } | Self::Io { .. } => true,
            Self::Database(error) => match &**error {
                Diesel::DatabaseError(kind, _) => matches!(
                    kind,
                    DatabaseErrorKind::Unknown
                        | DatabaseErrorKind::SerializationFailure
                        | DatabaseErrorKind::ReadOnlyTransaction
                        | DatabaseErrorKind::ClosedConnection
                        | DatabaseErrorKind::UnableToSendCommand
                ),
                Diesel::BrokenTransactionManager
                | Diesel::RollbackTransaction
                | Diesel::RollbackErrorOnCommit { .. } => true,
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether the database itself is out of reach, so that trying other statements is of no use.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Closed => true,
            Self::Database(error) => matches!(
                **error,
                diesel::result::Error::BrokenTransactionManager
                    | diesel::result::Error::DatabaseError(
                        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
                        _
                    )
            ),
            _ => false,
        }
    }

    /// Whether the database has no room on its disk.
    pub fn is_full(&self) -> bool {
        let Self::Database(error) = self else {
            return false;
        };
        let diesel::result::Error::DatabaseError(_, info) = &**error else {
            return false;
        };
        // Neither database's library tells it but in words: SQLite's SQLITE_FULL, PostgreSQL's 53100.
        let words = ["database or disk is full", "No space left on device"];
        words.iter().any(|it| info.message().contains(it))
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

impl From<Error> for api::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound { what } => Self::NotFound { what },
            Error::Conflict { why } => Self::Conflict { why },
            Error::TooMany { why } => Self::TooMany { why },
            Error::Invalid { field, why } => Self::InvalidQuery { field, why },
            Error::InvalidInput { fields } => Self::InvalidInput { fields },
            Error::CursorExpired { oldest } => Self::CursorExpired { oldest },
            Error::ContentDeleted { what } => Self::ContentDeleted { what },
            Error::NotSupported {
                operation,
                implementer,
            } => Self::NotSupported {
                operation,
                implementer,
            },
            Error::Closed => Self::unavailable("the store is closed"),
            outage if outage.is_outage() => {
                tracing::warn!(error = %outage, "the database is out of reach");
                Self::unavailable("the database cannot be reached")
            }
            full if full.is_full() => {
                tracing::error!(error = %full, "the database cannot be written");
                Self::unavailable("the database's disk is full; once there is room it goes on")
            }
            fault => {
                tracing::error!(error = ?fault, "the store failed");
                Self::internal("the store failed; the master's log has the details")
            }
        }
    }
}
