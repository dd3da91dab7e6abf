//! `nightly` and `nightly_triggerable`.

use weir_status_api::{PropertiesOf, Property, Read, Results};

use crate::site::{Site, change, hours, sources};

const AT_THREE: &str =
    r#"nightly("n", builders = [a, b], cron = "0 3 * * *", branch = "main", codebase = "code")"#;
const CHANGED: &str = r#"nightly("n", builders = [a], hour = 3, only_if_changed = True, branch = "main", repository = "/srv/code")"#;

#[tokio::test(start_paused = true)]
async fn it_builds_at_its_times() {
    let site = Site::start(AT_THREE).await;
    site.pass(hours(14)).await;
    assert!(site.buildsets().await.is_empty(), "before its first time");
    site.pass(hours(2)).await;
    let first = site.one_after(0).await;
    assert_eq!(sources(&first), ["code main -"]);
    assert_eq!(site.requests(&first).await.len(), 2);
    site.pass(hours(48)).await;
    assert_eq!(site.buildsets().await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_was_due_while_the_master_was_down_comes_once() {
    let mut site = Site::start(AT_THREE).await;
    // Its very first time comes while nobody is there.
    site.crash();
    site.pass(hours(72)).await;
    site.start_master().await;
    site.one_after(0).await;
    site.crash();
    site.start_master().await;
    site.one_after(0).await;
    site.pass(hours(24)).await;
    site.one_after(1).await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_brings_no_time_twice() {
    let mut site = Site::start(AT_THREE).await;
    site.pass(hours(16)).await;
    site.one_after(0).await;
    site.set_back(hours(2));
    site.pass(hours(4)).await;
    site.one_after(0).await;
    site.crash();
    site.set_back(hours(3));
    site.start_master().await;
    site.pass(hours(4)).await;
    site.one_after(0).await;
    site.pass(hours(24)).await;
    site.one_after(1).await;
}

#[tokio::test(start_paused = true)]
async fn a_disabled_one_lets_its_times_pass() {
    let mut site = Site::start(AT_THREE).await;
    site.enable("n", false).await;
    site.pass(hours(16)).await;
    site.enable("n", true).await;
    site.crash();
    site.start_master().await;
    assert!(site.buildsets().await.is_empty(), "its time has passed");
    site.pass(hours(24)).await;
    site.one_after(0).await;
}

#[tokio::test(start_paused = true)]
async fn it_builds_only_what_changed() {
    let mut site = Site::start(CHANGED).await;
    site.change(change("code", "side", "s1")).await;
    site.pass(hours(16)).await;
    let first = site.one_after(0).await;
    assert_eq!(
        sources(&first),
        [" main -"],
        "its first time counts even without a change"
    );
    site.pass(hours(24)).await;
    site.one_after(0).await;

    site.change(change("code", "main", "m1")).await;
    site.change(change("code", "main", "m2")).await;
    site.change(change("code", "side", "s2")).await;
    site.change(change("other", "main", "o1")).await;
    site.crash();
    site.start_master().await;
    site.one_after(0).await;
    site.pass(hours(24)).await;
    let changed = site.one_after(1).await;
    assert_eq!(sources(&changed), ["code main m2"]);
    site.pass(hours(48)).await;
    site.one_after(1).await;

    // What changes while it is disabled is built later.
    site.enable("n", false).await;
    site.change(change("code", "main", "m3")).await;
    site.pass(hours(24)).await;
    site.one_after(1).await;
    site.enable("n", true).await;
    site.pass(hours(24)).await;
    assert_eq!(sources(&site.one_after(2).await), ["code main m3"]);
}

#[tokio::test(start_paused = true)]
async fn now_and_then_it_builds_what_did_not_change() {
    let always = CHANGED.replace(")", r#", always_at = "0 3 * * mon")"#);
    let site = Site::start(&always).await;
    // Saturday, because it is the first, and Monday.
    site.pass(hours(16)).await;
    site.one_after(0).await;
    site.pass(hours(24)).await;
    site.one_after(0).await;
    site.pass(hours(24)).await;
    site.one_after(1).await;
    site.pass(hours(5 * 24)).await;
    site.one_after(1).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_build_triggered_last_is_built_at_its_times() {
    let mut site = Site::start(
        r#"
n = nightly_triggerable("n", builders = [b], cron = "0 3 * * *", properties = {"of": "n", "night": True})
t = builder("t", workers = [w], steps = [trigger([n], set_properties = {"of": prop("revision")})])
any_branch("changes", builders = [t])
"#,
    )
    .await;
    site.pass(hours(16)).await;
    assert!(site.buildsets().await.is_empty(), "nothing was triggered");
    site.connect("w", true).await;
    for (number, revision) in ["m1", "m2"].into_iter().enumerate() {
        site.change(change("code", "main", revision)).await;
        site.settle().await;
        let by_day = site.one_after(number).await;
        assert_eq!(by_day.results, Some(Results::Success), "{by_day:?}");
    }
    site.connect("w", false).await;
    site.pass(hours(24)).await;
    let night = site.one_after(2).await;
    assert_eq!(site.results(&night).await, [("b".to_owned(), None)]);
    assert_eq!(sources(&night), ["code main m2"], "the last");
    let properties = PropertiesOf::Buildset(night.id);
    let properties = site.store.properties(properties).await.unwrap().value;
    assert_eq!(properties["of"].value, "m2");
    assert_eq!(properties["night"], Property::new(true, "Scheduler"));
    // It is built once, whatever becomes of the master.
    site.crash();
    site.start_master().await;
    site.pass(hours(48)).await;
    site.one_after(2).await;
}
