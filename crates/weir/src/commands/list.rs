//! `weir builders`, `builds`, `workers`, `requests`, `changes`, `schedulers`, `listeners` and `dead-letters`: lists with
//! filters.

mod builders;
mod builds;
mod changes;
mod dead_letters;
mod listeners;
mod requests;
mod schedulers;
mod workers;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use weir_status_api::{
    BuilderId, BuilderKey, Clock, Entity, Key, Op, Page, PageToken, Query, Read, ReadExt, Resource, Results,
    StatusApi, SystemClock, Timestamp, Worker, WorkerId,
};
use weir_status_http::v2::to_json;

use crate::failure::Failure;
use crate::show::lists::Names;
use crate::show::{Look, say};
use crate::upstream::Upstream;

pub(crate) use builders::Builders;
pub(crate) use builds::Builds;
pub(crate) use changes::Changes;
pub(crate) use dead_letters::DeadLetters;
pub(crate) use listeners::Listeners;
pub(crate) use requests::Requests;
pub(crate) use schedulers::Schedulers;
pub(crate) use workers::Workers;

/// What every list takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Listing {
    #[command(flatten)]
    upstream: Upstream,
    /// How many rows at the most, 1 to 10000.
    #[arg(long, default_value_t = 25, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Begin behind the page that ended with this token.
    #[arg(long, value_name = "TOKEN")]
    after: Option<String>,
    /// Print one JSON document, with the `cursor` at which it is true and the token of the `next` page.
    #[arg(long)]
    json: bool,
}

impl Listing {
    /// A page of what the query asks for.
    async fn page<R: Resource>(&self, api: &dyn StatusApi, query: Query<R>) -> Result<Page<R>, Failure> {
        let mut query = query.limit(self.limit);
        query.after = self.after.clone().map(PageToken);
        Ok(api.page(query).await?)
    }

    /// Prints the page: for programs as JSON under the name of the list, else as `table` makes it.
    async fn show<R: Resource>(
        &self,
        api: &Arc<dyn StatusApi>,
        name: &str,
        page: Page<R>,
        table: impl FnOnce(&[R], &Names, Timestamp, Look) -> String,
    ) -> Result<(), Failure> {
        let next = page.next.as_ref().map(|it| it.0.clone());
        if self.json {
            let rows: Vec<Value> = page
                .items
                .into_iter()
                .map(|it| to_json(&it.into_entity()))
                .collect();
            return say(json!({name: rows, "cursor": page.cursor.0, "next": next}));
        }
        let mut names = Names::default();
        for row in &page.items {
            names.learn(&**api, &row.clone().into_entity()).await;
        }
        if page.items.is_empty() {
            return say(format!("no {name}"));
        }
        say(table(&page.items, &names, SystemClock.now(), Look::of_stdout()))?;
        match next {
            None => Ok(()),
            Some(token) => say(format!(
                "\nThere are more: --limit shows more of them, --after {token} the next."
            )),
        }
    }
}

/// A query whose newest rows come first.
fn newest<R: Resource>(by: R::Field) -> Query<R> {
    Query::<R>::new().descending(by)
}

/// With the condition that `field` is not before the moment that `since` says.
fn since<R: Resource>(query: Query<R>, field: R::Field, since: Option<&str>) -> Result<Query<R>, Failure> {
    let Some(text) = since else {
        return Ok(query);
    };
    let ago: Duration =
        weir_config::parse_duration(text).map_err(|why| Failure::usage(format!("--since: {why}")))?;
    let ago = i64::try_from(ago.as_micros()).unwrap_or(i64::MAX);
    let moment = Timestamp(SystemClock.now().0.saturating_sub(ago));
    Ok(query.filter(field, Op::Ge, vec![moment.into()]))
}

/// With the condition that `field` is one of the results, if there are any.
fn with_results<R: Resource>(query: Query<R>, field: R::Field, results: &[Results]) -> Query<R> {
    if results.is_empty() {
        return query;
    }
    let codes = results.iter().map(|it| i64::from(it.code()).into()).collect();
    query.filter(field, Op::Eq, codes)
}

/// Reads the name of results.
fn results(text: &str) -> Result<Results, String> {
    let names = || -> Vec<&str> { Results::ALL.iter().map(|it| it.name()).collect() };
    Results::ALL
        .iter()
        .copied()
        .find(|it| it.name() == text)
        .ok_or_else(|| format!("write one of {}", names().join(", ")))
}

/// The id of the builder of that name.
async fn builder_id(api: &dyn Read, name: &str) -> Result<BuilderId, Failure> {
    let key = Key::Builder(BuilderKey::Name(name.to_owned()));
    match api.get(key).await?.value {
        Entity::Builder(it) => Ok(it.id),
        other => Err(Failure::new(format!("the master answered {other:?}"))),
    }
}

/// The id of the worker of that name.
async fn worker_id(api: &dyn StatusApi, name: &str) -> Result<WorkerId, Failure> {
    Ok(api.one::<Worker>(Key::Worker(name.into())).await?.value.id)
}
