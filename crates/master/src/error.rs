//! Why a part of the master could not do its work.

/// What the master's own calls give.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a part of the master could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store did not take a transition.
    #[error("the store refused: {0}")]
    Store(#[from] weir_status_db::Error),
    /// The store could not be read or watched.
    #[error("the store cannot be read: {0}")]
    Status(#[from] weir_status_api::Error),
    /// A repository could not be read.
    #[error(transparent)]
    Git(#[from] crate::GitError),
    /// Kept state is not in the form that this version writes.
    #[error("the kept state of `{owner}` cannot be read: {why}")]
    KeptState {
        /// Whose state it is.
        owner: String,
        /// What is wrong with it.
        why: String,
    },
    /// A build triggers what is no triggerable scheduler of the configuration.
    #[error("there is no triggerable scheduler `{0}`")]
    NoTriggerable(String),
    /// The store answered a transition with something else than its kind of answer.
    #[error("the store answered a transition with {0}")]
    Answer(String),
}
