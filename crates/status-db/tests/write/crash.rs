//! A master that is killed in the middle of writing has lost nothing that it acknowledged.

use std::io::Write;
use std::time::Duration;

use tokio::process::Command;
use weir_status_api::{Cursor, Key, Log, LogId, ReadExt};
use weir_status_db::{Database, Transition};
use weir_testbed::Process;

use crate::logs::content;
use crate::rig::{Rig, events, open};

/// Tells the child where to write; without it, the child's test does nothing.
const DIR: &str = "WEIR_TEST_CRASH_DIR";

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_lines_survive_a_kill() {
    let rig = Rig::sqlite().await;
    let log = rig.log().await;
    let dir = rig.dir;
    rig.store.close().await;
    drop(rig.store);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "crash::child", "--ignored", "--nocapture"])
        .env(DIR, dir.path())
        .env("WEIR_TEST_CRASH_LOG", log.to_string());
    let mut child = Process::spawn(command);
    child
        .line(Duration::from_secs(8), |line| line.ends_with("acknowledged 150"))
        .await;
    child.kill();
    child.ended(Duration::from_secs(5)).await;
    let acknowledged = child
        .output()
        .lines()
        .filter_map(|line| line.rsplit_once("acknowledged ")?.1.parse::<usize>().ok())
        .max()
        .unwrap();

    let store = open(Database::Sqlite, dir.path()).await;
    let text = content(&store, log).await;
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() > acknowledged, "{} of {acknowledged}", lines.len());
    for (number, line) in lines.iter().enumerate() {
        assert_eq!(*line, format!("oline {number}"));
    }
    let stored: Log = store.one(Key::Log(log.into())).await.unwrap().value;
    assert_eq!(stored.num_lines, i64::try_from(lines.len()).unwrap());
    // Their numbers are checked on the way.
    assert!(!events(&store, Cursor::ZERO).await.is_empty());
    store
        .apply(Transition::AppendLog(log, "omore\n".to_owned()))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the process that the test above kills"]
async fn child() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let log = LogId(std::env::var("WEIR_TEST_CRASH_LOG").unwrap().parse().unwrap());
    let store = open(Database::Sqlite, dir.as_ref()).await;
    for number in 0.. {
        let line = format!("oline {number}\n");
        store.apply(Transition::AppendLog(log, line)).await.unwrap();
        writeln!(std::io::stdout(), "acknowledged {number}").unwrap();
    }
}
