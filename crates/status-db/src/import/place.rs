//! Where an import is until it is done, and how it takes its place.
//!
//! All is in the folder `importing` of the data directory, and for PostgreSQL in a schema beside the one of the store.
//! The file `ready` in it says that all is there: from then on only moving it is left, which can be done again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use weir_status_api::Timestamp;

use super::{Staging, database_file, postgres, sqlite};
use crate::error::{Error, Result};
use crate::store::Database;

/// The name of the folder.
const FOLDER: &str = "importing";
/// Says that all is there, and what is.
const READY: &str = "ready";
/// Tells this import from others.
const TOKEN: &str = "token";

/// The places of one import.
pub(super) struct Folder {
    database: Database,
    data_dir: PathBuf,
    /// Whether the data directory was made for it.
    made: bool,
}

fn failed(doing: &str, path: &Path, source: std::io::Error) -> Error {
    Error::io(format_args!("{doing} {}", path.display()), source)
}

/// Nothing is wrong if what is to go is not there.
fn gone(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn sync(folder: &Path) -> Result<()> {
    let synced = fs::File::open(folder).and_then(|it| it.sync_all());
    synced.map_err(|error| failed("syncing", folder, error))
}

impl Folder {
    pub(super) fn new(database: Database, data_dir: &Path, made: bool) -> Self {
        Self {
            database,
            data_dir: data_dir.to_owned(),
            made,
        }
    }

    fn path(&self) -> PathBuf {
        self.data_dir.join(FOLDER)
    }

    /// Where its segments are.
    pub(super) fn logs(&self) -> PathBuf {
        self.path().join("logs")
    }

    /// An import is for a store that is not there.
    pub(super) async fn refuse_store(&self) -> Result<()> {
        let shown = self.data_dir.display();
        if database_file(&self.data_dir).exists() || self.data_dir.join("logs").exists() {
            return Err(Error::conflict(format_args!(
                "{shown} holds a store already, and an import keeps all ids: name a new folder with --data"
            )));
        }
        match &self.database {
            Database::Sqlite => Ok(()),
            Database::Postgres(url) => postgres::refuse_store(url).await,
        }
    }

    /// Opens the database that nobody sees, which is made as needed.
    pub(super) async fn open(&self) -> Result<Box<dyn Staging>> {
        let folder = self.path();
        fs::create_dir_all(&folder).map_err(|error| failed("making", &folder, error))?;
        Ok(match &self.database {
            Database::Sqlite => Box::new(sqlite::open(&database_file(&folder)).await?),
            Database::Postgres(url) => Box::new(postgres::open(url).await?),
        })
    }

    /// Whether the notes in the database belong to this folder.
    pub(super) fn is_of(&self, notes: &BTreeMap<String, String>) -> bool {
        let token = fs::read_to_string(self.path().join(TOKEN)).ok();
        token.is_some() && token.as_ref() == notes.get(TOKEN)
    }

    /// Marks the folder as that of a new import.
    pub(super) fn sign(&self, at: Timestamp) -> Result<String> {
        let token = format!("{} {}", at.0, std::process::id());
        self.put(TOKEN, &token)?;
        Ok(token)
    }

    fn put(&self, name: &str, text: &str) -> Result<()> {
        let (folder, path) = (self.path(), self.path().join(name));
        let written = || {
            let part = folder.join(format!("{name}.part"));
            fs::write(&part, text)?;
            fs::File::open(&part)?.sync_all()?;
            fs::rename(&part, &path)
        };
        written().map_err(|error| failed("writing", &path, error))?;
        sync(&folder)
    }

    /// Takes away all that was imported so far.
    pub(super) async fn clear(&self) -> Result<()> {
        if let Database::Postgres(url) = &self.database {
            postgres::drop_staging(url).await?;
        }
        let folder = self.path();
        gone(fs::remove_dir_all(&folder)).map_err(|error| failed("deleting", &folder, error))
    }

    /// Leaves the data directory as it was found.
    pub(super) fn leave(&self) {
        if self.made {
            // Whatever else is in there by now keeps it.
            let _ = fs::remove_file(self.data_dir.join("lock"));
            let _ = fs::remove_dir(&self.data_dir);
        }
    }

    /// Says that all is there.
    pub(super) fn ready(&self, said: &str) -> Result<()> {
        self.put(READY, said)
    }

    /// Moves what is ready into its place; gives what was said of it, if something was ready.
    pub(super) async fn finish(&self) -> Result<Option<String>> {
        let folder = self.path();
        let said = match fs::read_to_string(folder.join(READY)) {
            Ok(said) => said,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("reading", &folder.join(READY), error)),
        };
        let place = |from: &Path, to: &Path| -> Result<()> {
            if from.exists() {
                fs::rename(from, to).map_err(|error| failed("moving", from, error))?;
            }
            Ok(())
        };
        place(&self.logs(), &self.data_dir.join("logs"))?;
        sync(&self.data_dir)?;
        match &self.database {
            Database::Sqlite => {
                let file = database_file(&folder);
                if file.exists() {
                    sqlite::tidy(&file).await?;
                    place(&file, &database_file(&self.data_dir))?;
                }
            }
            Database::Postgres(url) => postgres::publish(url).await?,
        }
        sync(&self.data_dir)?;
        gone(fs::remove_dir_all(&folder)).map_err(|error| failed("deleting", &folder, error))?;
        Ok(Some(said))
    }
}
