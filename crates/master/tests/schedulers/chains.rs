//! `dependent`.

use weir_status_api::{Caller, Command, Control, Results};

use crate::site::{Site, change, changes, sources};

const CHAIN: &str = r#"
first = any_branch("first", builders = [a, b])
second = dependent("second", builders = [c], upstream = first)
dependent("third", builders = [a], upstream = "second")
"#;

#[tokio::test(start_paused = true)]
async fn a_success_leads_to_the_next() {
    let site = Site::start(CHAIN).await;
    let made = site.change(change("code", "main", "m1")).await;
    site.settle().await;
    let first = site.one_after(0).await;
    site.end(&first, "a", Results::Success).await;
    site.one_after(0).await;
    site.end(&first, "b", Results::Warnings).await;
    let second = site.one_after(1).await;
    assert_eq!(sources(&second), ["code main m1"]);
    assert_eq!(changes(&site, &second).await, [made]);
    assert_eq!(site.results(&second).await, [("c".to_owned(), None)]);
    site.end(&second, "c", Results::Success).await;
    assert_eq!(site.results(&site.one_after(2).await).await[0].0, "a");
}

#[tokio::test(start_paused = true)]
async fn a_failure_leads_to_nothing() {
    let site = Site::start(CHAIN).await;
    site.change(change("code", "main", "m1")).await;
    site.settle().await;
    let first = site.one_after(0).await;
    site.end(&first, "a", Results::Failure).await;
    site.end(&first, "b", Results::Success).await;
    site.one_after(0).await;
}

#[tokio::test(start_paused = true)]
async fn the_end_comes_while_the_master_is_down() {
    let mut site = Site::start(CHAIN).await;
    site.change(change("code", "main", "m1")).await;
    site.settle().await;
    let first = site.one_after(0).await;
    site.end(&first, "a", Results::Success).await;
    site.crash();
    site.end(&first, "b", Results::Success).await;
    site.one_after(0).await;
    site.start_master().await;
    site.one_after(1).await;
    site.crash();
    site.start_master().await;
    site.one_after(1).await;
}

#[tokio::test(start_paused = true)]
async fn what_ends_while_it_is_disabled_leads_to_nothing() {
    let mut site = Site::start(CHAIN).await;
    site.enable("second", false).await;
    for revision in ["m1", "m2", "m3"] {
        site.change(change("code", "main", revision)).await;
        site.settle().await;
    }
    let [one, two, three] = site.buildsets().await.try_into().unwrap();
    for (upstream, is_down) in [(&one, false), (&two, true)] {
        site.end(upstream, "a", Results::Success).await;
        if is_down {
            site.crash();
        }
        site.end(upstream, "b", Results::Success).await;
    }
    site.start_master().await;
    site.enable("second", true).await;
    assert_eq!(site.buildsets().await.len(), 3);
    site.end(&three, "a", Results::Success).await;
    site.end(&three, "b", Results::Success).await;
    assert_eq!(sources(&site.one_after(3).await), ["code main m3"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_cancelled_leads_to_nothing() {
    let site = Site::start(CHAIN).await;
    site.change(change("code", "main", "m1")).await;
    site.settle().await;
    let first = site.one_after(0).await;
    for (_, request) in site.requests(&first).await {
        let request = request.id;
        let cancel = Command::CancelRequest {
            request,
            reason: None,
        };
        site.store.control(&Caller::named("ada"), cancel).await.unwrap();
    }
    site.settle().await;
    site.one_after(0).await;
}
