//! `weir import-buildbot`, killed at any moment, and a master on what it made.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

/// The recorded database, with more builds of every kind.
const MORE: &str = "\
    INSERT INTO builds SELECT b.id + n.n * 100, b.number + n.n * 100, builderid, buildrequestid, workerid, masterid, \
      started_at, complete_at, locks_duration_s, state_string, results FROM builds b, n WHERE b.complete_at IS NOT NULL; \
    INSERT INTO build_properties SELECT p.buildid + n.n * 100, name, value, source FROM build_properties p, n \
      WHERE buildid < 7; \
    INSERT INTO steps SELECT s.id + n.n * 100, number, name, buildid + n.n * 100, started_at, locks_acquired_at, \
      complete_at, state_string, results, urls_json, hidden FROM steps s, n WHERE buildid < 7; \
    INSERT INTO logs SELECT l.id + n.n * 100, name, slug, stepid + n.n * 100, complete, num_lines, type FROM logs l, n; \
    INSERT INTO logchunks SELECT c.logid + n.n * 100, first_line, last_line, content, compressed FROM logchunks c, n; \
    DROP TABLE n;";

fn make(folder: &Path, times: u32) {
    let dump = format!(
        "{}/../buildbot-import/tests/dumps/buildbot-4.3.sql",
        env!("CARGO_MANIFEST_DIR")
    );
    let numbers = format!(
        "CREATE TABLE n AS WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {times}) SELECT n FROM n;"
    );
    let sql = format!("{}{numbers}{MORE}", std::fs::read_to_string(dump).unwrap());
    let program = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.stdin.read())";
    let mut python = Command::new("python3")
        .args(["-c", program])
        .arg(folder.join("state.sqlite"))
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut python.stdin.take().unwrap(), sql.as_bytes()).unwrap();
    assert!(python.wait().unwrap().success());
}

fn import(folder: &Path, data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command
        .args(["import-buildbot", "--json", "--from"])
        .arg(folder)
        .arg("--data")
        .arg(data)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    command
}

fn done(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What is in the store, without the sizes, which depend on when it was begun anew.
fn counts(data: &Path) -> Vec<(String, i64)> {
    let output = Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(["db", "stats", "--json", "--data"])
        .arg(data)
        .output()
        .unwrap();
    let stats: Value = serde_json::from_slice(&output.stdout).unwrap();
    let tables = stats["tables"].as_array().unwrap().iter();
    let rows = tables.map(|it| {
        (
            it["name"].as_str().unwrap().to_owned(),
            it["rows"].as_i64().unwrap(),
        )
    });
    rows.filter(|(name, _)| !["log_segments", "log_chunks"].contains(&name.as_str()))
        .collect()
}

#[test]
fn an_import_that_is_killed_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), 100);
    let (whole, torn) = (folder.path().join("whole"), folder.path().join("torn"));
    let began = Instant::now();
    let expected = done(&mut import(folder.path(), &whole));
    let took = began.elapsed();
    let mut killed = 0;
    // Later each time, until it is done before it is killed.
    for turn in 1..20 {
        let mut running = import(folder.path(), &torn).spawn().unwrap();
        std::thread::sleep(took * turn / 12);
        let _ = running.kill();
        let status = running.wait().unwrap();
        if status.success() {
            break;
        }
        killed += 1;
    }
    assert!(killed > 3, "it was killed {killed} times only");
    if !torn.join("weir.sqlite").exists() || torn.join("importing").exists() {
        let report = done(&mut import(folder.path(), &torn));
        assert_eq!(report["tables"], expected["tables"]);
        assert_eq!(
            (&report["lines"], &report["bytes"]),
            (&expected["lines"], &expected["bytes"])
        );
    }
    assert!(!torn.join("importing").exists());
    assert_eq!(counts(&torn), counts(&whole));
}
