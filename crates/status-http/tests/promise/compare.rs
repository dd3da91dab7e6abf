//! What of an older document a newer one does not hold any more.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What says something to people only.
const WORDS: [&str; 3] = ["description", "summary", "title"];

/// What of `promised` is not there any more or has become needed, in words.
pub(crate) fn broken(promised: &Value, present: &Value) -> Vec<String> {
    let sent = sent(promised);
    let mut comparison = Comparison {
        promised,
        present,
        broken: vec![],
        sent: false,
    };
    for (name, old) in entries(&promised["components"]["schemas"]) {
        comparison.sent = sent.contains(name);
        match present["components"]["schemas"].get(name) {
            Some(new) => comparison.schema(name, old, new),
            None => comparison.say(format!("the schema {name} is gone")),
        }
    }
    comparison.sent = true;
    for (name, old) in entries(&promised["components"]["parameters"]) {
        match present["components"]["parameters"].get(name) {
            Some(new) => comparison.schema(&format!("the parameter {name}"), &old["schema"], &new["schema"]),
            None => comparison.say(format!("the parameter {name} is gone")),
        }
    }
    for (path, old) in entries(&promised["paths"]) {
        match present["paths"].get(path) {
            Some(new) => comparison.path(path, old, new),
            None => comparison.say(format!("{path} is gone")),
        }
    }
    comparison.broken
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The names of the schemas of what a client sends.
fn sent(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, item) in entries(&document["paths"]) {
        for (_, operation) in entries(item) {
            collect(document, &operation["requestBody"], &mut found);
        }
    }
    collect(document, &document["components"]["parameters"], &mut found);
    found
}

fn collect(document: &Value, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(all) => {
            if let Some(name) = all.get("$ref").and_then(Value::as_str)
                && let Some(name) = name.strip_prefix("#/components/schemas/")
                && found.insert(name.to_owned())
            {
                collect(document, &document["components"]["schemas"][name], found);
            }
            all.values().for_each(|it| collect(document, it, found));
        }
        Value::Array(all) => all.iter().for_each(|it| collect(document, it, found)),
        _ => {}
    }
}

struct Comparison<'a> {
    promised: &'a Value,
    present: &'a Value,
    broken: Vec<String>,
    /// Whether what is compared is sent by a client, not received.
    sent: bool,
}

/// What a reference leads to; the value itself if it is none.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let to = value.get("$ref").and_then(Value::as_str);
    let to = to.and_then(|to| document.pointer(to.trim_start_matches('#')));
    to.unwrap_or(value)
}

impl Comparison<'_> {
    fn say(&mut self, what: String) {
        self.broken.push(what);
    }

    fn path(&mut self, path: &str, old: &Value, new: &Value) {
        for method in ["get", "put", "post", "delete", "patch"] {
            let name = format!("{method} {path}");
            match (old.get(method), new.get(method)) {
                (Some(of_old), Some(of_new)) => {
                    let old_parameters = parameters(self.promised, &[old, of_old]);
                    let new_parameters = parameters(self.present, &[new, of_new]);
                    self.parameters(&name, &old_parameters, &new_parameters);
                    self.bodies(&name, of_old, of_new);
                }
                (Some(_), None) => self.say(format!("{name} is gone")),
                (None, _) => {}
            }
        }
    }

    fn parameters(&mut self, of: &str, old: &[&Value], new: &[&Value]) {
        let names = |it: &Value| (it["name"].clone(), it["in"].clone());
        let told = |it: &Value| {
            let text = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
            format!("{} ({})", text("name"), text("in"))
        };
        let needed = |it: &Value| it["required"] == true;
        self.sent = true;
        for before in old {
            let Some(now) = new.iter().find(|it| names(it) == names(before)) else {
                self.say(format!("{of}: the parameter {} is gone", told(before)));
                continue;
            };
            if needed(now) && !needed(before) {
                self.say(format!("{of}: the parameter {} is needed now", told(before)));
            }
            if [&before["style"], &before["explode"]] != [&now["style"], &now["explode"]] {
                self.say(format!(
                    "{of}: the parameter {} is written otherwise",
                    told(before)
                ));
            }
            let name = format!("{of}: the parameter {}", told(before));
            self.schema(&name, &before["schema"], &now["schema"]);
        }
        for now in new.iter().filter(|it| needed(it)) {
            if !old.iter().any(|it| names(it) == names(now)) {
                self.say(format!("{of}: the new parameter {} is needed", told(now)));
            }
        }
    }

    fn bodies(&mut self, of: &str, old: &Value, new: &Value) {
        let (old_body, new_body) = (&old["requestBody"], &new["requestBody"]);
        if new_body["required"] == true && old_body["required"] != true {
            self.say(format!("{of}: a body is needed now"));
        }
        self.sent = true;
        self.contents(
            &format!("{of}: the body"),
            &old_body["content"],
            &new_body["content"],
        );
        self.sent = false;
        for (status, before) in entries(&old["responses"]) {
            let name = format!("{of}: the answer {status}");
            let Some(now) = new["responses"].get(status) else {
                self.say(format!("{name} is gone"));
                continue;
            };
            let (before, now) = (resolved(self.promised, before), resolved(self.present, now));
            self.contents(&name, &before["content"], &now["content"]);
            for (header, _) in entries(&before["headers"]) {
                if now["headers"].get(header).is_none() {
                    self.say(format!("{name}: the header {header} is gone"));
                }
            }
        }
    }

    fn contents(&mut self, of: &str, old: &Value, new: &Value) {
        for (content_type, before) in entries(old) {
            match new.get(content_type) {
                Some(now) => self.schema(of, &before["schema"], &now["schema"]),
                None => self.say(format!("{of} is not {content_type} any more")),
            }
        }
    }

    /// Schemas are the same but for words, further fields and further values. What a schema refers to is compared
    /// where it stands.
    fn schema(&mut self, at: &str, old: &Value, new: &Value) {
        let (Value::Object(old), Value::Object(new)) = (old, new) else {
            if old != new {
                self.say(format!("{at}: {old} became {new}"));
            }
            return;
        };
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for key in keys.into_iter().filter(|it| !WORDS.contains(&it.as_str())) {
            let (before, now) = (value(old, key), value(new, key));
            match key.as_str() {
                "properties" => self.fields(at, before, now),
                "required" => self.required(at, before, now),
                "enum" => self.values(at, before, now),
                "items" => self.schema(&format!("{at}[]"), before, now),
                "additionalProperties" | "contentSchema" => self.schema(at, before, now),
                "oneOf" | "anyOf" | "prefixItems" => self.alternatives(at, key, before, now),
                // The names in them are those of the fields.
                "patternProperties" => {}
                "type" => {
                    if before != now {
                        self.say(format!("{at}: its type {before} became {now}"));
                    }
                }
                other => {
                    if before != now {
                        self.say(format!("{at}: its {other} {before} became {now}"));
                    }
                }
            }
        }
    }

    fn fields(&mut self, at: &str, old: &Value, new: &Value) {
        for (name, before) in entries(old) {
            match new.get(name) {
                Some(now) => self.schema(&format!("{at}.{name}"), before, now),
                None => self.say(format!("{at}.{name} is gone")),
            }
        }
    }

    fn required(&mut self, at: &str, old: &Value, new: &Value) {
        let name = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        if self.sent {
            for field in items(new).iter().filter(|it| !items(old).contains(it)) {
                self.say(format!("{at}.{} is needed now", name(field)));
            }
        } else {
            for field in items(old).iter().filter(|it| !items(new).contains(it)) {
                self.say(format!("{at}.{} is not always there any more", name(field)));
            }
        }
    }

    fn values(&mut self, at: &str, old: &Value, new: &Value) {
        if old.is_null() != new.is_null() {
            self.say(format!("{at}: its values {old} became {new}"));
            return;
        }
        for value in items(old).iter().filter(|it| !items(new).contains(it)) {
            self.say(format!("{at}: the value {value} is gone"));
        }
    }

    /// What was there is still there, in its order; further alternatives may stand behind it, further items not.
    fn alternatives(&mut self, at: &str, key: &str, old: &Value, new: &Value) {
        let (old, new) = (items(old), items(new));
        let fixed = key == "prefixItems";
        if new.len() < old.len() || (fixed && new.len() != old.len()) {
            self.say(format!("{at}: its {key} became other ones"));
            return;
        }
        for (before, now) in old.iter().zip(new) {
            self.schema(at, before, now);
        }
    }
}

fn value<'a>(map: &'a Map<String, Value>, key: &str) -> &'a Value {
    map.get(key).unwrap_or(&Value::Null)
}

/// The parameters of an operation: those of its path and its own.
fn parameters<'a>(document: &'a Value, of: &[&'a Value]) -> Vec<&'a Value> {
    let all = of.iter().flat_map(|it| items(&it["parameters"]));
    all.map(|it| resolved(document, it)).collect()
}
