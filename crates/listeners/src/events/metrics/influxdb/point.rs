//! InfluxDB's line protocol.

use std::collections::BTreeMap;

use weir_status_api::Event;

/// The longest value of a tag or text, in bytes: InfluxDB takes 64 KiB of a tag, of which nobody reads as much.
const LONGEST: usize = 1000;

/// A point of the line protocol, before its time.
pub(super) struct Point {
    head: String,
    fields: Vec<String>,
}

impl Point {
    /// One of that measurement with these tags, and no field yet.
    pub(super) fn new(measurement: &str, tags: &BTreeMap<String, String>) -> Self {
        let mut point = Self {
            head: measurement.to_owned(),
            fields: vec![],
        };
        for (name, value) in tags {
            point.tag(name, value);
        }
        point
    }

    /// Adds a tag.
    pub(super) fn tag(&mut self, name: &str, value: &str) {
        self.head
            .push_str(&format!(",{}={}", escaped(name), escaped(value)));
    }

    /// Adds a field with that JSON value: whole numbers, numbers, texts and truth as they are, what is more as its JSON.
    pub(super) fn field(&mut self, name: &str, value: &serde_json::Value) {
        use serde_json::Value;
        let value = match value {
            Value::Null => return,
            Value::Bool(it) => it.to_string(),
            Value::Number(it) if it.is_i64() => format!("{it}i"),
            Value::Number(it) => it.to_string(),
            Value::String(it) => quoted(it),
            other => quoted(&other.to_string()),
        };
        self.fields.push(format!("{}={value}", escaped(name)));
    }

    /// The line, with the event's time.
    pub(super) fn line(self, event: &Event) -> String {
        let millis = event.at.as_micros().div_euclid(1000);
        let nanos = millis.saturating_mul(1_000_000) + event.cursor.0.rem_euclid(1_000_000);
        format!("{} {} {nanos}", self.head, self.fields.join(","))
    }
}

/// A tag's name or value, or a field's name: with a backslash before a space, comma or equals sign. There is no way to
/// write an end of line, nor a backslash at the end.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in bounded(text).chars() {
        if matches!(c, ' ' | ',' | '=') {
            escaped.push('\\');
        }
        escaped.push(if matches!(c, '\\') || c.is_control() {
            '_'
        } else {
            c
        });
    }
    escaped
}

fn quoted(text: &str) -> String {
    let escaped = bounded(text).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

fn bounded(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let mut end = LONGEST - '…'.len_utf8();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}
