//! `retention(…)`.

use std::time::Duration;

use starlark::values::Value;

use crate::call::{Call, Function};
use crate::model::RetentionConfig;
use crate::object::Item;
use crate::read::{self, Reading};

/// The shortest that anything can be kept: whoever watches must have the time to come back.
const SHORTEST: Duration = Duration::from_secs(60 * 60);

/// What can be kept for a time.
const AGES: [&str; 4] = ["builds", "logs", "changes", "events"];

pub(super) const RETENTION: Function = Function {
    name: "retention",
    parameters: &[
        "builds",
        "builds_per_builder",
        "least_per_builder",
        "logs",
        "changes",
        "events",
    ],
    positional: 0,
    any_name: false,
    run: retention,
};

fn retention(call: &mut Call<'_, '_>) -> Option<Item> {
    let config = RetentionConfig {
        builds: call.optional("builds", age),
        builds_per_builder: call.optional("builds_per_builder", read::count),
        least_per_builder: call.or("least_per_builder", read::count, 1),
        logs: call.optional("logs", age),
        changes: call.optional("changes", age),
        events: call.optional("events", age),
    };
    if !AGES.iter().any(|it| call.has(it)) && !call.has("builds_per_builder") {
        let help = "write e.g. builds = \"90d\", logs = \"30d\", events = \"7d\"".to_owned();
        call.mistake("", "says of nothing how long it is kept", Some(help));
    }
    if let Some(most) = config
        .builds_per_builder
        .filter(|it| *it < config.least_per_builder)
    {
        let least = config.least_per_builder;
        let message =
            format!("'builds_per_builder' is {most}, less than 'least_per_builder', which is {least}");
        call.mistake("builds_per_builder", &message, None);
    }
    if call
        .session()
        .configure(|it| it.retention.replace(config))
        .is_some()
    {
        call.mistake("", "is called twice", Some("put all into one".to_owned()));
    }
    Some(Item::Other("a retention"))
}

fn age(value: Value<'_>) -> Reading<Duration> {
    let age = read::duration(value)?;
    if age < SHORTEST {
        return read::wrong("is less than an hour", Some("write e.g. \"30d\""));
    }
    Ok(age)
}
