//! Why a database of Buildbot could not be imported.

/// What the calls of this crate give.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why it could not be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is not said where the database is.
    #[error("--from: {0}")]
    Place(String),
    /// The database cannot be opened.
    #[error("{place} cannot be opened: {why}")]
    Unreachable {
        /// Which database.
        place: String,
        /// What its client says.
        why: String,
    },
    /// It is no database that can be imported as it is.
    #[error("{place} {why}")]
    Schema {
        /// Which database.
        place: String,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// What is in the database cannot be read.
    #[error("{table}: {why}")]
    Data {
        /// The table, and the row if it is known.
        table: String,
        /// What is wrong.
        why: String,
    },
    /// Somebody wrote to the database meanwhile.
    #[error("Buildbot has written to its database meanwhile ({0}): stop it, then import again")]
    Changed(String),
    /// What was stored is not what was read.
    #[error("{0}: what was stored is not what was read; nothing is kept of it")]
    Differs(String),
    /// The store did not take it.
    #[error("{0}")]
    Store(#[from] weir_status_db::Error),
    /// A thread ended early.
    #[error("reading was ended: {0}")]
    Ended(String),
}

impl Error {
    pub(crate) fn data(table: impl ToString, why: impl ToString) -> Self {
        Self::Data {
            table: table.to_string(),
            why: why.to_string(),
        }
    }

    /// Whether running the same again can lead to the end, so that what was imported so far is kept for that.
    pub(crate) fn can_be_gone_on_with(&self) -> bool {
        use weir_status_db::Error as Store;
        match self {
            Self::Unreachable { .. } | Self::Ended(_) => true,
            Self::Store(Store::InvalidData { .. } | Store::Invalid { .. }) => false,
            Self::Store(Store::Database(error)) => !matches!(
                **error,
                diesel::result::Error::DatabaseError(
                    diesel::result::DatabaseErrorKind::UniqueViolation
                        | diesel::result::DatabaseErrorKind::ForeignKeyViolation
                        | diesel::result::DatabaseErrorKind::NotNullViolation
                        | diesel::result::DatabaseErrorKind::CheckViolation,
                    _
                )
            ),
            Self::Store(_) => true,
            _ => false,
        }
    }
}
