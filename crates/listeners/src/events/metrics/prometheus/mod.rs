//! Metrics for Prometheus: served, or pushed to a Pushgateway.

mod family;
mod now;
mod push;
mod serve;
mod tally;

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt as _;
use serde::Deserialize;
use tokio::sync::watch;
use weir_status_api::{
    Build, BuildKey, Desk, Error, Event, Key, Lane, Listener, ListenerError, Master, Query, ReadExt as _,
    Result, Signal, Start, StatusApi, TopicFilter,
};

use crate::{OptionError, Outlet};

use push::Push;
use serve::Shared;
use tally::{Counts, Measure, Tally};

/// How often what was counted is kept, if anything was.
const KEEP_EVERY: Duration = Duration::from_secs(30);

/// How long to pause after what went wrong, before it is tried again.
const PAUSE: Duration = Duration::from_secs(5);

/// How long an event waits until what was counted before is known.
const PATIENCE: Duration = Duration::from_secs(10);

/// The least and the most for [`PrometheusOptions::max_series`].
const SERIES: std::ops::RangeInclusive<usize> = 1..=100_000;

/// The most buckets.
const MOST_BUCKETS: usize = 100;

/// How a [`Prometheus`] goes about it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrometheusOptions {
    /// The address to serve `/metrics` on, such as `127.0.0.1:9090`. Anybody who reaches it may read.
    pub listen: Option<String>,
    /// The URL of a Pushgateway to push to.
    pub push: Option<String>,
    /// The Pushgateway's grouping key `job`.
    pub job: String,
    /// The Pushgateway's grouping key `instance`; the listener's name if none.
    pub instance: Option<String>,
    /// How often is pushed, if anything changed, in seconds.
    pub push_every: f64,
    /// Whom the Pushgateway knows us as.
    pub user: Option<String>,
    /// The password for it.
    pub password: Option<String>,
    /// The upper bounds of the histograms' buckets, in seconds, rising.
    pub buckets: Vec<f64>,
    /// Whether steps are told apart by their names.
    pub step_names: bool,
    /// How many series each metric has at the most; what comes beyond is counted under the name `_other`.
    pub max_series: usize,
    /// How long one push may take, from connecting to the answer, in seconds.
    pub timeout: f64,
    /// An authority to trust beside the usual ones, as PEM.
    pub ca: Option<String>,
}

impl Default for PrometheusOptions {
    fn default() -> Self {
        Self {
            listen: None,
            push: None,
            job: "weir".to_owned(),
            instance: None,
            push_every: 15.0,
            user: None,
            password: None,
            buckets: vec![
                0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0,
                14400.0,
            ],
            step_names: false,
            max_series: 5000,
            timeout: 30.0,
            ca: None,
        }
    }
}

impl fmt::Debug for PrometheusOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrometheusOptions")
            .field("listen", &self.listen)
            .field("job", &self.job)
            .field("instance", &self.instance)
            .field("password", &self.password.as_ref().map(|_| "…"))
            .finish_non_exhaustive()
    }
}

/// Metrics of builds, steps, build requests and workers, in Prometheus' text format (version 0.0.4): served on an
/// address of its own, or pushed to a Pushgateway (`PUT /metrics/job/JOB/instance/INSTANCE`), or both. Buildbot has no
/// such; its statistics service is nearest.
///
/// Each event counts once. What was counted is kept together with the last event that it takes account of, every half
/// minute. After a restart, whatever way it came about, the events since then are read again before anything is served,
/// so no counter goes backwards. What goes on now (builds that run, requests that wait, workers) is read when the
/// listener begins, and followed from then on.
///
/// How many series there are is bounded: names of builders and steps beyond [`PrometheusOptions::max_series`] count
/// together, as `_other`.
pub struct Prometheus {
    name: String,
    measure: Measure,
    listen: Option<SocketAddr>,
    push: Option<Push>,
    outlet: Outlet,
    /// None until what was counted before is known.
    tally: Shared,
    /// Whether it is known.
    begun: watch::Sender<bool>,
    /// The address that is served, once it is.
    served: watch::Sender<Option<SocketAddr>>,
}

impl fmt::Debug for Prometheus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prometheus")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Prometheus {
    /// The metrics listener `name` of these options; opens no port and connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(name: String, options: PrometheusOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        let listen = options.listen.as_deref().map(|it| {
            it.parse().map_err(|_| {
                OptionError::new(
                    "listen",
                    format!("'{it}' is no address; write e.g. 127.0.0.1:9090"),
                )
            })
        });
        let listen = listen.transpose()?;
        let push = Push::new(&name, &options, outlet)?;
        if listen.is_none() && push.is_none() {
            return Err(OptionError::new(
                "listen",
                "is not given, and neither is push; give one of them",
            ));
        }
        let rising = options.buckets.is_sorted_by(|a, b| a < b);
        let count = options.buckets.len();
        if !rising || !options.buckets.iter().all(|it| it.is_finite()) || !(1..=MOST_BUCKETS).contains(&count)
        {
            let why = format!("are not 1 to {MOST_BUCKETS} rising numbers");
            return Err(OptionError::new("buckets", why));
        }
        if !SERIES.contains(&options.max_series) {
            let why = format!("is not {} to {}", SERIES.start(), SERIES.end());
            return Err(OptionError::new("max_series", why));
        }
        Ok(Self {
            name,
            measure: Measure {
                buckets: options.buckets,
                step_names: options.step_names,
                max_series: options.max_series,
            },
            listen,
            push,
            outlet: outlet.clone(),
            tally: Shared::default(),
            begun: watch::Sender::new(false),
            served: watch::Sender::new(None),
        })
    }

    /// The address that it serves, once it does.
    pub async fn address(&self) -> SocketAddr {
        let mut served = self.served.subscribe();
        match served.wait_for(Option::is_some).await.map(|it| *it) {
            Ok(Some(address)) => address,
            // The other end is this listener's own.
            _ => std::future::pending().await,
        }
    }

    /// What is served; none until what was counted before is known.
    pub fn exposition(&self) -> Option<String> {
        self.tally().as_ref().map(Tally::exposition)
    }

    fn tally(&self) -> MutexGuard<'_, Option<Tally>> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns what was counted before, and counts what happened since.
    async fn begin(&self, desk: &Desk) -> Result<()> {
        let kept = desk.state().await?.and_then(|it| {
            let counts = serde_json::from_value::<Counts>(it);
            counts
                .inspect_err(|error| tracing::error!(listener = self.name, %error, "the counts that were kept cannot be read: they begin anew"))
                .ok()
        });
        let mut tally = Tally::begin(self.measure.clone(), kept, desk.api().as_ref()).await?;
        while let Err(error) = self.catch_up(&mut tally, desk.api().as_ref()).await {
            let cursor = match &error {
                Error::CursorExpired { oldest } => *oldest,
                Error::InvalidQuery { field, .. } if field == "cursor" => newest(desk.api().as_ref()).await?,
                _ => return Err(error),
            };
            tracing::error!(listener = self.name, %error, "events were lost to the metrics");
            tally.skip_to(cursor);
        }
        let kept = desk.keep_state(&kept_form(tally.counts())?).await;
        if let Err(error) = kept {
            // It is kept again in a while.
            tracing::warn!(listener = self.name, %error, "what was counted cannot be kept now");
        }
        *self.tally() = Some(tally);
        self.begun.send_replace(true);
        Ok(())
    }

    /// Counts what happened since the tally's last event up to now.
    async fn catch_up(&self, tally: &mut Tally, api: &dyn StatusApi) -> Result<()> {
        let start = Start::After(tally.counts().cursor);
        let mut events = api.watch(self.filter(), start).await?;
        while let Some(signal) = events.next().await {
            match signal? {
                Signal::Event(event) => {
                    // It began before what was kept, and has ended: only its events tell of it.
                    if let Some(build) = tally.unknown_build(&event) {
                        match api.one::<Build>(Key::Build(BuildKey::Id(build))).await {
                            Ok(found) => tally.know(&found.value),
                            Err(Error::NotFound { .. }) => {}
                            Err(error) => return Err(error),
                        }
                    }
                    tally.take(&event);
                }
                Signal::Bookmark(cursor) => {
                    tally.skip_to(cursor);
                    return Ok(());
                }
            }
        }
        Err(Error::unavailable("the event stream ended"))
    }

    /// Keeps what was counted, now and then.
    async fn keep(&self, desk: &Desk) {
        let mut kept = self.tally().as_ref().map(|it| it.counts().cursor);
        loop {
            tokio::time::sleep(KEEP_EVERY).await;
            let counts = self.tally().as_ref().map(|it| it.counts().clone());
            let Some(counts) = counts.filter(|it| Some(it.cursor) != kept) else {
                continue;
            };
            let result = match kept_form(&counts) {
                Ok(form) => desk.keep_state(&form).await,
                Err(error) => Err(error),
            };
            match result {
                Ok(()) => kept = Some(counts.cursor),
                // It is kept again in a while, and until then nothing is lost.
                Err(error) => {
                    tracing::warn!(listener = self.name, %error, "what was counted cannot be kept now");
                }
            }
        }
    }

    async fn serve(&self) {
        let Some(address) = self.listen else { return };
        if self
            .outlet
            .prints(|| format!("serve metrics on http://{address}/metrics"))
        {
            return;
        }
        loop {
            let tally = Arc::clone(&self.tally);
            if let Err(error) = serve::serve(address, tally, &self.served).await {
                tracing::error!(listener = self.name, %address, %error, "metrics cannot be served; trying again");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn push(&self) {
        let Some(push) = &self.push else { return };
        let mut pushed = None;
        loop {
            let text = self.exposition();
            if text != pushed
                && let Some(text) = text
            {
                match push.push(&text).await {
                    Ok(()) => pushed = Some(text),
                    Err(why) => {
                        tracing::warn!(listener = self.name, %why, "metrics cannot be pushed; trying again");
                    }
                }
            }
            tokio::time::sleep(push.every).await;
        }
    }
}

async fn newest(api: &dyn StatusApi) -> Result<weir_status_api::Cursor> {
    Ok(api.page(Query::<Master>::new().limit(1)).await?.cursor)
}

fn kept_form(counts: &Counts) -> Result<serde_json::Value> {
    serde_json::to_value(counts).map_err(Error::internal)
}

#[async_trait]
impl Listener for Prometheus {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &str {
        "prometheus"
    }

    fn filter(&self) -> TopicFilter {
        TopicFilter::parse_all(Tally::TOPICS).expect("they are patterns")
    }

    /// All in order: what was counted is told by the last event.
    fn lane(&self, _: &Event) -> Lane {
        Lane::All
    }

    async fn on_event(&self, event: &Event, _: &dyn StatusApi) -> Result<(), ListenerError> {
        let mut begun = self.begun.subscribe();
        let begun = tokio::time::timeout(PATIENCE, begun.wait_for(|it| *it)).await;
        if begun.is_err() {
            let why = "what was counted before is not known yet";
            return Err(ListenerError::Later(why.to_owned()));
        }
        if let Some(tally) = self.tally().as_mut() {
            tally.take(event);
        }
        Ok(())
    }

    async fn attend(&self, desk: Desk) {
        while let Err(error) = self.begin(&desk).await {
            tracing::warn!(listener = self.name, %error, "what goes on cannot be read now; trying again");
            tokio::time::sleep(PAUSE).await;
        }
        tokio::join!(self.keep(&desk), self.serve(), self.push());
    }
}
