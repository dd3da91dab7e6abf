//! A long log, written and read back.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Result;
use crate::client::id;
use crate::events::Audience;
use crate::site::Site;

/// How long the build may take.
const PATIENCE: Duration = Duration::from_secs(240);

/// What came of it.
pub(crate) struct Log {
    /// Millions of bytes of the log.
    pub(crate) megabytes: f64,
    /// From the start to the end of the step that wrote it.
    pub(crate) written: Duration,
    /// Reading it whole.
    pub(crate) read: Duration,
    /// Reading 1,000 lines from its middle.
    pub(crate) middle: Duration,
    /// CPU time of the server while the build ran.
    pub(crate) cpu: Duration,
}

/// Lets the loud builder build, and reads its log.
pub(crate) async fn measure(site: &Site) -> Result<Log> {
    let client = site.client();
    client.settled().await?;
    let builder = client.builder("loud").await?;
    let mut audience = Audience::one(client.base(), "steps/*/*").await?;
    let before = site.usage()?.cpu_s;
    let request = client.force(builder).await?;
    let build = client.built(request).await?;
    let cpu = site.usage()?.cpu_s - before;
    // The last step prints; Buildbot has one of its own before it.
    let steps = client
        .list(&format!("/api/v2/builds/{}/steps", id(&build, "buildid")?))
        .await?;
    let step = id(steps.last().ok_or("the loud build has no step")?, "stepid")?;
    let written = time_of(&mut audience, step).await?;
    client.settled().await?;
    let logs = client.list(&format!("/api/v2/steps/{step}/logs")).await?;
    let log: &Value = logs.first().ok_or("the loud step has no log")?;
    let (log, lines) = (id(log, "logid")?, id(log, "num_lines")?);
    let begun = Instant::now();
    let bytes = client.size(&format!("/api/v2/logs/{log}/raw")).await?;
    let read = begun.elapsed();
    let begun = Instant::now();
    let middle = format!("/api/v2/logs/{log}/contents?offset={}&limit=1000", lines / 2);
    client.size(&middle).await?;
    Ok(Log {
        megabytes: bytes as f64 / 1e6,
        written,
        read,
        middle: begun.elapsed(),
        cpu: Duration::from_secs_f64(cpu.max(0.0)),
    })
}

/// How long the step ran, by when its events came.
async fn time_of(audience: &mut Audience, step: i64) -> Result<Duration> {
    let (started, finished) = (format!("steps/{step}/started"), format!("steps/{step}/finished"));
    let mut heard = HashMap::new();
    let listen = async {
        while let Some(event) = audience.next().await {
            let last = event.topic == finished;
            heard.entry(event.topic).or_insert(event.at);
            if last {
                break;
            }
        }
    };
    // What has not come by then is missed below.
    let _late = tokio::time::timeout(PATIENCE, listen).await;
    match (heard.get(&started), heard.get(&finished)) {
        (Some(started), Some(finished)) => Ok(finished.duration_since(*started)),
        _ => Err(format!("the events of step {step} have not come")),
    }
}
