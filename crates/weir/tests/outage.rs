//! A database that is out of reach for a while: builds wait for it and lose nothing, readers are told.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::fs;

use site::{SOON, Site, text};
use weir_status_api::Results;
use weir_testbed::{Link, Postgres, eventually};

const CONFIG: &str = r#"
master(anonymous_control = True)
w1 = worker("w1", token_file = "w1.token")
b = builder("slow", workers = [w1], steps = [
    shell(name = "work", command = """
        for i in $(seq 1 2000); do echo before $i; done
        while [ ! -e "$OUT" ]; do sleep 0.1; done
        for i in $(seq 1 2000); do echo without $i; done
        touch "$OUT.said"
        while [ ! -e "$BACK" ]; do sleep 0.1; done
        for i in $(seq 1 2000); do echo after $i; done
    """, env = {"OUT": "@FOLDER@/out", "BACK": "@FOLDER@/back"}),
    shell(name = "end", command = "echo the end"),
])
force(name = "force", builders = [b])
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_build_waits_for_a_database_that_is_out_of_reach() {
    let postgres = Postgres::start().unwrap();
    let url = postgres.url();
    let (server, name) = url.rsplit_once('@').unwrap().1.split_once('/').unwrap();
    let link = Link::to(server.parse().unwrap()).await.unwrap();
    let database = format!("postgres://postgres@{}/{name}", link.address());
    let folder = tempfile::tempdir().unwrap();
    let config = CONFIG.replace("@FOLDER@", folder.path().to_str().unwrap());
    let site = Site::start_on(&config, Some(database)).await;
    let _worker = site.worker("w1");
    let request = site.force("slow").await;
    let build = site.begun(request).await;
    site.has_lines(&build, "work", 2000).await;

    link.refuse();
    fs::write(folder.path().join("out"), "").unwrap();
    eventually("the command has said its part", SOON, async || {
        folder.path().join("out.said").exists()
    })
    .await;
    site.master
        .said("a build waits", SOON, |said| {
            said.contains("the store takes or gives nothing now; a build waits for it")
        })
        .await;
    let refused = site.weir(&["force", "slow"]).await;
    assert!(!refused.status.success());
    assert!(
        text(&refused).contains("the database cannot be reached"),
        "{}",
        text(&refused)
    );

    link.heal();
    fs::write(folder.path().join("back"), "").unwrap();
    let ended = site.finished(request).await;
    assert_eq!((ended.id, ended.results), (build.id, Some(Results::Success)));
    let log = site.log_text(&site.step(&build, "work").await).await;
    let said: Vec<&str> = log.lines().filter_map(|it| it.strip_prefix('o')).collect();
    let parts = ["before", "without", "after"].into_iter();
    let expected: Vec<String> = parts
        .flat_map(|part| (1..=2000).map(move |i| format!("{part} {i}")))
        .collect();
    assert_eq!(said, expected);
    assert_eq!(site.builds_of(request).await.len(), 1);
}
