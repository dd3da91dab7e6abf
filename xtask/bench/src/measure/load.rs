//! Reads, as many as the server answers, by `wrk`.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::process::Command;

use super::quantile;
use crate::Result;
use crate::client::{Client, id};
use crate::options::Plan;
use crate::site::Site;

/// What `wrk` does at the end: it tells its figures as JSON.
const TELL: &str = include_str!("tell.lua");
/// Times that a request is asked alone.
const TIMES_ANEW: u64 = 40;
/// The longest that one request is repeated.
const LONGEST: u64 = 20;

/// A request, by what it is for.
pub(crate) struct Read {
    /// What people call it.
    pub(crate) name: &'static str,
    /// Its path and query.
    pub(crate) path: String,
    /// The same in other words, of which no two are alike: no answer that is kept serves it.
    pub(crate) anew: Box<dyn Fn(u64) -> String>,
}

/// What came of repeating a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Load {
    /// Answers in a second.
    pub(crate) per_second: f64,
    /// Half of the answers took no longer, in milliseconds.
    pub(crate) p50_ms: f64,
    /// 99 of 100 took no longer.
    pub(crate) p99_ms: f64,
    /// Requests that were refused, or not answered.
    pub(crate) errors: u64,
    /// CPU time of the server for each, in microseconds.
    pub(crate) cpu_us: f64,
}

/// A measured request.
pub(crate) struct Reading {
    /// What was asked.
    pub(crate) name: &'static str,
    /// Bytes of the answer.
    pub(crate) bytes: usize,
    /// One at a time and each in words of its own: the median and the worst time.
    pub(crate) anew: (Duration, Duration),
    /// Whole answers.
    pub(crate) whole: Load,
    /// Answers "not modified" to a client that knows what is there, if the server gives them.
    pub(crate) unchanged: Option<Load>,
}

/// The requests that are measured. `history` is the number of builds of history; one from its middle is read.
pub(crate) async fn reads(client: &Client, history: u64) -> Result<Vec<Read>> {
    let plain = client.plain_builders().await?;
    let builder = *plain.first().ok_or("there are no builders")?;
    let build = history / 2;
    let steps = client.list(&format!("/api/v2/builds/{build}/steps")).await?;
    let step = id(steps.first().ok_or("a build of history has no steps")?, "stepid")?;
    let logs = client.list(&format!("/api/v2/steps/{step}/logs")).await?;
    let log = id(logs.first().ok_or("a step of history has no log")?, "logid")?;
    Ok(vec![
        Read::list("masters", "masters?", "masterid"),
        Read::of("one builder", move |number| {
            let place = number as usize % plain.len();
            format!("builders/{}", plain[place])
        }),
        Read::list("52 builders", "builders?", "builderid"),
        Read::of("one build", move |number| format!("builds/{}", build - number)),
        Read::of("its steps", move |number| {
            format!("builds/{}/steps", build - number)
        }),
        Read::list("last 50 builds", "builds?limit=50&order=-buildid&", "buildid"),
        Read::list(
            "a builder's 50 builds with owners",
            &format!("builders/{builder}/builds?limit=50&order=-number&property=owners&"),
            "buildid",
        ),
        Read::list("running builds", "builds?complete=false&", "buildid"),
        Read::list(
            "2,000 builds by start",
            "builds?limit=2000&order=-started_at&",
            "buildid",
        ),
        Read::list("last 50 changes", "changes?limit=50&order=-changeid&", "changeid"),
        Read::of("log contents, 8 lines", move |number| {
            format!("logs/{log}/contents?offset=0&limit={}", 200 + number)
        }),
    ])
}

impl Read {
    /// What is asked first, and after it what the numbers from 1 ask.
    fn of(name: &'static str, path: impl Fn(u64) -> String + 'static) -> Self {
        let anew = move |number| format!("/api/v2/{}", path(number));
        Self {
            name,
            path: anew(0),
            anew: Box::new(anew),
        }
    }

    /// A list; `beginning` is the beginning of its query, `id` the field of its resources' ids. In other words it is the
    /// list without an id that nothing has.
    fn list(name: &'static str, beginning: &str, id: &'static str) -> Self {
        let path = format!("/api/v2/{}", beginning.trim_end_matches(['?', '&']));
        let beginning = format!("/api/v2/{beginning}");
        Self {
            name,
            path,
            anew: Box::new(move |number| format!("{beginning}{id}__ne=-{number}")),
        }
    }
}

/// How long the request takes alone, in words of its own each time.
async fn alone(client: &Client, read: &Read) -> Result<(Duration, Duration)> {
    let mut took = vec![];
    for number in 1..=TIMES_ANEW {
        let begun = Instant::now();
        client.size(&(read.anew)(number)).await?;
        took.push(begun.elapsed());
    }
    let both = quantile(&mut took, 0.5).zip(quantile(&mut took, 1.0));
    both.ok_or_else(|| "nothing was asked".to_owned())
}

/// Measures a request, and the same of a client that has its answer already.
pub(crate) async fn measure(site: &Site, plan: &Plan, read: &Read) -> Result<Reading> {
    let client = site.client();
    let mut bytes = 0;
    for _ in 0..3 {
        bytes = client.size(&read.path).await?;
    }
    let anew = alone(client, read).await?;
    let seconds = seconds(plan, anew.0);
    let whole = on_server(site, plan, read, &[], seconds).await?;
    let unchanged = match client.tag(&read.path).await? {
        Some(tag) => {
            let headers = [format!("If-None-Match: {tag}")];
            Some(on_server(site, plan, read, &headers, plan.seconds.div_ceil(2)).await?)
        }
        None => None,
    };
    client.settled().await?;
    Ok(Reading {
        name: read.name,
        bytes,
        anew,
        whole,
        unchanged,
    })
}

/// Long enough for each connection to be answered a few times.
fn seconds(plan: &Plan, alone: Duration) -> u64 {
    let round = alone.as_secs_f64() * f64::from(plan.connections);
    ((round * 3.0) as u64).clamp(plan.seconds, LONGEST)
}

async fn on_server(site: &Site, plan: &Plan, read: &Read, headers: &[String], seconds: u64) -> Result<Load> {
    let before = site.usage()?.cpu_s;
    let url = format!("{}{}", site.client().base(), read.path);
    let (mut load, answers) = wrk(site.folder(), &url, headers, plan.connections, seconds).await?;
    load.cpu_us = (site.usage()?.cpu_s - before) * 1e6 / answers.max(1.0);
    Ok(load)
}

/// Repeats a request by `connections` connections for `seconds`; `folder` is for its script. Gives the number of
/// answers too.
pub(crate) async fn wrk(
    folder: &Path,
    url: &str,
    headers: &[String],
    connections: u32,
    seconds: u64,
) -> Result<(Load, f64)> {
    let script = folder.join("tell.lua");
    std::fs::write(&script, TELL)
        .map_err(|error| format!("{} cannot be written: {error}", script.display()))?;
    let mut command = Command::new("wrk");
    command
        .args(["--threads", "1", "--timeout", "60s"])
        .args(["--connections", &connections.to_string()])
        .args(["--duration", &format!("{seconds}s")])
        .args(["--header", "Accept: application/json"])
        .arg("--script")
        .arg(&script);
    for header in headers {
        command.args(["--header", header]);
    }
    let output = command.arg(url).kill_on_drop(true).output().await;
    let output = output.map_err(|error| format!("wrk cannot be started: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let told = text.rsplit_once("FIGURES ").map(|(_, told)| told);
    let told = told.and_then(|it| serde_json::from_str::<Value>(it).ok());
    let told = told.ok_or_else(|| {
        format!(
            "wrk tells no figures: {}",
            String::from_utf8_lossy(&output.stderr)
        )
    })?;
    let number = |name: &str| told[name].as_f64().unwrap_or_default();
    let load = Load {
        per_second: number("answers") / number("seconds").max(f64::EPSILON),
        p50_ms: number("p50_us") / 1000.0,
        p99_ms: number("p99_us") / 1000.0,
        errors: told["errors"].as_u64().unwrap_or_default(),
        cpu_us: 0.0,
    };
    if number("answers") == 0.0 {
        return Err(format!("{url} is not answered"));
    }
    Ok((load, number("answers")))
}

/// An error that says how to get `wrk` if it is not there.
pub(crate) async fn require_wrk() -> Result<()> {
    let asked = Command::new("wrk").arg("--version").output().await;
    asked
        .map(drop)
        .map_err(|_| "requests are repeated by wrk; install it, e.g. `apt-get install wrk`".to_owned())
}
