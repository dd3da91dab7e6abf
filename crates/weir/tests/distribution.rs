//! Which request is built when: locks, requests that stand for others, and limits.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::path::{Path, PathBuf};

use site::{SOON, Site, text};
use weir_status_api::{
    Build, BuildRequest, BuildRequestField, Buildset, Caller, ControlExt, Key, Query, ReadExt, Results, Step,
};
use weir_testbed::eventually;

const CONFIG: &str = r#"
master(anonymous_control = True)
worker("w1", token_file = "w1.token", max_builds = 4)
net = lock("net")
def held(file):
    return "while [ ! -e @HOLD@/%s ]; do sleep 0.05; done" % file
def make(name, locks = [], step_locks = []):
    builder(name, workers = ["w1"], locks = locks, steps = [
        shell(held(name), name = "hold", locks = step_locks),
        shell("true", name = "always", always_run = True),
    ])
    force("force-" + name, builders = [name])
make("first", step_locks = [net.exclusive()])
make("second", step_locks = [net.exclusive()])
make("third", locks = [net.counting()])
make("fourth", step_locks = [net.counting()])
make("free")
builder("between", workers = ["w1"], steps = [
    master_shell(held("between"), name = "hold", rerun = True),
    shell("true"),
])
force("force-between", builders = ["between"])
builder("endless", workers = ["w1"], total_timeout = "300ms", steps = [
    shell("sleep 600", name = "hold"),
    shell("true", name = "not"),
    shell("true", name = "always", always_run = True),
])
force("force-endless", builders = ["endless"])
builder("chosen", workers = ["w1"], steps = [shell("true")], next_build = lambda requests: requests[-1],
    collapse_requests = lambda request, other: request.reason == other.reason)
force("force-chosen", builders = ["chosen"])
"#;

async fn site() -> (Site, PathBuf) {
    let hold = tempfile::tempdir().unwrap().keep();
    (
        Site::start(&CONFIG.replace("@HOLD@", hold.to_str().unwrap())).await,
        hold,
    )
}

fn release(hold: &Path, builder: &str) {
    std::fs::write(hold.join(builder), "").unwrap();
}

/// Waits until the step `hold` of the build is in a state that begins so.
async fn holds(site: &Site, build: &Build, state: &str) -> Step {
    eventually(state, SOON, async || {
        let steps = site.steps(build).await;
        let found = steps.into_iter().find(|it| it.name == "hold");
        found.filter(|it| it.state.starts_with(state))
    })
    .await
}

async fn request(site: &Site, id: i64) -> BuildRequest {
    let query = Query::<BuildRequest>::new().eq(BuildRequestField::Id, id);
    site.api().page(query).await.unwrap().items.pop().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn builds_and_steps_wait_for_locks() {
    let (mut site, hold) = site().await;
    let mut worker = site.worker("w1");
    let first = site.begun(site.force("first").await).await;
    let had = holds(&site, &first, "running").await;
    assert_eq!(had.started_at, had.locks_acquired_at, "{had:?}");

    // A step waits while its build runs, and says for whom.
    let second_request = site.force("second").await;
    let second = site.begun(second_request).await;
    let waits = holds(&site, &second, "waiting for lock net, held by first/1").await;
    assert!(
        waits.started_at.is_some() && waits.locks_acquired_at.is_none(),
        "{waits:?}"
    );

    // A build does not begin, though it has a worker; others do.
    let third = site.force("third").await;
    let fourth_request = site.force("fourth").await;
    let fourth = site.begun(fourth_request).await;
    holds(&site, &fourth, "waiting for lock net").await;
    let waits = eventually("the request waits", SOON, async || {
        request(&site, third).await.waiting_for
    })
    .await;
    assert!(waits.starts_with("lock net, held by first/1"), "{waits}");
    let status = site.weir(&["status"]).await;
    assert!(
        text(&status).contains("1 waiting: lock net, held by first/1"),
        "{}",
        text(&status)
    );
    assert!(site.builds_of(third).await.is_empty());

    // A step that waits can be stopped, and runs what always runs.
    let api = site.api();
    api.stop_build(&Caller::anonymous(), fourth.id.into(), "no longer wanted")
        .await
        .unwrap();
    let fourth = site.finished(fourth_request).await;
    assert_eq!(fourth.results, Some(Results::Cancelled), "{fourth:?}");
    let stopped = site.step(&fourth, "hold").await;
    assert_eq!(stopped.results, Some(Results::Cancelled), "{stopped:?}");
    assert!(stopped.locks_acquired_at.is_none(), "{stopped:?}");

    // A master that begins again gives its locks back to what goes on, before anything new begins.
    drop(api);
    site.kill_and_restart().await;
    site.worker_connected("w1", true).await;
    holds(&site, &second, "waiting for lock net, held by first/1").await;
    assert!(site.builds_of(third).await.is_empty());

    // Who came first is next: the step, and then the build.
    release(&hold, "first");
    holds(&site, &second, "running").await;
    assert!(site.builds_of(third).await.is_empty());
    release(&hold, "second");
    let second = site.finished(second_request).await;
    assert_eq!(second.results, Some(Results::Success), "{second:?}");
    let step = site.step(&second, "hold").await;
    assert!(step.locks_acquired_at > step.started_at, "{step:?}");
    assert_eq!(second.id, site.builds_of(second_request).await[0].id);
    release(&hold, "third");
    assert_eq!(site.finished(third).await.results, Some(Results::Success));
    assert_eq!(request(&site, third).await.waiting_for, None);

    // What a worker was told is not forgotten by a master that begins again while the worker has no command.
    let between = site.force("between").await;
    let build = site.begun(between).await;
    holds(&site, &build, "running").await;
    assert!(site.weir(&["stop-worker", "w1"]).await.status.success());
    site.kill_and_restart().await;
    site.worker_connected("w1", true).await;
    release(&hold, "between");
    assert_eq!(site.finished(between).await.results, Some(Results::Success));
    assert!(worker.ended(SOON).await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_alike_are_built_once() {
    let (site, hold) = site().await;
    // Requests that are alike are collapsed into the newest: the third is the one that is built.
    let alike = [
        site.force("free").await,
        site.force("free").await,
        site.force("free").await,
    ];
    for id in &alike[..2] {
        let done = eventually("it is collapsed", SOON, async || {
            Some(request(&site, *id).await).filter(|it| it.complete_at.is_some())
        })
        .await;
        assert_eq!(
            (done.results, done.claimed_at),
            (Some(Results::Skipped), None),
            "{done:?}"
        );
        let buildset: Buildset = site.api().one(Key::Buildset(done.buildset)).await.unwrap().value;
        assert_eq!(buildset.results, Some(Results::Skipped), "{buildset:?}");
    }
    // One for another reason is not alike.
    let other = site
        .weir(&["force", "free", "--reason", "another", "--json"])
        .await;
    assert!(other.status.success());
    let open = Query::<BuildRequest>::new().eq(BuildRequestField::Complete, false);
    assert_eq!(site.api().page(open).await.unwrap().items.len(), 2);

    let _worker = site.worker("w1");
    let build = site.begun(alike[2]).await;
    assert_eq!(build.number, 1);
    release(&hold, "free");
    site.finished(alike[2]).await;
    for id in &alike[..2] {
        assert!(site.builds_of(*id).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_takes_too_long_fails() {
    let (site, _) = site().await;
    // A function of the configuration says which of two requests is built first, and that these are not alike.
    let other = site
        .weir(&["force", "chosen", "--reason", "another", "--json"])
        .await;
    assert!(other.status.success());
    let newer = site.force("chosen").await;
    let _worker = site.worker("w1");
    assert_eq!(site.finished(newer).await.number, 1);

    let build = site.finished(site.force("endless").await).await;
    assert_eq!(build.results, Some(Results::Failure), "{build:?}");
    assert_eq!(build.state, "the build took longer than 300ms");
    let results = site.steps(&build).await.into_iter().map(|it| it.results.unwrap());
    let expected = [Results::Failure, Results::Skipped, Results::Success];
    assert_eq!(results.collect::<Vec<_>>(), expected);
}
