//! Where a bot was told to be silent: reports are not told there either.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;
use weir_status_api::ListenerError;

use crate::bot::Bot;

/// How long a report waits until it is known what the bot was told.
const PATIENCE: Duration = Duration::from_secs(10);

/// It, for a destination that has a bot while it is attended: the bot, which is nowhere silent once it is gone; none while
/// it reads what it was told before.
pub(super) struct Mutes(watch::Sender<Option<Weak<Bot>>>);

impl Default for Mutes {
    fn default() -> Self {
        Self(watch::Sender::new(Some(Weak::new())))
    }
}

impl Mutes {
    /// The bot that `open` gives, which knows it from then on; until then reports wait.
    pub(super) async fn known_by(&self, open: impl Future<Output = Bot>) -> Arc<Bot> {
        self.0.send_replace(None);
        let bot = Arc::new(open.await);
        self.0.send_replace(Some(Arc::downgrade(&bot)));
        bot
    }

    /// The places where nothing is to be said.
    ///
    /// # Errors
    /// [`ListenerError::Later`] if they are not known yet.
    pub(super) async fn places(&self) -> Result<BTreeSet<String>, ListenerError> {
        let mut known = self.0.subscribe();
        let places = async {
            let bot = match known.wait_for(Option::is_some).await {
                Ok(bot) => bot.as_ref().and_then(Weak::upgrade),
                Err(_) => None,
            };
            match bot {
                Some(bot) => bot.muted().await,
                None => BTreeSet::new(),
            }
        };
        let places = tokio::time::timeout(PATIENCE, places).await;
        places
            .map_err(|_| ListenerError::Later("it is not known yet where the bot is to be silent".to_owned()))
    }
}
