//! Builders and schedulers.

use serde_json::{Value, json};
use weir_status_api::{Builder, BuilderId, Master, MasterId, Scheduler, SchedulerId};

use super::object::Item;
use super::{Fields, Form, FormError, Object};

impl Form for Builder {
    /// `description_html` is null: whoever shows the description renders its Markdown.
    fn object(&self) -> Object<'_> {
        let masters: Vec<i64> = self.masters.iter().map(|id| id.0).collect();
        let format = self.description.as_ref().map(|_| "markdown");
        Object::new()
            .set("builderid", self.id.0)
            .set("name", self.name.as_str())
            .set("masterids", masters)
            .set("description", self.description.as_ref())
            .set("description_format", format)
            .set("description_html", Value::Null)
            .set("projectid", Value::Null)
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
            tags: fields.texts("tags")?,
        })
    }
}

/// Puts the whole master in the place of its id in the object of a scheduler.
pub fn put_master(scheduler: &mut Value, master: &Master) {
    scheduler["master"] = master.to_json();
}

/// As [`put_master`], in an object that is not a value yet.
pub fn put_master_object<'a>(scheduler: &mut Object<'a>, master: &'a Master) {
    scheduler.replace("master", Item::Object(master.object()));
}

impl Form for Scheduler {
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("schedulerid", self.id.0)
            .set("name", self.name.as_str())
            .set("enabled", self.enabled)
            .set("master", self.master.map(|id| json!({"masterid": id.0})))
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("scheduler", value)?;
        let master = match fields.value("master") {
            Value::Null => None,
            master => Some(MasterId(Fields::of("scheduler", master)?.int("masterid")?)),
        };
        Ok(Self {
            id: SchedulerId(fields.int("schedulerid")?),
            name: fields.text("name")?,
            enabled: fields.flag("enabled")?,
            master,
        })
    }
}
