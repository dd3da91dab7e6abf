//! `weir force`.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use futures::StreamExt;
use serde_json::{Value, json};
use weir_status_api::{
    Build, BuildField, BuildId, BuildRequest, BuildRequestId, BuilderId, BuildsetId, Caller, Clock, Command,
    Cursor, Entity, Error, ForceParams, ForceScheduler, ForceSchedulerField, Key, Op, Outcome, Query,
    ReadExt, Results, Signal, Start, StatusApi, SystemClock, TopicFilter,
};

use super::logs::{Follower, success};
use crate::failure::{Failure, Interrupted};
use crate::show::logs::Printer;
use crate::show::queue::Standing;
use crate::show::{Look, say};
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
    /// A value for a field of the force scheduler; may be repeated, also for a field that takes several. A field of a
    /// group or codebase has its name before its own, as in `lib_branch`.
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    values: Vec<String>,
    /// As --set, with the text of a file as the value, e.g. `patch_body=fix.diff`; may be repeated.
    #[arg(long = "set-file", value_name = "FIELD=FILE")]
    files: Vec<String>,
    /// Show the build's logs as they come; the exit code tells how it ended.
    #[arg(long, short)]
    wait: bool,
    /// Print what was made as JSON.
    #[arg(long, conflicts_with = "wait")]
    json: bool,
}

impl Force {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let caller = self.upstream.caller()?;
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
        let made = Made::by(&api, &caller, scheduler, params).await?;
        let buildset = made.buildset;
        if self.json {
            return say(made.document());
        }
        for request in made.requests.into_values() {
            say(format!(
                "build request {request} (buildset {buildset}) is waiting for a worker"
            ))?;
            if self.wait {
                success(wait(&api, &self.builder, request).await?)?;
            }
        }
        Ok(())
    }

    fn values(&self) -> Result<BTreeMap<String, serde_json::Value>, Failure> {
        let mut given: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::new();
        for it in &self.values {
            let Some((name, value)) = it.split_once('=') else {
                return Err(Failure::usage(format!("--set {it}: write FIELD=VALUE")));
            };
            given.entry(name.to_owned()).or_default().push(value.into());
        }
        for it in &self.files {
            let Some((name, file)) = it.split_once('=') else {
                return Err(Failure::usage(format!("--set-file {it}: write FIELD=FILE")));
            };
            let text = std::fs::read_to_string(file)
                .map_err(|error| Failure::usage(format!("{file} cannot be read: {error}")))?;
            given.entry(name.to_owned()).or_default().push(text.into());
        }
        let values = given.into_iter().map(|(name, mut values)| match values.len() {
            1 => (name, values.remove(0)),
            _ => (name, values.into()),
        });
        Ok(values.collect())
    }
}

/// What a force has made.
pub(super) struct Made {
    pub(super) buildset: BuildsetId,
    pub(super) requests: BTreeMap<BuilderId, BuildRequestId>,
}

impl Made {
    /// Forces builds.
    pub(super) async fn by(
        api: &Arc<dyn StatusApi>,
        caller: &Caller,
        scheduler: String,
        params: ForceParams,
    ) -> Result<Self, Failure> {
        match api.control(caller, Command::Force { scheduler, params }).await? {
            Outcome::Buildset { buildset, requests } => Ok(Self { buildset, requests }),
            other => Err(Failure::new(format!("the master answered {other:?}"))),
        }
    }

    /// The same as JSON.
    pub(super) fn document(&self) -> Value {
        let requests = self.requests.iter();
        let requests: BTreeMap<String, i64> = requests
            .map(|(builder, it)| (builder.to_string(), it.0))
            .collect();
        json!({"bsid": self.buildset.0, "buildrequests": requests})
    }
}

/// Shows the request's build from its beginning to its end, and each that runs in the place of a lost one; gives how the
/// last ended.
pub(super) async fn wait(
    api: &Arc<dyn StatusApi>,
    builder: &str,
    request: BuildRequestId,
) -> Result<Results, Failure> {
    let mut last = BuildId(0);
    loop {
        let mut queue = Queue {
            api,
            request,
            last,
            builder,
            printer: Printer::new(false, true, Look::of_stdout()),
        };
        let (build, cursor) = queue.patiently().await?;
        queue.printer.say(&format!("build {build} begins"))?;
        let mut follower = Follower::new(Arc::clone(api), build, queue.printer, None);
        match follower.follow(cursor).await? {
            Results::Retry => last = build,
            how => return Ok(how),
        }
    }
}

/// The one force scheduler that can start the builder.
async fn find_scheduler(api: &Arc<dyn StatusApi>, builder: &str) -> Result<String, Failure> {
    let query = Query::<ForceScheduler>::new().filter(
        ForceSchedulerField::Builders,
        Op::Contains,
        vec![builder.into()],
    );
    let mut found = match api.page(query).await {
        // A Buildbot master lists all.
        Err(Error::NotSupported { .. }) => api.page(Query::<ForceScheduler>::new()).await?.items,
        found => found?.items,
    };
    found.retain(|it| it.enabled && it.builder_names.iter().any(|it| it == builder));
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

/// A request that waits in its builder's queue.
struct Queue<'a> {
    api: &'a Arc<dyn StatusApi>,
    request: BuildRequestId,
    /// Its last build so far.
    last: BuildId,
    /// The builder's name.
    builder: &'a str,
    printer: Printer,
}

impl Queue<'_> {
    /// Waits until the next build of the request begins; it is true at the cursor. Lost connections are taken up
    /// again.
    async fn patiently(&mut self) -> Result<(BuildId, Cursor), Failure> {
        loop {
            match self.wait().await {
                Ok(begun) => return Ok(begun),
                Err(Interrupted::Failed(failure)) => return Err(failure),
                Err(Interrupted::Lost(error)) => self.printer.lost(&error).await,
            }
        }
    }

    async fn wait(&mut self) -> Result<(BuildId, Cursor), Interrupted> {
        // The events first: what happens after that is among them, also where they have no numbers; then the request, and
        // then its builds.
        let mut events = self.api.watch(self.filter()?, Start::Now).await?;
        let request = self
            .api
            .one::<BuildRequest>(Key::BuildRequest(self.request))
            .await?;
        let query = Query::<Build>::new()
            .eq(BuildField::Request, self.request)
            .filter(BuildField::Id, Op::Gt, vec![self.last.into()]);
        let builds = self.api.page(query.descending(BuildField::Id).limit(1)).await?;
        if let Some(build) = builds.items.first() {
            return Ok((build.id, builds.cursor));
        }
        let mut request = request.value;
        let mut standing = None;
        while request.complete_at.is_none() {
            let signal = tokio::select! {
                signal = events.next() => signal,
                () = self.printer.progress.tick() => {
                    self.draw(&request, &mut standing).await?;
                    continue;
                }
            };
            let signal = signal.ok_or_else(|| Error::unavailable("the events ended"))??;
            self.printer.outage.end();
            let Signal::Event(event) = signal else {
                continue;
            };
            match &event.entity {
                Entity::Build(it) if it.request == self.request && it.id > self.last => {
                    return Ok((it.id, event.cursor));
                }
                Entity::BuildRequest(it) if it.id == self.request => request = it.clone(),
                // It can be nearer to its build by now.
                Entity::BuildRequest(_) | Entity::Worker(_) => standing = None,
                _ => {}
            }
        }
        Err(Failure::new(match request.results {
            Some(Results::Cancelled) | None => "the request was cancelled before it was built".to_owned(),
            Some(how) => format!("the request ended without a build: {how}"),
        })
        .into())
    }

    /// The beginning of builds, and what changes where the request stands, if that is shown.
    fn filter(&self) -> Result<TopicFilter, Error> {
        let ours = format!("buildrequests/{}/*", self.request);
        let mut topics = vec!["builds/*/new", &ours];
        if self.printer.progress.is_shown() {
            topics.extend(["buildrequests/*/*", "workers/*/*"]);
        }
        TopicFilter::parse_all(topics)
    }

    /// Shows why the request waits; reads that again unless it is known.
    async fn draw(&mut self, request: &BuildRequest, known: &mut Option<Standing>) -> Result<(), Error> {
        let standing = match known.take() {
            Some(standing) => standing,
            None => Standing::read(&**self.api, request).await?,
        };
        let line = standing.line(request, self.builder, SystemClock.now(), self.printer.look());
        self.printer.progress.draw(&line);
        *known = Some(standing);
        Ok(())
    }
}
