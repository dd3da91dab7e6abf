//! Several promises in one case: each is tried, and all that are broken are named at the end.

use std::any::Any;
use std::fmt::Display;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;

/// The promises of one case.
#[derive(Debug, Default)]
pub(super) struct Promises {
    tried: usize,
    broken: Vec<String>,
}

impl Promises {
    /// None yet.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Tries a promise: `holds` panics if it is broken.
    pub(super) async fn that(&mut self, name: impl Display, holds: impl Future<Output = ()>) {
        self.tried += 1;
        if let Err(why) = AssertUnwindSafe(holds).catch_unwind().await {
            self.broken.push(format!("{name}: {}", text(&*why)));
        }
    }

    /// Panics with all that are broken.
    pub(super) fn must_hold(self) {
        assert!(self.tried > 0, "a case without promises");
        assert!(
            self.broken.is_empty(),
            "{} of {} promises are broken:\n- {}",
            self.broken.len(),
            self.tried,
            self.broken.join("\n- ")
        );
    }
}

fn text(why: &(dyn Any + Send)) -> &str {
    let text = why.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| why.downcast_ref::<&str>().copied())
        .unwrap_or("it panics")
}
