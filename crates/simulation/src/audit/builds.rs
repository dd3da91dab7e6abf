//! Every request ends once, every build ends once, and nothing that was promised is lost.

use std::collections::BTreeMap;

use weir_status_api::{Build, BuildId, BuildRequest, BuildRequestId, Entity, Outcome, Results, StepId, Verb};

use super::Record;
use crate::site::Shared;

/// Checks requests, builds, steps, forces and changes.
pub(super) fn check(record: &Record, shared: &Shared) -> Result<(), String> {
    ends(record)?;
    all_complete(record)?;
    for request in &record.requests {
        outcome(request, record)?;
    }
    forces(record, shared)?;
    changes(record, shared)
}

/// Each thing that ends does so once, and changes no more after that.
fn ends(record: &Record) -> Result<(), String> {
    let mut builds: BTreeMap<BuildId, usize> = BTreeMap::new();
    let mut requests: BTreeMap<BuildRequestId, usize> = BTreeMap::new();
    let mut steps: BTreeMap<StepId, usize> = BTreeMap::new();
    for event in &record.events {
        let is_end = matches!(event.verb, Verb::Finished | Verb::Complete);
        let ends = match &event.entity {
            Entity::Build(it) => builds.entry(it.id).or_default(),
            Entity::BuildRequest(it) => requests.entry(it.id).or_default(),
            Entity::Step(it) => steps.entry(it.id).or_default(),
            _ => continue,
        };
        if *ends > 0 {
            return Err(format!("it had ended before: {event:?}"));
        }
        *ends += usize::from(is_end);
    }
    Ok(())
}

fn all_complete(record: &Record) -> Result<(), String> {
    let requests = record
        .requests
        .iter()
        .filter(|it| it.complete_at.is_none() || it.results.is_none());
    let builds = record
        .builds
        .iter()
        .filter(|it| it.complete_at.is_none() || it.results.is_none());
    let steps = record
        .steps
        .iter()
        .filter(|it| it.complete_at.is_none() || it.results.is_none());
    let buildsets = record
        .buildsets
        .iter()
        .filter(|it| it.complete_at.is_none() || it.results.is_none());
    let logs = record.logs.iter().filter(|(it, _)| !it.complete);
    let open = requests
        .map(|it| format!("{it:?}"))
        .chain(builds.map(|it| format!("{it:?}")))
        .chain(steps.map(|it| format!("{it:?}")))
        .chain(buildsets.map(|it| format!("{it:?}")))
        .chain(logs.map(|it| format!("{it:?}")))
        .next();
    match open {
        Some(open) => Err(format!("this has not ended: {open}")),
        None => Ok(()),
    }
}

/// A request ends as its last build did; those before were to be repeated. One whose build was to be repeated may have
/// been cancelled, or collapsed, before it was.
fn outcome(request: &BuildRequest, record: &Record) -> Result<(), String> {
    let builds: Vec<&Build> = record
        .builds
        .iter()
        .filter(|it| it.request == request.id)
        .collect();
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
fn forces(record: &Record, shared: &Shared) -> Result<(), String> {
    for (key, outcome) in &shared.ledger.open().forces {
        let made = record
            .buildsets
            .iter()
            .filter(|it| it.reason.contains(&format!("[{key}]")));
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
fn changes(record: &Record, shared: &Shared) -> Result<(), String> {
    for (revision, was_taken) in &shared.ledger.open().changes {
        let count = record
            .changes
            .iter()
            .filter(|it| it.revision.as_ref() == Some(revision))
            .count();
        if count > 1 && !was_taken || *was_taken && count == 0 {
            return Err(format!(
                "the change {revision} is there {count} times; taken: {was_taken}"
            ));
        }
    }
    Ok(())
}
