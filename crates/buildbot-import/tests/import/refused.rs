//! What cannot be imported is told in one sentence, and leaves nothing.

use std::fs;

use weir_buildbot_import::{Place, import};
use weir_status_api::{LogId, Read};
use weir_status_db::Database;

use crate::rig::{Rig, open};

/// Why a changed database is not imported.
async fn refusal(version: &str, change: &str) -> String {
    let rig = Rig::new(version);
    rig.change(change);
    let error = rig.import().await.unwrap_err().to_string();
    assert!(!rig.data().exists(), "{change}: something is left");
    error
}

#[tokio::test]
async fn other_schemas_are_refused() {
    let old = refusal("2.10", "UPDATE migrate_version SET version = 53").await;
    assert!(
        old.contains("before 2.10") && old.contains("upgrade-master"),
        "{old}"
    );
    let ahead = refusal("4.3", "UPDATE alembic_version SET version_num = '062'").await;
    assert!(
        ahead.contains("half-migrated") && ahead.contains("locks_acquired_at"),
        "{ahead}"
    );
    let behind = refusal("3.5", "UPDATE alembic_version SET version_num = '060'").await;
    assert!(
        behind.contains("half-migrated") && behind.contains("projects"),
        "{behind}"
    );
    let left = refusal("4.3", "CREATE TABLE _alembic_tmp_builds (id INTEGER)").await;
    assert!(left.contains("_alembic_tmp_builds"), "{left}");
    let none = refusal("4.3", "DROP TABLE alembic_version").await;
    assert!(none.contains("no database of Buildbot"), "{none}");
}

#[tokio::test]
async fn columns_and_tables_that_are_not_known_are_no_matter() {
    let rig = Rig::new("4.3");
    rig.change(
        "ALTER TABLE builds ADD COLUMN mood TEXT; CREATE TABLE moods (id INTEGER); \
         UPDATE alembic_version SET version_num = '068'",
    );
    rig.import().await.unwrap();
}

#[tokio::test]
async fn damage_is_told_with_its_place_and_leaves_nothing() {
    let damaged = refusal("4.3", "UPDATE logchunks SET content = x'010203' WHERE logid = 7").await;
    assert!(
        damaged.contains("log 7 from line 0") && damaged.contains("zlib"),
        "{damaged}"
    );
    let twice = "DROP INDEX builds_number; UPDATE builds SET number = 1";
    let twice = refusal("4.3", twice).await;
    assert!(twice.contains("builds"), "{twice}");

    let rig = Rig::new("4.3");
    rig.change("PRAGMA journal_mode = DELETE");
    let whole = fs::read(rig.file()).unwrap();
    for part in [whole.len() / 3, whole.len() / 2, whole.len() - 4096, 100, 0] {
        fs::write(rig.file(), &whole[..part]).unwrap();
        let error = rig.import().await.unwrap_err().to_string();
        assert!(error.contains("state.sqlite"), "{part}: {error}");
        assert!(!rig.data().exists(), "{part}");
    }
    fs::remove_file(rig.file()).unwrap();
    let missing = rig.import().await.unwrap_err().to_string();
    assert!(missing.contains("cannot be opened: No such file"), "{missing}");
}

#[tokio::test]
async fn damaged_logs_are_replaced_where_that_is_wanted() {
    let rig = Rig::new("4.3");
    let lines = async || {
        let store = open(Database::Sqlite, &rig.data()).await;
        let chunk = store.log_content(LogId(7).into(), 0, 1000).await.unwrap().value;
        store.close().await;
        chunk.content
    };
    rig.import().await.unwrap();
    let whole = lines().await;
    fs::remove_dir_all(rig.data()).unwrap();

    rig.change("UPDATE logchunks SET content = x'010203' WHERE logid = 7 AND first_line = 0");
    let mut options = rig.options();
    options.replace_damaged = true;
    let report = import(&options, |_| ()).await.unwrap();
    assert_eq!(report.damaged_chunks, 1);
    let replaced = lines().await;
    assert!(
        replaced.contains("could not be read from Buildbot's database"),
        "{replaced}"
    );
    assert_eq!(replaced.lines().count(), whole.lines().count());
}

#[tokio::test]
async fn a_store_that_is_there_is_left_alone() {
    let rig = Rig::new("4.3");
    rig.import().await.unwrap();
    let before = fs::read(rig.data().join("weir.sqlite")).unwrap();
    let again = rig.import().await.unwrap_err().to_string();
    assert!(again.contains("holds a store already"), "{again}");
    assert!(before == fs::read(rig.data().join("weir.sqlite")).unwrap());
}

#[tokio::test]
async fn a_buildbot_that_goes_on_is_noticed() {
    let rig = Rig::new("4.3");
    let mut written = false;
    let options = rig.options();
    let ended = import(&options, |_| {
        if !std::mem::replace(&mut written, true) {
            rig.change("INSERT INTO sourcestamps SELECT 99, 'new', branch, revision, NULL, '', '', '', 1 FROM sourcestamps LIMIT 1");
        }
    });
    let error = ended.await.unwrap_err().to_string();
    assert!(
        error.contains("stop it") || error.contains("were read"),
        "{error}"
    );
    assert!(!rig.data().exists());
}

#[test]
fn places_are_read_as_buildbot_writes_them() {
    let place = |text: &str| Place::parse(text);
    assert_eq!(
        place("sqlite:////nowhere/state.sqlite").unwrap().shown(),
        "/nowhere/state.sqlite"
    );
    assert_eq!(place("sqlite:///state.sqlite").unwrap().shown(), "state.sqlite");
    let hidden = place("postgresql+psycopg2://bb:secret@db/bb").unwrap();
    assert_eq!(hidden, Place::Postgres("postgres://bb:secret@db/bb".to_owned()));
    assert_eq!(hidden.shown(), "postgres://db/bb");
    for (text, why) in [
        ("mysql://x/y", "MySQL is not read"),
        ("redis://x", "no database of Buildbot"),
        ("sqlite://", "path"),
    ] {
        let error = place(text).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}
