//! Several codebases in one buildset.

use crate::site::{Site, change, hours, sources};

const CODEBASES: &str = r#"codebases = {
    "app": {"repository": "/srv/app", "branch": "main"},
    "lib": {"repository": "/srv/lib", "branch": "stable"},
}"#;

#[tokio::test(start_paused = true)]
async fn a_change_of_one_is_built_with_the_newest_of_the_others() {
    let config = format!(r#"any_branch("s", builders = [a], {CODEBASES})"#);
    let mut site = Site::start(&config).await;
    site.change(change("app", "main", "a1")).await;
    site.settle().await;
    assert_eq!(sources(&site.one_after(0).await), ["app main a1", "lib stable -"]);
    site.change(change("lib", "stable", "l1")).await;
    site.settle().await;
    assert_eq!(
        sources(&site.one_after(1).await),
        ["app main a1", "lib stable l1"]
    );
    // A branch of its own says nothing of what others are built with.
    site.change(change("lib", "side", "l2")).await;
    site.settle().await;
    assert_eq!(sources(&site.one_after(2).await), ["app main a1", "lib side l2"]);
    site.crash();
    site.start_master().await;
    site.change(change("app", "main", "a2")).await;
    site.change(change("docs", "main", "d1")).await;
    site.settle().await;
    assert_eq!(
        sources(&site.one_after(3).await),
        ["app main a2", "lib stable l1"]
    );
}

#[tokio::test(start_paused = true)]
async fn one_branch_of_all_is_built_together_once_it_is_stable() {
    let codebases = CODEBASES.replace("stable", "main");
    let config =
        format!(r#"single_branch("s", builders = [a], branch = "main", tree_stable = "1h", {codebases})"#);
    let mut site = Site::start(&config).await;
    site.change(change("app", "main", "a1")).await;
    site.pass(hours(1) / 2).await;
    site.change(change("lib", "main", "l1")).await;
    site.crash();
    site.start_master().await;
    site.change(change("app", "main", "a2")).await;
    site.pass(hours(1) / 2).await;
    assert!(site.buildsets().await.is_empty(), "it is not stable");
    site.pass(hours(1)).await;
    assert_eq!(sources(&site.one_after(0).await), ["app main a2", "lib main l1"]);
}

#[tokio::test(start_paused = true)]
async fn the_clock_builds_all_of_them() {
    let config = format!(
        r#"
periodic("p", builders = [a], interval = "100h", {CODEBASES})
nightly("n", builders = [b], hour = 3, only_if_changed = True, {CODEBASES})"#
    );
    let site = Site::start(&config).await;
    assert_eq!(sources(&site.one_after(0).await), ["app main -", "lib stable -"]);
    site.change(change("lib", "main", "of another branch")).await;
    site.change(change("lib", "stable", "l1")).await;
    site.pass(hours(16)).await;
    assert_eq!(sources(&site.one_after(1).await), ["app main -", "lib stable l1"]);
    site.change(change("app", "main", "a1")).await;
    site.pass(hours(24)).await;
    assert_eq!(
        sources(&site.one_after(2).await),
        ["app main a1", "lib stable l1"]
    );
}
