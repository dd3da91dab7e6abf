//! What is to be built is, once.

use std::collections::{BTreeMap, BTreeSet};

use weir_status_api::{Buildset, BuildsetId, Results};

use super::Told;
use crate::plan::CODEBASES;
use crate::site::Shared;

/// How long a buildset may be under way into the store, in microseconds.
const ON_ITS_WAY: i64 = 1_000_000;

const MINUTE: i64 = 60_000_000;

/// Checks the buildsets of all schedulers.
pub(super) fn check(told: &Told<'_>, shared: &Shared) -> Result<(), String> {
    changes(told, shared)?;
    if shared.plan.features.dependent && !told.disabled.contains("after") {
        followed(told)?;
    }
    if let Some(seconds) = shared.plan.features.periodic {
        let interval = i64::try_from(seconds).unwrap_or(i64::MAX) * 1_000_000;
        by_clock("clock", told, |last, next| next - last >= interval - ON_ITS_WAY)?;
        if of("clock", told).next().is_none() {
            return Err("the scheduler `clock` has never built".to_owned());
        }
    }
    let has_jumped = shared.ledger.open().has_clock_jumped;
    if shared.plan.features.nightly.is_some() && !has_jumped {
        by_clock("minutes", told, |last, next| {
            next.div_euclid(MINUTE) > (last - ON_ITS_WAY).div_euclid(MINUTE)
        })?;
    }
    Ok(())
}

/// The buildsets of a scheduler, without those that repeat a build.
fn of<'r>(scheduler: &str, told: &Told<'r>) -> impl Iterator<Item = &'r Buildset> {
    let words = format!("The scheduler `{scheduler}` ");
    let all: Vec<&Buildset> = told.buildsets.values().copied().collect();
    all.into_iter()
        .filter(move |it| it.rebuilt_build.is_none() && it.reason.starts_with(&words))
}

/// Each change is built once, or with a later one of its branch; of codebases that are built together, each is in each
/// buildset.
fn changes(told: &Told<'_>, shared: &Shared) -> Result<(), String> {
    let features = &shared.plan.features;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for buildset in of("changes", told) {
        let stamps = &buildset.source_stamps;
        let names: BTreeSet<&str> = stamps.iter().map(|it| it.codebase.as_str()).collect();
        let wanted: BTreeSet<&str> = match features.codebases {
            true => CODEBASES.into(),
            false => [""].into(),
        };
        if names != wanted || stamps.len() != wanted.len() {
            return Err(format!(
                "{buildset:?} has sources of {names:?}, not of {wanted:?}"
            ));
        }
        for revision in stamps.iter().filter_map(|it| it.revision.as_deref()) {
            *counts.entry(revision).or_default() += 1;
        }
    }
    let mut newest = BTreeMap::new();
    for change in told.changes.values() {
        newest.insert((&change.branch, &change.codebase), change.id);
    }
    for change in told.changes.values() {
        let count = counts.get(change.revision.as_deref().unwrap_or_default());
        let count = count.copied().unwrap_or_default();
        let must =
            features.tree_stable == 0 || newest.get(&(&change.branch, &change.codebase)) == Some(&change.id);
        if must && count == 0 {
            return Err(format!("no buildset builds {change:?}"));
        }
        if count > 1 && !features.codebases {
            return Err(format!("{count} buildsets build {change:?}"));
        }
    }
    Ok(())
}

/// Each buildset of changes that ended well is followed by one of the same sources, and no other is.
fn followed(told: &Told<'_>) -> Result<(), String> {
    let mut following: BTreeMap<BuildsetId, &Buildset> = BTreeMap::new();
    for buildset in of("after", told) {
        let number = buildset.reason.rsplit("(buildset ").next();
        let upstream = number.and_then(|it| it.trim_end_matches(')').parse().ok().map(BuildsetId));
        let Some(upstream) = upstream else {
            return Err(format!("of what is this: {buildset:?}"));
        };
        if following.insert(upstream, buildset).is_some() {
            return Err(format!(
                "buildset {upstream} was followed twice, the second time by {buildset:?}"
            ));
        }
    }
    for upstream in of("changes", told) {
        let is_good = matches!(upstream.results, Some(Results::Success | Results::Warnings));
        match following.remove(&upstream.id) {
            Some(next) if !is_good || next.source_stamps != upstream.source_stamps => {
                return Err(format!("{upstream:?} was followed by {next:?}"));
            }
            None if is_good => return Err(format!("nothing has followed {upstream:?}")),
            _ => {}
        }
    }
    match following.into_values().next() {
        Some(other) => Err(format!("this follows nothing: {other:?}")),
        None => Ok(()),
    }
}

/// Whether a scheduler's buildsets are apart as `is_apart` says of when each was made and the next.
fn by_clock(scheduler: &str, told: &Told<'_>, is_apart: impl Fn(i64, i64) -> bool) -> Result<(), String> {
    let mut last: Option<&Buildset> = None;
    for next in of(scheduler, told) {
        if let Some(last) = last
            && !is_apart(last.submitted_at.0, next.submitted_at.0)
        {
            return Err(format!(
                "the scheduler `{scheduler}` made {next:?} too soon after {last:?}"
            ));
        }
        last = Some(next);
    }
    Ok(())
}
