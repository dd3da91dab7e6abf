//! What the store bears. Ignored in the common run; `--run-ignored only --no-capture` prints the figures.

use std::time::{Duration, Instant};

use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;
use futures::StreamExt;
use weir_status_api::{Build, BuildField, Query, Read, ReadExt, Signal, Start, TopicFilter, Watch};
use weir_status_db::{NewChange, Transition};

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
