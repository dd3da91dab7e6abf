//! `lock(…)`, and its `exclusive()` and `counting(…)`.

use std::collections::BTreeMap;

use starlark::values::Value;

use crate::call::{Call, Function};
use crate::model::{LockAccess, LockConfig, LockMode, LockScope};
use crate::nearest::{did_you_mean, nearest};
use crate::object::Item;
use crate::read::{self, Reading};
use crate::session::Kind;

pub(super) const LOCK: Function = Function {
    name: "lock",
    parameters: &["name", "scope", "count", "counts"],
    positional: 1,
    any_name: false,
    run: lock,
};

/// What a lock has: the ways to take it.
pub(crate) const OF_LOCK: &[&Function] = &[
    &Function {
        name: "exclusive",
        parameters: &[],
        positional: 0,
        any_name: false,
        run: |call| access(call, |_| LockMode::Exclusive),
    },
    &Function {
        name: "counting",
        parameters: &["count"],
        positional: 1,
        any_name: false,
        run: |call| access(call, |call| LockMode::Counting(call.or("count", read::count, 1))),
    },
];

fn lock(call: &mut Call<'_, '_>) -> Option<Item> {
    let lock = LockConfig {
        name: call.required("name", read::identifier),
        scope: call.or("scope", scope, LockScope::Master),
        count: call.or("count", read::count, 1),
        counts: call.or("counts", read::dict(read::string, read::count), BTreeMap::new()),
    };
    if lock.scope == LockScope::Master && !lock.counts.is_empty() {
        let help = "remove it, or add scope = \"worker\"".to_owned();
        let message = "'counts' is for workers, and the lock is one for all of them";
        call.mistake("counts", message, Some(help));
    }
    call.declare(Kind::Lock, &lock.name);
    let workers: Vec<String> = lock.counts.keys().cloned().collect();
    call.refer(Kind::Worker, "counts", &workers);
    call.session().configure(|config| config.locks.push(lock.clone()));
    Some(Item::Lock(Box::new(lock)))
}

fn scope(value: Value<'_>) -> Reading<LockScope> {
    let word = read::text(value)?;
    let names = || LockScope::ALL.iter().map(|it| it.name());
    match LockScope::ALL.iter().find(|it| it.name() == word) {
        Some(scope) => Ok(*scope),
        None => {
            let help = nearest(&word, names())
                .map_or_else(|| "it is \"master\" or \"worker\"".to_owned(), did_you_mean);
            read::wrong(format!("is no scope: '{word}'"), Some(&help))
        }
    }
}

/// A way to take the lock that the function is called on. One that can never be had is a mistake.
fn access(call: &mut Call<'_, '_>, mode: impl Fn(&mut Call<'_, '_>) -> LockMode) -> Option<Item> {
    let mode = mode(call);
    let Some(Item::Lock(lock)) = call.receiver().cloned() else {
        return None;
    };
    let most = lock.counts.values().copied().chain([lock.count]).max();
    if let (LockMode::Counting(count), Some(most)) = (mode, most)
        && count > most
    {
        let name = &lock.name;
        let message = format!("'count' is {count}, but lock '{name}' can be held {most} times at the most");
        call.mistake(
            "count",
            &message,
            Some(format!("ask for less, or give the lock count = {count}")),
        );
    }
    Some(Item::LockAccess(LockAccess {
        lock: lock.name,
        mode,
    }))
}
