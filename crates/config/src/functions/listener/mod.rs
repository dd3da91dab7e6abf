//! Who is told: the table of listeners, and what all of them have in common.
//!
//! A new kind is a line in [`KINDS`] and an entry in [`table`].

mod parameter;
mod people;
mod report;
mod table;

use std::collections::BTreeMap;

use starlark::values::Value;

use crate::call::{Call, Function};
use crate::model::{ListenerConfig, ListenerOptions, ListenerTerms, Reporting};
use crate::object::Item;
use crate::read::{self, Reading};
use crate::session::Kind as Named;

pub(super) use parameter::url;
pub(super) use report::{BUILD_REPORT, BUILDSET_REPORT, REQUEST_REPORT, STEP_REPORT, WORKER_REPORT};
pub(super) use table::FUNCTIONS;

/// The functions that make listeners, each with all its parameters, `name` first.
pub fn listener_functions() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    FUNCTIONS.iter().map(|it| (it.name, it.parameters))
}

use parameter::Parameter;
use people::people;
use table::KINDS;

/// A kind of listener.
pub(super) struct Kind {
    /// The function that makes one.
    function: Function,
    /// What is its own.
    own: &'static [Parameter],
    takes: Takes,
}

/// What a kind has in common with others.
#[derive(Clone, Copy)]
struct Takes {
    /// Whether it tells reports, and does not take events as they are.
    reports: bool,
    /// Whether it goes by HTTP.
    http: bool,
    /// Whether its reports can go to the people who have to do with a build.
    people: bool,
}

/// Those of all.
const COMMON: &[&str] = &["at_once", "rate", "give_up_after"];
/// Those of what tells reports.
const OF_REPORTS: &[&str] = &["reports"];
/// Those of what goes by HTTP.
const OF_HTTP: &[&str] = &["timeout", "ca_file"];
/// Those of what tells people.
const OF_PEOPLE: &[&str] = &["to_blamelist", "to_owners", "lookup"];

fn listener(call: &mut Call<'_, '_>) -> Option<Item> {
    let kind = KINDS.iter().find(|it| it.function.name == call.function())?;
    let name = call.required("name", read::identifier);
    let mut options = ListenerOptions::new();
    let mut secrets = vec![];
    let mut named_secrets = BTreeMap::new();
    for parameter in kind.own {
        match parameter.named_secret(call) {
            Some(secret) => drop(named_secrets.insert(parameter.name, secret)),
            None => parameter.read(call, &mut options, &mut secrets),
        }
    }
    if kind.takes.http {
        http(call, &mut options);
    }
    let reporting = kind.takes.reports.then(|| {
        let reports = call.required("reports", read::some(report::report, "reports"));
        if reports.is_empty() {
            call.session().lose_reports();
        }
        for (id, _) in &reports {
            call.session().use_report(*id);
        }
        Reporting {
            reports: reports.into_iter().map(|(_, report)| report).collect(),
            people: if kind.takes.people {
                people(call)
            } else {
                Default::default()
            },
            ..Reporting::default()
        }
    });
    let config = ListenerConfig {
        name,
        kind: kind.function.name,
        options,
        secrets,
        named_secrets,
        reporting,
        terms: terms(call),
    };
    call.declare(Named::Listener, &config.name);
    call.session().configure(|draft| draft.listeners.push(config));
    Some(Item::Other("a listener"))
}

/// How its events are delivered.
fn terms(call: &mut Call<'_, '_>) -> ListenerTerms {
    ListenerTerms {
        at_once: call.optional("at_once", read::count),
        rate: call.optional("rate", rate),
        give_up_after: call.optional("give_up_after", read::duration),
    }
}

/// How it goes by HTTP: options of its own, under the names that all such have.
fn http(call: &mut Call<'_, '_>, options: &mut ListenerOptions) {
    if let Some(timeout) = call.optional("timeout", read::duration) {
        options.insert("timeout", timeout.as_secs_f64().into());
    }
    if let Some(ca) = parameter::file_text(call, "ca_file") {
        options.insert("ca", ca.into());
    }
}

/// So many in a second, minute, hour or day: `10/m`.
fn rate(value: Value<'_>) -> Reading<(u32, std::time::Duration)> {
    const UNITS: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
    let text = read::text(value)?;
    let parts = text.split_once('/').and_then(|(count, unit)| {
        let seconds = UNITS.iter().find(|it| it.0 == unit.trim())?.1;
        let count = count.trim().parse().ok().filter(|it| *it > 0)?;
        Some((count, std::time::Duration::from_secs(seconds)))
    });
    match parts {
        Some(rate) => Ok(rate),
        None => read::wrong(
            format!("is no rate: '{text}'"),
            Some("write e.g. \"10/m\"; the units are s, m, h and d"),
        ),
    }
}
