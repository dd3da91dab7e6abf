//! Every request ends once, every build ends once, and nothing that was promised is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use weir_status_api::{
    Build, BuildId, BuildRequest, BuildRequestId, BuilderId, Entity, Outcome, Results, StepId, Timestamp,
    Verb,
};

use super::{Record, Told};
use crate::site::Shared;

/// Checks requests, builds, steps, forces and changes.
pub(super) fn check(record: &Record, told: &Told<'_>, shared: &Shared) -> Result<(), String> {
    ends(record)?;
    all_complete(told)?;
    let mut builds: BTreeMap<BuildRequestId, Vec<&Build>> = BTreeMap::new();
    for build in told.builds.values() {
        builds.entry(build.request).or_default().push(build);
    }
    let newest = newest_of_each_builder(told);
    for request in told.requests.values() {
        let of_request = builds.get(&request.id).map(Vec::as_slice).unwrap_or_default();
        outcome(request, of_request, &newest)?;
    }
    forces(told, shared)?;
    changes(told, shared)
}

/// Each thing that ends does so once, and changes no more after that.
fn ends(record: &Record) -> Result<(), String> {
    let mut builds: BTreeSet<BuildId> = BTreeSet::new();
    let mut requests: BTreeSet<BuildRequestId> = BTreeSet::new();
    let mut steps: BTreeSet<StepId> = BTreeSet::new();
    for event in record.events.iter().filter(|it| it.verb != Verb::Deleted) {
        let is_end = matches!(event.verb, Verb::Finished | Verb::Complete);
        let had_ended = match &event.entity {
            Entity::Build(it) if is_end => !builds.insert(it.id),
            Entity::BuildRequest(it) if is_end => !requests.insert(it.id),
            Entity::Step(it) if is_end => !steps.insert(it.id),
            Entity::Build(it) => builds.contains(&it.id),
            Entity::BuildRequest(it) => requests.contains(&it.id),
            Entity::Step(it) => steps.contains(&it.id),
            _ => false,
        };
        if had_ended {
            return Err(format!("it had ended before: {event:?}"));
        }
    }
    Ok(())
}

fn all_complete(told: &Told<'_>) -> Result<(), String> {
    for it in told.requests.values() {
        has_ended(it, it.complete_at, it.results)?;
    }
    for it in told.builds.values() {
        has_ended(it, it.complete_at, it.results)?;
    }
    for it in told.steps.values() {
        has_ended(it, it.complete_at, it.results)?;
    }
    for it in told.buildsets.values() {
        has_ended(it, it.complete_at, it.results)?;
    }
    match told.logs.values().find(|it| !it.complete) {
        Some(log) => Err(format!("this has not ended: {log:?}")),
        None => Ok(()),
    }
}

fn has_ended(it: &impl Debug, at: Option<Timestamp>, results: Option<Results>) -> Result<(), String> {
    match (at, results) {
        (Some(_), Some(_)) => Ok(()),
        _ => Err(format!("this has not ended: {it:?}")),
    }
}

fn newest_of_each_builder(told: &Told<'_>) -> BTreeMap<BuilderId, BuildRequestId> {
    // Ids grow, so the last stays.
    told.requests.values().map(|it| (it.builder, it.id)).collect()
}

/// A request ends as its last build did; those before were to be repeated. One whose build was to be repeated may have
/// been cancelled, or collapsed, before it was. One that is collapsed has a newer one in its place.
fn outcome(
    request: &BuildRequest,
    builds: &[&Build],
    newest: &BTreeMap<BuilderId, BuildRequestId>,
) -> Result<(), String> {
    if request.results == Some(Results::Skipped)
        && builds.iter().all(|it| it.results == Some(Results::Retry))
        && newest.get(&request.builder) == Some(&request.id)
    {
        return Err(format!("nothing stands for this request: {request:?}"));
    }
    let Some((last, before)) = builds.split_last() else {
        return match request.results {
            Some(Results::Cancelled | Results::Skipped) => Ok(()),
            _ => Err(format!("it ended without a build: {request:?}")),
        };
    };
    if let Some(other) = before.iter().find(|it| it.results != Some(Results::Retry)) {
        return Err(format!("after {other:?} came {last:?} for the same request"));
    }
    let has_gone = last.results == Some(Results::Retry)
        && matches!(request.results, Some(Results::Cancelled | Results::Skipped));
    if last.results != request.results && !has_gone {
        return Err(format!(
            "{request:?} ended otherwise than its last build, {last:?}"
        ));
    }
    Ok(())
}

/// Each force that was answered made what the answer says, and only that.
fn forces(told: &Told<'_>, shared: &Shared) -> Result<(), String> {
    for (key, outcome) in &shared.ledger.open().forces {
        let words = format!("[{key}]");
        // What repeats a build has its own reason or the same.
        let made = told.buildsets.values();
        let made = made.filter(|it| it.rebuilt_build.is_none() && it.reason.contains(&words));
        let made: Vec<_> = made.map(|it| it.id).collect();
        match outcome {
            Some(Outcome::Buildset { buildset, .. }) if made == [*buildset] => {}
            None if made.len() <= 1 => {}
            _ => return Err(format!("{key} was answered with {outcome:?} and made {made:?}")),
        }
    }
    Ok(())
}

/// Each change that was taken is there once.
fn changes(told: &Told<'_>, shared: &Shared) -> Result<(), String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for revision in told.changes.values().filter_map(|it| it.revision.as_deref()) {
        *counts.entry(revision).or_default() += 1;
    }
    for (revision, was_taken) in &shared.ledger.open().changes {
        let count = counts.get(revision.as_str()).copied().unwrap_or_default();
        if count > 1 || *was_taken && count == 0 {
            return Err(format!(
                "the change {revision} is there {count} times; taken: {was_taken}"
            ));
        }
    }
    Ok(())
}
