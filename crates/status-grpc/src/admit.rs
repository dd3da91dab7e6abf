//! Whether one more watch may go out.

use http::{Extensions, HeaderMap};
use weir_status_api::Result;

/// Bounds watches, beside other streams that the server knows nothing of.
pub trait Admit: Send + Sync {
    /// Lets one more watch go out, for which somebody asks who may see what it gives. What this gives is kept as long
    /// as the watch goes on.
    ///
    /// # Errors
    /// [`Error::TooMany`](weir_status_api::Error::TooMany) or
    /// [`Error::Unavailable`](weir_status_api::Error::Unavailable) if there are too many.
    fn admit(&self, asking: Asking<'_>) -> Result<Box<dyn Send>>;
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// Whether they presented a token that is good.
    pub known: bool,
    /// What the server that took the connection put beside the request.
    pub extensions: &'a Extensions,
    /// The headers of the request.
    pub headers: &'a HeaderMap,
}

/// As many as connections allow.
pub(crate) struct AdmitAll;

impl Admit for AdmitAll {
    fn admit(&self, _: Asking<'_>) -> Result<Box<dyn Send>> {
        Ok(Box::new(()))
    }
}
