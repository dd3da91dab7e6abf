//! Force schedulers and the fields of their form.
//!
//! Buildbot's form is: a group of who and why; a group for the codebase; then the scheduler's own fields.

use serde_json::{Value, json};
use weir_status_api::{ForceDefaults, ForceField, ForceFieldKind, ForceScheduler, ForceSource, TextRules};

use super::{Fields, Form, FormError, Object, properties_from_json};

/// The fields of a codebase's group.
pub(crate) const SOURCE_FIELDS: [&str; 4] = ["branch", "project", "repository", "revision"];

/// The fields of a patch's group.
const PATCH_FIELDS: [&str; 5] = ["body", "level", "author", "comment", "subdir"];

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
        all.extend(self.fields.iter().map(|it| own_field(it, "")));
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

    /// Of several codebases of a Buildbot master the first is the scheduler's own, and the others are fields.
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
    // As many beside each other as Buildbot's have.
    let shown = fields.iter().filter(|it| it["hide"] != true).count();
    let columns = if shown < 4 { 1 } else { 2 };
    let more = json!({"fields": fields, "layout": "vertical", "columns": columns});
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
    let label = match defaults.codebase.as_str() {
        "" => String::new(),
        codebase => format!("Codebase: {codebase}"),
    };
    let source = ForceSource {
        branch: defaults.branch.clone(),
        revision: None,
        repository: defaults.repository.clone(),
        project: defaults.project.clone(),
    };
    codebase_group(&defaults.codebase, &label, &source)
}

fn codebase_group(codebase: &str, label: &str, source: &ForceSource) -> Value {
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
    let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
    group(
        codebase,
        label,
        vec![
            one("branch", "Branch:", &or_empty(&source.branch)),
            one("project", "Project:", &source.project),
            one("repository", "Repository:", &source.repository),
            one("revision", "Revision:", &or_empty(&source.revision)),
        ],
    )
}

/// The group of a patch, as Buildbot's has it.
fn patch_group(own: &ForceField, full_name: &str, codebase: &str) -> Value {
    let one = |name: &str, kind: &str, default: Value| {
        let full_name = Some(format!("{full_name}_{name}"));
        field(name, full_name, name, kind, default, json!({"size": 30}))
    };
    let mut fields: Vec<Value> = PATCH_FIELDS
        .into_iter()
        .map(|name| match name {
            "body" => one(name, "file", json!("")),
            "level" => one(name, "int", json!(1)),
            _ => one(name, "text", json!("")),
        })
        .collect();
    if let Some(body) = fields.first_mut() {
        body["required"] = json!(own.required);
    }
    let mut object = group(&own.name, &own.label, fields);
    object["fullName"] = json!(full_name);
    object["codebase"] = json!(codebase);
    object
}

/// A field of the scheduler's own, within the group of that full name.
fn own_field(own: &ForceField, within: &str) -> Value {
    let full_name = full_name(within, &own.name);
    let (kind, more) = match &own.kind {
        ForceFieldKind::Text => ("text", json!({"size": 10})),
        ForceFieldKind::Ruled(rules) => {
            let mut more = json!({"size": 10, "pattern": rules.pattern, "maxsize": rules.max_length});
            if rules.lines {
                more["cols"] = json!(80);
                more["rows"] = json!(20);
            }
            (if rules.lines { "textarea" } else { "text" }, more)
        }
        ForceFieldKind::Int => ("int", json!({"size": 10})),
        ForceFieldKind::Within { min, max } => ("int", json!({"size": 10, "min": min, "max": max})),
        ForceFieldKind::Bool => ("bool", json!({})),
        ForceFieldKind::Choice(choices) => ("list", json!({"choices": choices, "strict": true})),
        ForceFieldKind::Choices {
            choices,
            strict,
            multiple,
        } => (
            "list",
            json!({"choices": choices, "strict": strict, "multiple": multiple}),
        ),
        ForceFieldKind::Username => ("username", json!({"size": 30, "need_email": true})),
        ForceFieldKind::Codebase(source) => return codebase_group(&own.name, &own.label, source),
        ForceFieldKind::Patch { codebase } => return patch_group(own, &full_name, codebase),
        ForceFieldKind::Properties => ("textarea", json!({"cols": 80, "rows": 4, "any_properties": true})),
        ForceFieldKind::Group(fields) => {
            let fields = fields.iter().map(|it| own_field(it, &full_name)).collect();
            let mut object = group(&own.name, &own.label, fields);
            object["fullName"] = json!(Some(full_name).filter(|it| !it.is_empty()));
            return object;
        }
    };
    let mut object = field(
        &own.name,
        Some(full_name),
        &own.label,
        kind,
        own.default.clone(),
        more,
    );
    object["required"] = json!(own.required);
    object
}

/// The full name of what is called `name` within the group of the full name `within`.
fn full_name(within: &str, name: &str) -> String {
    match (within, name) {
        ("", name) => name.to_owned(),
        (within, "") => within.to_owned(),
        (within, name) => format!("{within}_{name}"),
    }
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
        if field.text("type")? != "nested" {
            self.own.extend(leaf(field)?);
            return Ok(());
        }
        let fields = field.objects("fields", Ok)?;
        let names: Vec<String> = fields
            .iter()
            .map(|it| it.text("name"))
            .collect::<Result<_, _>>()?;
        let has = |name: &str| names.iter().any(|it| it == name);
        let name = field.text("name")?;
        if has("username") && has("reason") {
            self.defaults.reason = default_of(&fields, "reason");
            return Ok(());
        }
        let is_source = SOURCE_FIELDS.iter().all(|name| has(name));
        if is_source && !std::mem::replace(&mut self.source_seen, true) {
            let source = source_of(&fields);
            self.defaults.codebase = name;
            self.defaults.branch = source.branch;
            self.defaults.project = source.project;
            self.defaults.repository = source.repository;
            return Ok(());
        }
        let is_patch = PATCH_FIELDS.iter().all(|name| has(name));
        let body = fields.iter().find(|it| it.value("name") == "body");
        let kind = if is_source {
            ForceFieldKind::Codebase(source_of(&fields))
        } else if is_patch {
            ForceFieldKind::Patch {
                codebase: field.value("codebase").as_str().unwrap_or_default().to_owned(),
            }
        } else {
            let mut within = Self {
                source_seen: true,
                ..Self::default()
            };
            for field in &fields {
                within.take(field)?;
            }
            ForceFieldKind::Group(within.own)
        };
        self.own.push(ForceField {
            name,
            label: field.text("label")?,
            kind,
            default: json!(""),
            required: match body.filter(|_| is_patch) {
                Some(body) => body.flag("required")?,
                None => false,
            },
        });
        Ok(())
    }
}

/// A field that holds a value; none if that is the server's own.
fn leaf(field: &Fields<'_>) -> Result<Option<ForceField>, FormError> {
    let number = |name: &str| field.value(name).as_i64();
    let kind = match field.text("type")?.as_str() {
        "fixed" => return Ok(None),
        "int" => match (number("min"), number("max")) {
            (None, None) => ForceFieldKind::Int,
            (min, max) => ForceFieldKind::Within { min, max },
        },
        "bool" => ForceFieldKind::Bool,
        "list" => {
            let choices = field.texts("choices")?;
            let strict = field.value("strict").as_bool().unwrap_or(true);
            let multiple = field.flag("multiple")?;
            if strict && !multiple {
                ForceFieldKind::Choice(choices)
            } else {
                ForceFieldKind::Choices {
                    choices,
                    strict,
                    multiple,
                }
            }
        }
        "username" if field.value("need_email") == true => ForceFieldKind::Username,
        "textarea" if field.value("any_properties") == true => ForceFieldKind::Properties,
        kind => {
            let rules = TextRules {
                lines: kind == "textarea",
                pattern: field.value("pattern").as_str().map(str::to_owned),
                max_length: number("maxsize"),
            };
            if rules == TextRules::default() {
                ForceFieldKind::Text
            } else {
                ForceFieldKind::Ruled(rules)
            }
        }
    };
    Ok(Some(ForceField {
        name: field.text("name")?,
        label: field.text("label")?,
        kind,
        default: field.value("default").clone(),
        required: field.flag("required")?,
    }))
}

fn source_of(fields: &[Fields<'_>]) -> ForceSource {
    let or_none = |name| Some(default_of(fields, name)).filter(|it| !it.is_empty());
    ForceSource {
        branch: or_none("branch"),
        revision: or_none("revision"),
        repository: default_of(fields, "repository"),
        project: default_of(fields, "project"),
    }
}

fn default_of(fields: &[Fields<'_>], name: &str) -> String {
    let named = |it: &&Fields<'_>| it.value("name") == name;
    let default = fields.iter().find(named).map(|it| it.value("default"));
    default.and_then(Value::as_str).unwrap_or_default().to_owned()
}
