#![expect(clippy::unwrap_used, reason = "a test may panic")]
//! When a nightly scheduler's times come.

use std::path::Path;

use jiff::Timestamp as Instant;
use weir_config::{SchedulerKind, Times};
use weir_status_api::Timestamp;

/// The times of a `nightly(…)` with these arguments.
fn nightly(arguments: &str) -> Times {
    let source = format!(
        "w = worker('w', token = 't')\nb = builder('b', workers = [w], steps = [shell('make')])\n\
         nightly('n', builders = [b], {arguments})"
    );
    match weir_config::check(&source, "weir.star", Path::new(".")) {
        Ok(config) => match &config.schedulers[0].kind {
            SchedulerKind::Nightly { times, .. } => times.clone(),
            other => panic!("{other:?}"),
        },
        Err(mistakes) => panic!("{mistakes}"),
    }
}

fn moment(text: &str) -> Timestamp {
    Timestamp(text.parse::<Instant>().unwrap().as_microsecond())
}

/// The next times after a moment, in UTC.
fn next(line: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    next_of(&format!("cron = '{line}', timezone = '{zone}'"), after, count)
}

fn next_of(arguments: &str, after: &str, count: usize) -> Vec<String> {
    let times = nightly(arguments);
    let mut at = moment(after);
    let mut found = vec![];
    for _ in 0..count {
        at = times.next_after(at).unwrap();
        found.push(Instant::from_microsecond(at.0).unwrap().to_string());
    }
    found
}

#[test]
fn a_line_names_its_times() {
    for (line, after, expected) in [
        ("0 3 * * mon-fri", "2026-11-27T03:00:00Z", "2026-11-30T03:00:00Z"),
        ("*/20 * * * *", "2026-11-27T03:20:00.5Z", "2026-11-27T03:40:00Z"),
        ("0 0 L * *", "2028-02-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 29 feb *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        // Either day will do, as in cron.
        ("0 0 13 * fri", "2026-11-28T00:00:00Z", "2026-12-04T00:00:00Z"),
        ("0 0 * * 7", "2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z"),
        (
            "15 4,16 1 jan,jul *",
            "2026-01-01T04:15:00Z",
            "2026-01-01T16:15:00Z",
        ),
    ] {
        assert_eq!(next(line, "UTC", after, 1), [expected], "{line}");
    }
    assert_eq!(
        next("0 3 * * *", "Asia/Kolkata", "2026-11-28T00:00:00Z", 1),
        ["2026-11-28T21:30:00Z"]
    );
}

#[test]
fn fields_name_times_too() {
    for (fields, expected) in [
        ("hour = 3", "2026-11-29T03:00:00Z"),
        ("minute = [10, 40]", "2026-11-28T12:40:00Z"),
        ("minute = 0", "2026-11-28T13:00:00Z"),
        // Numbers count from Monday, as Buildbot's do.
        ("hour = 3, day_of_week = 0", "2026-11-30T03:00:00Z"),
        ("hour = 3, day_of_week = [5, 6]", "2026-11-29T03:00:00Z"),
        ("hour = 3, day_of_week = 'wed-fri'", "2026-12-02T03:00:00Z"),
        ("hour = '*/5', day_of_month = 'L'", "2026-11-30T00:00:00Z"),
        ("hour = 3, month = ['mar', 5]", "2027-03-01T03:00:00Z"),
    ] {
        assert_eq!(next_of(fields, "2026-11-28T12:30:00Z", 1), [expected], "{fields}");
    }
}

#[test]
fn a_time_that_is_skipped_comes_when_the_clock_goes_on() {
    for line in ["30 2 * * *", "0,30 2 * * *", "30 2,14 29 mar *"] {
        let times = next(line, "Europe/Berlin", "2026-03-28T13:30:00Z", 2);
        assert_eq!(times[0], "2026-03-29T01:00:00Z", "{line}");
        assert!(times[1].as_str() > "2026-03-29T11:00:00Z", "{line}: {times:?}");
    }
    assert_eq!(
        next("0 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 2),
        ["2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"]
    );
}

#[test]
fn a_time_that_is_repeated_comes_once() {
    assert_eq!(
        next("30 2 * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", 2),
        ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
    );
    assert_eq!(
        next("0,30 2-3 * * *", "Europe/Berlin", "2026-10-24T23:59:00Z", 5),
        [
            "2026-10-25T00:00:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-25T02:00:00Z",
            "2026-10-25T02:30:00Z",
            "2026-10-26T01:00:00Z",
        ]
    );
    // From within the second of the two hours.
    assert_eq!(
        next("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", 1),
        ["2026-10-26T01:30:00Z"]
    );
    assert_eq!(
        next("0 * * * *", "Europe/Berlin", "2026-10-24T23:59:00Z", 3),
        [
            "2026-10-25T00:00:00Z",
            "2026-10-25T01:00:00Z",
            "2026-10-25T02:00:00Z"
        ]
    );
}

#[test]
fn a_moment_is_one_of_the_times_or_not() {
    let times = nightly("cron = '0 3 * * mon'");
    assert!(times.has(moment("2026-11-30T03:00:00Z")));
    assert!(!times.has(moment("2026-11-30T03:00:01Z")));
    assert!(!times.has(moment("2026-12-01T03:00:00Z")));
}
