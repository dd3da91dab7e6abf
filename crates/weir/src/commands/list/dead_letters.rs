//! `weir dead-letters`.

use clap::Args;
use weir_status_api::{DeadLetter, DeadLetterField, Key, ListenerStatus, Query, ReadExt};

use super::Listing;
use crate::failure::Failure;
use crate::show::lists;

/// Lists events that listeners could not deliver, the oldest first, with the reason.
#[derive(Args)]
pub(crate) struct DeadLetters {
    /// Only those of this listener.
    listener: Option<String>,
    #[command(flatten)]
    listing: Listing,
    /// Only those that somebody asked to deliver again.
    #[arg(long)]
    again: bool,
}

impl DeadLetters {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let api = self.listing.upstream.connect()?;
        let mut query = Query::<DeadLetter>::new().ascending(DeadLetterField::Id);
        if let Some(name) = &self.listener {
            let listener = api
                .one::<ListenerStatus>(Key::Listener(name.as_str().into()))
                .await?;
            query = query.eq(DeadLetterField::Listener, listener.value.id);
        }
        if self.again {
            query = query.eq(DeadLetterField::Again, true);
        }
        let page = self.listing.page(&*api, query).await?;
        self.listing
            .show(&api, "dead_letters", page, lists::dead_letters)
            .await
    }
}
