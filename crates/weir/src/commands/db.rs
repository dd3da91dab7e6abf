//! `weir db`: what a master keeps, its room, and copies of it.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use weir_status_api::{Clock, SystemClock};
use weir_status_db::{AgeSpan, Database, Stats as Counted, Store};

use crate::database::Storage;
use crate::failure::Failure;
use crate::show::{Look, say, store};

/// Looks after what a master keeps.
#[derive(Args)]
pub(crate) struct Db {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show what there is and how much room it takes; the master may run.
    Stats(Stats),
    /// Give back the room that nothing needs; the master must not run.
    Vacuum(Vacuum),
    /// Copy everything into a new folder; the master may run.
    Backup(Backup),
    /// Put a copy back into an empty folder.
    Restore(Restore),
}

#[derive(Args)]
struct Stats {
    #[command(flatten)]
    storage: Storage,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Vacuum {
    #[command(flatten)]
    storage: Storage,
}

#[derive(Args)]
struct Backup {
    /// The folder to make; its parent must exist.
    folder: PathBuf,
    #[command(flatten)]
    storage: Storage,
}

#[derive(Args)]
struct Restore {
    /// The folder that `weir db backup` made.
    folder: PathBuf,
    #[command(flatten)]
    storage: Storage,
}

impl Db {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Stats(it) => it.run().await,
            Command::Vacuum(it) => it.run().await,
            Command::Backup(it) => it.run().await,
            Command::Restore(it) => it.run().await,
        }
    }
}

impl Stats {
    async fn run(self) -> Result<(), Failure> {
        let database = self.storage.database()?;
        let stats = weir_status_db::stats(&database, &self.storage.data).await;
        let stats = stats.map_err(Failure::new)?;
        if self.json {
            say(to_document(&stats))
        } else {
            say(store::stats(&stats, SystemClock.now(), Look::of_stdout()))
        }
    }
}

fn to_document(stats: &Counted) -> Value {
    let span = |span: &AgeSpan| json!({"oldest_us": span.oldest.0, "newest_us": span.newest.0});
    let tables = stats
        .tables
        .iter()
        .map(|it| json!({"name": it.name, "rows": it.rows, "bytes": it.bytes}));
    let builders = stats
        .builders
        .iter()
        .map(|it| json!({"name": it.name, "builds": it.builds, "began": span(&it.began)}));
    json!({
        "database_bytes": stats.database_bytes,
        "segment_bytes": stats.segment_bytes,
        "log_bytes": stats.log_bytes,
        "tables": tables.collect::<Vec<_>>(),
        "builds": stats.builds.as_ref().map(span),
        "changes": stats.changes.as_ref().map(span),
        "events": stats.events.as_ref().map(span),
        "builders": builders.collect::<Vec<_>>(),
    })
}

impl Vacuum {
    async fn run(self) -> Result<(), Failure> {
        let options = weir_status_db::Options {
            database: self.storage.database()?,
            data_dir: self.storage.data.clone(),
            clock: Arc::new(SystemClock),
        };
        if !self.storage.data.is_dir() {
            let data = self.storage.data.display();
            return Err(Failure::usage(format!("there is no data folder {data}")));
        }
        let store = Store::open(options).await.map_err(Failure::new)?;
        let tidied = store.vacuum().await;
        store.close().await;
        let tidied = tidied.map_err(Failure::new)?;
        say(format!(
            "the database is {} smaller, the logs {}",
            store::bytes(tidied.database_bytes),
            store::bytes(tidied.log_bytes)
        ))
    }
}

/// Refuses what `pg_dump` does.
fn only_sqlite(storage: &Storage, instead: &str) -> Result<(), Failure> {
    match storage.database()? {
        Database::Sqlite => Ok(()),
        Database::Postgres(_) => Err(Failure::usage(format!(
            "PostgreSQL has its own tools for copies: {instead}"
        ))),
    }
}

impl Backup {
    async fn run(self) -> Result<(), Failure> {
        let instead = "run pg_dump, and when it is done copy the folder `logs` of the data folder";
        only_sqlite(&self.storage, instead)?;
        let shown = self.folder.display().to_string();
        let made = weir_status_db::backup(self.storage.data, self.folder, SystemClock.now());
        let made = made.await.map_err(Failure::new)?;
        let size = store::bytes(made.bytes);
        say(format!("{shown} holds {} files, {size}", made.files))
    }
}

impl Restore {
    async fn run(self) -> Result<(), Failure> {
        let instead = "run pg_restore or psql, and copy the folder `logs` back into an empty data folder";
        only_sqlite(&self.storage, instead)?;
        let (from, to) = (
            self.folder.display().to_string(),
            self.storage.data.display().to_string(),
        );
        let restored = weir_status_db::restore(self.folder, self.storage.data).await;
        restored.map_err(Failure::new)?;
        say(format!("{to} is as it was when {from} was made"))
    }
}
