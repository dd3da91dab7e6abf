//! The configuration of a listener is changed while something waits for it.

use std::path::Path;

use axum::http::StatusCode;
use weir_testbed::{Process, eventually};

use crate::receiver::{Came, Receiver};
use crate::shown::{listener_is, parked, says, waits};
use crate::site::{SOON, Site, text};
use crate::{build, config, hook, webhook};

/// A receiver that takes nothing now.
async fn down() -> Receiver {
    let receiver = Receiver::start().await;
    receiver.says(StatusCode::SERVICE_UNAVAILABLE);
    receiver
}

/// Reports of builds, pushed to a URL.
fn push(url: &str, report: &str) -> String {
    format!("http_push(\"push\", \"{url}\", reports = [build_report({report})])\n")
}

async fn reconfigure(site: &Site, listeners: &str) {
    std::fs::write(site.path("weir.star"), config(listeners)).unwrap();
    says(site, &["reconfig"]).await;
}

/// Builds until the destination of the listener is left alone, and gives the builds, which wait.
async fn wait_for(site: &Site, name: &str) -> Vec<i64> {
    let builds = vec![build(site).await, build(site).await, build(site).await];
    waits(site, name, "the answer is 503").await;
    builds
}

/// The texts of the reports that the receiver took, sorted, once there are so many.
async fn texts(receiver: &Receiver, number: usize) -> Vec<String> {
    let what = format!("{number} are taken");
    let came = receiver
        .until(&what, |came| {
            came.iter().filter(|it| it.is_taken()).count() >= number
        })
        .await;
    let taken = came.iter().filter(|it| it.is_taken());
    let mut texts: Vec<String> = taken
        .map(|it| it.body["text"].as_str().unwrap().to_owned())
        .collect();
    texts.sort_unstable();
    texts
}

/// Sees that the builds came to the receiver in order, once each, by the ids of the tries before.
async fn came_once(receiver: &Receiver, builds: &[i64], before: &[String]) {
    receiver.knows(builds).await;
    let came = receiver.came();
    let mut told: Vec<i64> = came.iter().map(Came::build).collect();
    told.sort_unstable();
    assert_eq!(told, builds);
    for id in before {
        assert!(came.iter().any(|it| it.id == *id), "{id} came under another id");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_told_at_another_address() {
    let (old, new) = (down().await, Receiver::start().await);
    let site = Site::start(&config(&webhook(&old.url))).await;
    let _worker = site.worker("w1");
    let mut builds = wait_for(&site, "hook").await;
    let tried = old.ids();
    reconfigure(&site, &webhook(&new.url)).await;
    let tries = old.ids().len();
    builds.push(build(&site).await);
    came_once(&new, &builds, &tried).await;
    listener_is(&site, "hook", "it is well", |it| it["waiting_reason"].is_null()).await;
    assert_eq!(old.ids().len(), tries, "the old address is asked still");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_told_by_the_new_filter_and_in_the_new_words() {
    let receiver = down().await;
    let old = push(&receiver.url, "text = \"old words\"");
    let site = Site::start(&config(&old)).await;
    let _worker = site.worker("w1");
    wait_for(&site, "push").await;
    let new = "when = lambda report: report.build.number != 2, text = \"build {{ build.number }}\"";
    reconfigure(&site, &push(&receiver.url, new)).await;
    receiver.takes();
    build(&site).await;
    assert_eq!(texts(&receiver, 3).await, ["build 1", "build 3", "build 4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_was_away_goes_on_from_its_place() {
    let receiver = down().await;
    let hook = webhook(&receiver.url);
    let site = Site::start(&config(&hook)).await;
    let _worker = site.worker("w1");
    let mut builds = wait_for(&site, "hook").await;
    let tried = receiver.ids();
    reconfigure(&site, "").await;
    listener_is(&site, "hook", "nobody runs it", |it| it["held_by"].is_null()).await;
    builds.push(build(&site).await);
    let tries = receiver.ids().len();
    receiver.takes();
    reconfigure(&site, &hook).await;
    receiver.knows(&builds).await;
    builds.push(build(&site).await);
    receiver.knows(&builds).await;
    let mut taken = receiver.taken();
    taken.sort_unstable();
    assert_eq!(taken, builds);
    let ids = &receiver.ids()[tries..];
    assert!(tried.iter().all(|it| ids.contains(it)), "{tried:?} {ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_configuration_changes_nothing_for_those_who_wait() {
    let receiver = down().await;
    let site = Site::start(&config(&push(&receiver.url, "text = \"{{ build.number }}\""))).await;
    let _worker = site.worker("w1");
    wait_for(&site, "push").await;
    for (wrong, why) in [
        (
            push(&receiver.url, "text = \"{% if %}\""),
            "'text' is no template",
        ),
        (push("no address", ""), "'url' is no http or https URL"),
        (push(&receiver.url, "mode = \"never\""), "'mode'"),
    ] {
        std::fs::write(site.path("weir.star"), config(&wrong)).unwrap();
        let refused = site.weir(&["reconfig"]).await;
        let said = text(&refused);
        assert!(!refused.status.success(), "{said}");
        assert!(said.contains(why), "{why}: {said}");
    }
    receiver.takes();
    build(&site).await;
    assert_eq!(texts(&receiver, 4).await, ["1", "2", "3", "4"]);
}

/// Has `weir listen` read its file again, which is now `listeners`, and waits for what it says of it.
async fn listen_again(listener: &mut Process, file: &Path, listeners: &str, says: &str) {
    std::fs::write(file, listeners).unwrap();
    let before = listener.output().matches(says).count();
    listener.hang_up();
    eventually(says, SOON, async || {
        listener.output().matches(says).count() > before
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_of_its_own_reads_its_file_again() {
    let (old, new, third) = (down().await, Receiver::start().await, Receiver::start().await);
    let site = Site::start(&config("")).await;
    let file = site.path("listeners.star");
    std::fs::write(&file, webhook(&old.url)).unwrap();
    let mut listen = site.start_weir(&["listen", "--config", file.to_str().unwrap()]);
    listener_is(&site, "hook", "it is held", |it| it["held_by"].is_string()).await;
    let _worker = site.worker("w1");
    let mut builds = wait_for(&site, "hook").await;
    let tried = old.ids();

    // One with a mistake changes nothing.
    let wrong = webhook("no address");
    listen_again(&mut listen, &file, &wrong, "goes by the listeners as they were").await;
    assert!(
        listen.output().contains("'url' is no http or https URL"),
        "{}",
        listen.output()
    );
    let goes_on = "goes by the listeners as they are now";
    listen_again(&mut listen, &file, &webhook(&new.url), goes_on).await;
    builds.push(build(&site).await);
    came_once(&new, &builds, &tried).await;

    // Another comes in its place, and it comes back: what was missed is told.
    let other = hook("other", &third.url, "");
    listen_again(&mut listen, &file, &other, goes_on).await;
    listener_is(&site, "other", "the other is held", |it| {
        it["held_by"].is_string()
    })
    .await;
    listener_is(&site, "hook", "nobody runs it", |it| it["held_by"].is_null()).await;
    let meanwhile = build(&site).await;
    third.knows(&[meanwhile]).await;
    builds.push(meanwhile);
    listen_again(&mut listen, &file, &(other + &webhook(&new.url)), goes_on).await;
    came_once(&new, &builds, &[]).await;
    assert_eq!(third.taken(), [meanwhile]);
    listen.terminate();
    assert!(listen.ended(SOON).await.success());
    listener_is(&site, "hook", "nobody runs it", |it| it["held_by"].is_null()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_template_cannot_say_is_told_when_it_is_mended() {
    let receiver = Receiver::start().await;
    let text = |template: &str| push(&receiver.url, &format!("text = \"{template}\""));
    // There is no such property, and only the second build is asked for it.
    let broken =
        "{% if build.number == 2 %}{{ properties.release }}{% else %}build {{ build.number }}{% endif %}";
    let site = Site::start(&config(&text(broken))).await;
    let _worker = site.worker("w1");
    for _ in 0..3 {
        build(&site).await;
    }
    let why = parked(&site, "push", 1).await.remove(0);
    assert!(
        why.contains("template") && why.contains("undefined value"),
        "{why}"
    );
    receiver.has(2).await;
    reconfigure(&site, &text("build {{ build.number }}, mended")).await;
    says(&site, &["listen", "replay", "push"]).await;
    parked(&site, "push", 0).await;
    let came = receiver.came();
    let told: Vec<&str> = came.iter().map(|it| it.body["text"].as_str().unwrap()).collect();
    assert_eq!(told, ["build 1", "build 3", "build 2, mended"]);
    let cursor = |it: &Came| it.id.rsplit('-').next().unwrap().parse::<i64>().unwrap();
    assert!(
        (cursor(&came[0])..cursor(&came[1])).contains(&cursor(&came[2])),
        "{came:#?}"
    );
}
