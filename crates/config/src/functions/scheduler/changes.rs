//! After changes: `any_branch(…)` and `single_branch(…)`.

use std::time::Duration;

use super::{codebases, filter, named, patterns};
use crate::call::{Call, Function};
use crate::model::SchedulerKind;
use crate::object::Item;
use crate::read;

pub(in crate::functions) const ANY_BRANCH: Function = Function {
    name: "any_branch",
    parameters: &[
        "name",
        "builders",
        "tree_stable",
        "branches",
        "projects",
        "repositories",
        "codebases",
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
    run: any_branch,
};

pub(in crate::functions) const SINGLE_BRANCH: Function = Function {
    name: "single_branch",
    parameters: &[
        "name",
        "builders",
        "branch",
        "tree_stable",
        "projects",
        "repositories",
        "codebases",
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
    run: single_branch,
};

fn any_branch(call: &mut Call<'_, '_>) -> Option<Item> {
    let branches = patterns(call, "branches");
    let (of_codebases, codebases) = codebases(call);
    let kind = SchedulerKind::AnyBranch {
        tree_stable: call.or("tree_stable", read::duration_or_zero, Duration::ZERO),
        filter: filter(call, branches, of_codebases),
        codebases,
    };
    named(call, kind)
}

fn single_branch(call: &mut Call<'_, '_>) -> Option<Item> {
    let (of_codebases, codebases) = codebases(call);
    let kind = SchedulerKind::SingleBranch {
        branch: call.optional("branch", read::branch),
        tree_stable: call.or("tree_stable", read::duration_or_zero, Duration::ZERO),
        filter: filter(call, vec![], of_codebases),
        codebases,
    };
    named(call, kind)
}
