//! A runner that is killed between sending and keeping its place.

use std::collections::BTreeMap;

use weir_testbed::eventually;

use crate::receiver::Receiver;
use crate::shown::kept;
use crate::site::{SOON, Site};
use crate::{build, config, webhook};

/// How often each delivery came.
fn times(ids: &[String]) -> BTreeMap<&str, usize> {
    let mut times = BTreeMap::new();
    for id in ids {
        *times.entry(id.as_str()).or_default() += 1;
    }
    times
}

/// Two builds are told; of the next three the master or `weir listen` is killed before it hears that they have arrived.
/// Gives what came by then: the ids of the first two, and those of the others.
async fn until_killed(site: &Site, receiver: &Receiver) -> (Vec<String>, Vec<String>) {
    let first = [build(site).await, build(site).await];
    receiver.knows(&first).await;
    let told = receiver.ids();
    receiver.hangs();
    for _ in 0..3 {
        build(site).await;
    }
    let came = receiver.has(5).await;
    let on_their_way = came[2..].iter().map(|it| it.id.clone()).collect();
    (told, on_their_way)
}

/// Of what came, nothing but what was on its way came twice.
async fn check(site: &Site, receiver: &Receiver, told: &[String], on_their_way: &[String]) {
    let came = receiver.has(8).await;
    // What comes now would come after whatever else was to come again.
    let last = build(site).await;
    receiver.knows(&[last]).await;
    let ids = receiver.ids();
    let id_of_last = &ids[8];
    let mut expected = times(told);
    expected.extend(on_their_way.iter().map(|it| (it.as_str(), 2)));
    expected.insert(id_of_last, 1);
    assert_eq!(times(&ids), expected, "{came:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_is_killed_tells_again_what_was_on_its_way() {
    let receiver = Receiver::start().await;
    let mut site = Site::start(&config(&webhook(&receiver.url))).await;
    let _worker = site.worker("w1");
    let (told, on_their_way) = until_killed(&site, &receiver).await;
    kept(&site, "hook", &told[1]).await;
    site.master.kill();
    site.master.ended(SOON).await;
    receiver.takes();
    site.restart().await;
    check(&site, &receiver, &told, &on_their_way).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_elsewhere_that_is_killed_tells_again_what_was_on_its_way() {
    let receiver = Receiver::start().await;
    let site = Site::start(&config("")).await;
    let (file, places) = (site.path("listeners.star"), site.path("places"));
    std::fs::write(&file, webhook(&receiver.url)).unwrap();
    let (file, folder) = (file.to_str().unwrap(), places.to_str().unwrap());
    let listen = ["listen", "--config", file, "--data", folder];
    let mut listener = site.start_weir(&listen);
    listener.line(SOON, |line| line.contains("listening")).await;
    eventually("it has its place", SOON, async || {
        places.join("hook.cursor").exists()
    })
    .await;
    let _worker = site.worker("w1");
    let (told, on_their_way) = until_killed(&site, &receiver).await;
    let cursor: i64 = told[1].rsplit('-').next().unwrap().parse().unwrap();
    eventually("the place is kept", SOON, async || {
        let kept = std::fs::read_to_string(places.join("hook.cursor")).unwrap_or_default();
        let after = kept.split_whitespace().next().and_then(|it| it.parse().ok());
        after >= Some(cursor)
    })
    .await;
    listener.kill();
    listener.ended(SOON).await;
    receiver.takes();
    let _again = site.start_weir(&listen);
    check(&site, &receiver, &told, &on_their_way).await;
}
