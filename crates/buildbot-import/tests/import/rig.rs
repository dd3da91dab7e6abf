//! Recorded databases, and where they go to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tempfile::TempDir;
use weir_buildbot_import::{Options, Place, Report, Result, import};
use weir_status_api::{SystemClock, Timestamp};
use weir_status_db::{Database, Store};

/// When all imports are made.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// The versions that are recorded, with what their schemas say of themselves.
pub(crate) const VERSIONS: [(&str, i64); 3] = [("2.10", 58), ("3.5", 59), ("4.3", 67)];

pub(crate) fn dump(version: &str) -> String {
    let file = format!(
        "{}/tests/dumps/buildbot-{version}.sql",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(file).unwrap()
}

/// A folder of a Buildbot master, and one for a store.
pub(crate) struct Rig {
    pub(crate) folder: TempDir,
}

impl Rig {
    pub(crate) fn new(version: &str) -> Self {
        let rig = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir(rig.folder.path().join("master")).unwrap();
        rig.change(&dump(version));
        rig
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("master/state.sqlite")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Carries out statements on Buildbot's database.
    pub(crate) fn change(&self, sql: &str) {
        let mut conn = SqliteConnection::establish(self.file().to_str().unwrap()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
        conn.batch_execute(sql).unwrap();
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            from: Place::parse(self.file().parent().unwrap().to_str().unwrap()).unwrap(),
            database: Database::Sqlite,
            data_dir: self.data(),
            cancel_waiting: false,
            replace_damaged: false,
            at: NOW,
        }
    }

    pub(crate) async fn import(&self) -> Result<Report> {
        import(&self.options(), |_| ()).await
    }
}

pub(crate) async fn open(database: Database, data_dir: &Path) -> Store {
    let options = weir_status_db::Options {
        database,
        data_dir: data_dir.to_owned(),
        clock: Arc::new(SystemClock),
    };
    Store::open(options).await.unwrap()
}

/// The recorded database in PostgreSQL: the same tables without their foreign keys, whose order SQLite does not mind.
pub(crate) async fn fill_postgres(url: &str, version: &str) {
    let mut sql = String::new();
    for line in dump(version).lines() {
        if line.starts_with("PRAGMA") || line.contains("FOREIGN KEY") {
            continue;
        }
        sql.push_str(&line.replace("BLOB", "BYTEA").replace("char(10)", "chr(10)"));
        sql.push('\n');
    }
    for (from, to) in [(", \n);", "\n);"), (",X'", ",'\\x")] {
        sql = sql.replace(from, to);
    }
    let mut conn = AsyncPgConnection::establish(url).await.unwrap();
    conn.batch_execute(&sql).await.unwrap();
}
