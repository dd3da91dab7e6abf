//! `old_build_canceller` and `failing_buildset_canceller`.

use weir_status_api::Results;

use crate::site::{Site, change};

const SCHEDULER: &str = "any_branch('s', builders = [a, b, c])\n";

/// Which builders' requests of the buildset are cancelled.
async fn cancelled(site: &Site, number: usize) -> Vec<String> {
    let buildset = &site.buildsets().await[number];
    let results = site.results(buildset).await.into_iter();
    let cancelled = results.filter(|(_, it)| *it == Some(Results::Cancelled));
    cancelled.map(|(name, _)| name).collect()
}

async fn push(site: &Site, branch: &str, revision: &str) {
    site.change(change("code", branch, revision)).await;
    site.settle().await;
}

#[tokio::test(start_paused = true)]
async fn a_newer_change_cancels_what_is_built_of_an_older() {
    let config =
        format!("{SCHEDULER}old_build_canceller('old', builders = [a, b], branches = ['m*', 'refs/*'])");
    let mut site = Site::start(&config).await;
    push(&site, "main", "m1").await;
    push(&site, "maint", "another branch").await;
    push(&site, "side", "s1").await;
    push(&site, "side", "s2").await;
    assert!(cancelled(&site, 0).await.is_empty());
    push(&site, "main", "m2").await;
    assert_eq!(cancelled(&site, 0).await, ["a", "b"]);
    assert!(cancelled(&site, 1).await.is_empty());
    assert!(
        cancelled(&site, 2).await.is_empty(),
        "its branch is not looked at"
    );
    push(&site, "refs/changes/34/1234/1", "r1").await;
    push(&site, "refs/changes/34/1234/2", "r2").await;
    assert_eq!(cancelled(&site, 5).await, ["a", "b"]);
    assert!(cancelled(&site, 6).await.is_empty());

    site.crash();
    site.start_master().await;
    assert!(cancelled(&site, 4).await.is_empty());
    push(&site, "main", "m3").await;
    assert_eq!(cancelled(&site, 4).await, ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_cancels_the_rest_of_its_buildset() {
    let config = format!("{SCHEDULER}failing_buildset_canceller('f', builders = ['a'], branches = ['main'])");
    let mut site = Site::start(&config).await;
    for branch in ["main", "main", "side"] {
        push(&site, branch, branch).await;
    }
    let buildsets = site.buildsets().await;
    site.end(&buildsets[0], "b", Results::Failure).await;
    assert!(
        cancelled(&site, 0).await.is_empty(),
        "it does not look at that builder"
    );
    site.end(&buildsets[0], "a", Results::Failure).await;
    assert_eq!(cancelled(&site, 0).await, ["c"]);
    assert!(cancelled(&site, 1).await.is_empty());
    site.end(&buildsets[2], "a", Results::Failure).await;
    assert!(
        cancelled(&site, 2).await.is_empty(),
        "it does not look at that branch"
    );
    // It fails while nobody watches.
    site.crash();
    site.end(&buildsets[1], "a", Results::Failure).await;
    site.start_master().await;
    assert_eq!(cancelled(&site, 1).await, ["b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_cancels_only_the_builders_that_are_named() {
    let config = format!("{SCHEDULER}failing_buildset_canceller('f', cancel = ['c'])");
    let site = Site::start(&config).await;
    push(&site, "main", "m1").await;
    site.end(&site.buildsets().await[0], "b", Results::Failure).await;
    assert_eq!(cancelled(&site, 0).await, ["c"]);
}
