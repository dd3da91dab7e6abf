//! Events as the data of server-sent events, both ways.

use serde_json::{Value, json};
use weir_status_api::{
    BuildId, BuildRequestId, ControlAction, ControlRecord, ControlTarget, Cursor, Entity, Event, Kind,
    ListenerId, PropertiesUpdate, Timestamp, Topic, Verb, WorkerId,
};

use super::{FormError, from_json, plural, properties_from_json};

/// The event under `topic`, as text: Buildbot's `key` and `message`, and Weir's `at_us`, when it was committed.
///
/// `message` is the JSON text of its resource, with what a gateway fills in; many can share that.
pub fn event_data(event: &Event, topic: &Topic, message: &str) -> String {
    let (at, key) = (event.at.as_micros(), json!(topic.0));
    format!(r#"{{"at_us":{at},"key":{key},"message":{message}}}"#)
}

/// The event that `data` describes; none if it is of a kind that this version does not know.
///
/// # Errors
/// [`FormError`] if it is of a known kind, and not of its form.
pub fn event_from_json(cursor: Cursor, data: &Value) -> Result<Option<Event>, FormError> {
    let bad = |field: &str, expected| FormError {
        kind: "event",
        field: field.to_owned(),
        expected,
    };
    let words = data["key"].as_array().map(Vec::as_slice).unwrap_or_default();
    let words: Option<Vec<&str>> = words.iter().map(Value::as_str).collect();
    let words = words
        .filter(|words| !words.is_empty())
        .ok_or_else(|| bad("key", "a list of words"))?;
    let at = Timestamp(data["at_us"].as_i64().unwrap_or_default());
    let message = &data["message"];
    let known = match words.as_slice() {
        ["control", words @ ..] => control(words, message).map(|it| (Verb::Requested, Entity::Control(it))),
        ["builds", build, "properties", verb] => {
            let build = build.parse().map_err(|_| bad("key", "the id of a build"))?;
            properties(build, verb, message)?
        }
        ["builds", _, "data", _, verb] => match Verb::from_name(verb) {
            Some(verb) => Some((verb, from_json(Kind::BuildData, message)?)),
            None => None,
        },
        words => resource(words, message)?,
    };
    Ok(known.map(|(verb, entity)| Event {
        cursor,
        at,
        verb,
        entity,
    }))
}

fn properties(build: BuildId, verb: &str, message: &Value) -> Result<Option<(Verb, Entity)>, FormError> {
    let Some(verb) = Verb::from_name(verb) else {
        return Ok(None);
    };
    let changed = properties_from_json(message)?;
    Ok(Some((
        verb,
        Entity::Properties(PropertiesUpdate { build, changed }),
    )))
}

/// A topic ends in the resource's kind, its id and the verb.
fn resource(words: &[&str], message: &Value) -> Result<Option<(Verb, Entity)>, FormError> {
    let [.., kind, _, verb] = words else {
        return Ok(None);
    };
    let kind = Kind::ALL.iter().find(|it| plural(**it) == *kind);
    let (Some(kind), Some(verb)) = (kind, Verb::from_name(verb)) else {
        return Ok(None);
    };
    Ok(Some((verb, from_json(*kind, message)?)))
}

fn control(words: &[&str], message: &Value) -> Option<ControlRecord> {
    let [target, id, action] = words else {
        return None;
    };
    let id = id.parse().ok()?;
    let target = match *target {
        "builds" => ControlTarget::Build(BuildId(id)),
        "buildrequests" => ControlTarget::BuildRequest(BuildRequestId(id)),
        "worker" => ControlTarget::Worker(WorkerId(id)),
        "listeners" => ControlTarget::Listener(ListenerId(id)),
        _ => return None,
    };
    let action = ControlAction::ALL.into_iter().find(|it| it.name() == *action)?;
    let text = |name: &str| message[name].as_str().map(str::to_owned);
    Some(ControlRecord {
        target,
        action,
        reason: text("reason"),
        caller: text("caller").unwrap_or_default(),
    })
}
