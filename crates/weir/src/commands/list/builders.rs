//! `weir builders`.

use clap::Args;
use weir_status_api::{Builder, BuilderField, Op, Query};

use super::{Listing, worker_id};
use crate::failure::Failure;
use crate::show::lists;

/// Lists builders, by name.
#[derive(Args)]
pub(crate) struct Builders {
    #[command(flatten)]
    listing: Listing,
    /// Only those with this tag; may be repeated: with any of them.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Only those that this worker serves.
    #[arg(long, value_name = "NAME")]
    worker: Option<String>,
}

impl Builders {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let api = self.listing.upstream.connect()?;
        let mut query = Query::<Builder>::new().ascending(BuilderField::Name);
        if !self.tags.is_empty() {
            let tags = self.tags.iter().map(|it| it.as_str().into()).collect();
            query = query.filter(BuilderField::Tags, Op::Contains, tags);
        }
        if let Some(worker) = &self.worker {
            query = query.eq(BuilderField::Worker, worker_id(&*api, worker).await?);
        }
        let page = self.listing.page(&*api, query).await?;
        self.listing.show(&api, "builders", page, lists::builders).await
    }
}
