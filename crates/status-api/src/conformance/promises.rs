//! Several promises in one case: each is tried, and all that are broken are named at the end.

use std::any::Any;
use std::fmt::Display;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use futures::future::join_all;

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
        self.those([(name, holds)]).await;
    }

    /// Tries promises at the same time, since each may wait.
    pub(super) async fn those<N: Display, F: Future<Output = ()>>(
        &mut self,
        promises: impl IntoIterator<Item = (N, F)>,
    ) {
        let tried = promises.into_iter().map(|(name, holds)| async move {
            let held = AssertUnwindSafe(holds).catch_unwind().await;
            held.err().map(|why| format!("{name}: {}", text(&*why)))
        });
        let tried = join_all(tried).await;
        self.tried += tried.len();
        self.broken.extend(tried.into_iter().flatten());
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
