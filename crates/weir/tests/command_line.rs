//! What the commands say when all is not well, and that they go on until it is.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use site::{SOON, Site, text};

const CONFIG: &str = r#"
master(anonymous_control = True)
workers = [worker(name = name, token_file = name + ".token") for name in ["w1", "w2"]]
builder(
    name = "slow",
    workers = workers,
    steps = [
        shell(name = "begin", command = "echo begun"),
        shell(name = "hold", command = "echo holding; while [ ! -e '@HOLD@' ]; do sleep 0.05; done; echo released"),
    ],
)
force(name = "force", builders = ["slow"])
"#;

/// A site, and the file whose existence lets builds of `slow` end.
async fn site() -> (Site, std::path::PathBuf) {
    let hold = tempfile::tempdir().unwrap().keep().join("hold");
    let site = Site::start(&CONFIG.replace("@HOLD@", hold.to_str().unwrap())).await;
    (site, hold)
}

/// The command ends with the exit code and says one thing, with `part` in it.
async fn refuses(site: &Site, arguments: &[&str], code: i32, part: &str) {
    let output = site.weir(arguments).await;
    let said = text(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    assert!(said.contains(part), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {said}");
    assert!(
        said.starts_with("weir: ") && said.lines().count() == 1,
        "{arguments:?}: {said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_gets_one_sentence() {
    let (site, hold) = site().await;
    std::fs::write(hold, "").unwrap();
    let _worker = site.worker("w1");
    site.finished(site.force("slow").await).await;
    for (name, content) in [("empty", " \n"), ("odd", "tok\x07en"), ("stranger", "nobody's")] {
        std::fs::write(site.path(name), content).unwrap();
    }
    let file = |name: &str| site.path(name).display().to_string();
    let (none, empty, odd, stranger) = (file("none"), file("empty"), file("odd"), file("stranger"));
    let mistakes: &[(&[&str], &str)] = &[
        (&["logs", "x"], "`x` names no build"),
        (&["logs", "0"], "`0` names no build"),
        (&["logs", "-1"], "`-1` names no build"),
        (&["logs", "slow/-1"], "`slow/-1` names no build"),
        (&["logs", "77"], "there is no build 77"),
        (
            &["logs", "none/1"],
            "there is no build number 1 of builder `none`",
        ),
        (
            &["logs", "1", "--step", "x"],
            "build 1 has no step `x`; its steps are begin, hold",
        ),
        (
            &["logs", "1", "--step", "x", "--follow"],
            "its steps are begin, hold",
        ),
        (&["logs", "1", "--grep", "("], "regex: unclosed group"),
        (
            &["logs", "1", "--grep", ".", "--step", "x"],
            "its steps are begin, hold",
        ),
        (
            &["force", "none"],
            "no force scheduler can start a builder `none`",
        ),
        (
            &["force", "slow", "--scheduler", "x"],
            "there is no force scheduler `x`",
        ),
        (&["force", "slow", "--set", "x"], "--set x: write FIELD=VALUE"),
        (&["force", "slow", "--set", "x=1"], "x: there is no such field"),
        (&["force", "slow", "--token-file", &none], "cannot be read"),
        (&["force", "slow", "--token-file", &empty], "is empty"),
        (
            &["force", "slow", "--token-file", &odd],
            "other than visible ASCII",
        ),
        (&["watch", "builds//new"], "`builds//new` is no topic pattern"),
        (&["watch", "--since", "999999"], "999999 is in the future"),
        (
            &["status", "--upstream", "there"],
            "`there` is no address such as",
        ),
    ];
    for (arguments, part) in mistakes {
        refuses(&site, arguments, 2, part).await;
    }
    let denied = ["force", "slow", "--token-file", &stranger];
    refuses(&site, &denied, 1, "not signed in").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_master_each_command_says_so() {
    let (mut site, _) = site().await;
    site.master.kill();
    site.master.ended(SOON).await;
    for arguments in [
        &["status"][..],
        &["status", "--json"],
        &["logs", "1"],
        &["logs", "1", "--follow"],
        &["force", "slow"],
        &["force", "slow", "--wait"],
        &["watch"],
        &["watch", "--since", "1"],
    ] {
        refuses(&site, arguments, 1, "is --upstream its address?").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forced_build_is_shown_until_it_is_done() {
    let (mut site, hold) = site().await;
    let mut force = site.start_weir(&["force", "slow", "--wait"]);
    force
        .line(SOON, |it| it.ends_with("is waiting for a worker"))
        .await;
    // It waits beyond an end of the master, …
    site.kill_and_restart().await;
    let worker = site.worker("w1");
    force.line(SOON, |it| it == "build 1 begins").await;
    force.line(SOON, |it| it == "holding").await;
    // … goes on with a build as the master does, …
    site.kill_and_restart().await;
    // … and shows the build in the place of one that is lost.
    worker.kill();
    let _worker = site.worker("w1");
    force.line(SOON, |it| it == "build 2 begins").await;
    std::fs::write(hold, "").unwrap();
    let status = force.ended(SOON).await;
    let said = force.output();
    assert!(status.success(), "{said}");
    assert!(said.contains("\n── begin\nbegun\n── hold\nholding\n"), "{said}");
    assert!(said.contains("\nreleased\nbuild 2: success"), "{said}");
    assert!(!said.contains('\x1b') && !said.contains('\r'), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_cancelled_is_not_waited_for() {
    use weir_status_api::{BuildRequestId, Caller, Command, Control};
    let (site, _) = site().await;
    let mut force = site.start_weir(&["force", "slow", "--wait"]);
    force
        .line(SOON, |it| it.ends_with("is waiting for a worker"))
        .await;
    let cancel = Command::CancelRequest {
        request: BuildRequestId(1),
        reason: None,
    };
    site.api().control(&Caller::anonymous(), cancel).await.unwrap();
    let status = force.ended(SOON).await;
    assert_eq!(status.code(), Some(1), "{}", force.output());
    assert!(
        force.output().contains("cancelled before it was built"),
        "{}",
        force.output()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn events_have_names() {
    let (site, hold) = site().await;
    std::fs::write(hold, "").unwrap();
    let _worker = site.worker("w1");
    site.finished(site.force("slow").await).await;
    // The events of the builder, the worker and the build are not among those that are watched.
    let mut watch = site.start_weir(&["watch", "--since", "0", "logs/*/finished"]);
    watch
        .line(SOON, |it| {
            it.contains("logs/") && it.contains("  slow/1 begin stdio: ")
        })
        .await;
}
