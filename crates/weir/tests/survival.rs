//! What must survive: killed masters, killed workers, and everything that users do wrong.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::process::Stdio;
use std::time::Duration;

use site::{SOON, Site, text};
use tokio::io::{AsyncBufReadExt, BufReader};
use weir_status_api::{Caller, Command, Control, ControlExt, Key, Read, ReadExt, Results, Worker};
use weir_status_http::{HttpOptions, HttpStatus};
use weir_testbed::eventually;

const CONFIG: &str = r#"
master(anonymous_control = True, worker_grace = "2s")
workers = [worker(name = name, token_file = name + ".token") for name in ["w1", "w2"]]
builder(
    name = "slow",
    workers = workers,
    # The first try waits until the test lets it go on; a second one finds the file and ends.
    steps = [shell(name = "work", command = """
        for i in $(seq 1 200); do echo line $i; done
        while [ ! -e "$HOLD" ]; do sleep 0.05; done
        echo done
    """, env = {"HOLD": "@HOLD@"}), shell(name = "clean", command = "echo cleaned", always_run = True)],
)
builder(
    name = "odd",
    workers = workers,
    steps = [
        shell(name = "bytes", command = "printf 'a\\377b\\nc\\n'"),
        shell(name = "nonsense", command = ["/no/such/program", "x"]),
    ],
)
builder(
    name = "lost",
    workers = workers,
    steps = [git(repository = "file:///no/such/repository")],
)
builder(
    name = "big",
    workers = workers,
    steps = [shell(name = "flood", command = "head -c 104857600 /dev/zero | tr '\\0' x | fold -w 99")],
)
builder(
    name = "silent",
    workers = workers,
    steps = [shell(name = "sleep", command = "sleep 600", idle_timeout = "300ms")],
)
git_poller(name = "nowhere", repository = "file:///no/such/repository", poll_interval = "200ms")
force(name = "force", builders = ["slow", "odd", "lost", "big", "silent"])
"#;

async fn site() -> Site {
    let hold = tempfile::tempdir().unwrap().keep().join("hold");
    Site::start(&CONFIG.replace("@HOLD@", hold.to_str().unwrap())).await
}

/// Lets the builds of `slow` end.
fn release(site: &Site) {
    let config = std::fs::read_to_string(site.path("weir.star")).unwrap();
    let start = config.find("\"HOLD\": \"").unwrap() + 9;
    let hold = &config[start..start + config[start..].find('"').unwrap()];
    std::fs::write(hold, "").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_gives_its_build_to_another() {
    let site = site().await;
    let first = site.worker("w1");
    let request = site.force("slow").await;
    let build = site.begun(request).await;
    site.has_lines(&build, "work", 200).await;
    first.kill();
    let _second = site.worker("w2");
    release(&site);
    let last = site.finished(request).await;
    assert_eq!(last.results, Some(Results::Success), "{last:?}");
    let lost = &site.builds_of(request).await[0];
    assert_eq!(lost.results, Some(Results::Retry), "{lost:?}");
    assert!(lost.state.contains("worker"), "{}", lost.state);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_build_is_cancelled() {
    let site = site().await;
    let _worker = site.worker("w1");
    let request = site.force("slow").await;
    let build = site.begun(request).await;
    site.has_lines(&build, "work", 200).await;
    let api = site.api();
    api.stop_build(&Caller::anonymous(), build.id.into(), "no longer wanted")
        .await
        .unwrap();
    let build = site.finished(request).await;
    assert_eq!(build.results, Some(Results::Cancelled), "{build:?}");
    assert!(build.state.contains("no longer wanted"), "{}", build.state);
    let clean = site.step(&build, "clean").await;
    assert_eq!(
        clean.results,
        Some(Results::Success),
        "a step that always runs does: {clean:?}"
    );
    assert!(site.log_text(&clean).await.contains("\nocleaned\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_may_not_connect_are_told_why() {
    let site = site().await;
    let mut wrong = site.worker_with("w1", &site.path("w2.token"));
    assert!(!wrong.ended(SOON).await.success());
    wrong.said("what is wrong", SOON, |it| it.contains("token")).await;
    let mut unknown = site.worker_with("w9", &site.path("w1.token"));
    assert!(!unknown.ended(SOON).await.success());
    site.master
        .said("the unknown worker", SOON, |it| it.contains("w9"))
        .await;

    let _first = site.worker("w1");
    site.worker_connected("w1", true).await;
    let second = site.worker("w1");
    second
        .said("that there is one", SOON, |it| {
            it.contains("already") || it.contains("another")
        })
        .await;
}

/// Waits until the JSON of `w1` says why it is away, or no more; gives what it says.
async fn away_reason(site: &Site, is_away: bool) -> Option<String> {
    let api = HttpStatus::new(&site.url, HttpOptions::default()).unwrap();
    eventually("the worker's JSON says why it is away", SOON, async || {
        let worker: Worker = api.one(Key::Worker("w1".into())).await.unwrap().value;
        (worker.away_reason.is_some() == is_away).then_some(worker.away_reason)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_said_why_a_worker_is_away() {
    let mut site = site().await;
    assert_eq!(away_reason(&site, false).await, None);
    let mut wrong = site.worker_with("w1", &site.path("w2.token"));
    assert!(!wrong.ended(SOON).await.success());
    let refused = "a connection from 127.0.0.1 presented the wrong token";
    assert_eq!(away_reason(&site, true).await.as_deref(), Some(refused));
    let said = text(&site.weir(&["status"]).await);
    assert!(said.contains(&format!("not connected: {refused}")), "{said}");

    let worker = site.worker("w1");
    assert_eq!(away_reason(&site, false).await, None);
    worker.kill();
    let lost = away_reason(&site, true).await.unwrap();
    assert!(lost.contains("the connection"), "{lost}");

    let mut again = site.worker("w1");
    assert_eq!(away_reason(&site, false).await, None);
    again.terminate();
    assert!(again.ended(SOON).await.success());
    let left = away_reason(&site, true).await.unwrap();
    assert_eq!(left, "the worker is shutting down");
    // It is kept.
    site.kill_and_restart().await;
    assert_eq!(away_reason(&site, true).await, Some(left));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_told_to_end_does_so_after_its_builds() {
    let site = site().await;
    let mut worker = site.worker("w1");
    let request = site.force("slow").await;
    let build = site.begun(request).await;
    site.has_lines(&build, "work", 200).await;
    let stop = Command::StopWorker {
        worker: "w1".into(),
        reason: None,
    };
    site.api().control(&Caller::anonymous(), stop).await.unwrap();
    release(&site);
    assert_eq!(site.finished(request).await.results, Some(Results::Success));
    assert!(worker.ended(SOON).await.success(), "{}", worker.output());
    // Started again, it works again.
    let _worker = site.worker("w1");
    let build = site.finished(site.force("slow").await).await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_ends_at_once_and_its_build_runs_again() {
    let site = site().await;
    let mut worker = site.worker("w1");
    let request = site.force("slow").await;
    let build = site.begun(request).await;
    site.has_lines(&build, "work", 200).await;
    let kill = Command::KillWorker {
        worker: "w1".into(),
        reason: Some("its disk is full".to_owned()),
    };
    site.api().control(&Caller::anonymous(), kill).await.unwrap();
    assert!(worker.ended(SOON).await.success(), "{}", worker.output());
    site.worker_connected("w1", false).await;
    let lost = eventually("the build is lost", SOON, async || {
        let first = site.builds_of(request).await.into_iter().next()?;
        (first.complete_at.is_some()).then_some(first)
    })
    .await;
    assert_eq!(lost.results, Some(Results::Retry), "{lost:?}");
    assert!(lost.state.contains("its disk is full"), "{}", lost.state);
    release(&site);
    // Started again, it builds what it lost.
    let _worker = site.worker("w1");
    let last = site.finished(request).await;
    assert_eq!(last.results, Some(Results::Success), "{last:?}");
    assert_ne!(last.id, lost.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_commands_end_with_a_clear_word() {
    let site = site().await;
    let _worker = site.worker("w1");
    let odd = site.finished(site.force("odd").await).await;
    assert_eq!(odd.results, Some(Results::Failure), "{odd:?}");
    let bytes = site.log_text(&site.step(&odd, "bytes").await).await;
    assert!(bytes.contains("\noa\u{fffd}b\noc\n"), "{bytes}");
    let nonsense = site.step(&odd, "nonsense").await;
    assert!(nonsense.state.contains("/no/such/program"), "{}", nonsense.state);

    let lost = site.finished(site.force("lost").await).await;
    assert_eq!(lost.results, Some(Results::Failure), "{lost:?}");
    let log = site.log_text(&site.steps(&lost).await[0]).await;
    assert!(log.contains("/no/such/repository"), "{log}");
    site.master
        .said("which repository cannot be read", SOON, |it| {
            it.contains("/no/such/repository")
        })
        .await;

    let silent = site.finished(site.force("silent").await).await;
    assert_eq!(silent.results, Some(Results::Failure), "{silent:?}");
    let step = site.step(&silent, "sleep").await;
    assert!(step.state.contains("timed out"), "{}", step.state);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_a_hundred_megabytes_is_whole() {
    let site = site().await;
    let _worker = site.worker("w1");
    let request = site.force("big").await;
    let build = eventually("the flood ends", Duration::from_secs(240), async || {
        site.builds_of(request)
            .await
            .pop()
            .filter(|it| it.complete_at.is_some())
    })
    .await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
    let log = site.log(&site.step(&build, "flood").await).await.unwrap();
    // 104,857,600 bytes in lines of 99, and the worker's own words.
    assert!(log.num_lines >= 1_059_168, "{log:?}");
    let api = site.api();
    let middle = api.log_content(log.id.into(), 500_000, 2).await.unwrap().value;
    let line = format!("o{}\n", "x".repeat(99));
    assert_eq!(middle.content, format!("{line}{line}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_configurations_never_start() {
    let site = site().await;
    let broken = site.path("broken.star");
    std::fs::write(&broken, "builder(name = \"a\", workrs = [\"w1\"])\n").unwrap();
    for command in [
        &["check", broken.to_str().unwrap()][..],
        &[
            "master",
            "--config",
            broken.to_str().unwrap(),
            "--data",
            "/nowhere",
        ],
    ] {
        let output = site.weir(command).await;
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        let said = text(&output);
        assert!(
            said.contains("broken.star:1:") && said.contains("workers"),
            "{said}"
        );
    }
    // Nor does a second master on the same data.
    let data = site.path("data");
    let config = site.path("weir.star");
    let second = site
        .weir(&[
            "master",
            "--listen",
            "127.0.0.1:0",
            "--config",
            config.to_str().unwrap(),
            "--data",
            data.to_str().unwrap(),
        ])
        .await;
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second).contains("another master"), "{}", text(&second));
    assert!(
        site.api()
            .page(weir_status_api::Query::<weir_status_api::Builder>::new())
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_is_named_with_the_cause() {
    let site = site().await;
    let config = site.path("weir.star");
    let data = site.path("other-data");
    let output = site
        .weir(&[
            "master",
            "--listen",
            "127.0.0.1:0",
            "--config",
            config.to_str().unwrap(),
            "--data",
            data.to_str().unwrap(),
            "--database",
            "postgres://ada:secret-word@127.0.0.1:1/weir",
        ])
        .await;
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    assert!(
        said.contains("the database cannot be reached") && said.contains("refused"),
        "{said}"
    );
    assert!(!said.contains("secret-word"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_whose_log_nobody_reads_goes_on_and_stops() {
    let mut site = site().await;
    site.master.terminate();
    site.master.ended(SOON).await;
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_weir"));
    command
        .args(["master", "--listen", site.url.trim_start_matches("http://")])
        .arg("--config")
        .arg(site.path("weir.star"))
        .arg("--data")
        .arg(site.path("data"));
    let mut master = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(master.stderr.take().unwrap()).lines();
    while !lines
        .next_line()
        .await
        .unwrap()
        .unwrap()
        .contains("the master serves")
    {}
    drop(lines);

    let _worker = site.worker("w1");
    let build = site.finished(site.force("odd").await).await;
    assert_eq!(build.results, Some(Results::Failure), "{build:?}");
    let id = i32::try_from(master.id().unwrap()).unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::SIGTERM).unwrap();
    let status = tokio::time::timeout(SOON, master.wait())
        .await
        .expect("it stops")
        .unwrap();
    assert!(status.success(), "{status}");
}
