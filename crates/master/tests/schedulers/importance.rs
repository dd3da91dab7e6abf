//! Which changes count, which start builds, and how urgent these are.

use weir_status_db::NewChange;

use crate::site::{Site, change, hours, sources};

/// The priority of a buildset's requests; the schedulers make it the number of its changes.
async fn priority(site: &Site, number: usize) -> i32 {
    let buildsets = site.buildsets().await;
    site.requests(&buildsets[number]).await[0].1.priority
}

fn docs(revision: &str) -> NewChange {
    NewChange {
        files: vec!["docs/index.md".to_owned()],
        ..change("code", "main", revision)
    }
}

const IMPORTANT: &str = r#"important = lambda change: not all([it.startswith("docs/") for it in change.files]) or not change.files, priority = lambda builders, changes: len(changes)"#;

#[tokio::test(start_paused = true)]
async fn what_is_not_important_comes_along_with_what_is() {
    let config =
        format!(r#"single_branch("s", builders = [a, b], branch = "main", tree_stable = "1h", {IMPORTANT})"#);
    let mut site = Site::start(&config).await;
    site.change(docs("d1")).await;
    site.pass(hours(5)).await;
    assert!(site.buildsets().await.is_empty(), "nothing important changed");
    site.crash();
    site.start_master().await;
    site.change(change("code", "main", "c1")).await;
    site.pass(hours(1) / 2).await;
    site.change(docs("d2")).await;
    site.pass(hours(1) / 2).await;
    assert!(site.buildsets().await.is_empty(), "it is not stable");
    site.pass(hours(1)).await;
    assert_eq!(sources(&site.one_after(0).await), ["code main d2"]);
    assert_eq!(priority(&site, 0).await, 3);
    site.change(docs("d3")).await;
    site.pass(hours(5)).await;
    site.one_after(0).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_important_is_passed_over() {
    let config = format!(
        r#"
any_branch("at once", builders = [a], {IMPORTANT})
any_branch("only", builders = [b], tree_stable = "1h", only_important = True, {IMPORTANT})
nightly("n", builders = [c], hour = 3, only_if_changed = True, branch = "main", codebase = "code", {IMPORTANT})"#
    );
    let site = Site::start(&config).await;
    // The first time of a nightly scheduler counts whatever changed.
    site.pass(hours(16)).await;
    site.one_after(0).await;
    site.change(docs("d1")).await;
    site.pass(hours(24)).await;
    site.one_after(0).await;
    site.change(change("code", "main", "c1")).await;
    site.settle().await;
    assert_eq!(
        priority(&site, 1).await,
        1,
        "at once there is nothing to come along"
    );
    site.pass(hours(2)).await;
    assert_eq!(priority(&site, 2).await, 1, "only what is important counts");
    site.pass(hours(24)).await;
    assert_eq!(sources(&site.one_after(3).await), ["code main c1"]);
    assert_eq!(priority(&site, 3).await, 2, "what came before is built with it");
}

#[tokio::test(start_paused = true)]
async fn regular_expressions_choose_changes() {
    let site = Site::start(
        r#"
any_branch("s", builders = [a], branches = [regex("release-[0-9]+$"), "main"], authors = regex("(Ada|Bob) "))
old_build_canceller("old", branches = regex("main"))"#,
    )
    .await;
    for (branch, author) in [
        ("release-1", "Ada <a@weir.example>"),
        ("release-1-rc", "Ada <a@weir.example>"),
        ("main", "Eve <e@weir.example>"),
        ("main", "Bob <b@weir.example>"),
        ("prerelease-2", "Bob <b@weir.example>"),
    ] {
        site.change(NewChange {
            author: author.to_owned(),
            ..change("code", branch, branch)
        })
        .await;
    }
    site.settle().await;
    let built: Vec<_> = site.buildsets().await.iter().map(sources).collect();
    assert_eq!(built, [["code release-1 release-1"], ["code main main"]]);
}

#[tokio::test(start_paused = true)]
async fn schedulers_have_priorities() {
    let site = Site::start(
        r#"
any_branch("s", builders = [a], priority = lambda builders, changes: 7 if changes[0].branch == "main" and builders == ["a"] else -1)
any_branch("broken", builders = [b], priority = lambda builders, changes: "high")
periodic("p", builders = [c], interval = "1d", priority = 5)
dependent("d", builders = [c], upstream = "p", priority = -3)"#,
    )
    .await;
    let nightly = site.one_after(0).await;
    assert_eq!(site.requests(&nightly).await[0].1.priority, 5);
    site.end(&nightly, "c", weir_status_api::Results::Success).await;
    assert_eq!(priority(&site, 1).await, -3);
    site.change(change("code", "main", "m")).await;
    site.settle().await;
    site.change(change("code", "side", "s")).await;
    site.settle().await;
    let mut priorities = vec![];
    for buildset in site.buildsets().await.iter().skip(2) {
        let (builder, request) = site.requests(buildset).await.remove(0);
        priorities.push((builder, request.priority));
    }
    priorities.sort();
    let expected = [("a", -1), ("a", 7), ("b", 0), ("b", 0)].map(|(name, it)| (name.to_owned(), it));
    assert_eq!(priorities, expected);
}
