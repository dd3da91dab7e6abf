//! What people are told while the master is away.

use std::time::Duration;

use weir_status_api::Error;

/// How long to wait before a lost connection is taken up again.
const PAUSE: Duration = Duration::from_secs(1);

/// A time in which the master cannot be reached; of each cause people are told once.
#[derive(Default)]
pub(crate) struct Outage {
    told: Option<String>,
}

impl Outage {
    /// Tells people that the master is away, and waits a little.
    pub(crate) async fn wait(&mut self, error: &Error) {
        let cause = error.to_string();
        if self.told.as_ref() != Some(&cause) {
            eprintln!("weir: {cause}; trying again");
            self.told = Some(cause);
        }
        tokio::time::sleep(PAUSE).await;
    }

    /// The master is there. Gives whether it was away.
    pub(crate) fn end(&mut self) -> bool {
        self.told.take().is_some()
    }
}
