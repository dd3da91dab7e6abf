//! `webhook(…)`.

use starlark::values::Value;
use weir_status_api::{TopicFilter, TopicPattern};

use crate::call::{Call, Function};
use crate::model::{ListenerConfig, Webhook};
use crate::object::Item;
use crate::read::{self, Reading};
use crate::session::Kind;

/// The events that a webhook is told of, unless given.
const EVENTS: &str = "builds/*/finished";

pub(super) const WEBHOOK: Function = Function {
    name: "webhook",
    parameters: &["name", "url", "events", "secret", "secret_file"],
    positional: 2,
    any_name: false,
    run: webhook,
};

fn webhook(call: &mut Call<'_, '_>) -> Option<Item> {
    let webhook = Webhook {
        name: call.required("name", read::identifier),
        url: call.required("url", url),
        events: call.or("events", events, vec![EVENTS.to_owned()]),
        secret: call.optional_secret("secret", "secret_file"),
    };
    call.declare(Kind::Listener, &webhook.name);
    call.session()
        .configure(|config| config.listeners.push(ListenerConfig::Webhook(webhook)));
    Some(Item::Other("a webhook"))
}

fn url(value: Value<'_>) -> Reading<String> {
    let url = read::text(value)?;
    let rest = ["http://", "https://"].iter().find_map(|it| url.strip_prefix(it));
    let host = rest.map(|it| it.split(['/', '?', '#']).next().unwrap_or_default());
    let whole = host.is_some_and(|it| !it.is_empty() && !it.starts_with(':'));
    if !whole || url.contains(|c: char| c.is_control() || c.is_whitespace()) {
        let help = "write e.g. \"https://example.org/hook\"";
        return read::wrong(format!("is no http or https URL: '{url}'"), Some(help));
    }
    Ok(url)
}

/// Topic patterns.
fn events(value: Value<'_>) -> Reading<Vec<String>> {
    let patterns = read::some(event, "topic patterns")(value)?;
    match TopicFilter::parse_all(patterns.iter().map(String::as_str)) {
        Ok(_) => Ok(patterns),
        Err(_) => read::wrong("has more than 100 patterns", None),
    }
}

fn event(value: Value<'_>) -> Reading<String> {
    let pattern = read::string(value)?;
    match TopicPattern::parse(&pattern) {
        Ok(_) => Ok(pattern),
        Err(_) => read::wrong(
            format!("is no topic pattern: '{pattern}'"),
            Some("write e.g. \"builds/*/finished\""),
        ),
    }
}
