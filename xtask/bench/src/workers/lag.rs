//! How late output can be read: from the moment at which a line was due to that at which a reader has it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use serde_json::Value;
use weir_status_api::{Clock, SystemClock};

use super::size::Size;
use crate::Result;
use crate::client::{Client, id};

/// Between two looks: few enough to cost the master little.
const PAUSE: Duration = Duration::from_millis(100);
/// Builds that are looked at in turn.
const BUILDS: usize = 10;

/// What was seen.
#[derive(Default)]
pub(super) struct Lag {
    /// How late the last line of a log was, at each look.
    pub(super) seen: Vec<Duration>,
    /// The log of each build.
    logs: BTreeMap<i64, i64>,
}

impl Lag {
    /// Looks at the ends of the logs of builds that run, until it is dropped.
    pub(super) async fn watch(&mut self, client: &Client, size: &Size) -> Result<Infallible> {
        let numbers = size.builders(client).await?;
        loop {
            let running = format!("/api/v2/builds?complete=false&limit={BUILDS}");
            for build in client.list(&running).await? {
                tokio::time::sleep(PAUSE).await;
                let Some(&number) = numbers.get(&id(&build, "builderid")?) else {
                    continue;
                };
                let Some(line) = self.last_line(client, id(&build, "buildid")?).await? else {
                    continue;
                };
                let now = SystemClock.now();
                let due = size.output_of(number).moment(&line);
                self.seen.extend(due.map(|due| now.since(due)));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The last line of the log of a build that runs; none if there is none yet.
    async fn last_line(&mut self, client: &Client, build: i64) -> Result<Option<String>> {
        let log = match self.logs.get(&build) {
            Some(log) => *log,
            None => match log_of(client, build).await? {
                Some(log) => *self.logs.entry(build).or_insert(log),
                None => return Ok(None),
            },
        };
        let answer = client.json(&format!("/api/v2/logs/{log}")).await?;
        let lines = answer["logs"][0]["num_lines"].as_u64().unwrap_or_default();
        let Some(last) = lines.checked_sub(1) else {
            return Ok(None);
        };
        let contents = format!("/api/v2/logs/{log}/contents?offset={last}&limit=1");
        let answer = client.json(&contents).await?;
        let line = answer["logchunks"][0]["content"].as_str();
        // A log of several streams has a letter before each line, which tells its stream.
        Ok(line.and_then(|it| it.strip_prefix('o')).map(str::to_owned))
    }
}

/// The log of the step that prints, the last one of a build; none if it is not there yet.
pub(super) async fn log_of(client: &Client, build: i64) -> Result<Option<i64>> {
    let steps = client.list(&format!("/api/v2/builds/{build}/steps")).await?;
    let Some(step) = steps.last() else { return Ok(None) };
    let logs = client
        .list(&format!("/api/v2/steps/{}/logs", id(step, "stepid")?))
        .await?;
    let log = logs.iter().find(|it: &&Value| it["slug"] == "stdio");
    log.map(|it| id(it, "logid")).transpose()
}
