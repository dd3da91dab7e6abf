//! Daily work on the command line: lists, commands, and copies of what a master keeps.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::process::Output;

use serde_json::Value;
use site::{SOON, Site, text};
use tokio::process::Command;

const CONFIG: &str = r#"
master(anonymous_control = True)
retention(builds = "90d", logs = "30d", events = "7d")
w1 = worker(name = "w1", token_file = "w1.token")
builder("quick", workers = [w1], steps = [shell("echo done", name = "say")], tags = ["small"])
builder("slow", workers = [w1], steps = [shell("echo begun; sleep 600", name = "hold")])
force("force", builders = ["quick", "slow"])
periodic("nightly", interval = "1d", builders = ["quick"])
"#;

/// What the command says, which ends well.
async fn says(site: &Site, arguments: &[&str]) -> String {
    let output = site.weir(arguments).await;
    let said = text(&output);
    assert!(output.status.success(), "{arguments:?}: {said}");
    said
}

/// The one document that the command prints.
async fn document(site: &Site, arguments: &[&str]) -> Value {
    let said = says(site, arguments).await;
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

fn names(document: &Value, list: &str, field: &str) -> Vec<Value> {
    let rows = document[list].as_array().unwrap();
    rows.iter().map(|row| row[field].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_commands() {
    let site = Site::start(CONFIG).await;
    let paused = says(&site, &["pause", "w1", "--reason", "new disk"]).await;
    assert_eq!(paused, "worker w1 gets no new builds\n");
    let _worker = site.worker("w1");
    site.worker_connected("w1", true).await;
    let workers = says(&site, &["workers", "--paused"]).await;
    assert!(workers.contains("paused: new disk"), "{workers}");
    says(&site, &["unpause", "w1"]).await;
    assert_eq!(says(&site, &["workers", "--paused"]).await, "no workers\n");

    assert!(says(&site, &["disable", "nightly"]).await.contains("is disabled"));
    let disabled = document(&site, &["schedulers", "--disabled", "--json"]).await;
    assert_eq!(names(&disabled, "schedulers", "name"), ["nightly"]);
    assert!(says(&site, &["enable", "nightly"]).await.contains("is enabled"));

    let slow = site.force("slow").await;
    site.has_lines(&site.begun(slow).await, "hold", 1).await;
    let running = document(&site, &["builds", "--running", "--builder", "slow", "--json"]).await;
    assert_eq!(names(&running, "builds", "number"), [1]);
    let waiting = site.force("slow").await;
    let cancelled = says(&site, &["cancel", &waiting.to_string()]).await;
    assert!(cancelled.contains("cancelled"), "{cancelled}");
    let stopped = says(&site, &["stop", "slow/1", "--reason", "enough", "--wait"]).await;
    assert!(stopped.ends_with("ended: cancelled\n"), "{stopped}");
    let again = says(&site, &["stop", "slow/1"]).await;
    assert!(again.ends_with("has ended already: cancelled\n"), "{again}");

    site.finished(site.force("quick").await).await;
    let rebuilt = says(&site, &["rebuild", "quick/1", "--wait"]).await;
    assert!(rebuilt.contains("done\n"), "{rebuilt}");
    let small = [
        "builds",
        "--tag",
        "small",
        "--results",
        "success,failure",
        "--limit",
        "1",
        "--json",
    ];
    let first = document(&site, &small).await;
    let token = first["next"].as_str().unwrap().to_owned();
    let second = document(&site, &[&small[..], &["--after", &token]].concat()).await;
    let id = |page: &Value| page["builds"][0]["buildid"].as_i64().unwrap();
    assert!(id(&first) > id(&second), "{first} {second}");
    let builds = says(&site, &["builds", "--since", "1h"]).await;
    assert!(
        builds.contains("slow/1") && builds.contains("cancelled"),
        "{builds}"
    );
    let ended = document(&site, &["requests", "--results", "cancelled", "--json"]).await;
    assert_eq!(names(&ended, "buildrequests", "complete").len(), 2);
    assert!(
        says(&site, &["builders", "--tag", "small"])
            .await
            .contains("quick")
    );

    for (arguments, part) in [
        (&["builds", "--results", "fine"][..], "write one of success"),
        (&["builds", "--builder", "none"], "there is no builder `none`"),
        (&["builds", "--tag", "none"], "no builder has the tag `none`"),
        (&["builds", "--since", "soon"], "'soon' is no duration"),
        (&["stop", "quick/77"], "there is no build number 77"),
        (&["pause", "w7"], "there is no worker `w7`"),
        (&["enable", "daily"], "there is no scheduler `daily`"),
        (&["cancel", "77"], "there is no build request 77"),
    ] {
        let output = site.weir(arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output).contains(part), "{arguments:?}: {}", text(&output));
    }
    let stop = says(&site, &["stop-worker", "w1"]).await;
    assert_eq!(stop, "worker w1 is asked to end after its present builds\n");
    site.worker_connected("w1", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_is_copied_while_it_runs_and_put_back() {
    let mut site = Site::start(CONFIG).await;
    let worker = site.worker("w1");
    site.finished(site.force("quick").await).await;
    let path = |name: &str| site.path(name).display().to_string();
    let (data, copy, put_back) = (path("data"), path("copy"), path("again"));
    let said = says(&site, &["db", "backup", &copy, "--data", &data]).await;
    assert!(said.contains("copy holds 2 files"), "{said}");
    let counted = document(&site, &["db", "stats", "--data", &data, "--json"]).await;
    assert_eq!(counted["builders"][0]["name"], "quick");
    let table = says(&site, &["db", "stats", "--data", &data]).await;
    assert!(table.contains("build_properties"), "{table}");
    let vacuum = site.weir(&["db", "vacuum", "--data", &data]).await;
    assert!(
        text(&vacuum).contains("another master uses the data"),
        "{}",
        text(&vacuum)
    );

    let full = without_room(&site, &["db", "backup", &path("full"), "--data", &data]).await;
    assert_eq!(full.status.code(), Some(1), "{}", text(&full));
    assert!(!site.path("full").exists() && !site.path("full.unfinished").exists());

    drop(worker);
    site.master.kill();
    site.master.ended(SOON).await;
    says(&site, &["db", "restore", &copy, "--data", &put_back]).await;
    let refused = site.weir(&["db", "restore", &copy, "--data", &put_back]).await;
    assert!(text(&refused).contains("is not empty"), "{}", text(&refused));
    std::fs::rename(site.path("data"), site.path("gone")).unwrap();
    std::fs::rename(site.path("again"), site.path("data")).unwrap();
    site.restart().await;
    let logs = says(&site, &["logs", "quick/1"]).await;
    assert_eq!(logs, "── say\ndone\n");
    let postgres = ["db", "backup", &copy, "--database", "postgres://there/weir"];
    assert!(text(&site.weir(&postgres).await).contains("run pg_dump"));
}

/// Runs the command where no file can have more than 64 KiB.
async fn without_room(site: &Site, arguments: &[&str]) -> Output {
    let mut command = Command::new("bash");
    command
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "bash"])
        .arg(env!("CARGO_BIN_EXE_weir"))
        .args(arguments)
        .env("WEIR_UPSTREAM", site.url.replacen("http", "grpc", 1));
    command.output().await.unwrap()
}
