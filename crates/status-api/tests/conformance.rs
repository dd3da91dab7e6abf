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

/// The faults, each with the case that must find it.
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
    (Fault::AdmitsAll, "a_closed_policy_admits_its_users_only"),
    (Fault::IgnoresDefaults, "defaults_fill_what_is_left_out"),
    (Fault::RepeatsAsNobody, "a_rebuild_repeats_a_build"),
];

/// Time is skipped where nothing can happen any more, so that a case that waits in vain ends at once.
#[tokio::test(start_paused = true)]
async fn every_fault_is_found() {
    for (fault, case) in FAULTS {
        let stage = ModelStage::new(Some(*fault));
        let run = AssertUnwindSafe(Case::run_named(case, &stage))
            .catch_unwind()
            .await;
        let why = run.expect_err(&format!("a model that {fault:?} passes {case}"));
        let why = why.downcast_ref::<String>().map_or("", String::as_str);
        assert!(!why.is_empty(), "a failure of {case} says what is broken");
        println!("{fault:?} is found by {case}: {why:.150}");
    }
}

#[test]
fn cases_have_names_of_their_own() {
    let mut names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CASES.len());
}
