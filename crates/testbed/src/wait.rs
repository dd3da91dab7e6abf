//! Waiting for something to become true, with a deadline.

use std::time::Duration;

use tokio::time::Instant;

/// What a check of [`eventually`] gives: whether it is there yet, and with what.
pub trait Found {
    /// What is there then.
    type Value;
    /// The value, if it is there.
    fn found(self) -> Option<Self::Value>;
}

impl Found for bool {
    type Value = ();
    fn found(self) -> Option<()> {
        self.then_some(())
    }
}

impl<T> Found for Option<T> {
    type Value = T;
    fn found(self) -> Option<T> {
        self
    }
}

/// Asks `check` again and again until it gives `true` or `Some`, and gives what it found.
///
/// # Panics
/// If that takes longer than `deadline`; the message names `what`.
pub async fn eventually<C: AsyncFnMut() -> T, T: Found>(
    what: &str,
    deadline: Duration,
    mut check: C,
) -> T::Value {
    let end = Instant::now() + deadline;
    let mut pause = Duration::from_millis(2);
    loop {
        let Ok(answer) = tokio::time::timeout_at(end, check()).await else {
            panic!("not within {deadline:?}: {what} (the last check did not answer)");
        };
        if let Some(value) = answer.found() {
            return value;
        }
        assert!(Instant::now() < end, "not within {deadline:?}: {what}");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
