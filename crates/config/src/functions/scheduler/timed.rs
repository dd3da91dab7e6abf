//! By the clock: `periodic(…)`, `nightly(…)` and `nightly_triggerable(…)`.

use super::after::{own_sources, triggered};
use super::{filter, named, sources};
use crate::call::{Call, Function};
use crate::model::{ChangeFilter, NightlyChanges, Pattern, SchedulerKind, SourceDefaults};
use crate::object::Item;
use crate::read;
use crate::times::{FIELDS, Times, utc};

pub(in crate::functions) const PERIODIC: Function = Function {
    name: "periodic",
    parameters: &[
        "name",
        "builders",
        "interval",
        "branch",
        "repository",
        "project",
        "codebase",
        "codebases",
        "properties",
        "priority",
    ],
    positional: 1,
    any_name: false,
    run: periodic,
};

pub(in crate::functions) const NIGHTLY: Function = Function {
    name: "nightly",
    parameters: &[
        "name",
        "builders",
        "cron",
        "minute",
        "hour",
        "day_of_month",
        "month",
        "day_of_week",
        "timezone",
        "only_if_changed",
        "always_at",
        "branch",
        "repository",
        "project",
        "codebase",
        "codebases",
        "projects",
        "repositories",
        "categories",
        "authors",
        "files",
        "filter",
        "important",
        "only_important",
        "properties",
        "priority",
    ],
    positional: 1,
    any_name: false,
    run: nightly,
};

pub(in crate::functions) const NIGHTLY_TRIGGERABLE: Function = Function {
    name: "nightly_triggerable",
    parameters: &[
        "name",
        "builders",
        "cron",
        "minute",
        "hour",
        "day_of_month",
        "month",
        "day_of_week",
        "timezone",
        "branch",
        "repository",
        "project",
        "codebase",
        "codebases",
        "properties",
        "priority",
    ],
    positional: 1,
    any_name: false,
    run: nightly_triggerable,
};

fn periodic(call: &mut Call<'_, '_>) -> Option<Item> {
    let kind = SchedulerKind::Periodic {
        interval: call.required("interval", read::duration),
        sources: sources(call),
    };
    named(call, kind)
}

fn nightly(call: &mut Call<'_, '_>) -> Option<Item> {
    let times = times(call);
    let sources = sources(call);
    let changes = changes(call, &sources);
    // Without times there was a mistake, and what is made of the call counts for nothing.
    let kind = SchedulerKind::Nightly {
        times: times?,
        sources,
        changes,
    };
    named(call, kind)
}

fn nightly_triggerable(call: &mut Call<'_, '_>) -> Option<Item> {
    let kind = SchedulerKind::NightlyTriggerable {
        times: times(call)?,
        sources: own_sources(call),
    };
    triggered(call, kind)
}

/// How it goes by changes, if it does. Of a source of its own only the changes count that are of it.
fn changes(call: &mut Call<'_, '_>, sources: &[SourceDefaults]) -> Option<NightlyChanges> {
    if !call.or("only_if_changed", read::boolean, false) {
        let of_changes = [
            "projects",
            "repositories",
            "categories",
            "authors",
            "files",
            "filter",
            "important",
            "only_important",
        ];
        for argument in ["always_at"].into_iter().chain(of_changes) {
            if call.has(argument) {
                let message = format!("'{argument}' says nothing without 'only_if_changed'");
                call.mistake(argument, &message, Some("add only_if_changed = True".to_owned()));
            }
        }
        return None;
    }
    let zone = call.or("timezone", read::time_zone, utc());
    let always_at = call.optional("always_at", read::cron_line(&zone));
    let mut filter = filter(call, vec![], vec![]);
    let branch = match sources {
        [own] => {
            narrow(&mut filter, own);
            own.branch.clone()
        }
        several => {
            filter.codebases = several
                .iter()
                .map(|it| Pattern::Text(it.codebase.clone()))
                .collect();
            None
        }
    };
    Some(NightlyChanges {
        branch,
        filter,
        always_at,
    })
}

fn narrow(filter: &mut ChangeFilter, own: &SourceDefaults) {
    for (patterns, text) in [
        (&mut filter.projects, &own.project),
        (&mut filter.repositories, &own.repository),
        (&mut filter.codebases, &own.codebase),
    ] {
        if patterns.is_empty() && !text.is_empty() {
            patterns.push(Pattern::Text(text.clone()));
        }
    }
}

/// The times, from a cron line or from its fields.
fn times(call: &mut Call<'_, '_>) -> Option<Times> {
    let zone = call.or("timezone", read::time_zone, utc());
    if call.has("cron") {
        for field in &FIELDS {
            if call.has(field.name) {
                let message = format!("'cron' and '{}' are both given", field.name);
                call.mistake(field.name, &message, Some("remove one".to_owned()));
            }
        }
        return call.optional("cron", read::cron_line(&zone));
    }
    let fields = FIELDS.each_ref().map(|field| {
        let default = if field.name == "minute" { "0" } else { "*" };
        match field.name {
            "day_of_week" => call.or(field.name, read::weekdays, default.to_owned()),
            name => call.or(name, read::cron_field, default.to_owned()),
        }
    });
    if !call.is_whole() {
        return None;
    }
    match Times::new(&fields.join(" "), zone) {
        Ok(times) => Some(times),
        Err(error) => {
            let argument = error.field.map_or("day_of_month", |it| FIELDS[it].name);
            call.mistake(
                argument,
                &format!("'{argument}' {}", error.message),
                Some(error.help),
            );
            None
        }
    }
}
