//! What cancels builds: `old_build_canceller(…)` and `failing_buildset_canceller(…)`.

use super::scheduler::patterns;
use crate::call::{Call, Function};
use crate::model::{CancellerConfig, CancellerKind, SourceFilter};
use crate::object::Item;
use crate::read;
use crate::session::Kind;

/// The branches of which each new state of a change has one of its own in Gerrit.
const GERRIT: &str = "refs/changes/*/*";

pub(super) const OLD_BUILD_CANCELLER: Function = Function {
    name: "old_build_canceller",
    parameters: &[
        "name",
        "builders",
        "branches",
        "projects",
        "repositories",
        "codebases",
        "branch_keys",
    ],
    positional: 1,
    any_name: false,
    run: old_build_canceller,
};

pub(super) const FAILING_BUILDSET_CANCELLER: Function = Function {
    name: "failing_buildset_canceller",
    parameters: &[
        "name",
        "builders",
        "cancel",
        "branches",
        "projects",
        "repositories",
        "codebases",
    ],
    positional: 1,
    any_name: false,
    run: failing_buildset_canceller,
};

fn old_build_canceller(call: &mut Call<'_, '_>) -> Option<Item> {
    let branch_keys = call.or(
        "branch_keys",
        read::list(read::text, "beginnings of branches"),
        vec![GERRIT.to_owned()],
    );
    canceller(call, CancellerKind::OldBuilds { branch_keys })
}

fn failing_buildset_canceller(call: &mut Call<'_, '_>) -> Option<Item> {
    let cancel = builders(call, "cancel");
    canceller(call, CancellerKind::FailingBuildsets { cancel })
}

fn canceller(call: &mut Call<'_, '_>, kind: CancellerKind) -> Option<Item> {
    let canceller = CancellerConfig {
        name: call.required("name", read::name(70)),
        builders: builders(call, "builders"),
        filter: SourceFilter {
            branches: patterns(call, "branches"),
            projects: patterns(call, "projects"),
            repositories: patterns(call, "repositories"),
            codebases: patterns(call, "codebases"),
        },
        kind,
    };
    call.declare(Kind::Canceller, &canceller.name);
    call.session()
        .configure(|config| config.cancellers.push(canceller));
    Some(Item::Other("a canceller"))
}

/// The builders that are named; all if the argument is left out.
fn builders(call: &mut Call<'_, '_>, argument: &str) -> Vec<String> {
    let builders = call
        .optional(argument, read::some(read::builder, "builders"))
        .unwrap_or_default();
    call.refer(Kind::Builder, argument, &builders);
    builders
}
