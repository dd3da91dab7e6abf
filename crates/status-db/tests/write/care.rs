//! Copies that are made while others write, and what is put back; space that is given back; sizes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use weir_status_api::conformance::HandClock;
use weir_status_api::{Clock, Log, LogId, Query, Read, ReadExt};
use weir_status_db::{Database, Error, Options, Retention, Store, Transition, backup, restore, stats};
use weir_testbed::eventually;

use crate::rig::{Rig, new_buildset, open};

/// What line `number` of a log is.
fn line(log: LogId, number: i64) -> String {
    format!("oline {number} of log {log}\n")
}

/// Writes until it is told to stop.
async fn write(rig: &Rig, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let log = rig.log().await;
        for number in 0..20 {
            rig.apply(Transition::AppendLog(log, line(log, number))).await;
        }
    }
}

/// Each log has the lines that it says it has; how many logs there are.
async fn check(store: &Store) -> usize {
    let logs = store.page(Query::<Log>::new().limit(10_000)).await.unwrap().items;
    for log in &logs {
        let content = store
            .log_content(log.id.into(), 0, 1_000)
            .await
            .unwrap()
            .value
            .content;
        let expected: String = (0..log.num_lines).map(|number| line(log.id, number)).collect();
        assert_eq!(content, expected, "{log:?}");
    }
    logs.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_while_others_write_is_whole() {
    let rig = Rig::sqlite().await;
    let rig = &rig;
    let stop = AtomicBool::new(false);
    let folder = tempfile::tempdir().unwrap();
    let copying = async {
        let mut counts = vec![];
        for number in 0..4 {
            let copy = folder.path().join(format!("copy {number}"));
            let data = folder.path().join(format!("data {number}"));
            let made = backup(
                rig.dir.path().to_owned(),
                copy.clone(),
                HandClock::default().now(),
            )
            .await
            .unwrap();
            assert!(made.files >= 1, "{made:?}");
            restore(copy, data.clone()).await.unwrap();
            let store = open(Database::Sqlite, &data).await;
            counts.push(check(&store).await);
            store.close().await;
        }
        stop.store(true, Ordering::Relaxed);
        counts
    };
    let (counts, ()) = futures::join!(copying, write(rig, &stop));
    assert!(counts.is_sorted(), "{counts:?}");
    assert!(counts.last().is_some_and(|last| *last > 0), "{counts:?}");
}

fn segment(copy: &Path) -> std::path::PathBuf {
    copy.join("logs/0000000001.zst")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_not_whole_is_refused() {
    let rig = Rig::sqlite().await;
    let log = rig.log().await;
    rig.apply(Transition::AppendLog(log, line(log, 0))).await;
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    let at = HandClock::default().now();
    let make = || backup(rig.dir.path().to_owned(), copy.clone(), at);
    make().await.unwrap();
    // A copy is never written over.
    assert!(matches!(make().await, Err(Error::Conflict { .. })));

    let data = folder.path().join("data");
    let put_back = || restore(copy.clone(), data.clone());
    let whole = std::fs::read(segment(&copy)).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    let longer = [whole.as_slice(), b"x"].concat();
    for damaged in [&whole[..whole.len() - 1], &flipped, &longer, b""] {
        std::fs::write(segment(&copy), damaged).unwrap();
        let error = put_back().await.unwrap_err();
        assert!(matches!(&error, Error::Invalid { .. }), "{error}");
        assert!(error.to_string().contains("0000000001.zst"), "{error}");
        assert!(!data.exists(), "nothing is half put back");
    }
    std::fs::remove_file(segment(&copy)).unwrap();
    assert!(matches!(put_back().await, Err(Error::Invalid { .. })));
    std::fs::write(segment(&copy), &whole).unwrap();

    let manifest = std::fs::read_to_string(copy.join("manifest.json")).unwrap();
    let outside = manifest.replace("logs/0000000001.zst", "logs/../../1.zst");
    for text in [
        "",
        "{}",
        &manifest.replace("\"format\": 1", "\"format\": 9"),
        &outside,
    ] {
        std::fs::write(copy.join("manifest.json"), text).unwrap();
        assert!(matches!(put_back().await, Err(Error::Invalid { .. })), "{text}");
    }
    std::fs::write(copy.join("manifest.json"), manifest).unwrap();

    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("mine"), "").unwrap();
    assert!(matches!(put_back().await, Err(Error::Conflict { .. })));
    std::fs::remove_file(data.join("mine")).unwrap();
    put_back().await.unwrap();
    let store = open(Database::Sqlite, &data).await;
    assert_eq!(check(&store).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vacuum_gives_room_back_and_stats_tell() {
    let dir = tempfile::tempdir().unwrap();
    let clock = HandClock::default();
    let rig = Rig::at(Database::Sqlite, Arc::new(clock.clone())).await;
    for _ in 0..300 {
        let new = Transition::AddBuildset(Box::new(new_buildset(rig.builders.to_vec())));
        rig.apply(new).await;
    }
    let counted = stats(&Database::Sqlite, rig.dir.path()).await.unwrap();
    let rows = |stats: &weir_status_db::Stats, name: &str| {
        let table = stats.tables.iter().find(|it| it.name == name);
        table.map(|it| (it.rows, it.bytes > 0))
    };
    assert_eq!(rows(&counted, "build_requests"), Some((600, true)));
    assert!(counted.database_bytes > 100_000);
    assert_eq!(counted.builders, []);

    clock.advance(super::retention::DAY * 10);
    rig.buildset().await;
    let events = Retention {
        events: Some(super::retention::DAY),
        ..Retention::default()
    };
    let gone = rig.store.retain(&events).await.unwrap();
    assert!(gone.events > 600, "{gone:?}");
    let tidied = rig.store.vacuum().await.unwrap();
    assert!(tidied.database_bytes > 50_000, "{tidied:?}");
    let again = rig.store.vacuum().await.unwrap();
    assert_eq!(again.database_bytes, 0);

    // Whoever looks makes nothing.
    let missing = stats(&Database::Sqlite, dir.path()).await;
    assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    let refused = Store::open(Options {
        database: Database::Sqlite,
        data_dir: rig.dir.path().to_owned(),
        clock: Arc::new(clock),
    });
    assert!(matches!(refused.await.map(drop), Err(Error::InUse { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_write_ahead_log_is_moved_while_the_store_is_open() {
    let rig = Rig::sqlite().await;
    rig.apply(Transition::AddBuildset(Box::new(new_buildset(
        rig.builders.to_vec(),
    ))))
    .await;
    let file = rig.dir.path().join("weir.sqlite");
    eventually(
        "what was written is in the file",
        Duration::from_secs(20),
        async || {
            let bytes = std::fs::read(&file).unwrap();
            bytes.windows(6).any(|it| it == b"a test").then_some(())
        },
    )
    .await;
}
