//! Metrics for StatsD.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::Mutex;
use weir_status_api::{
    Build, BuildRequest, Entity, Event, Listener, ListenerError, Results, StatusApi, Timestamp, TopicFilter,
    Verb,
};

use crate::events::names::Names;
use crate::options;
use crate::{OptionError, Outlet};

/// How a [`StatsD`] goes about it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StatsDOptions {
    /// Where it is: `HOST:PORT`.
    pub address: String,
    /// Whether it is spoken to over TCP, a line a metric, and not over UDP.
    pub tcp: bool,
    /// What the names of all metrics begin with.
    pub prefix: String,
    /// Whether builder, worker and results are DogStatsD's tags, and not parts of the names.
    pub tags: bool,
    /// How long one delivery may take, in seconds.
    pub timeout: f64,
}

impl Default for StatsDOptions {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:8125".to_owned(),
            tcp: false,
            prefix: "weir".to_owned(),
            tags: false,
            timeout: 5.0,
        }
    }
}

/// Tells a StatsD server (StatsD's own, Telegraf's, Datadog's) how builds ended and how long they took.
///
/// Of each build that ends a counter `weir.builds.BUILDER.RESULTS` and a timer `weir.build_duration.BUILDER.RESULTS`,
/// and of each build request that a master takes a timer `weir.request_wait.BUILDER`; with tags `weir.builds`,
/// `weir.build_duration` and `weir.request_wait` with `builder`, `worker` and `results`. Timers are in milliseconds.
///
/// The protocol has no answer and no ids. Over UDP what is lost is lost, and an event that is delivered again counts
/// again.
pub struct StatsD {
    name: String,
    address: String,
    prefix: String,
    tags: bool,
    timeout: Duration,
    names: Names,
    /// The connection, if it is TCP that is spoken: none before the first delivery, and after one that failed.
    stream: Option<Mutex<Option<TcpStream>>>,
    outlet: Outlet,
}

impl fmt::Debug for StatsD {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatsD")
            .field("name", &self.name)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// A metric's name and what it is told apart by.
struct Series<'s> {
    what: &'s str,
    builder: &'s str,
    worker: Option<&'s str>,
    results: Option<&'s str>,
}

impl StatsD {
    /// The listener `name` of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(name: String, options: StatsDOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        let port = options.address.rsplit_once(':');
        if !port.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|it| it > 0)) {
            let why = format!(
                "'{}' is no host and port; write e.g. 127.0.0.1:8125",
                options.address
            );
            return Err(OptionError::new("address", why));
        }
        if options.prefix.is_empty() || options.prefix.split('.').any(|it| it != plain(it, false)) {
            let why = format!("'{}' is no metric's name; write e.g. ci.weir", options.prefix);
            return Err(OptionError::new("prefix", why));
        }
        Ok(Self {
            name,
            address: options.address,
            prefix: options.prefix,
            tags: options.tags,
            timeout: options::seconds("timeout", options.timeout)?,
            names: Names::default(),
            stream: options.tcp.then(Mutex::default),
            outlet: outlet.clone(),
        })
    }

    async fn metrics(&self, event: &Event, api: &dyn StatusApi) -> Result<Vec<String>, ListenerError> {
        match (&event.entity, event.verb) {
            (Entity::Build(build), Verb::Finished) => self.of_build(build, api).await,
            (Entity::BuildRequest(request), Verb::Claimed) => self.of_request(request, api).await,
            _ => Ok(vec![]),
        }
    }

    async fn of_build(&self, build: &Build, api: &dyn StatusApi) -> Result<Vec<String>, ListenerError> {
        let builder = self.names.builder(build.builder, api).await?;
        let worker = self.names.worker(build.worker, api).await?;
        let series = |what| Series {
            what,
            builder: &builder,
            worker: Some(&worker),
            results: Some(build.results.map_or("unknown", Results::name)),
        };
        let mut metrics = vec![self.metric(&series("builds"), "1|c")];
        if let Some(end) = build.complete_at {
            metrics.push(self.metric(&series("build_duration"), &timer(build.started_at, end)));
        }
        Ok(metrics)
    }

    async fn of_request(
        &self,
        request: &BuildRequest,
        api: &dyn StatusApi,
    ) -> Result<Vec<String>, ListenerError> {
        let Some(claimed) = request.claimed_at else {
            return Ok(vec![]);
        };
        let builder = self.names.builder(request.builder, api).await?;
        let series = Series {
            what: "request_wait",
            builder: &builder,
            worker: None,
            results: None,
        };
        Ok(vec![self.metric(&series, &timer(request.submitted_at, claimed))])
    }

    fn metric(&self, series: &Series<'_>, value: &str) -> String {
        let Self { prefix, .. } = self;
        let what = series.what;
        if !self.tags {
            // StatsD's counts are kept by name: a worker more in it, and nobody could add them up.
            let words = [Some(series.builder), series.results];
            let words = words
                .into_iter()
                .flatten()
                .map(|it| format!(".{}", plain(it, false)));
            return format!("{prefix}.{what}{}:{value}", words.collect::<String>());
        }
        let tags = [
            ("builder", Some(series.builder)),
            ("worker", series.worker),
            ("results", series.results),
        ];
        let tags = tags
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}:{}", plain(value?, true))));
        format!("{prefix}.{what}:{value}|#{}", tags.collect::<Vec<_>>().join(","))
    }

    async fn send(&self, metrics: &[String]) -> std::io::Result<()> {
        let text = metrics.join("\n");
        let Some(stream) = &self.stream else {
            let found = tokio::net::lookup_host(&self.address).await?.next();
            let address = found.ok_or_else(|| std::io::Error::other("there is no such host"))?;
            let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            let socket = UdpSocket::bind(any).await?;
            socket.send_to(text.as_bytes(), address).await?;
            return Ok(());
        };
        let mut stream = stream.lock().await;
        // It is put back when all is written: half a line must not be gone on with.
        let mut connected = match stream.take().filter(is_open) {
            Some(connected) => connected,
            None => TcpStream::connect(&self.address).await?,
        };
        connected.write_all(format!("{text}\n").as_bytes()).await?;
        *stream = Some(connected);
        Ok(())
    }
}

/// Whether the other side still listens, as far as can be told: it never says anything but that it ends.
fn is_open(stream: &TcpStream) -> bool {
    matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

fn timer(from: Timestamp, to: Timestamp) -> String {
    format!("{}|ms", to.since(from).as_millis())
}

/// The text without what has a meaning in the protocol: `_` in its place. A tag's value may have dots, slashes and letters of
/// all alphabets; StatsD's own server leaves those out of a name, and what is then empty is no part of one.
fn plain(text: &str, in_tag: bool) -> String {
    let letter = |c: char| c.is_ascii_alphanumeric() || (in_tag && c.is_alphanumeric());
    let fits = |c: char| letter(c) || "_-".contains(c) || (in_tag && "./".contains(c));
    text.chars().map(|c| if fits(c) { c } else { '_' }).collect()
}

#[async_trait]
impl Listener for StatsD {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &str {
        "statsd"
    }

    fn filter(&self) -> TopicFilter {
        TopicFilter::parse_all(["builds/*/finished", "buildrequests/*/claimed"]).expect("they are patterns")
    }

    async fn on_event(&self, event: &Event, api: &dyn StatusApi) -> Result<(), ListenerError> {
        let metrics = self.metrics(event, api).await?;
        if metrics.is_empty() || self.outlet.prints(|| metrics.join("\n")) {
            return Ok(());
        }
        let later = |why: String| ListenerError::Later(format!("{} takes no metrics: {why}", self.address));
        match tokio::time::timeout(self.timeout, self.send(&metrics)).await {
            Ok(sent) => sent.map_err(|error| later(error.to_string())),
            Err(_) => Err(later(format!("it took longer than {:?}", self.timeout))),
        }
    }
}
