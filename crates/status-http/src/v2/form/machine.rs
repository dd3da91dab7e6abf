//! Masters and workers.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use weir_status_api::{Absence, BuilderId, ConfiguredOn, Master, MasterId, Worker, WorkerId, WorkerInfo};

use super::{Fields, Form, FormError, Object};

/// The fields of `workerinfo` that Buildbot knows; every other one is a fact.
const KNOWN: [&str; 4] = ["admin", "host", "access_uri", "version"];
/// Stands before a fact whose name would be taken for something else.
const FACT: &str = "fact:";

impl Form for Master {
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("masterid", self.id.0)
            .set("name", self.name.as_str())
            .set("active", self.active)
            .time("last_active", self.last_active)
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("master", value)?;
        Ok(Self {
            id: MasterId(fields.int("masterid")?),
            name: fields.text("name")?,
            active: fields.flag("active")?,
            last_active: fields.time("last_active")?,
        })
    }
}

impl Form for Worker {
    fn object(&self) -> Object<'_> {
        let connected = self.connected_to.iter().map(|id| json!({"masterid": id.0}));
        let configured = self
            .configured_on
            .iter()
            .map(|it| json!({"masterid": it.master.0, "builderid": it.builder.0}));
        let object = match &self.absence {
            // Only an event has it, so a worker that is asked for has no such fields.
            Some(absence) => Object::new()
                .time("last_connection", absence.last_connection)
                .set(
                    "notify",
                    absence.notify.iter().map(|it| json!(it)).collect::<Vec<_>>(),
                ),
            None => Object::new(),
        };
        object
            .set("workerid", self.id.0)
            .set("name", self.name.as_str())
            .set("connected_to", connected.collect::<Vec<_>>())
            .set("configured_on", configured.collect::<Vec<_>>())
            .set("workerinfo", info_to_json(&self.info))
            .set("paused", self.paused)
            .set("pause_reason", self.pause_reason.as_ref())
            .set("away_reason", self.away_reason.as_ref())
            .set("graceful", self.graceful)
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("worker", value)?;
        Ok(Self {
            id: WorkerId(fields.int("workerid")?),
            name: fields.text("name")?,
            configured_on: fields.objects("configured_on", |it| {
                Ok(ConfiguredOn {
                    master: MasterId(it.int("masterid")?),
                    builder: BuilderId(it.int("builderid")?),
                })
            })?,
            connected_to: fields.objects("connected_to", |it| it.int("masterid").map(MasterId))?,
            info: info_from_json(fields.value("workerinfo"))?,
            paused: fields.flag("paused")?,
            pause_reason: fields.maybe_text("pause_reason")?,
            away_reason: fields.maybe_text("away_reason")?,
            graceful: fields.flag("graceful")?,
            absence: absence(&fields)?,
        })
    }
}

fn absence(fields: &Fields<'_>) -> Result<Option<Absence>, FormError> {
    let Some(last_connection) = fields.maybe_time("last_connection")? else {
        return Ok(None);
    };
    let notify = fields.texts("notify")?;
    Ok(Some(Absence {
        last_connection,
        notify,
    }))
}

fn info_to_json(info: &WorkerInfo) -> Value {
    if *info == WorkerInfo::default() {
        return json!({});
    }
    let mut object = Map::new();
    let known = [&info.admin, &info.host, &info.access_uri, &info.version];
    for (name, value) in KNOWN.iter().zip(known) {
        object.insert((*name).to_owned(), json!(value));
    }
    for (name, value) in &info.facts {
        let taken = KNOWN.contains(&name.as_str()) || name.starts_with(FACT);
        let name = if taken {
            format!("{FACT}{name}")
        } else {
            name.clone()
        };
        object.insert(name, json!(value));
    }
    Value::Object(object)
}

fn info_from_json(value: &Value) -> Result<WorkerInfo, FormError> {
    if value.is_null() {
        return Ok(WorkerInfo::default());
    }
    let fields = Fields::of("worker", value)?;
    // What Buildbot's workers tell beyond text (lists, numbers) is no fact.
    let facts: BTreeMap<String, String> = fields
        .iter()
        .filter(|(name, _)| !KNOWN.contains(&name.as_str()))
        .filter_map(|(name, value)| {
            let name = name.strip_prefix(FACT).unwrap_or(name);
            Some((name.to_owned(), value.as_str()?.to_owned()))
        })
        .collect();
    Ok(WorkerInfo {
        admin: fields.maybe_text("admin")?,
        host: fields.maybe_text("host")?,
        access_uri: fields.maybe_text("access_uri")?,
        version: fields.maybe_text("version")?,
        facts,
    })
}
