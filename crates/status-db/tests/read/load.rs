//! What the store bears. Ignored in the common run; `--run-ignored only --no-capture` prints the figures.

use std::time::{Duration, Instant};

use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;
use futures::StreamExt;
use weir_status_api::{Build, BuildField, Query, Read, ReadExt, Signal, Start, TopicFilter, Watch};
use weir_status_db::{NewChange, Retention, Transition};

use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn any_range_of_a_million_lines() {
    let rig = Rig::sqlite().await;
    let log = rig.log().await;
    let start = Instant::now();
    for part in 0..1000 {
        let text: String = (0..1000)
            .map(|line| format!("ocompiling module {part} file {line}: nothing to say about it\n"))
            .collect();
        rig.apply(Transition::AppendLog(log, text)).await;
    }
    println!("1,000,000 lines written in {:?}", start.elapsed());
    let mut times = vec![];
    for number in 0..500_i64 {
        let first = number * 7919 * 251 % 1_000_000;
        let start = Instant::now();
        let chunk = rig.store.log_content(log.into(), first, 100).await.unwrap().value;
        times.push(start.elapsed());
        let expected = format!("ocompiling module {} file {}:", first / 1000, first % 1000);
        assert!(chunk.content.starts_with(&expected), "{first}");
    }
    report("100 lines anywhere", times);
}

/// Builds with a request, a buildset, a step, a log and a chunk each, which ended long ago.
fn fill_with_history(rig: &Rig, builds: i64) {
    let file = rig.dir.path().join("weir.sqlite");
    let mut database = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    let numbers = format!(
        "WITH RECURSIVE n (n) AS (SELECT 1001 UNION ALL SELECT n + 1 FROM n WHERE n < {})",
        1000 + builds
    );
    for sql in [
        "INSERT INTO buildsets (id, reason, submitted_at, complete_at, results, properties_json) \
         SELECT n, 'history', n, n, 0, '{}' FROM n",
        "INSERT INTO buildset_sources SELECT n, 1 FROM n",
        "INSERT INTO build_requests (id, buildset, builder, priority, claimed_at, claimed_by, complete_at, results, \
         submitted_at, waited_for) SELECT n, n, 1, 0, n, 1, n, 0, n, FALSE FROM n",
        "INSERT INTO builds (id, number, builder, request, worker, master, started_at, complete_at, locks_duration_s, \
         results, state) SELECT n, n, 1, n, 1, 1, n, n, 0, 0, 'build successful' FROM n",
        "INSERT INTO build_properties SELECT n, 'branch', '\"main\"', 'history' FROM n",
        "INSERT INTO steps (id, number, name, build, started_at, complete_at, results, state, urls_json, hidden) \
         SELECT n, 0, 'compile', n, n, n, 0, 'compiled', '[]', FALSE FROM n",
        "INSERT INTO logs (id, name, slug, step, complete, num_lines, kind) SELECT n, 'stdio', 'stdio', n, TRUE, 1, 's' FROM n",
        "INSERT INTO log_chunks SELECT n, 0, 1, 1, 0, 1, n FROM n",
    ] {
        let (insert, select) = sql.split_once(" SELECT ").unwrap();
        let sql = format!("PRAGMA busy_timeout = 5000; {insert} {numbers} SELECT {select}");
        database.batch_execute(&sql).unwrap();
    }
}

/// `WEIR_BUILDS` says how many there are.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn what_is_too_old_goes_beside_others_who_write() {
    let builds = std::env::var("WEIR_BUILDS").map_or(1_000_000, |it| it.parse().unwrap());
    let rig = Rig::sqlite().await;
    let log = rig.log().await;
    rig.apply(Transition::AppendLog(log, "obegun\n".to_owned())).await;
    let start = Instant::now();
    fill_with_history(&rig, builds);
    println!("{builds} builds made in {:?}", start.elapsed());
    let retention = Retention {
        builds: Some(Duration::from_secs(86_400)),
        ..Retention::default()
    };
    let store = rig.store.clone();
    let start = Instant::now();
    let retaining = tokio::spawn(async move { store.retain(&retention).await.unwrap() });
    let mut waits = vec![];
    while !retaining.is_finished() && start.elapsed() < Duration::from_secs(120) {
        let begun = Instant::now();
        rig.apply(Transition::AppendLog(log, "oline\n".to_owned())).await;
        waits.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = start.elapsed();
    let left = rig.store.page(Query::<Build>::new().limit(0)).await;
    println!("in {took:?}; {left:?}");
    if retaining.is_finished() {
        println!("{:?}", retaining.await.unwrap());
    } else {
        retaining.abort();
    }
    report("an append meanwhile", waits);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn the_last_builds_of_a_hundred_thousand() {
    let rig = Rig::sqlite().await;
    let (_, [request, _]) = rig.buildset().await;
    // Through the front door it would take minutes.
    let file = rig.dir.path().join("weir.sqlite");
    let mut database = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    let sql = format!(
        "PRAGMA busy_timeout = 5000; WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 50000) \
         INSERT INTO builds (number, builder, request, worker, master, started_at, complete_at, \
         locks_duration_s, results, state) \
         SELECT n, builder.id, {request}, {}, {}, n, n + 1, 0, 0, 'build successful' \
         FROM n, (SELECT id FROM builders) AS builder",
        rig.worker, rig.master
    );
    database.batch_execute(&sql).unwrap();
    let query = || {
        let of_builder = Query::<Build>::new().eq(BuildField::Builder, rig.builders[0]);
        of_builder.descending(BuildField::Number).limit(50)
    };
    let mut times = vec![];
    for _ in 0..500 {
        let start = Instant::now();
        let page = rig.store.page(query()).await.unwrap();
        times.push(start.elapsed());
        assert_eq!((page.items.len(), page.items[0].number), (50, 50_000));
    }
    report("50 last builds of 100,000", times);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn ten_thousand_watchers() {
    const WATCHERS: usize = 10_000;
    const EVENTS: usize = 100;
    let rig = Rig::sqlite().await;
    let mut watchers = vec![];
    for number in 0..WATCHERS {
        let filter = if number % 2 == 0 {
            TopicFilter::all()
        } else {
            TopicFilter::parse("changes/*/new").unwrap()
        };
        watchers.push(rig.store.watch(filter, Start::Now).await.unwrap());
    }
    let readers: Vec<_> = watchers
        .into_iter()
        .map(|mut stream| {
            tokio::spawn(async move {
                let mut changes = 0;
                while changes < EVENTS {
                    if let Signal::Event(event) = stream.next().await.unwrap().unwrap() {
                        changes += usize::from(matches!(event.entity, weir_status_api::Entity::Change(_)));
                    }
                }
            })
        })
        .collect();
    let start = Instant::now();
    for number in 0..EVENTS {
        let author = format!("author {number}");
        rig.apply(Transition::AddChange(Box::new(NewChange {
            author,
            ..NewChange::default()
        })))
        .await;
    }
    let written = start.elapsed();
    for reader in readers {
        reader.await.unwrap();
    }
    let all = start.elapsed();
    let each = all / u32::try_from(WATCHERS * EVENTS).unwrap();
    println!(
        "{EVENTS} events to {WATCHERS} watchers: written in {written:?}, all read in {all:?}, {each:?} each"
    );
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    println!(
        "{what}: median {:?}, worst {:?}",
        times[times.len() / 2],
        times[times.len() - 1]
    );
}
