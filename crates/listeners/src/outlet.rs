//! The way out of the process: everything that leaves goes through here, or is printed instead.

use std::fmt;
use std::sync::Arc;

use crate::http::Clients;

/// Prints what would be sent.
type Print = dyn Fn(&str) + Send + Sync;

/// The way out for one listener: what it sends is sent, or only printed; its secrets are in nothing that people read.
#[derive(Clone, Default)]
pub struct Outlet {
    print: Option<Arc<Print>>,
    secrets: Arc<[String]>,
    clients: Arc<Clients>,
}

impl Outlet {
    /// One that sends.
    pub fn open() -> Self {
        Self::default()
    }

    /// One that sends nothing: what would be sent is given to `print`, a text of one or several lines.
    pub fn printing(print: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self {
            print: Some(Arc::new(print)),
            ..Self::default()
        }
    }

    /// The same for a listener with these secrets, which are masked in all that is printed or said in errors.
    #[must_use]
    pub fn with_secrets(&self, secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<String> = secrets.into_iter().filter(|it| !it.is_empty()).collect();
        // The longest first: one can be a part of another.
        secrets.sort_by_key(|it| std::cmp::Reverse(it.len()));
        Self {
            print: self.print.clone(),
            secrets: secrets.into(),
            clients: Arc::clone(&self.clients),
        }
    }

    /// The clients of HTTP that all share who have this outlet, or one made of it.
    pub(crate) const fn clients(&self) -> &Arc<Clients> {
        &self.clients
    }

    /// Whether nothing is sent.
    pub fn is_dry(&self) -> bool {
        self.print.is_some()
    }

    /// If nothing is sent, prints what would be, and is true.
    pub fn prints(&self, what: impl FnOnce() -> String) -> bool {
        match &self.print {
            Some(print) => {
                print(&self.mask(&what()));
                true
            }
            None => false,
        }
    }

    /// The text without the listener's secrets.
    pub fn mask(&self, text: &str) -> String {
        let masked = |text: String, secret: &String| text.replace(secret.as_str(), "…");
        self.secrets.iter().fold(text.to_owned(), masked)
    }
}

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet")
            .field("dry", &self.is_dry())
            .finish_non_exhaustive()
    }
}
