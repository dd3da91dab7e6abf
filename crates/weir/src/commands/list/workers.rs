//! `weir workers`.

use clap::Args;
use weir_status_api::{Query, Worker, WorkerField};

use super::{Listing, builder_id};
use crate::failure::Failure;
use crate::show::lists;

/// Lists workers, by name.
#[derive(Args)]
pub(crate) struct Workers {
    #[command(flatten)]
    listing: Listing,
    /// Only those that serve this builder.
    #[arg(long, value_name = "NAME")]
    builder: Option<String>,
    /// Only those that are paused.
    #[arg(long)]
    paused: bool,
}

impl Workers {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let api = self.listing.upstream.connect()?;
        let mut query = Query::<Worker>::new().ascending(WorkerField::Name);
        if let Some(builder) = &self.builder {
            query = query.eq(WorkerField::Builder, builder_id(&*api, builder).await?);
        }
        if self.paused {
            query = query.eq(WorkerField::Paused, true);
        }
        let page = self.listing.page(&*api, query).await?;
        self.listing.show(&api, "workers", page, lists::workers).await
    }
}
