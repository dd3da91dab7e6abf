//! What a master is configured with, and how that changed.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weir_status_api::{
    Configuration, ConfigurationChange, ConfigurationPart, Difference, Outcome, Reconfigured,
};

pub(super) fn report_to_json(report: &Reconfigured) -> Value {
    let change = |it: &ConfigurationChange| {
        json!({
            "kind": it.kind,
            "name": it.name,
            "difference": it.difference.name(),
            "fields": it.fields,
        })
    };
    json!({
        "changes": report.changes.iter().map(change).collect::<Vec<_>>(),
        "unlisted": report.unlisted,
        "restart": report.restart,
    })
}

pub(super) fn to_json(configuration: &Configuration) -> Value {
    let part = |it: &ConfigurationPart| json!({"kind": it.kind, "name": it.name, "fields": it.fields});
    json!({
        "salt": configuration.salt,
        "parts": configuration.parts.iter().map(part).collect::<Vec<_>>(),
    })
}

/// The outcome that the object is.
pub(super) fn outcome_from(value: &Value) -> Option<Outcome> {
    match value.get("changes") {
        Some(changes) => Some(Outcome::Reconfigured {
            report: Reconfigured {
                changes: all(changes, change)?,
                unlisted: value["unlisted"].as_u64()?,
                restart: all(&value["restart"], text)?,
            },
        }),
        None => Some(Outcome::Configuration {
            configuration: Configuration {
                salt: text(&value["salt"])?,
                parts: all(value.get("parts")?, part)?,
            },
        }),
    }
}

fn change(value: &Value) -> Option<ConfigurationChange> {
    let word = value["difference"].as_str()?;
    Some(ConfigurationChange {
        kind: text(&value["kind"])?,
        name: text(&value["name"])?,
        difference: Difference::ALL.into_iter().find(|it| it.name() == word)?,
        fields: all(&value["fields"], text)?,
    })
}

fn part(value: &Value) -> Option<ConfigurationPart> {
    let fields = value["fields"].as_object()?.iter();
    let fields = fields.map(|(name, digest)| Some((name.clone(), text(digest)?)));
    Some(ConfigurationPart {
        kind: text(&value["kind"])?,
        name: text(&value["name"])?,
        fields: fields.collect::<Option<BTreeMap<_, _>>>()?,
    })
}

fn all<T>(value: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.as_array()?.iter().map(read).collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
