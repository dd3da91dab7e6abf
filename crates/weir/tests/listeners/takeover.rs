//! One listener in two places: one tells, the other waits, and takes over when the first ends or is halted.

use std::path::Path;

use weir_testbed::{Postgres, Process};

use crate::receiver::Receiver;
use crate::shown::{kept, listener, listener_is, says};
use crate::site::{SOON, Site};
use crate::{build, config, webhook};

/// What a runner says that waits for another.
const WAITS: &str = "another runs this listener; waiting in case it ends";

/// How often a delivery came.
fn times(ids: &[String], id: &str) -> usize {
    ids.iter().filter(|it| *it == id).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_masters_on_one_database_one_tells_and_the_other_takes_over() {
    let postgres = Postgres::start().unwrap();
    let database = postgres.url();
    let receiver = Receiver::start().await;
    let config = config(&webhook(&receiver.url));
    let mut first = Site::start_on(&config, Some(database.clone())).await;
    let folder = first.path("data");
    let of_first = |it: &serde_json::Value| {
        let on = it["held_by"].as_str().unwrap_or_default();
        on.contains(folder.to_str().unwrap())
    };
    listener_is(&first, "hook", "the first master holds it", of_first).await;
    let mut second = Site::start_on(&config, Some(database)).await;
    second.master.line(SOON, |line| line.contains(WAITS)).await;
    let _worker = second.worker("w1");

    // One that is told, and two that are on their way when the first is killed.
    let told = build(&second).await;
    receiver.knows(&[told]).await;
    let told = receiver.ids().remove(0);
    kept(&second, "hook", &told).await;
    receiver.hangs();
    build(&second).await;
    build(&second).await;
    let on_their_way = receiver.has(3).await.split_off(1);
    first.master.kill();
    first.master.ended(SOON).await;
    let shown = listener(&second, "hook").await;
    assert!(of_first(&shown), "it is held for half a minute: {shown}");
    receiver.takes();

    // Nothing else comes twice, and these by the same ids.
    receiver.has(5).await;
    let after = build(&second).await;
    receiver.knows(&[after]).await;
    let ids = receiver.ids();
    assert_eq!(ids.len(), 6, "{ids:?}");
    assert_eq!(times(&ids, &told), 1, "{ids:?}");
    for it in &on_their_way {
        assert_eq!(times(&ids, &it.id), 2, "{ids:?}");
    }
    assert_eq!(times(&ids, &ids[5]), 1, "{ids:?}");
    let shown = says(&second, &["listeners"]).await;
    assert!(shown.contains(second.path("data").to_str().unwrap()), "{shown}");
}

/// Starts `weir listen` on the file, its places with the master.
fn listen(site: &Site, file: &Path) -> Process {
    site.start_weir(&["listen", "--config", file.to_str().unwrap()])
}

/// Waits until that process holds the listener.
async fn held_by(site: &Site, process: &Process) {
    let name = format!("process {}", process.id().unwrap());
    listener_is(site, "hook", "that process holds it", |it| {
        it["held_by"].as_str().is_some_and(|it| it.ends_with(&name))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_halted_until_another_has_taken_over_sends_nothing_more() {
    let receiver = Receiver::start().await;
    let site = Site::start(&config("")).await;
    let file = site.path("listeners.star");
    std::fs::write(&file, webhook(&receiver.url)).unwrap();
    let mut first = listen(&site, &file);
    held_by(&site, &first).await;
    let mut second = listen(&site, &file);
    second.line(SOON, |line| line.contains(WAITS)).await;
    let _worker = site.worker("w1");

    let told = build(&site).await;
    receiver.knows(&[told]).await;
    kept(&site, "hook", &receiver.ids()[0]).await;
    receiver.hangs();
    let on_its_way = build(&site).await;
    receiver.has(2).await;
    first.halt(SOON).await;
    receiver.takes();
    // The first finds this before it when it wakes.
    let meanwhile = build(&site).await;
    held_by(&site, &second).await;
    receiver.has(4).await;
    receiver.knows(&[on_its_way, meanwhile]).await;
    kept(&site, "hook", receiver.ids().last().unwrap()).await;
    first.resume();
    first.line(SOON, |line| line.contains(WAITS)).await;
    let after = build(&site).await;
    receiver.knows(&[after]).await;

    let ids = receiver.ids();
    let came = receiver.came();
    let mut builds: Vec<i64> = came.iter().map(|it| it.build()).collect();
    builds.sort_unstable();
    assert_eq!(
        builds,
        [told, on_its_way, on_its_way, meanwhile, after],
        "{ids:?}"
    );
    let of_twice = came.iter().filter(|it| it.build() == on_its_way);
    let mut ids_of_twice: Vec<&str> = of_twice.map(|it| it.id.as_str()).collect();
    ids_of_twice.dedup();
    assert_eq!(ids_of_twice.len(), 1, "{ids:?}");
    held_by(&site, &second).await;
}
