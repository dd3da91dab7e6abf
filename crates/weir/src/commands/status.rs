//! `weir status`.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use weir_status_api::{
    At, Build, BuildField, BuildRequest, BuildRequestField, Builder, BuilderChoice, BuilderField, Clock,
    Error, HomeQuery, Query, ReadExt, Resource, StatusApi, SystemClock, View, ViewQuery, Worker, WorkerField,
};
use weir_status_http::v2::to_json;

use crate::failure::Failure;
use crate::show::overview::{MOST, Overview};
use crate::show::{Look, say};
use crate::upstream::Upstream;

/// Shows builders, workers and what runs.
#[derive(Args)]
pub(crate) struct Status {
    #[command(flatten)]
    upstream: Upstream,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let api = self.upstream.connect()?;
        let overview = read(&api).await?;
        if self.json {
            say(to_document(&overview))
        } else {
            say(overview.text(SystemClock.now(), Look::of_stdout()))
        }
    }
}

async fn read(api: &Arc<dyn StatusApi>) -> Result<Overview, Failure> {
    let builders = Query::<Builder>::new().ascending(BuilderField::Name).limit(MOST);
    let workers = Query::<Worker>::new().ascending(WorkerField::Name).limit(MOST);
    let running = Query::<Build>::new().eq(BuildField::Complete, false).limit(MOST);
    let waiting = Query::<BuildRequest>::new()
        .eq(BuildRequestField::Complete, false)
        .eq(BuildRequestField::Claimed, false)
        .limit(MOST);
    let newest = Query::<Build>::new()
        .eq(BuildField::Complete, true)
        .descending(BuildField::Id)
        .limit(MOST);
    let (builders, workers, running, waiting, newest) = futures::try_join!(
        api.page(builders),
        api.page(workers),
        api.page(running),
        api.page(waiting),
        api.page(newest),
    )?;
    let mut last = BTreeMap::new();
    for build in newest.items {
        last.entry(build.builder).or_insert(build);
    }
    for builder in &builders.items {
        // One that was not built for long is not among the newest builds of all.
        if !last.contains_key(&builder.id) {
            let query = Query::<Build>::new()
                .eq(BuildField::Builder, builder.id)
                .eq(BuildField::Complete, true);
            let page = api.page(query.descending(BuildField::Number).limit(1)).await?;
            last.extend(page.items.into_iter().map(|it: Build| (it.builder, it)));
        }
    }
    let overview = Overview {
        builders,
        workers,
        running,
        waiting,
        last,
        expected: BTreeMap::new(),
        why: BTreeMap::new(),
    };
    let home = HomeQuery {
        builders: BuilderChoice::default(),
        limit: MOST,
    };
    match api.view(ViewQuery::Home(home)).await {
        Ok(At {
            value: View::Home(home),
            ..
        }) => Ok(overview.with(&home)),
        // A Buildbot master has no views.
        Ok(_) | Err(Error::NotSupported { .. }) => Ok(overview),
        Err(error) => Err(error.into()),
    }
}

fn to_document(overview: &Overview) -> Value {
    fn all<'a, R: Resource>(items: impl IntoIterator<Item = &'a R>) -> Vec<Value> {
        items
            .into_iter()
            .map(|it| to_json(&it.clone().into_entity()))
            .collect()
    }
    let expected = overview.expected.iter();
    let expected = expected.map(|(id, end)| json!({"buildid": id.0, "end_at": end.as_secs()}));
    json!({
        "cursor": overview.builders.cursor.0,
        "builders": all(&overview.builders.items),
        "workers": all(&overview.workers.items),
        "running_builds": all(&overview.running.items),
        "waiting_buildrequests": all(&overview.waiting.items),
        "last_builds": all(overview.last.values()),
        "expected_ends": expected.collect::<Vec<_>>(),
    })
}
