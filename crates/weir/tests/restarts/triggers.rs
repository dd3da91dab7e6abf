//! Steps that trigger builds, of a master that is killed meanwhile.

use weir_status_api::{Build, Buildset, BuildsetField, Query, ReadExt, Results, Step, StepField};
use weir_testbed::eventually;

use super::site::{SOON, Site, text};

const CONFIG: &str = r#"
master(anonymous_control = True)
w1 = worker("w1", token_file = "w1.token")
w2 = worker("w2", token_file = "w2.token")
HOLD = {"HOLD": "@HOLD@"}
builder("child", workers = [w2], steps = [shell("while [ ! -e $HOLD ]; do sleep 0.1; done; exit $(cat $HOLD)", name = "work", env = HOLD)])
triggerable("children", builders = ["child"])
builder("parent", workers = [w1], steps = [
    trigger(["children"], wait = True, retries = 1, name = "wait"),
    shell("echo after", name = "after"),
])
force("force", builders = ["parent"])
"#;

async fn site() -> (Site, std::path::PathBuf) {
    let hold = tempfile::tempdir().unwrap().keep().join("hold");
    let config = CONFIG.replace("@HOLD@", hold.to_str().unwrap());
    (Site::start(&config).await, hold)
}

/// The buildsets that builds have triggered.
async fn triggered(site: &Site) -> Vec<Buildset> {
    let all = Query::<Buildset>::new().ascending(BuildsetField::Id);
    let mut all = site.api().page(all).await.unwrap().items;
    all.retain(|it| it.parent_build.is_some());
    all
}

/// Waits until the step of the build shows a link to a build that it waits for.
async fn linked(site: &Site, build: &Build) {
    eventually("the step shows the build", SOON, async || {
        let steps = Query::<Step>::new()
            .eq(StepField::Build, build.id)
            .eq(StepField::Number, 0);
        let steps = site.api().page(steps).await.unwrap().items;
        steps.first().is_some_and(|it| !it.urls.is_empty())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_triggered_is_there_once_and_waited_for() {
    let (mut site, hold) = site().await;
    let _w1 = site.worker("w1");
    let request = site.force("parent").await;
    // While the step begins, or just after; then while what it triggered waits for a worker.
    let parent = site.begun(request).await;
    site.kill_and_restart().await;
    eventually("something is triggered", SOON, async || {
        !triggered(&site).await.is_empty()
    })
    .await;
    site.kill_and_restart().await;
    let _w2 = site.worker("w2");
    linked(&site, &parent).await;
    // What is triggered stands, though its scheduler is disabled since.
    let output = site.weir(&["disable", "children"]).await;
    assert!(output.status.success(), "{}", text(&output));
    site.kill_and_restart().await;
    // It ends while the master is down.
    site.master.kill();
    site.master.ended(SOON).await;
    std::fs::write(&hold, "0").unwrap();
    site.restart().await;
    let build = site.finished(request).await;
    assert_eq!(
        (build.results, build.number),
        (Some(Results::Success), 1),
        "{build:?}"
    );
    let made = triggered(&site).await;
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(made[0].parent_build, Some(build.id));
    let step = site.step(&build, "wait").await;
    assert_eq!(step.state, "triggered children");
    let log = site.log_text(&step).await;
    assert_eq!(log.matches("children: buildset").count(), 1, "{log}");
    assert_eq!(site.step(&build, "after").await.results, Some(Results::Success));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_comes_through_and_is_tried_again() {
    let (mut site, hold) = site().await;
    let (_w1, _w2) = (site.worker("w1"), site.worker("w2"));
    let request = site.force("parent").await;
    let parent = site.begun(request).await;
    linked(&site, &parent).await;
    std::fs::write(&hold, "1").unwrap();
    eventually("it is tried again", SOON, async || {
        triggered(&site).await.len() == 2
    })
    .await;
    site.kill_and_restart().await;
    let build = site.finished(request).await;
    assert_eq!(build.results, Some(Results::Failure), "{build:?}");
    let made = triggered(&site).await;
    let results: Vec<_> = made.iter().map(|it| it.results).collect();
    assert_eq!(results, [Some(Results::Failure); 2], "{made:?}");
    assert_eq!(site.step(&build, "wait").await.state, "children (failure)");
}
