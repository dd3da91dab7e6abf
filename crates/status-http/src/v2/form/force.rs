//! Force schedulers and the fields of their form.
//!
//! Buildbot's form is: a group of who and why; a group for the codebase; then the scheduler's own fields.

use serde_json::{Value, json};
use weir_status_api::{ForceDefaults, ForceField, ForceFieldKind, ForceScheduler};

use super::{Fields, Form, FormError, Object, properties_from_json};

/// The fields of a codebase's group.
pub(crate) const SOURCE_FIELDS: [&str; 4] = ["branch", "project", "repository", "revision"];

/// The key of a codebase's field in the parameters of a force: `branch` for the codebase without a name,
/// `<codebase>_branch` otherwise.
pub(crate) fn source_field(codebase: &str, field: &str) -> String {
    match codebase {
        "" => field.to_owned(),
        codebase => format!("{codebase}_{field}"),
    }
}

impl Form for ForceScheduler {
    fn object(&self) -> Object<'_> {
        let mut all = vec![request_group(&self.defaults), source_group(&self.defaults)];
        all.extend(self.fields.iter().map(own_field));
        Object::new()
            .set("name", self.name.as_str())
            .set("button_name", self.button_name.as_str())
            .set("label", self.label.as_str())
            .set("builder_names", &self.builder_names)
            .set("enabled", self.enabled)
            .set("all_fields", all)
            .set("properties", &self.properties)
            .done()
    }

    /// Of several codebases of a Buildbot master the first one counts.
    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("forcescheduler", value)?;
        let mut form = ReadForm::default();
        for field in fields.objects("all_fields", Ok)? {
            form.take(&field)?;
        }
        Ok(Self {
            name: fields.text("name")?,
            button_name: fields.text("button_name")?,
            label: fields.text("label")?,
            builder_names: fields.texts("builder_names")?,
            enabled: fields.flag("enabled")?,
            defaults: form.defaults,
            properties: properties_from_json(fields.value("properties"))?,
            fields: form.own,
        })
    }
}

/// A field with every key that Buildbot's have, and those in `more`.
fn field(
    name: &str,
    full_name: Option<String>,
    label: &str,
    kind: &str,
    default: Value,
    more: Value,
) -> Value {
    let mut object = json!({
        "name": name,
        "fullName": full_name,
        "label": label,
        "tablabel": label,
        "type": kind,
        "default": default,
        "required": false,
        "multiple": false,
        "regex": null,
        "hide": false,
        "maxsize": null,
        "autopopulate": null,
        "tooltip": "",
    });
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
    object
}

fn group(name: &str, label: &str, fields: Vec<Value>) -> Value {
    let full_name = (!name.is_empty()).then(|| name.to_owned());
    let more = json!({"fields": fields, "layout": "vertical", "columns": null});
    field(name, full_name, label, "nested", json!(""), more)
}

/// Who, why and how urgent. The name is hidden: the caller's token tells it.
fn request_group(defaults: &ForceDefaults) -> Value {
    let full = |name: &str| Some(name.to_owned());
    let username = json!({"size": 30, "need_email": false, "hide": true});
    group(
        "",
        "",
        vec![
            field(
                "username",
                full("username"),
                "Your name:",
                "username",
                json!(""),
                username,
            ),
            field(
                "reason",
                full("reason"),
                "reason",
                "text",
                json!(defaults.reason),
                json!({"size": 20}),
            ),
            field(
                "priority",
                full("priority"),
                "priority",
                "int",
                json!(0),
                json!({"size": 10}),
            ),
        ],
    )
}

fn source_group(defaults: &ForceDefaults) -> Value {
    let codebase = defaults.codebase.as_str();
    let one = |name: &str, label: &str, default: &str| {
        let full_name = Some(source_field(codebase, name));
        field(
            name,
            full_name,
            label,
            "text",
            json!(default),
            json!({"size": 30}),
        )
    };
    let label = match codebase {
        "" => String::new(),
        codebase => format!("Codebase: {codebase}"),
    };
    group(
        codebase,
        &label,
        vec![
            one(
                "branch",
                "Branch:",
                defaults.branch.as_deref().unwrap_or_default(),
            ),
            one("project", "Project:", &defaults.project),
            one("repository", "Repository:", &defaults.repository),
            one("revision", "Revision:", ""),
        ],
    )
}

fn own_field(own: &ForceField) -> Value {
    let (kind, more) = match &own.kind {
        ForceFieldKind::Text => ("text", json!({"size": 30})),
        ForceFieldKind::Int => ("int", json!({"size": 10})),
        ForceFieldKind::Bool => ("bool", json!({})),
        ForceFieldKind::Choice(choices) => ("list", json!({"choices": choices, "strict": true})),
    };
    let mut object = field(
        &own.name,
        Some(own.name.clone()),
        &own.label,
        kind,
        own.default.clone(),
        more,
    );
    object["required"] = json!(own.required);
    object
}

/// What was read of a form so far.
#[derive(Default)]
struct ReadForm {
    defaults: ForceDefaults,
    source_seen: bool,
    own: Vec<ForceField>,
}

impl ReadForm {
    fn take(&mut self, field: &Fields<'_>) -> Result<(), FormError> {
        let name = field.text("name")?;
        let kind = match field.text("type")?.as_str() {
            "nested" => return self.take_group(&name, field),
            "fixed" => return Ok(()),
            "int" => ForceFieldKind::Int,
            "bool" => ForceFieldKind::Bool,
            "list" => ForceFieldKind::Choice(field.texts("choices")?),
            _ => ForceFieldKind::Text,
        };
        self.own.push(ForceField {
            name: field.maybe_text("fullName")?.unwrap_or(name),
            label: field.text("label")?,
            kind,
            default: field.value("default").clone(),
            required: field.flag("required")?,
        });
        Ok(())
    }

    fn take_group(&mut self, name: &str, group: &Fields<'_>) -> Result<(), FormError> {
        let fields = group.objects("fields", Ok)?;
        let names: Vec<String> = fields
            .iter()
            .map(|it| it.text("name"))
            .collect::<Result<_, _>>()?;
        let has = |name: &str| names.iter().any(|it| it == name);
        if has("username") && has("reason") {
            self.defaults.reason = default_of(&fields, "reason");
        } else if SOURCE_FIELDS.iter().all(|name| has(name)) {
            if !std::mem::replace(&mut self.source_seen, true) {
                name.clone_into(&mut self.defaults.codebase);
                self.defaults.branch = Some(default_of(&fields, "branch")).filter(|it| !it.is_empty());
                self.defaults.project = default_of(&fields, "project");
                self.defaults.repository = default_of(&fields, "repository");
            }
        } else {
            for field in &fields {
                self.take(field)?;
            }
        }
        Ok(())
    }
}

fn default_of(fields: &[Fields<'_>], name: &str) -> String {
    let named = |it: &&Fields<'_>| it.value("name") == name;
    let default = fields.iter().find(named).map(|it| it.value("default"));
    default.and_then(Value::as_str).unwrap_or_default().to_owned()
}
