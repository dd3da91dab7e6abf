//! The functions that a configuration calls.

mod access;
mod builder;
mod canceller;
mod change_source;
mod interpolate;
mod listener;
mod lock;
mod plan;
mod project;
mod retention;
mod scheduler;
mod secret;
mod setup;
mod step;

use crate::call::Function;

pub use builder::name_steps;
pub use listener::listener_functions;
pub(crate) use lock::OF_LOCK;

/// What only a master's file has.
const OF_MASTER: &[&Function] = &[
    &setup::MASTER,
    &setup::WORKER,
    &access::USER,
    &access::ROLE,
    &access::ALLOW,
    &project::PROJECT,
    &project::CODEBASE,
    &change_source::GIT_POLLER,
    &change_source::PB_CHANGE_SOURCE,
    &lock::LOCK,
    &scheduler::ANY_BRANCH,
    &scheduler::SINGLE_BRANCH,
    &scheduler::PERIODIC,
    &scheduler::NIGHTLY,
    &scheduler::DEPENDENT,
    &scheduler::TRIGGERABLE,
    &scheduler::NIGHTLY_TRIGGERABLE,
    &scheduler::FORCE,
    &scheduler::FIELD_TEXT,
    &scheduler::FIELD_INT,
    &scheduler::FIELD_BOOL,
    &scheduler::FIELD_CHOICE,
    &scheduler::FIELD_USERNAME,
    &scheduler::FIELD_GROUP,
    &scheduler::FIELD_PATCH,
    &scheduler::FIELD_PROPERTIES,
    &scheduler::TRY_JOBS,
    &canceller::OLD_BUILD_CANCELLER,
    &canceller::FAILING_BUILDSET_CANCELLER,
    &builder::BUILDER,
    &step::GIT,
    &step::SHELL,
    &step::MASTER_SHELL,
    &step::SEQUENCE,
    &step::COMMAND,
    &step::PARALLEL,
    &step::GENERATE,
    &step::BUILD_DATA,
    &step::SET_PROPERTY,
    &step::SET_PROPERTIES,
    &step::TEST_RESULTS,
    &step::TRIGGER,
    &step::MAKE_DIRECTORY,
    &step::REMOVE_DIRECTORY,
    &step::COPY_DIRECTORY,
    &step::REMOVE_FILE,
    &step::FILE_EXISTS,
    &step::UPLOAD_FILE,
    &step::UPLOAD_FILES,
    &step::UPLOAD_DIRECTORY,
    &step::DOWNLOAD_FILE,
    &step::DOWNLOAD_TEXT,
    &step::DOWNLOAD_JSON,
    &step::DOWNLOAD_PROPERTIES,
    &interpolate::INTERPOLATE,
    &interpolate::PROP,
    &secret::SECRET,
    &secret::SECRETS_FROM_FILES,
    &secret::SECRETS_FROM_ENV,
    &secret::SECRETS_FROM_VAULT,
    &interpolate::REGEX,
    &retention::RETENTION,
];

/// Those that make listeners, and what they tell.
const OF_LISTENERS: &[&Function] = &joined::<{ 5 + listener::FUNCTIONS.len() }>([
    &listener::FUNCTIONS,
    &[
        &listener::BUILD_REPORT,
        &listener::STEP_REPORT,
        &listener::BUILDSET_REPORT,
        &listener::REQUEST_REPORT,
        &listener::WORKER_REPORT,
    ],
]);

/// Those of a master's file.
pub(crate) const MASTER: &[&Function] =
    &joined::<{ OF_MASTER.len() + OF_LISTENERS.len() }>([OF_MASTER, OF_LISTENERS]);

/// Those of a file of listeners.
pub(crate) const LISTENERS: &[&Function] =
    &joined::<{ OF_LISTENERS.len() + 2 }>([OF_LISTENERS, &[&setup::MASTER_ELSEWHERE, &interpolate::REGEX]]);

/// Both lists, one behind the other.
const fn joined<const N: usize>(lists: [&[&'static Function]; 2]) -> [&'static Function; N] {
    let mut all = [&setup::MASTER; N];
    let mut next = 0;
    let mut list = 0;
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            all[next] = lists[list][at];
            next += 1;
            at += 1;
        }
        list += 1;
    }
    all
}

/// Those that a function may call while the master runs: they make values, and configure nothing.
const OF_RUN_TIME: &[&str] = &["interpolate", "prop", "secret", "regex"];

/// Those that make steps, which a function that gives steps may call beside them.
const OF_STEPS: &[&str] = &[
    "git",
    "shell",
    "master_shell",
    "sequence",
    "command",
    "parallel",
    "build_data",
    "set_property",
    "set_properties",
    "test_results",
    "trigger",
    "make_directory",
    "remove_directory",
    "copy_directory",
    "remove_file",
    "file_exists",
    "upload_file",
    "upload_files",
    "upload_directory",
    "download_file",
    "download_text",
    "download_json",
    "download_properties",
    "generate",
    "exclusive",
    "counting",
];

/// Those that a plan of steps has beside them; no configuration can name them.
const OF_PLAN: &[&Function] = &[&plan::FUNCTION, &plan::LOCK];

/// Whether a function may call it while the master runs; one that `gives_steps` may do more.
pub(crate) fn is_of_run_time(function: &Function, gives_steps: bool) -> bool {
    let is_in = |names: &[&str]| names.contains(&function.name);
    is_in(OF_RUN_TIME) || (gives_steps && (is_in(OF_STEPS) || function.name.starts_with('_')))
}

/// What a plan of steps can call.
pub(crate) fn of_plan() -> impl Iterator<Item = &'static Function> {
    let of_steps = MASTER.iter().filter(|it| is_of_run_time(it, true));
    of_steps.chain(OF_PLAN).copied()
}

/// What to do without a function of that name, if people look for it here.
pub(crate) fn instead(here: &[&Function], name: &str) -> Option<&'static str> {
    let of_master = MASTER.iter().any(|it| it.name == name);
    match name {
        "print" => Some("fail(…) ends the reading and shows values"),
        "import" | "open" => Some("a configuration is one file"),
        _ if of_master && here.len() < MASTER.len() => {
            Some("a file of listeners holds listeners and what they tell")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The functions' section of the book.
    const BOOK: &str = concat!(
        include_str!("../../../docs/src/configuration.md"),
        include_str!("../../../docs/src/listeners-forges.md"),
        include_str!("../../../docs/src/listeners-chat.md"),
        include_str!("../../../docs/src/listeners-programs.md"),
    );

    #[test]
    fn the_book_has_every_function_and_parameter() {
        for function in MASTER {
            let name = function.name;
            assert!(
                BOOK.contains(&format!("`{name}(…)`"))
                    || BOOK.contains(&format!("| `{name}` |"))
                    || BOOK.contains(&format!("[`{name}`]")),
                "the book has no {name}(…)"
            );
            for parameter in function.parameters {
                assert!(
                    BOOK.contains(&format!("`{parameter}`")) || BOOK.contains(&format!("{name}({parameter}")),
                    "the book has no `{parameter}` for {name}(…)"
                );
            }
        }
    }
}
