//! Buildsets, build requests, builds, steps, logs and their chunks.

use serde_json::{Value, json};
use weir_status_api::{
    Build, BuildId, BuildRequest, BuildRequestId, BuilderId, Buildset, BuildsetId, LineTime, Log, LogChunk,
    LogId, LogKind, MasterId, Results, Step, StepId, Timestamp, Url, WorkerId,
};

use super::{Fields, Form, FormError, Object, properties_from_json};

/// When lines of a log were stored: pairs of the first of them and microseconds.
pub(crate) const TIMES: &str = "times_us";

impl Form for Build {
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("buildid", self.id.0)
            .set("number", self.number)
            .set("builderid", self.builder.0)
            .set("buildrequestid", self.request.0)
            .set("workerid", self.worker.0)
            .set("masterid", self.master.0)
            .time("started_at", self.started_at)
            .set("complete", self.complete_at.is_some())
            .maybe_time("complete_at", self.complete_at)
            .set("locks_duration_s", self.locks_duration_s)
            .results("results", self.results)
            .set("state_string", self.state.as_str())
            .set("properties", &self.properties)
            .done()
    }

    /// Buildbot may leave the request and the worker null; their ids are 0 then.
    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("build", value)?;
        Ok(Self {
            id: BuildId(fields.int("buildid")?),
            number: fields.int("number")?,
            builder: BuilderId(fields.int("builderid")?),
            request: BuildRequestId(fields.maybe_int("buildrequestid")?.unwrap_or(0)),
            worker: WorkerId(fields.maybe_int("workerid")?.unwrap_or(0)),
            master: MasterId(fields.int("masterid")?),
            started_at: fields.time("started_at")?,
            complete_at: fields.maybe_time("complete_at")?,
            locks_duration_s: fields.maybe_int("locks_duration_s")?.unwrap_or(0),
            results: fields.results("results")?,
            state: fields.text("state_string")?,
            properties: properties_from_json(fields.value("properties"))?,
        })
    }
}

impl Form for BuildRequest {
    fn object(&self) -> Object<'_> {
        let properties = Some(&self.properties).filter(|it| !it.is_empty());
        Object::new()
            .set("buildrequestid", self.id.0)
            .set("buildsetid", self.buildset.0)
            .set("builderid", self.builder.0)
            .set("priority", self.priority)
            .set("claimed", self.claimed_at.is_some())
            .maybe_time("claimed_at", self.claimed_at)
            .set("claimed_by_masterid", self.claimed_by.map(|id| id.0))
            .set("complete", self.complete_at.is_some())
            .maybe_time("complete_at", self.complete_at)
            .set("results", self.results.map_or(-1, Results::code))
            .time("submitted_at", self.submitted_at)
            .set("waited_for", self.waited_for)
            .set("waiting_for", self.waiting_for.as_ref())
            .set("properties", properties)
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("buildrequest", value)?;
        Ok(Self {
            id: BuildRequestId(fields.int("buildrequestid")?),
            buildset: BuildsetId(fields.int("buildsetid")?),
            builder: BuilderId(fields.int("builderid")?),
            priority: fields.small_int("priority")?,
            claimed_at: fields.maybe_time("claimed_at")?,
            claimed_by: fields.maybe_int("claimed_by_masterid")?.map(MasterId),
            complete_at: fields.maybe_time("complete_at")?,
            results: fields.results("results")?,
            submitted_at: fields.time("submitted_at")?,
            waited_for: fields.flag("waited_for")?,
            waiting_for: fields.maybe_text("waiting_for")?,
            properties: properties_from_json(fields.value("properties"))?,
        })
    }
}

impl Form for Buildset {
    fn object(&self) -> Object<'_> {
        let stamps: Vec<_> = self.source_stamps.iter().map(Form::object).collect();
        Object::new()
            .set("bsid", self.id.0)
            .set("external_idstring", self.external_id.as_ref())
            .set("reason", self.reason.as_str())
            .set("rebuilt_buildid", self.rebuilt_build.map(|id| id.0))
            .time("submitted_at", self.submitted_at)
            .set("complete", self.complete_at.is_some())
            .maybe_time("complete_at", self.complete_at)
            .results("results", self.results)
            .set("sourcestamps", stamps)
            .set("parent_buildid", self.parent_build.map(|id| id.0))
            .set("parent_relationship", self.parent_relationship.as_ref())
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("buildset", value)?;
        Ok(Self {
            id: BuildsetId(fields.int("bsid")?),
            external_id: fields.maybe_text("external_idstring")?,
            reason: fields.text("reason")?,
            rebuilt_build: fields.maybe_int("rebuilt_buildid")?.map(BuildId),
            submitted_at: fields.time("submitted_at")?,
            complete_at: fields.maybe_time("complete_at")?,
            results: fields.results("results")?,
            source_stamps: fields.resources("sourcestamps")?,
            parent_build: fields.maybe_int("parent_buildid")?.map(BuildId),
            parent_relationship: fields.maybe_text("parent_relationship")?,
        })
    }
}

impl Form for Step {
    fn object(&self) -> Object<'_> {
        let urls = self.urls.iter();
        let urls = urls.map(|it| Object::new().set("name", &it.name).set("url", &it.url));
        Object::new()
            .set("stepid", self.id.0)
            .set("number", self.number)
            .set("name", self.name.as_str())
            .set("buildid", self.build.0)
            .maybe_time("started_at", self.started_at)
            .maybe_time("locks_acquired_at", self.locks_acquired_at)
            .set("complete", self.complete_at.is_some())
            .maybe_time("complete_at", self.complete_at)
            .results("results", self.results)
            .set("state_string", self.state.as_str())
            .set("urls", urls.collect::<Vec<_>>())
            .set("hidden", self.hidden)
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("step", value)?;
        Ok(Self {
            id: StepId(fields.int("stepid")?),
            number: fields.int("number")?,
            name: fields.text("name")?,
            build: BuildId(fields.int("buildid")?),
            started_at: fields.maybe_time("started_at")?,
            locks_acquired_at: fields.maybe_time("locks_acquired_at")?,
            complete_at: fields.maybe_time("complete_at")?,
            results: fields.results("results")?,
            state: fields.text("state_string")?,
            urls: fields.objects("urls", |url| {
                Ok(Url {
                    name: url.text("name")?,
                    url: url.text("url")?,
                })
            })?,
            hidden: fields.flag("hidden")?,
        })
    }
}

impl Form for Log {
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("logid", self.id.0)
            .set("name", self.name.as_str())
            .set("slug", self.slug.as_str())
            .set("stepid", self.step.0)
            .set("complete", self.complete)
            .set("num_lines", self.num_lines)
            .set("type", self.kind.letter())
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("log", value)?;
        Ok(Self {
            id: LogId(fields.int("logid")?),
            name: fields.text("name")?,
            slug: fields.text("slug")?,
            step: StepId(fields.int("stepid")?),
            complete: fields.flag("complete")?,
            num_lines: fields.int("num_lines")?,
            kind: LogKind::from_letter(&fields.text("type")?)
                .ok_or_else(|| fields.bad("type", "one of the letters s, t, h, d"))?,
        })
    }
}

impl Form for LogChunk {
    fn object(&self) -> Object<'_> {
        let object = Object::new()
            .set("logid", self.log.0)
            .set("firstline", self.first_line)
            .set("content", self.content.as_str());
        // Buildbot's clients know no times.
        if self.times.is_empty() {
            return object.done();
        }
        let times = self.times.iter().map(|it| json!([it.line, it.at.as_micros()]));
        object.set(TIMES, times.collect::<Vec<_>>()).done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("logchunk", value)?;
        Ok(Self {
            log: LogId(fields.int("logid")?),
            first_line: fields.int("firstline")?,
            content: fields.text("content")?,
            times: times(&fields)?,
        })
    }
}

/// When lines of a log were stored; nothing if that is left out.
fn times(fields: &Fields<'_>) -> Result<Vec<LineTime>, FormError> {
    let bad = || fields.bad(TIMES, "a list of pairs of a line and microseconds");
    let pair = |pair: &Value| match pair.as_array().map(Vec::as_slice) {
        Some([line, at]) => Some(LineTime {
            line: line.as_i64()?,
            at: Timestamp(at.as_i64()?),
        }),
        _ => None,
    };
    match fields.value(TIMES) {
        Value::Null => Ok(vec![]),
        Value::Array(pairs) => pairs.iter().map(|it| pair(it).ok_or_else(bad)).collect(),
        _ => Err(bad()),
    }
}
