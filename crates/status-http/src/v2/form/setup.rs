//! Builders, schedulers and change sources.

use serde_json::{Value, json};
use weir_status_api::{
    Builder, BuilderId, ChangeSource, ChangeSourceId, Entity, Master, MasterId, ProjectId, Scheduler,
    SchedulerId,
};

use super::object::Item;
use super::{Fields, Form, FormError, Object};

impl Form for Builder {
    /// `description_html` is null: whoever shows the description renders it.
    fn object(&self) -> Object<'_> {
        let masters: Vec<i64> = self.masters.iter().map(|id| id.0).collect();
        Object::new()
            .set("builderid", self.id.0)
            .set("name", self.name.as_str())
            .set("masterids", masters)
            .set("description", self.description.as_ref())
            .set("description_format", self.description_format.as_ref())
            .set("description_html", Value::Null)
            .set("projectid", self.project.map(|id| id.0))
            .set("tags", &self.tags)
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("builder", value)?;
        Ok(Self {
            id: BuilderId(fields.int("builderid")?),
            name: fields.text("name")?,
            masters: fields.ints("masterids")?.into_iter().map(MasterId).collect(),
            description: fields.maybe_text("description")?,
            description_format: fields.maybe_text("description_format")?,
            project: fields.maybe_int("projectid")?.map(ProjectId),
            tags: fields.texts("tags")?,
        })
    }
}

/// The master that the JSON of `entity` carries whole, in Buildbot: that of a scheduler or change source.
pub fn master_within(entity: &Entity) -> Option<MasterId> {
    match entity {
        Entity::Scheduler(it) => it.master,
        Entity::ChangeSource(it) => it.master,
        _ => None,
    }
}

/// Puts the whole master in the place of its id; see [`master_within`].
pub fn put_master<'a>(object: &mut Object<'a>, master: &'a Master) {
    object.replace("master", Item::Object(master.object()));
}

fn master_id(id: Option<MasterId>) -> Option<Value> {
    id.map(|id| json!({"masterid": id.0}))
}

fn read_master(kind: &'static str, fields: &Fields<'_>) -> Result<Option<MasterId>, FormError> {
    match fields.value("master") {
        Value::Null => Ok(None),
        master => Ok(Some(MasterId(Fields::of(kind, master)?.int("masterid")?))),
    }
}

impl Form for Scheduler {
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("schedulerid", self.id.0)
            .set("name", self.name.as_str())
            .set("enabled", self.enabled)
            .set("master", master_id(self.master))
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("scheduler", value)?;
        Ok(Self {
            id: SchedulerId(fields.int("schedulerid")?),
            name: fields.text("name")?,
            enabled: fields.flag("enabled")?,
            master: read_master("scheduler", &fields)?,
        })
    }
}

impl Form for ChangeSource {
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("changesourceid", self.id.0)
            .set("name", self.name.as_str())
            .set("master", master_id(self.master))
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("changesource", value)?;
        Ok(Self {
            id: ChangeSourceId(fields.int("changesourceid")?),
            name: fields.text("name")?,
            master: read_master("changesource", &fields)?,
        })
    }
}
