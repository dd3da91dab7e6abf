//! `weir builds`.

use clap::Args;
use weir_status_api::{
    Build, BuildField, Builder, BuilderField, MAX_LIMIT, Op, Page, PageToken, Query, ReadExt, Results,
    StatusApi, Value,
};

use super::{Listing, builder_id, newest, results, since, with_results, worker_id};
use crate::failure::Failure;
use crate::show::lists;

/// How many pages are looked through for builds of a branch, and how long each is.
const PAGES: usize = 10;
const PAGE: u32 = 1000;

/// Lists builds, the newest first.
#[derive(Args)]
pub(crate) struct Builds {
    #[command(flatten)]
    listing: Listing,
    /// Only those of this builder.
    #[arg(long, value_name = "NAME")]
    builder: Option<String>,
    /// Only those of builders with this tag; may be repeated: with any of them.
    #[arg(long = "tag", value_name = "TAG", conflicts_with = "builder")]
    tags: Vec<String>,
    /// Only those on this worker.
    #[arg(long, value_name = "NAME")]
    worker: Option<String>,
    /// Only those that ended so: success, warnings, failure, skipped, exception, retry or cancelled; several joined by
    /// commas.
    #[arg(long, value_name = "RESULTS", value_delimiter = ',', value_parser = results)]
    results: Vec<Results>,
    /// Only those that run.
    #[arg(long, conflicts_with = "results")]
    running: bool,
    /// Only those that began within this time, e.g. 2d or 1h30m.
    #[arg(long, value_name = "DURATION")]
    since: Option<String>,
    /// Only those whose property `branch` is this; looks through the newest 10,000.
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,
}

impl Builds {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let api = self.listing.upstream.connect()?;
        let mut query = newest::<Build>(BuildField::Id);
        if let Some(builder) = &self.builder {
            query = query.eq(BuildField::Builder, builder_id(&*api, builder).await?);
        }
        if !self.tags.is_empty() {
            query = query.filter(BuildField::Builder, Op::Eq, self.with_tags(&*api).await?);
        }
        if let Some(worker) = &self.worker {
            query = query.eq(BuildField::Worker, worker_id(&*api, worker).await?);
        }
        query = with_results(query, BuildField::Results, &self.results);
        if self.running {
            query = query.eq(BuildField::Complete, false);
        }
        query = since(query, BuildField::StartedAt, self.since.as_deref())?;
        let page = match &self.branch {
            None => self.listing.page(&*api, query).await?,
            Some(branch) => self.on_branch(&*api, query, branch).await?,
        };
        self.listing.show(&api, "builds", page, lists::builds).await
    }

    /// The ids of the builders that have one of the tags.
    async fn with_tags(&self, api: &dyn StatusApi) -> Result<Vec<Value>, Failure> {
        let tags = self.tags.iter().map(|it| it.as_str().into()).collect();
        let query = Query::<Builder>::new()
            .filter(BuilderField::Tags, Op::Contains, tags)
            .limit(MAX_LIMIT);
        let found = api.page(query).await?.items;
        if found.is_empty() {
            let tags = self.tags.join("`, `");
            return Err(Failure::usage(format!("no builder has the tag `{tags}`")));
        }
        Ok(found.into_iter().map(|it| it.id.into()).collect())
    }

    /// The first builds of the query on a branch.
    async fn on_branch(
        &self,
        api: &dyn StatusApi,
        query: Query<Build>,
        branch: &str,
    ) -> Result<Page<Build>, Failure> {
        let mut query = query.limit(PAGE).with_properties(["branch"]);
        query.after = self.listing.after.clone().map(PageToken);
        let mut found: Option<Page<Build>> = None;
        let most = usize::try_from(self.listing.limit).unwrap_or(usize::MAX);
        for _ in 0..PAGES {
            let page = api.page(query.clone()).await?;
            let is_on = |build: &Build| {
                let value = build.properties.get("branch").map(|it| &it.value);
                value.is_some_and(|it| it.as_str() == Some(branch))
            };
            let all = found.get_or_insert_with(|| Page {
                items: vec![],
                cursor: page.cursor,
                next: None,
            });
            all.items.extend(page.items.into_iter().filter(is_on));
            query.after = page.next;
            if query.after.is_none() || all.items.len() >= most {
                break;
            }
        }
        let mut found = found.ok_or_else(|| Failure::new("there was no page to look through"))?;
        found.items.truncate(most);
        Ok(found)
    }
}
