//! Log text is stored before it is acknowledged, and comes back as it was.

use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use futures::future::join_all;
use weir_status_api::conformance::HandClock;
use weir_status_api::{LogId, LogKey, Read, Timestamp};
use weir_status_db::{Database, Error, Store, Transition};

use crate::rig::{Rig, shorts};

/// All that is stored of a log.
pub(crate) async fn content(store: &Store, log: LogId) -> String {
    let mut text = String::new();
    loop {
        let first = i64::try_from(text.lines().count()).unwrap();
        let chunk = store.log_content(LogKey::Id(log), first, 100_000).await.unwrap();
        if chunk.value.content.is_empty() {
            return text;
        }
        assert_eq!(chunk.value.first_line, first);
        text.push_str(&chunk.value.content);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn much_text_comes_back_as_it_was() {
    let rig = Rig::sqlite().await;
    let log = rig.log().await;
    let mut expected = String::new();
    for part in 0..4 {
        let text: String = (0..20_000)
            .map(|line| format!("opart {part} line {line}\n"))
            .collect();
        rig.apply(Transition::AppendLog(log, text.clone())).await;
        expected.push_str(&text);
    }
    assert!(content(&rig.store, log).await == expected);
    let rig = rig.reopened().await;
    assert!(content(&rig.store, log).await == expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_wait_together_are_joined_into_few_events() {
    let rig = Rig::sqlite().await;
    let log = rig.log().await;
    let before = rig.cursor().await;
    let appends = (0..200).map(|line| rig.store.apply(Transition::AppendLog(log, format!("o{line}\n"))));
    for applied in join_all(appends).await {
        applied.unwrap();
    }
    let text = content(&rig.store, log).await;
    let mut lines: Vec<u32> = text.lines().map(|line| line[1..].parse().unwrap()).collect();
    // They were handed in at once, in no certain order.
    lines.sort_unstable();
    assert_eq!(lines, (0..200).collect::<Vec<_>>());
    let events = rig.events(before).await;
    assert!(events.len() < 50, "{} events", events.len());
    assert_eq!(shorts(&events).last().unwrap(), "log stdio append 200");
}

/// When each line of a log was stored.
async fn times(store: &Store, log: LogId) -> Vec<(i64, Option<i64>)> {
    let chunk = store.log_content(log.into(), 0, 100).await.unwrap().value;
    let lines = 0..chunk.content.lines().count() as i64;
    lines
        .map(|line| (line, chunk.time_of(line).map(Timestamp::as_secs)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn times_of_lines_never_fall_though_the_clock_is_set_back() {
    let at = |seconds| Arc::new(HandClock::at(Timestamp::from_secs(seconds)));
    let rig = Rig::at(Database::Sqlite, at(1000)).await;
    let log = rig.log().await;
    let line = || Transition::AppendLog(log, "oline\n".to_owned());
    rig.apply(line()).await;
    let rig = rig.reopened_at(at(400)).await;
    rig.apply(line()).await;
    let rig = rig.reopened_at(at(1001)).await;
    rig.apply(line()).await;
    let known = |times: [i64; 3]| (0..).zip(times.map(Some)).collect::<Vec<_>>();
    assert_eq!(times(&rig.store, log).await, known([1000, 1000, 1001]));
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_before_there_were_times_have_none() {
    let rig = Rig::at(
        Database::Sqlite,
        Arc::new(HandClock::at(Timestamp::from_secs(1000))),
    )
    .await;
    let log = rig.log().await;
    rig.apply(Transition::AppendLog(log, "oold\nold\n".to_owned()))
        .await;
    let path = rig.dir.path().join("weir.sqlite");
    let mut database = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let old = "PRAGMA busy_timeout = 5000; UPDATE log_chunks SET stored_at = NULL; UPDATE logs SET last_stored_at = NULL";
    database.batch_execute(old).unwrap();
    assert_eq!(times(&rig.store, log).await, [(0, None), (1, None)]);
    rig.apply(Transition::AppendLog(log, "onew\n".to_owned())).await;
    assert_eq!(
        times(&rig.store, log).await,
        [(0, None), (1, None), (2, Some(1000))]
    );
}

/// How many bytes the times of a log take in the database, beside all else of it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn what_times_cost() {
    for (writes, lines) in [(5000, 1), (2000, 50), (20, 50_000)] {
        let rig = Rig::sqlite().await;
        let log = rig.log().await;
        for write in 0..writes {
            let text: String = (0..lines)
                .map(|line| format!("ocompiling part {write} of file {line}.c with all warnings\n"))
                .collect();
            rig.apply(Transition::AppendLog(log, text)).await;
        }
        let path = rig.dir.path().join("weir.sqlite");
        rig.store.close().await;
        let mut database = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        let mut size = |what: &str| {
            database
                .batch_execute(&format!("{what}; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)"))
                .unwrap();
            std::fs::metadata(&path).unwrap().len()
        };
        let (with, without) = (size("SELECT 1"), size("UPDATE log_chunks SET stored_at = NULL"));
        let all = f64::from(writes * lines);
        let each = (with - without) as f64 / all;
        println!(
            "{writes} writes of {lines} lines: {each:.4} bytes a line of {:.2}",
            with as f64 / all
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_appended_is_refused() {
    let rig = Rig::sqlite().await;
    let log = rig.log().await;
    let append = |log, text: &str| rig.store.apply(Transition::AppendLog(log, text.to_owned()));
    let error = append(log, "ono line feed").await.unwrap_err();
    assert!(matches!(error, Error::Invalid { .. }), "{error}");
    let error = append(LogId(99), "olost\n").await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    append(log, "okept\n").await.unwrap();
    rig.apply(Transition::FinishLog(log)).await;
    let error = append(log, "otoo late\n").await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    assert_eq!(content(&rig.store, log).await, "okept\n");
}
