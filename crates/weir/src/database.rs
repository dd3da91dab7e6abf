//! Where a master keeps its state, from the command line.

use std::path::PathBuf;

use clap::Args;
use weir_status_db::Database;

use crate::failure::Failure;

/// The folder and the database of a master.
#[derive(Args, Clone, Debug)]
pub(crate) struct Storage {
    /// The folder for logs, copies of repositories and, unless another is given, the database.
    #[arg(long, default_value = "weir-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The database, `postgres://…`; SQLite in the data folder if none.
    #[arg(long, env = "WEIR_DATABASE", value_name = "URL", hide_env_values = true)]
    database: Option<String>,
}

impl Storage {
    /// Which database it is.
    pub(crate) fn database(&self) -> Result<Database, Failure> {
        match &self.database {
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Database::Postgres(url.clone()))
            }
            Some(_) => {
                let why = "--database takes a URL such as postgres://user:password@host/name; without it, SQLite in \
                           the data folder is used";
                Err(Failure::usage(why))
            }
            None => Ok(Database::Sqlite),
        }
    }
}
