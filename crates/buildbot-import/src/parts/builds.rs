//! Builds and their steps.

use std::collections::HashMap;

use serde_json::Value;
use weir_status_api::{
    Build, BuildId, BuildRequestId, BuilderId, MasterId, Properties, Property, Results, Step, StepId,
    Timestamp, Url, WorkerId,
};
use weir_status_db::History;

use super::Parts;
use crate::error::Result;
use crate::note::Note;
use crate::record::{add_property, id};

/// How many rows are read at a time.
const AT_ONCE: usize = 5000;

/// What is said of a build that ran when the import was made.
const INTERRUPTED: &str = "interrupted by the move from Buildbot";

impl Parts {
    /// Builds, with their properties.
    pub(super) async fn builds(&mut self, note: &mut Note) -> Result<History> {
        let columns = [
            "#id",
            "#number",
            "#builderid",
            "#buildrequestid",
            "#workerid",
            "#masterid",
            "#started_at",
            "#complete_at",
            "#locks_duration_s",
            "#results",
            "state_string",
        ];
        let after = note.after.0;
        let rest = note.next("id", AT_ONCE);
        let found = self.source.read("builds", &columns, &rest).await?;
        let mut builds = Vec::with_capacity(found.len());
        for mut it in found {
            let id = id("builds", it.opt_int())?;
            (note.after.0, note.read) = (id, note.read + 1);
            let number = it.int();
            let builder = self.known.only("builders", it.opt_int());
            let request = self.known.only("build_requests", it.opt_int());
            let worker = self.known.only("workers", it.opt_int());
            let master = self.known.only("masters", it.opt_int());
            let (Some(builder), Some(request), Some(master)) = (builder, request, master) else {
                continue;
            };
            self.known.add("builds", id);
            let (started_at, complete_at) = (it.time(), it.opt_time());
            let (locks_duration_s, results, state) = (it.int(), it.results(), it.text());
            let (results, state) = match complete_at {
                Some(_) => (results.unwrap_or(Results::Exception), state),
                None => (self.interrupted(request), INTERRUPTED.to_owned()),
            };
            builds.push(Build {
                id: BuildId(id),
                number,
                builder: BuilderId(builder),
                request: BuildRequestId(request),
                worker: WorkerId(worker.unwrap_or(self.lost_worker)),
                master: MasterId(master),
                started_at,
                complete_at: Some(complete_at.unwrap_or(self.at)),
                locks_duration_s,
                results: Some(results),
                state,
                properties: Properties::new(),
            });
        }
        let range = format!("WHERE t.buildid > {after} AND t.buildid <= {}", note.after.0);
        let mut properties: HashMap<i64, Properties> = HashMap::with_capacity(builds.len());
        let columns = ["#buildid", "name", "value", "source"];
        for mut it in self.source.read("build_properties", &columns, &range).await? {
            let of_build = properties.entry(it.int()).or_default();
            let name = it.text();
            let value = it.value();
            add_property(of_build, name, Property::new(value, it.text()));
        }
        for it in &mut builds {
            it.properties = properties.remove(&it.id.0).unwrap_or_default();
            note.keep("build_properties", it.properties.len());
        }
        note.keep("builds", builds.len());
        Ok(History {
            builds,
            ..History::default()
        })
    }

    /// What a build comes to that ran: its request waits again, or was cancelled with what it waited for.
    fn interrupted(&self, request: i64) -> Results {
        match self.closing.cancelled.contains(&request) {
            true => Results::Cancelled,
            false => Results::Retry,
        }
    }

    /// Steps.
    pub(super) async fn steps(&mut self, note: &mut Note) -> Result<History> {
        let columns = [
            "#id",
            "#number",
            "name",
            "#buildid",
            "#started_at",
            "#locks_acquired_at",
            "#complete_at",
            "#results",
            "state_string",
            "urls_json",
            "#hidden",
        ];
        let rest = note.next("id", AT_ONCE);
        let found = self.source.read("steps", &columns, &rest).await?;
        let mut steps = Vec::with_capacity(found.len());
        for mut it in found {
            let id = id("steps", it.opt_int())?;
            (note.after.0, note.read) = (id, note.read + 1);
            let (number, name) = (it.int(), it.text());
            let Some(build) = self.known.only("builds", it.opt_int()) else {
                continue;
            };
            self.known.add("steps", id);
            steps.push(Step {
                id: StepId(id),
                number,
                name,
                build: BuildId(build),
                started_at: it.opt_time(),
                locks_acquired_at: it.opt_time(),
                complete_at: it.opt_time(),
                results: it.results(),
                state: it.text(),
                urls: urls(it.value()),
                hidden: it.flag(),
            });
        }
        self.end_steps(&mut steps).await?;
        note.keep("steps", steps.len());
        Ok(History {
            steps,
            ..History::default()
        })
    }

    /// Steps that nothing has ended, end with their builds.
    async fn end_steps(&mut self, steps: &mut [Step]) -> Result<()> {
        let open = steps.iter().filter(|it| it.complete_at.is_none());
        let builds: Vec<String> = open.map(|it| it.build.0.to_string()).collect();
        let mut ends: HashMap<i64, Option<Timestamp>> = HashMap::new();
        if !builds.is_empty() {
            let of_them = format!("WHERE t.id IN ({})", builds.join(", "));
            for mut it in self
                .source
                .read("builds", &["#id", "#complete_at"], &of_them)
                .await?
            {
                ends.insert(it.int(), it.opt_time());
            }
        }
        for it in steps {
            match it.complete_at {
                Some(_) => it.results = Some(it.results.unwrap_or(Results::Exception)),
                None => {
                    let end = ends.get(&it.build.0).copied().flatten();
                    it.complete_at = Some(end.unwrap_or(self.at));
                    it.results = Some(it.results.unwrap_or(Results::Retry));
                }
            }
        }
        Ok(())
    }
}

fn urls(value: Value) -> Vec<Url> {
    let Value::Array(urls) = value else {
        return Vec::new();
    };
    let text = |url: &Value, field: &str| Some(url.get(field)?.as_str()?.to_owned());
    let url = |it: &Value| {
        Some(Url {
            name: text(it, "name")?,
            url: text(it, "url")?,
        })
    };
    urls.iter().filter_map(url).collect()
}
