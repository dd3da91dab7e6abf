//! What a build finds out by functions of the configuration: properties, whether a step runs, and whether it is
//! hidden.

use std::collections::BTreeMap;

use weir_config::{BuildFacts, Condition, Env, FunctionError, Hiding, RenderError};
use weir_status_api::{BuildId, Change, ChangeField, Property, Query, ReadExt, Results};
use weir_status_db::Store;

use super::patience;
use super::properties::Values;
use crate::error::Result;

/// The changes of a build that functions are told of, at the most.
const MOST_CHANGES: u32 = 200;

/// Does what takes its time, such as calling a function, without keeping other tasks of this thread from going on.
pub(crate) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    let can_move_others =
        Handle::try_current().is_ok_and(|it| it.runtime_flavor() == RuntimeFlavor::MultiThread);
    if can_move_others {
        tokio::task::block_in_place(work)
    } else {
        work()
    }
}

/// The changes that the build builds, oldest first.
pub(super) async fn changes(store: &Store, build: BuildId) -> Result<Vec<Change>> {
    let query = Query::<Change>::new()
        .eq(ChangeField::Build, build)
        .descending(ChangeField::Id)
        .limit(MOST_CHANGES);
    let mut changes = patience::read(|| store.page(query.clone())).await?.items;
    changes.reverse();
    Ok(changes)
}

/// The values of properties that are found out when a build starts; those that stand for nothing are left out.
pub(super) fn properties(
    late: &Env,
    source: &str,
    values: &Values<'_>,
) -> Result<BTreeMap<String, Property>, RenderError> {
    let mut found = BTreeMap::new();
    for (name, text) in late {
        if let Some(value) = text.value(values)? {
            found.insert(name.clone(), Property::new(value, source));
        }
    }
    Ok(found)
}

/// Whether a step runs.
pub(super) fn runs(condition: &Condition, facts: impl FnOnce() -> BuildFacts) -> Result<bool, FunctionError> {
    match condition {
        Condition::Always => Ok(true),
        Condition::Never => Ok(false),
        Condition::If(function) => blocking(|| function.do_if(&facts())),
    }
}

/// Whether a step that ended with `results` is hidden.
pub(super) fn hides(
    hiding: &Hiding,
    results: Results,
    facts: impl FnOnce() -> BuildFacts,
) -> Result<bool, FunctionError> {
    match hiding {
        Hiding::On(which) => Ok(which.contains(&results)),
        Hiding::If(function) => blocking(|| function.hide_if(&facts(), results)),
    }
}
