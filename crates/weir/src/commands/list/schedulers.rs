//! `weir schedulers`.

use clap::Args;
use weir_status_api::{Query, Scheduler, SchedulerField};

use super::Listing;
use crate::failure::Failure;
use crate::show::lists;

/// Lists schedulers, by name.
#[derive(Args)]
pub(crate) struct Schedulers {
    #[command(flatten)]
    listing: Listing,
    /// Only those that are disabled.
    #[arg(long)]
    disabled: bool,
}

impl Schedulers {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let api = self.listing.upstream.connect()?;
        let mut query = Query::<Scheduler>::new().ascending(SchedulerField::Name);
        if self.disabled {
            query = query.eq(SchedulerField::Enabled, false);
        }
        let page = self.listing.page(&*api, query).await?;
        self.listing
            .show(&api, "schedulers", page, lists::schedulers)
            .await
    }
}
