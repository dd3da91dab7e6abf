//! `weir force`.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use futures::StreamExt;
use serde_json::json;
use weir_status_api::{
    Build, BuildField, BuildId, BuildRequestId, Command, Cursor, Entity, Error, ForceParams, ForceScheduler,
    ForceSchedulerField, Op, Outcome, Query, ReadExt, Signal, Start, StatusApi, TopicFilter,
};

use super::logs::Follower;
use crate::failure::Failure;
use crate::show::logs::Printer;
use crate::upstream::Upstream;

/// Starts a build by hand.
#[derive(Args)]
pub(crate) struct Force {
    /// The builder.
    builder: String,
    #[command(flatten)]
    upstream: Upstream,
    /// The force scheduler; needed only if several can start the builder.
    #[arg(long, value_name = "NAME")]
    scheduler: Option<String>,
    /// Why.
    #[arg(long)]
    reason: Option<String>,
    /// The branch to build.
    #[arg(long)]
    branch: Option<String>,
    /// The revision to build.
    #[arg(long)]
    revision: Option<String>,
    /// Higher goes first.
    #[arg(long, allow_negative_numbers = true)]
    priority: Option<i32>,
    /// A value for a field of the force scheduler; may be repeated.
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    values: Vec<String>,
    /// Show the build's logs as they come; the exit code tells how it ended.
    #[arg(long, short)]
    wait: bool,
    /// Print what was made as JSON.
    #[arg(long, conflicts_with = "wait")]
    json: bool,
}

impl Force {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let api = self.upstream.connect()?;
        let scheduler = match &self.scheduler {
            Some(name) => name.clone(),
            None => find_scheduler(&api, &self.builder).await?,
        };
        let params = ForceParams {
            builders: vec![self.builder.clone()],
            reason: self.reason.clone(),
            priority: self.priority,
            branch: self.branch.clone(),
            revision: self.revision.clone(),
            values: self.values()?,
            ..ForceParams::default()
        };
        let caller = self.upstream.caller()?;
        let outcome = api.control(&caller, Command::Force { scheduler, params }).await?;
        let Outcome::Buildset { buildset, requests } = outcome else {
            return Err(Failure::new(format!("the master answered {outcome:?}")));
        };
        if self.json {
            let requests: BTreeMap<String, i64> = requests
                .iter()
                .map(|(builder, it)| (builder.to_string(), it.0))
                .collect();
            println!("{}", json!({"bsid": buildset.0, "buildrequests": requests}));
            return Ok(());
        }
        for request in requests.values() {
            println!("build request {request} (buildset {buildset}) is waiting for a worker");
            if self.wait {
                let (build, cursor) = wait_for_build(&api, *request).await?;
                println!("build {build} begins");
                Follower::new(Arc::clone(&api), build, Printer::new(false), None)
                    .follow(cursor)
                    .await?;
            }
        }
        Ok(())
    }

    fn values(&self) -> Result<BTreeMap<String, serde_json::Value>, Failure> {
        self.values
            .iter()
            .map(|it| match it.split_once('=') {
                Some((name, value)) => Ok((name.to_owned(), value.into())),
                None => Err(Failure::usage(format!("--set {it}: write FIELD=VALUE"))),
            })
            .collect()
    }
}

/// The one force scheduler that can start the builder.
async fn find_scheduler(api: &Arc<dyn StatusApi>, builder: &str) -> Result<String, Failure> {
    let query = Query::<ForceScheduler>::new().filter(
        ForceSchedulerField::Builders,
        Op::Contains,
        vec![builder.into()],
    );
    let mut found = api.page(query).await?.items;
    found.retain(|it| it.enabled);
    match found.as_slice() {
        [] => Err(Failure::usage(format!(
            "no force scheduler can start a builder `{builder}`; `weir status` shows the builders, and `force(…)` in \
             the configuration makes one startable"
        ))),
        [one] => Ok(one.name.clone()),
        several => {
            let names: Vec<&str> = several.iter().map(|it| it.name.as_str()).collect();
            Err(Failure::usage(format!(
                "several force schedulers can start `{builder}`; choose with --scheduler: {}",
                names.join(", ")
            )))
        }
    }
}

/// Waits until a build of the request begins; it is true at the cursor.
async fn wait_for_build(
    api: &Arc<dyn StatusApi>,
    request: BuildRequestId,
) -> Result<(BuildId, Cursor), Failure> {
    let query = Query::<Build>::new().eq(BuildField::Request, request);
    let page = api.page(query.descending(BuildField::Id).limit(1)).await?;
    if let Some(build) = page.items.first() {
        return Ok((build.id, page.cursor));
    }
    let filter = TopicFilter::parse_all(["builds/*/new", &*format!("buildrequests/{request}/complete")])?;
    let mut events = api.watch(filter, Start::After(page.cursor)).await?;
    while let Some(signal) = events.next().await {
        if let Signal::Event(event) = signal? {
            match &event.entity {
                Entity::Build(build) if build.request == request => return Ok((build.id, event.cursor)),
                Entity::BuildRequest(it) if it.id == request => {
                    return Err(Failure::new("the request was cancelled before it was built"));
                }
                _ => {}
            }
        }
    }
    Err(Error::unavailable("the events ended").into())
}
