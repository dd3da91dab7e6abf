//! Faults that are planted: each check finds what it is for, and says so.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Command;

/// Runs a seed with something planted, and what it says of it.
fn planted(plant: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_weir-simulation"))
        .args(["--seed", "1", "--quiet", "--plant", plant])
        .output()
        .unwrap();
    let why = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "`{plant}` is not found: {why}");
    let failed = why.lines().find(|it| it.contains("FAILED"));
    failed.unwrap_or_default().to_owned()
}

macro_rules! found {
    ($($test:ident: $($plant:literal says $words:literal),+;)+) => {
        $(
            #[test]
            fn $test() {
                $(
                    let said = planted($plant);
                    assert!(said.contains($words), "`{}` is found as: {said}", $plant);
                )+
            }
        )+
    };
}

found! {
    an_event_that_a_listener_missed_is_found:
        "lost-event" says "heard event 41 in the place of 40";
    an_event_that_a_listener_heard_twice_is_found:
        "doubled-event" says "heard event 40 twice in one life";
    events_that_a_listener_heard_in_another_order_are_found:
        "swapped-events" says "heard event 40 in the place of 39";
    an_event_that_is_not_there_is_found:
        "hole" says "has the number";
    a_change_of_state_without_an_event_is_found:
        "silent-change" says "but the events tell of Build";
    what_ends_twice_is_found:
        "second-end" says "it had ended before";
    what_never_ends_is_found:
        "open-step" says "this has not ended: Step",
        "endless-command" says "something is still open: BuildRequest";
    a_request_that_is_built_twice_is_found:
        "second-build" says "for the same request";
    what_is_held_more_often_than_it_can_be_is_found:
        "lock" says "the lock l1 is held",
        "overload" says "the worker w",
        "group" says "steps of a group of 1 run";
    steps_in_another_order_are_found:
        "order" says "before the end of Step";
    a_step_that_was_not_added_is_found:
        "lost-step" says "the step `plan` ended as Some(Success) and added [\"g2\"]";
    a_log_that_is_not_whole_is_found:
        "lost-chunk" says "lines";
    a_log_of_other_words_is_found:
        "other-words" says "no command said what is in Log";
    a_force_that_is_done_twice_is_found:
        "doubled-force" says "force 0 was answered with";
    a_change_that_is_lost_is_found:
        "lost-change" says "is there 0 times; taken: true";
    changes_that_are_not_built_are_found:
        "deaf" says "no buildset builds Change";
    a_buildset_that_is_not_followed_is_found:
        "unfollowed" says "nothing has followed Buildset";
    what_is_triggered_twice_is_found:
        "doubled-trigger" says "has triggered 2 times";
    what_is_built_too_often_is_found:
        "hasty" says "the scheduler `clock` made";
    a_secret_that_is_shown_is_found:
        "secret" says "the secret stands in";
    a_panic_is_found:
        "panic" says "something panicked";
    a_disk_that_forgets_what_was_committed_is_found:
        "forgetful-disk" says "FAILED";
}
