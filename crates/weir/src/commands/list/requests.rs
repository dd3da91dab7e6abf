//! `weir requests`.

use clap::Args;
use weir_status_api::{BuildRequest, BuildRequestField, Results};

use super::{Listing, builder_id, newest, results, since, with_results};
use crate::failure::Failure;
use crate::show::lists;

/// Lists build requests that are not complete, the newest first.
#[derive(Args)]
pub(crate) struct Requests {
    #[command(flatten)]
    listing: Listing,
    /// Only those of this builder.
    #[arg(long, value_name = "NAME")]
    builder: Option<String>,
    /// Complete ones too.
    #[arg(long)]
    all: bool,
    /// Complete ones that ended so; several joined by commas.
    #[arg(long, value_name = "RESULTS", value_delimiter = ',', value_parser = results)]
    results: Vec<Results>,
    /// Only those that no master has taken.
    #[arg(long, conflicts_with = "results")]
    waiting: bool,
    /// Only those that were made within this time, e.g. 2d or 1h30m.
    #[arg(long, value_name = "DURATION")]
    since: Option<String>,
}

impl Requests {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let api = self.listing.upstream.connect()?;
        let mut query = newest::<BuildRequest>(BuildRequestField::Id);
        if let Some(builder) = &self.builder {
            query = query.eq(BuildRequestField::Builder, builder_id(&*api, builder).await?);
        }
        if !self.all && self.results.is_empty() {
            query = query.eq(BuildRequestField::Complete, false);
        }
        if self.waiting {
            query = query.eq(BuildRequestField::Claimed, false);
        }
        query = with_results(query, BuildRequestField::Results, &self.results);
        query = since(query, BuildRequestField::SubmittedAt, self.since.as_deref())?;
        let page = self.listing.page(&*api, query).await?;
        self.listing
            .show(&api, "buildrequests", page, lists::requests)
            .await
    }
}
