//! Builds outlive their master, however it ends and whatever has changed when it is back.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod added;
mod at_random;
mod observers;
mod secrets;
#[path = "../site/mod.rs"]
mod site;
mod stages;
mod triggers;

use std::collections::BTreeMap;

use site::{SOON, Site};
use weir_status_api::{
    Build, BuildRequest, BuildRequestField, Caller, Command, Control, ControlExt, ForceParams, Outcome,
    Query, ReadExt, Results,
};
use weir_testbed::eventually;

const CONFIG: &str = r#"
master(anonymous_control = True, worker_grace = "@GRACE@")
w1 = worker("w1", token_file = "w1.token", max_builds = 100)
builders = [builder(
    name,
    workers = [w1],
    steps = [
        shell(name = "work", command = """
            echo run >> "$HOLD.$(basename "$(dirname "$PWD")")"
            for i in $(seq 1 200); do echo line $i; done
            printf 'the beginning '
            while [ ! -e "$HOLD" ]; do sleep 0.2; done
            echo and the end
        """, env = {"HOLD": "@HOLD@"}),
        shell(name = "clean", command = "echo cleaned"),
    ],
) for name in ["slow"] + ["many%d" % i for i in range(50)]]
builders += [builder(
    "here" + ("-again" if rerun else ""),
    workers = [w1],
    steps = [master_shell("echo up; while [ ! -e '@HOLD@' ]; do sleep 0.1; done", name = "work", rerun = rerun)],
) for rerun in [True, False]]
force(name = "force", builders = builders)
"#;

/// A site, and the file for which its builds wait.
async fn site(grace: &str) -> (Site, std::path::PathBuf) {
    let hold = tempfile::tempdir().unwrap().keep().join("hold");
    let config = CONFIG
        .replace("@HOLD@", hold.to_str().unwrap())
        .replace("@GRACE@", grace);
    (Site::start(&config).await, hold)
}

/// Forces builds by the API, and gives their requests.
async fn force(site: &Site, builders: Vec<String>) -> Vec<i64> {
    let params = ForceParams {
        builders,
        ..ForceParams::default()
    };
    let scheduler = "force".to_owned();
    let (api, caller) = (site.api(), Caller::anonymous());
    let made = api.control(&caller, Command::Force { scheduler, params }).await;
    match made.unwrap() {
        Outcome::Buildset { requests, .. } => requests.values().map(|it| it.0).collect(),
        other => panic!("{other:?}"),
    }
}

/// The build of the request that runs alone: it was not built again, and its first step is whole.
async fn only_build(site: &Site, request: i64) -> Build {
    let build = site.finished(request).await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
    assert_eq!(site.builds_of(request).await.len(), 1);
    let text = site.log_text(&site.step(&build, "work").await).await;
    let said: Vec<&str> = text.lines().filter_map(|it| it.strip_prefix('o')).collect();
    let mut expected: Vec<String> = (1..=200).map(|i| format!("line {i}")).collect();
    expected.push("the beginning and the end".to_owned());
    assert_eq!(said, expected);
    assert_eq!(
        text.matches("program finished with exit code 0").count(),
        1,
        "{text}"
    );
    build
}

/// How often the step of the builder ran.
fn runs(hold: &std::path::Path, builder: &str) -> usize {
    let runs = std::fs::read_to_string(format!("{}.{builder}", hold.display()));
    runs.unwrap_or_default().lines().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_master_is_not_noticed_by_its_build() {
    let (mut site, hold) = site("1m").await;
    let _worker = site.worker("w1");
    let request = site.force("slow").await;
    let build = site.begun(request).await;
    site.has_lines(&build, "work", 200).await;
    site.kill_and_restart().await;
    std::fs::write(&hold, "").unwrap();
    let build = only_build(&site, request).await;
    assert_eq!(runs(&hold, "slow"), 1);
    let clean = site.step(&build, "clean").await;
    assert!(site.log_text(&clean).await.contains("\nocleaned\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_master_leaves_fifty_builds_running() {
    let (mut site, hold) = site("1m").await;
    let _worker = site.worker("w1");
    let names: Vec<String> = (0..50).map(|i| format!("many{i}")).collect();
    let requests = force(&site, names.clone()).await;
    for request in &requests {
        let build = site.begun(*request).await;
        site.has_lines(&build, "work", 200).await;
    }
    site.master.terminate();
    let status = site.master.ended(SOON).await;
    assert!(status.success(), "{}", site.master.output());
    // Some end while nobody is there to hear it.
    std::fs::write(&hold, "").unwrap();
    site.restart().await;
    for request in requests {
        only_build(&site, request).await;
    }
    let ran: BTreeMap<&String, usize> = names.iter().map(|it| (it, runs(&hold, it))).collect();
    assert!(ran.values().all(|runs| *runs == 1), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_goes_on_by_the_configuration_with_which_it_began() {
    let (mut site, hold) = site("1m").await;
    let _worker = site.worker("w1");
    let request = site.force("slow").await;
    let build = site.begun(request).await;
    site.has_lines(&build, "work", 200).await;
    site.master.kill();
    site.master.ended(SOON).await;
    let token = std::fs::read_to_string(site.path("w1.token")).unwrap();
    let changed = format!(
        r#"
master(anonymous_control = True)
w1 = worker("w1", token = "{token}")
b = builder("slow", workers = [w1], steps = [shell(name = "other", command = "false")])
force(name = "force", builders = [b])
"#
    );
    std::fs::write(site.path("weir.star"), changed).unwrap();
    // Its secrets may be gone by now.
    std::fs::remove_file(site.path("w1.token")).unwrap();
    site.restart().await;
    std::fs::write(&hold, "").unwrap();
    let build = only_build(&site, request).await;
    let clean = site.step(&build, "clean").await;
    assert_eq!(clean.results, Some(Results::Success), "{clean:?}");
    let after = site.finished(site.force("slow").await).await;
    assert_eq!(site.steps(&after).await[0].name, "other");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_started_anew_meanwhile_has_lost_its_build() {
    let (mut site, hold) = site("1m").await;
    let worker = site.worker("w1");
    let request = site.force("slow").await;
    let build = site.begun(request).await;
    site.has_lines(&build, "work", 200).await;
    site.master.kill();
    site.master.ended(SOON).await;
    worker.kill();
    let address = site.url.clone();
    site.restart().await;
    assert_eq!(site.url, address);
    let _worker = site.worker("w1");
    std::fs::write(&hold, "").unwrap();
    let last = site.finished(request).await;
    assert_eq!(last.results, Some(Results::Success), "{last:?}");
    let lost = &site.builds_of(request).await[0];
    assert_eq!(lost.results, Some(Results::Retry), "{lost:?}");
    assert!(lost.state.contains("started anew"), "{}", lost.state);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stays_away_has_lost_its_build() {
    let (mut site, hold) = site("1s").await;
    let worker = site.worker("w1");
    let request = site.force("slow").await;
    let build = site.begun(request).await;
    site.has_lines(&build, "work", 200).await;
    site.master.kill();
    site.master.ended(SOON).await;
    worker.kill();
    site.restart().await;
    let lost = eventually("the build is lost", SOON, async || {
        let first = site.builds_of(request).await.into_iter().next()?;
        first.complete_at.is_some().then_some(first)
    })
    .await;
    assert_eq!(lost.results, Some(Results::Retry), "{lost:?}");
    assert!(
        lost.state.contains("did not come back within 1s"),
        "{}",
        lost.state
    );
    // Whoever comes builds it.
    std::fs::write(&hold, "").unwrap();
    let _worker = site.worker("w1");
    let last = site.finished(request).await;
    assert_eq!(last.results, Some(Results::Success), "{last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_the_master_had_no_time_for_is_heeded() {
    let (mut site, _hold) = site("1m").await;
    let _worker = site.worker("w1");
    let request = site.force("slow").await;
    let build = site.begun(request).await;
    site.has_lines(&build, "work", 200).await;
    let api = site.api();
    api.stop_build(&Caller::anonymous(), build.id.into(), "no longer wanted")
        .await
        .unwrap();
    site.kill_and_restart().await;
    let build = site.finished(request).await;
    assert_eq!(build.results, Some(Results::Cancelled), "{build:?}");
    assert!(build.state.contains("no longer wanted"), "{}", build.state);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_on_the_master_ends_with_it_and_runs_again_or_its_build_does() {
    let (mut site, hold) = site("1m").await;
    let _worker = site.worker("w1");
    let names = ["here", "here-again"].map(str::to_owned);
    let requests = force(&site, names.to_vec()).await;
    for request in &requests {
        let build = site.begun(*request).await;
        site.has_lines(&build, "work", 2).await;
    }
    site.kill_and_restart().await;
    std::fs::write(&hold, "").unwrap();
    let mut builds = vec![];
    for request in requests {
        assert_eq!(site.finished(request).await.results, Some(Results::Success));
        let all = site.builds_of(request).await;
        builds.push(all.iter().map(|it| it.results.unwrap()).collect::<Vec<_>>());
    }
    builds.sort_by_key(Vec::len);
    assert_eq!(
        builds,
        [vec![Results::Success], vec![Results::Retry, Results::Success]]
    );
}

/// How many requests are not complete.
async fn open_requests(site: &Site) -> usize {
    let query = Query::<BuildRequest>::new().eq(BuildRequestField::Complete, false);
    site.api().page(query).await.unwrap().items.len()
}
