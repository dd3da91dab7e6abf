//! What a service takes, as its documentation says, to check what is sent to it.

use serde_json::Value;

/// What a field may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Is {
    /// Text of so many characters at the most.
    Text(usize),
    /// An http or https URL of so many characters at the most.
    Url(usize),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A whole number that is not below zero.
    Number,
    /// A whole number between these.
    Between(i64, i64),
    /// Yes or no.
    Bool,
    /// A moment in UTC as ISO 8601 has it.
    Moment,
    /// An object with these fields.
    Object(&'static [Field]),
    /// An object of numbers.
    Numbers,
    /// A list of so many objects at the most.
    List(usize, &'static [Field]),
}

/// A field: its name, whether it has to be there, and what it may hold.
pub(crate) type Field = (&'static str, bool, Is);

/// A body, and the page that says so.
pub(crate) struct Rules {
    pub(crate) source: &'static str,
    pub(crate) fields: &'static [Field],
}

impl Rules {
    /// Checks a body.
    pub(crate) fn check(&self, body: &Value) {
        check(body, self.fields, self.source);
    }
}

fn check(body: &Value, fields: &[Field], source: &str) {
    let object = body.as_object();
    let object = object.unwrap_or_else(|| panic!("{body} is no object ({source})"));
    for name in object.keys() {
        let known = fields.iter().any(|(field, ..)| field == name);
        assert!(known, "{name} is no field of {source}: {body}");
    }
    for (name, required, is) in fields {
        match object.get(*name) {
            Some(value) => assert!(
                fits(value, *is, source),
                "{name} is not {is:?} ({source}): {value}"
            ),
            None => assert!(!required, "{name} is missing ({source}): {body}"),
        }
    }
}

fn fits(value: &Value, is: Is, source: &str) -> bool {
    let text = value.as_str();
    match is {
        Is::Text(most) => text.is_some_and(|it| it.chars().count() <= most),
        Is::Url(most) => text.is_some_and(|it| it.starts_with("http") && it.chars().count() <= most),
        Is::OneOf(all) => text.is_some_and(|it| all.contains(&it)),
        Is::Number => value.is_u64(),
        Is::Between(least, most) => value.as_i64().is_some_and(|it| (least..=most).contains(&it)),
        Is::Bool => value.is_boolean(),
        Is::Moment => text.is_some_and(|it| it.len() == 20 && it.ends_with('Z')),
        Is::Numbers => value.as_object().is_some_and(|it| it.values().all(Value::is_i64)),
        Is::Object(fields) => {
            check(value, fields, source);
            true
        }
        Is::List(most, fields) => value.as_array().is_some_and(|it| {
            it.iter().for_each(|it| check(it, fields, source));
            it.len() <= most
        }),
    }
}
