//! The conformance kit: what every implementation and every binding of the status API must do, as tests.
//!
//! Whoever implements [`StatusApi`](crate::StatusApi), or carries it over a transport, writes a [`Stage`] and runs:
//!
//! ```
//! # use std::sync::Arc;
//! # use weir_status_api::StatusApi;
//! # use weir_status_api::conformance::{Stage, Writer};
//! /// A master of ours, and our binding of its API, which is under test.
//! struct OurStage {
//!     open: Arc<dyn StatusApi>,
//!     guarded: Arc<dyn StatusApi>,
//!     master: Box<dyn Writer>,
//! }
//!
//! #[async_trait::async_trait]
//! impl Stage for OurStage {
//!     fn api(&self) -> Arc<dyn StatusApi> {
//!         Arc::clone(&self.open)
//!     }
//!
//!     fn guarded(&self) -> Arc<dyn StatusApi> {
//!         Arc::clone(&self.guarded)
//!     }
//!
//!     fn writer(&self) -> &dyn Writer {
//!         &*self.master
//!     }
//! }
//!
//! # impl OurStage { async fn start() -> Self { std::future::pending().await } }
//! /// A fresh, empty master each time.
//! async fn our_stage() -> OurStage {
//!     OurStage::start().await
//! }
//!
//! weir_status_api::conformance_tests!(our_stage);
//! # fn main() {}
//! ```
//!
//! That makes a test of each case, named by what it is about: `filters::build`, `console::paging_by_change`. A case
//! often holds many promises; it panics with all that are broken. [`CASES`] is the same as a list, for those who
//! start something expensive once for many cases.
//!
//! # Chance
//! Some cases let chance write, ask, watch and go away. They do the same each time, unless the environment has
//! another seed in [`SEED_VARIABLE`]; a failure names its seed.
//!
//! # Goals
//! - Every promise in the docs of [`Read`](crate::Read), [`Watch`](crate::Watch) and
//!   [`Control`](crate::Control) has a case; none asks for what they do not promise.
//! - Cases see the API only, and change the state only through [`Writer`] and the API itself.
//! - What is expected is computed here, by looking at every row ([`fits`], [`compares`], [`ViewRows`]), never by the
//!   means of the implementation under test.
//!
//! # Non-goals
//! - No measuring of speed: a deadline here is for what would never come.
//! - Nothing about who may see what: that is access, which stands before an implementation.

mod away;
mod bustle;
mod busy;
mod check;
mod clock;
mod command_done;
mod command_of_nothing;
mod command_too_late;
mod command_twice;
mod commands;
mod commit_graph;
mod console;
mod control;
mod dead_letters;
mod dice;
mod dropped;
mod events;
mod filters;
mod force;
mod get;
mod grid;
mod histories;
mod history;
mod home;
mod keyed;
mod keys_of_forces;
mod list;
mod listeners;
mod logs;
mod missing;
mod orders;
mod pages;
mod promises;
mod random_queries;
mod random_views;
mod random_watchers;
mod reference;
mod refusals;
mod relations;
mod resources;
mod scene;
mod scene_control;
mod scene_listener;
mod scene_outcome;
mod scene_setup;
mod search;
mod stage;
mod story;
mod told_changes;
mod topics;
mod views;
mod watching;
mod waterfall;
mod world;

use std::fmt;

use futures::future::LocalBoxFuture;

pub use clock::HandClock;
pub use dice::SEED_VARIABLE;
pub use reference::{Held, Row, compares, fits};
pub use stage::{
    Abilities, BuilderSetup, CodebaseSetup, NewBuildset, ProjectSetup, Setup, SetupIds, Stage, TOKEN, USER,
    Writer,
};
pub use views::ViewRows;

/// One case of the kit.
#[derive(Clone, Copy)]
pub struct Case {
    /// Its name: what it is about, and what of that.
    pub name: &'static str,
    run: for<'a> fn(&'a dyn Stage) -> LocalBoxFuture<'a, ()>,
}

impl Case {
    /// Runs it on a fresh stage.
    ///
    /// # Panics
    /// If a promise is broken.
    pub async fn run(&self, stage: &dyn Stage) {
        (self.run)(stage).await;
    }

    /// Runs the case of that name, e.g. `filters::build`; its last part is enough where it is the only one.
    ///
    /// # Panics
    /// If a promise is broken, or there is no such case, or there are several.
    pub async fn run_named(name: &str, stage: &dyn Stage) {
        let ends_so = |case: &&Case| case.name == name || case.name.rsplit("::").next() == Some(name);
        let found: Vec<&Case> = CASES.iter().filter(ends_so).collect();
        match found.as_slice() {
            [case] => case.run(stage).await,
            [] => panic!("there is no case {name}"),
            several => panic!("there are several cases {name}: {several:?}"),
        }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Case({})", self.name)
    }
}

/// Hands the names of all cases, by module, to the macro `$with`, after `$args`.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_conformance_case {
    ($with:path, $($args:tt)*) => {
        $with! { $($args)*
            get: master, builder, build, build_request, buildset, source_stamp, change, step, log, worker,
                scheduler, force_scheduler, change_source, project, codebase, branch, commit, build_data,
                test_result_set, test_result, listener, dead_letter;
            missing: master, builder, build, build_request, buildset, source_stamp, change, step, log, worker,
                scheduler, force_scheduler, change_source, project, codebase, branch, commit, build_data,
                test_result_set, test_result, listener, dead_letter;
            list: master, builder, build, build_request, buildset, source_stamp, change, step, log, worker,
                scheduler, force_scheduler, change_source, project, codebase, branch, commit, build_data,
                test_result_set, test_result, listener, dead_letter;
            filters: master, builder, build, build_request, buildset, source_stamp, change, step, log, worker,
                scheduler, force_scheduler, change_source, project, codebase, branch, commit, build_data,
                test_result_set, test_result, listener, dead_letter,
                all_hold_at_once;
            orders: master, builder, build, build_request, buildset, source_stamp, change, step, log, worker,
                scheduler, force_scheduler, change_source, project, codebase, branch, commit, build_data,
                test_result_set, test_result, listener, dead_letter,
                limits_and_offsets;
            pages: master, builder, build, build_request, buildset, source_stamp, change, step, log, worker,
                scheduler, force_scheduler, change_source, project, codebase, branch, commit, build_data,
                test_result_set, test_result, listener, dead_letter,
                a_filtered_list_is_walked, walking_is_steady_while_rows_are_added, tokens_fit_one_list;
            relations: builds_of_a_change, builds_triggered_by_a_build, changes_of_a_build,
                builders_of_a_worker, builders_of_a_master, workers_of_a_builder, workers_of_a_master,
                source_stamps_of_a_buildset, test_result_sets_of_a_commit, test_result_sets_of_several_commits;
            refusals: bad_queries_are_refused;
            resources: lists_hold_what_was_written, properties_of_nothing_are_not_found,
                properties_are_filled_on_request, removed_setup_stays_readable;
            logs: ranges_of_lines, open_and_finished_logs, huge_lines_and_bounded_answers,
                times_of_lines, times_of_lines_that_come_together, deleted_contents_are_told;
            search: text_as_it_is_or_in_any_case, regular_expressions, places_are_told,
                going_on_finds_each_line_once, huge_lines_are_searched,
                open_logs_are_searched_up_to_their_end, what_cannot_be_searched_is_refused,
                deleted_contents_are_told;
            topics: master, builder, build, build_request, buildset, source_stamp, change, step, log, worker,
                scheduler, force_scheduler, change_source, project, codebase, branch, commit, build_data,
                test_result_set, test_result, listener, dead_letter, properties, control;
            events: times_never_go_back, events_carry_the_state, reads_are_true_at_their_cursor;
            watching: no_gap_and_no_duplicate_while_writers_run, many_watchers_with_many_filters,
                now_is_now, idle_watchers_get_bookmarks, a_slow_reader_loses_nothing_and_blocks_nobody,
                expired_cursors_are_told, future_cursors_are_refused;
            dropped: watches_resume_where_they_were_cut, reads_work_after_a_cut;
            force: a_force_makes_a_buildset, defaults_fill_what_is_left_out, bad_fields_are_named,
                a_force_that_cannot_be_is_refused;
            keys_of_forces: a_repeated_force_makes_nothing, many_at_once_make_one,
                the_key_counts_and_not_what_is_wanted, another_key_makes_another,
                another_caller_makes_another, another_scheduler_makes_another,
                a_key_is_remembered_for_a_day, a_refused_force_keeps_no_key,
                a_key_has_200_bytes_at_the_most;
            command_done: stop_build, rebuild, cancel_request, set_priority, pause_worker, unpause_worker,
                stop_worker, kill_worker, enable_scheduler;
            command_of_nothing: stop_build, rebuild, cancel_request, set_priority, pause_worker, unpause_worker,
                stop_worker, kill_worker, enable_scheduler;
            command_twice: stop_build, rebuild, cancel_request, set_priority, pause_worker, unpause_worker,
                stop_worker, kill_worker, enable_scheduler;
            command_too_late: stop_build, cancel_request, set_priority;
            control: a_rebuild_repeats_a_build, a_rebuild_is_of_the_same_changes,
                a_rebuild_of_a_removed_builder_is_a_conflict, requests_are_cancelled,
                a_scheduler_is_enabled_and_disabled_with_its_form,
                a_master_that_is_not_there_has_no_configuration, a_closed_policy_admits_its_users_only;
            away: how_the_last_connection_ended, why_the_last_attempt_was_refused,
                a_connected_worker_has_no_reason;
            listeners: one_runner_holds_a_listener, a_hold_ends_by_itself,
                who_releases_it_lets_others_hold_it_at_once, what_comes_all_the_time_has_no_event,
                places_and_states_are_kept, a_listener_that_is_not_known_is_not_found,
                a_rewound_listener_must_load_its_place, what_is_no_longer_kept_cannot_come_again,
                who_is_held_is_not_forgotten, a_forgotten_listener_is_gone_and_begins_as_a_new_one,
                wishes_for_nothing_are_not_found;
            dead_letters: a_dead_letter_outlives_its_event, an_event_is_one_dead_letter,
                a_full_box_takes_no_other_until_one_goes, what_was_delivered_is_no_dead_letter,
                what_is_about_listeners_is_no_dead_letter, some_are_delivered_again_or_forgotten;
            told_changes: one_is_recorded, a_bare_one_is_of_now, what_is_none_is_refused;
            home: nothing_going_on, builders_by_choice, limits, what_runs_with_its_step_and_worker,
                what_waits_and_why, what_only_a_master_knows, what_goes_first, what_ended_last, what_is_broken_and_since_when;
            waterfall: nothing_going_on, builders_by_choice, ranges_end_before_their_end,
                a_build_that_crosses_the_whole_range, long_builds_that_ended_within_the_range,
                steps_if_they_are_wanted, limits, paging_by_range_shows_all, empty_ranges_are_refused;
            grid: nothing_going_on, builders_by_choice, branches_and_codebases, limits,
                equal_sets_of_source_stamps_are_one_revision,
                a_revision_that_is_asked_for_again_comes_first, a_cell_is_bounded,
                too_many_builders_are_refused;
            console: nothing_going_on, builders_by_choice, branches_and_codebases, limits,
                paging_by_change, a_build_of_several_changes_stands_beside_each,
                builds_of_the_source_stamp_alone, lost_builds_stand_beside_those_that_follow,
                requests_wait_until_a_build_runs, a_cell_is_bounded;
            commit_graph: of_two_that_part, of_one_that_follows_the_other, of_one_with_itself,
                of_two_that_share_nothing, of_a_long_line, of_what_is_not_there, of_two_codebases;
            histories: a_short_one, one, another, a_third, a_long_one;
            random_queries: master, builder, build, build_request, buildset, source_stamp, change, step, log, worker,
                scheduler, force_scheduler, change_source, project, codebase, branch, commit, build_data,
                test_result_set, test_result, listener, dead_letter;
            random_views: home, waterfall, grid, console, commit_graph;
            random_watchers: that_come_and_go, that_are_cut;
        }
    };
}

macro_rules! list_cases {
    ($($module:ident: $($name:ident),+;)+) => {
        /// All cases. A static, so that they are compiled here, once, and not by everybody who runs them.
        pub static CASES: &[Case] = &[$($(
            Case { name: concat!(stringify!($module), "::", stringify!($name)), run: |stage| Box::pin($module::$name(stage)) },
        )+)+];
    };
}

crate::for_each_conformance_case!(list_cases,);

/// Makes a `#[tokio::test]` of each case, in the present module. `$make_stage` is an `async fn` without
/// arguments that gives a fresh [`Stage`](crate::conformance::Stage).
#[macro_export]
macro_rules! conformance_tests {
    ($make_stage:path) => {
        $crate::for_each_conformance_case! { $crate::conformance_test_of_each, $make_stage; }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! conformance_test_of_each {
    ($make_stage:path; $($module:ident: $($name:ident),+;)+) => {
        async fn stage_of_a_conformance_test() -> impl $crate::conformance::Stage {
            $make_stage().await
        }

        $(mod $module {
            $(
                #[::tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    let stage = super::stage_of_a_conformance_test().await;
                    let name = concat!(stringify!($module), "::", stringify!($name));
                    $crate::conformance::Case::run_named(name, &stage).await;
                }
            )+
        })+
    };
}

/// The book's page, so that its examples are compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/src/status-api.md")]
struct Page;
