//! Where reports go.

use async_trait::async_trait;
use weir_status_api::{Desk, ListenerError};

use crate::Report;

/// Takes reports to people or to another system.
#[async_trait]
pub trait Destination: Send + Sync {
    /// What it is, for people: `mail`.
    fn kind(&self) -> &'static str;

    /// Delivers one report. The same report can come again, with the same [delivery id](Report::delivery), if it is not
    /// known what became of it: what can tell by the id that it has it already, takes it once.
    ///
    /// # Errors
    /// [`ListenerError`] says whether to try again.
    async fn deliver(&self, report: &Report) -> Result<(), ListenerError>;

    /// What it does beside, for as long as it is there, as [`Listener::attend`](weir_status_api::Listener::attend).
    async fn attend(&self, desk: Desk) {
        drop(desk);
        std::future::pending().await
    }
}

/// What is wrong with an option.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{option} {why}")]
pub struct OptionError {
    /// The option's name.
    pub option: &'static str,
    /// What is wrong with it, and a way out: `is no URL: …; write e.g. …`.
    pub why: String,
}

impl OptionError {
    /// That `option` is wrong.
    pub fn new(option: &'static str, why: impl Into<String>) -> Self {
        Self {
            option,
            why: why.into(),
        }
    }
}
