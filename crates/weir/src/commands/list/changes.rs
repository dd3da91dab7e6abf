//! `weir changes`.

use clap::Args;
use weir_status_api::{Change, ChangeField, Op};

use super::{Listing, newest, since};
use crate::failure::Failure;
use crate::show::lists;

/// Lists changes, the newest first.
#[derive(Args)]
pub(crate) struct Changes {
    #[command(flatten)]
    listing: Listing,
    /// Only those on this branch.
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,
    /// Only those whose author's name or address holds this.
    #[arg(long, value_name = "TEXT")]
    author: Option<String>,
    /// Only those of this repository.
    #[arg(long, value_name = "URL")]
    repository: Option<String>,
    /// Only those of this project.
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Only those that were made within this time, e.g. 2d or 1h30m.
    #[arg(long, value_name = "DURATION")]
    since: Option<String>,
}

impl Changes {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let api = self.listing.upstream.connect()?;
        let mut query = newest::<Change>(ChangeField::Id);
        for (field, value) in [
            (ChangeField::Branch, &self.branch),
            (ChangeField::Repository, &self.repository),
            (ChangeField::Project, &self.project),
        ] {
            if let Some(value) = value {
                query = query.eq(field, value.as_str());
            }
        }
        if let Some(author) = &self.author {
            query = query.filter(ChangeField::Author, Op::Contains, vec![author.as_str().into()]);
        }
        query = since(query, ChangeField::When, self.since.as_deref())?;
        let page = self.listing.page(&*api, query).await?;
        self.listing.show(&api, "changes", page, lists::changes).await
    }
}
