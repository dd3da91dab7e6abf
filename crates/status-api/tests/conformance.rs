//! The kit against a model in memory, and against models that each break one promise: those must not pass.

mod model;

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use model::{Fault, ModelStage};
use weir_status_api::conformance::{CASES, Case};

async fn model() -> ModelStage {
    ModelStage::new(None)
}

weir_status_api::conformance_tests!(model);

/// The faults, each with a case that must find it.
const FAULTS: &[(Fault, &str)] = &[
    (Fault::DropsEvents, "no_gap_and_no_duplicate_while_writers_run"),
    (Fault::SwapsEvents, "no_gap_and_no_duplicate_while_writers_run"),
    (Fault::RepeatsOnResume, "watches_resume_where_they_were_cut"),
    (Fault::DropsEvents, "watches_resume_where_they_were_cut"),
    (
        Fault::RepeatsOnResume,
        "no_gap_and_no_duplicate_while_writers_run",
    ),
    (
        Fault::LosesWhenSlow,
        "a_slow_reader_loses_nothing_and_blocks_nobody",
    ),
    (Fault::FiltersByFirstTopic, "many_watchers_with_many_filters"),
    (Fault::BeginsLate, "now_is_now"),
    (Fault::BeginsEarly, "now_is_now"),
    (Fault::HasNoBookmarks, "idle_watchers_get_bookmarks"),
    (Fault::ExpiresSilently, "expired_cursors_are_told"),
    (Fault::WaitsForTheFuture, "future_cursors_are_refused"),
    (Fault::ForgetsWhatFollows, "events_carry_the_state"),
    (Fault::ReadsAheadOfItsCursor, "reads_are_true_at_their_cursor"),
    (Fault::SkipsRowsBetweenPages, "pages::step"),
    (Fault::RepeatsRowsBetweenPages, "pages::change"),
    (
        Fault::RepeatsRowsBetweenPages,
        "walking_is_steady_while_rows_are_added",
    ),
    (Fault::TakesForeignTokens, "tokens_fit_one_list"),
    (Fault::PutsMissingLast, "orders::commit"),
    (Fault::SettlesUpwards, "orders::build"),
    (Fault::MissingIsUnequal, "filters::branch"),
    (Fault::ContainsAnyCase, "filters::commit"),
    (Fault::LogsBeginLate, "ranges_of_lines"),
    (Fault::LogsWithoutBound, "huge_lines_and_bounded_answers"),
    (Fault::TimesTheLastLine, "logs::times_of_lines"),
    (Fault::TimesFirstLinesOnly, "logs::times_of_lines"),
    (Fault::ShowsDeletedContents, "logs::deleted_contents_are_told"),
    (Fault::ShowsDeletedContents, "search::deleted_contents_are_told"),
    (Fault::SearchesAsStored, "text_as_it_is_or_in_any_case"),
    (Fault::SearchesAsStored, "regular_expressions"),
    (Fault::CountsBytes, "places_are_told"),
    (Fault::SearchesOnePart, "going_on_finds_each_line_once"),
    (Fault::SearchesOneCase, "text_as_it_is_or_in_any_case"),
    (Fault::AdmitsAll, "a_closed_policy_admits_its_users_only"),
    (Fault::IgnoresDefaults, "defaults_fill_what_is_left_out"),
    (Fault::RepeatsAsNobody, "a_rebuild_repeats_a_build"),
    (
        Fault::ForcesTwice,
        "keys_of_forces::a_repeated_force_makes_nothing",
    ),
    (Fault::ForcesTwice, "keys_of_forces::many_at_once_make_one"),
    (
        Fault::SharesKeysOfForces,
        "keys_of_forces::another_caller_makes_another",
    ),
    (
        Fault::RemembersForcesForEver,
        "keys_of_forces::a_key_is_remembered_for_a_day",
    ),
    (
        Fault::TakesLongKeys,
        "keys_of_forces::a_key_has_200_bytes_at_the_most",
    ),
    (
        Fault::MissesMergedBuilds,
        "console::a_build_of_several_changes_stands_beside_each",
    ),
    (Fault::MissesMergedBuilds, "random_views::console"),
    (
        Fault::MissesBuildsOfTheStamp,
        "console::builds_of_the_source_stamp_alone",
    ),
    (Fault::MissesBuildsOfTheStamp, "random_views::console"),
    (
        Fault::MissesLostBuilds,
        "console::lost_builds_stand_beside_those_that_follow",
    ),
    (Fault::MissesLostBuilds, "random_views::grid"),
    (
        Fault::MissesCrossingBuilds,
        "waterfall::long_builds_that_ended_within_the_range",
    ),
    (
        Fault::MissesCrossingBuilds,
        "waterfall::a_build_that_crosses_the_whole_range",
    ),
    (Fault::MissesCrossingBuilds, "random_views::waterfall"),
    (
        Fault::TakesCancelledForGood,
        "home::what_is_broken_and_since_when",
    ),
    (Fault::TakesCancelledForGood, "random_views::home"),
    (Fault::TakesHiddenStepsAway, "waterfall::steps_if_they_are_wanted"),
    (
        Fault::SplitsRevisions,
        "grid::equal_sets_of_source_stamps_are_one_revision",
    ),
    (Fault::ShowsTooMuch, "home::limits"),
    (Fault::ShowsTooMuch, "histories::one"),
    (Fault::TakesNoLimitForNothing, "home::limits"),
    (Fault::TakesNoLimitForNothing, "waterfall::limits"),
    (Fault::TakesNoLimitForNothing, "grid::limits"),
    (Fault::TakesNoLimitForNothing, "console::limits"),
    (Fault::ShowsRemovedBuilders, "home::builders_by_choice"),
    (Fault::ShowsRemovedBuilders, "console::builders_by_choice"),
    (Fault::IgnoresTagsLeftOut, "grid::builders_by_choice"),
    (Fault::WantsAllTags, "waterfall::builders_by_choice"),
    (Fault::ClaimsTheWholeRange, "waterfall::limits"),
    (Fault::ClaimsTheWholeRange, "waterfall::paging_by_range_shows_all"),
    (Fault::KnowsNoReason, "home::what_waits_and_why"),
    (Fault::KnowsNoReason, "home::what_only_a_master_knows"),
    (Fault::StartsWaysAtTheCommonOne, "commit_graph::of_two_that_part"),
    (Fault::StartsWaysAtTheCommonOne, "random_views::commit_graph"),
    (Fault::TakesDataForText, "get::build_data"),
    (Fault::KeepsTheFirstData, "get::build_data"),
    (Fault::FindsNamesInAnyCase, "missing::builder"),
    (Fault::FindsCommitsAnywhere, "missing::commit"),
    (Fault::MovesBranchesThatStay, "list::branch"),
    (Fault::AddsCommitsTwice, "list::commit"),
    (Fault::TellsOfTestResults, "topics::test_result"),
    (Fault::KeepsQuietOfMissingWorkers, "topics::worker"),
    (
        Fault::KeepsWhyWorkersWereAway,
        "away::a_connected_worker_has_no_reason",
    ),
    (
        Fault::ForgetsWhyWorkersLeft,
        "away::how_the_last_connection_ended",
    ),
    (
        Fault::TellsOfRefusalsOfTheConnected,
        "away::a_connected_worker_has_no_reason",
    ),
    (Fault::RepeatsRefusals, "away::why_the_last_attempt_was_refused"),
    (Fault::KeepsProjectsActive, "removed_setup_stays_readable"),
    (Fault::KeepsProjectsActive, "histories::a_long_one"),
    (Fault::PrioritizesSilently, "command_done::set_priority"),
    (Fault::PrioritizesSilently, "histories::a_long_one"),
    (Fault::PrioritizesTheEnded, "command_too_late::set_priority"),
    (Fault::CancelsTheEnded, "command_too_late::cancel_request"),
    (Fault::StopsInsteadOfKilling, "command_done::kill_worker"),
    (Fault::StopsInsteadOfKilling, "topics::control"),
    (
        Fault::RebuildsWhatIsRemoved,
        "a_rebuild_of_a_removed_builder_is_a_conflict",
    ),
    (Fault::TakesAnyChange, "what_is_none_is_refused"),
    (Fault::SharesListeners, "listeners::one_runner_holds_a_listener"),
    (Fault::TakesFromAnybody, "listeners::a_hold_ends_by_itself"),
    (
        Fault::ForgetsRewinds,
        "listeners::a_rewound_listener_must_load_its_place",
    ),
    (Fault::ForgetsWhoRuns, "listeners::who_is_held_is_not_forgotten"),
    (
        Fault::RemembersTheForgotten,
        "listeners::a_forgotten_listener_is_gone_and_begins_as_a_new_one",
    ),
    (Fault::ParksTwice, "dead_letters::an_event_is_one_dead_letter"),
    (
        Fault::ParksBeyondTheMost,
        "dead_letters::a_full_box_takes_no_other_until_one_goes",
    ),
    (
        Fault::TellsOfPlaces,
        "listeners::what_comes_all_the_time_has_no_event",
    ),
    (
        Fault::ParksWhatIsAboutListeners,
        "dead_letters::what_is_about_listeners_is_no_dead_letter",
    ),
    (Fault::RebuildsWithoutChanges, "a_rebuild_is_of_the_same_changes"),
    (Fault::PutsMissingLast, "random_queries::build"),
    (Fault::SettlesUpwards, "random_queries::build"),
    (Fault::SkipsRowsBetweenPages, "random_queries::step"),
    (Fault::TakesForeignTokens, "tokens_fit_one_list"),
    (Fault::DropsEvents, "random_watchers::that_come_and_go"),
    (Fault::RepeatsOnResume, "random_watchers::that_are_cut"),
    (Fault::ForgetsWhatFollows, "histories::one"),
];

/// Every second fault from `first` on must be found.
///
/// Time is skipped where nothing can happen any more, so that a case that waits in vain ends at once.
async fn must_be_found(first: usize) {
    let mut missed = vec![];
    for (fault, case) in FAULTS.iter().skip(first).step_by(2) {
        let stage = ModelStage::new(Some(*fault));
        let run = AssertUnwindSafe(Case::run_named(case, &stage))
            .catch_unwind()
            .await;
        let Err(why) = run else {
            missed.push(format!("{fault:?} by {case}"));
            continue;
        };
        let text = why.downcast_ref::<String>().map(String::as_str);
        let why = text.or_else(|| why.downcast_ref::<&str>().copied());
        let why = why.expect("a failure says what is broken");
        println!("{fault:?} is found by {case}: {why:.150}");
    }
    assert!(missed.is_empty(), "faults that are not found: {missed:#?}");
}

#[tokio::test(start_paused = true)]
async fn every_fault_is_found() {
    must_be_found(0).await;
}

#[tokio::test(start_paused = true)]
async fn every_other_fault_is_found() {
    must_be_found(1).await;
}

#[test]
fn cases_have_names_of_their_own() {
    let mut names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CASES.len());
}
