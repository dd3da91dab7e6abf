//! `weir listeners`.

use clap::Args;
use weir_status_api::{ListenerField, ListenerStatus, Query};

use super::Listing;
use crate::failure::Failure;
use crate::show::lists;

/// Lists listeners, by name: who runs them, how far they are, what they could not deliver.
#[derive(Args)]
pub(crate) struct Listeners {
    #[command(flatten)]
    listing: Listing,
    /// Only those whose destination takes nothing now.
    #[arg(long)]
    waiting: bool,
}

impl Listeners {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let api = self.listing.upstream.connect()?;
        let mut query = Query::<ListenerStatus>::new().ascending(ListenerField::Name);
        if self.waiting {
            query = query.eq(ListenerField::Waiting, true);
        }
        let page = self.listing.page(&*api, query).await?;
        let newest = page.cursor;
        let table = |rows: &[_], _: &_, now, look| lists::listeners(rows, newest, now, look);
        self.listing.show(&api, "listeners", page, table).await
    }
}
