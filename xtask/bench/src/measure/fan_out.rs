//! From the end of a build to many who listen.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use weir_status_api::{Clock, SystemClock, Timestamp};

use super::quantile;
use crate::Result;
use crate::events::{Audience, Transport};
use crate::site::Site;

/// How long an audience may take to hear of a build.
const PATIENCE: Duration = Duration::from_secs(30);
/// Builds before an audience comes.
const WARM_UP: usize = 3;
/// Between two builds, so that the server has come to rest.
const PAUSE: Duration = Duration::from_millis(100);

/// What an audience heard.
pub(crate) struct FanOut {
    /// How events came.
    pub(crate) transport: Transport,
    /// Listeners.
    pub(crate) size: usize,
    /// From the command to force a build to `finished` at a listener, over all builds and listeners.
    pub(crate) whole: (Duration, Duration),
    /// From the transaction that ends the build to a listener, if the server tells times exactly enough.
    pub(crate) after_end: Option<(Duration, Duration)>,
    /// Between the first and the last listener of a build: the median and the worst.
    pub(crate) spread: (Duration, Duration),
    /// Events that did not come.
    pub(crate) missed: usize,
    /// Memory that the server took for each listener, in KiB.
    pub(crate) kib_each: f64,
    /// CPU time of the server for each build and its events.
    pub(crate) cpu: Duration,
}

/// What all builds together gave.
#[derive(Default)]
struct Gathered {
    whole: Vec<Duration>,
    after_end: Vec<Duration>,
    spread: Vec<Duration>,
    missed: usize,
}

/// Lets `size` listeners hear of `rounds` builds; none if the server does not speak the transport.
pub(crate) async fn measure(
    site: &Site,
    transport: Transport,
    size: usize,
    rounds: usize,
) -> Result<Option<FanOut>> {
    let client = site.client();
    let builders = client.plain_builders().await?;
    // What a server needs for its first build is not the audience's.
    for builder in builders.iter().take(WARM_UP) {
        client.built(client.force(*builder).await?).await?;
    }
    client.settled().await?;
    let memory = site.usage()?.rss_mib;
    let gathered = Audience::gather(client.base(), transport, "builds/*/finished", size).await?;
    let Some(mut audience) = gathered else {
        return Ok(None);
    };
    let clock = Wall::new();
    let before = site.usage()?.cpu_s;
    let mut all = Gathered::default();
    let mut known = HashSet::new();
    for builder in builders.into_iter().cycle().take(rounds) {
        let asked = Instant::now();
        client.force(builder).await?;
        let heard = hear(&mut audience, size, &mut known).await;
        all.add(asked, &heard, size, &clock);
        tokio::time::sleep(PAUSE).await;
    }
    let usage = site.usage()?;
    let Some(whole) = pair(&mut all.whole, 0.99) else {
        return Err(format!("{size} listeners over {transport} hear nothing"));
    };
    Ok(Some(FanOut {
        transport,
        size,
        whole,
        after_end: pair(&mut all.after_end, 0.99),
        spread: pair(&mut all.spread, 1.0).unwrap_or_default(),
        missed: all.missed,
        kib_each: (usage.rss_mib - memory) * 1024.0 / size as f64,
        cpu: Duration::from_secs_f64((usage.cpu_s - before).max(0.0) / rounds as f64),
    }))
}

fn pair(values: &mut [Duration], high: f64) -> Option<(Duration, Duration)> {
    Some((quantile(values, 0.5)?, quantile(values, high)?))
}

/// When each listener heard of the next build's end, and when that end was, if it is told. What comes late of builds
/// that are `known` does not count.
async fn hear(
    audience: &mut Audience,
    size: usize,
    known: &mut HashSet<String>,
) -> HashMap<usize, (Instant, Option<i64>)> {
    let mut heard = HashMap::with_capacity(size);
    let mut topic: Option<String> = None;
    let all = async {
        while heard.len() < size {
            let Some(event) = audience.next().await else {
                return;
            };
            if known.contains(&event.topic) {
                continue;
            }
            if topic.get_or_insert_with(|| event.topic.clone()) == &event.topic {
                heard.entry(event.who).or_insert((event.at, event.complete_us));
            }
        }
    };
    // Whoever has not heard by then is counted as missed.
    let _late = tokio::time::timeout(PATIENCE, all).await;
    known.extend(topic);
    heard
}

impl Gathered {
    fn add(
        &mut self,
        asked: Instant,
        heard: &HashMap<usize, (Instant, Option<i64>)>,
        size: usize,
        clock: &Wall,
    ) {
        self.missed += size - heard.len();
        let times = || heard.values().map(|(at, _)| *at);
        if let (Some(first), Some(last)) = (times().min(), times().max()) {
            self.spread.push(last.duration_since(first));
        }
        for (at, ended) in heard.values() {
            self.whole.push(at.saturating_duration_since(asked));
            self.after_end
                .extend(ended.map(|ended| clock.at(*at).since(Timestamp(ended))));
        }
    }
}

/// What the machine's clock shows at a moment.
struct Wall {
    instant: Instant,
    clock: Timestamp,
}

impl Wall {
    fn new() -> Self {
        Self {
            instant: Instant::now(),
            clock: SystemClock.now(),
        }
    }

    fn at(&self, instant: Instant) -> Timestamp {
        self.clock.plus(instant.saturating_duration_since(self.instant))
    }
}
