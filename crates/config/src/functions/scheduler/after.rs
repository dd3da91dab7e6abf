//! After other builds: `dependent(…)` and `triggerable(…)`.

use super::{SOURCE, named, sources};
use crate::call::{Call, Function};
use crate::model::{SchedulerKind, SourceDefaults};
use crate::object::Item;
use crate::read;
use crate::session::Kind;

pub(in crate::functions) const DEPENDENT: Function = Function {
    name: "dependent",
    parameters: &["name", "builders", "upstream", "properties", "priority"],
    positional: 1,
    any_name: false,
    run: dependent,
};

pub(in crate::functions) const TRIGGERABLE: Function = Function {
    name: "triggerable",
    parameters: &[
        "name",
        "builders",
        "reason",
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
    run: triggerable,
};

fn dependent(call: &mut Call<'_, '_>) -> Option<Item> {
    let upstream = call.required("upstream", read::scheduler);
    let kind = SchedulerKind::Dependent {
        upstream: upstream.clone(),
    };
    let item = named(call, kind);
    if call.is_whole() {
        call.refer_one(Kind::Scheduler, "upstream", 0, &upstream);
        if let Some(Item::Scheduler(name)) = &item {
            call.follow("upstream", name, &upstream);
        }
    }
    item
}

fn triggerable(call: &mut Call<'_, '_>) -> Option<Item> {
    let kind = SchedulerKind::Triggerable {
        reason: call.optional("reason", read::text),
        sources: own_sources(call),
    };
    triggered(call, kind)
}

/// A scheduler that builds can trigger.
pub(super) fn triggered(call: &mut Call<'_, '_>, kind: SchedulerKind) -> Option<Item> {
    let item = named(call, kind);
    if let Some(Item::Scheduler(name)) = &item
        && call.is_whole()
    {
        call.declare(Kind::Triggerable, name);
    }
    item
}

/// The sources that are said; none if nothing is.
pub(super) fn own_sources(call: &mut Call<'_, '_>) -> Vec<SourceDefaults> {
    let said = SOURCE.into_iter().chain(["codebases"]).any(|it| call.has(it));
    if said { sources(call) } else { vec![] }
}
