//! A database of Buildbot, which is only read.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{Error, Result};
use crate::record::Record;

/// What stands in the path of a URL as it is.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_');

/// The name of the file that Buildbot makes in the folder of a master.
const USUAL_FILE: &str = "state.sqlite";

/// Where a database of Buildbot is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// A URL of PostgreSQL.
    Postgres(String),
}

impl Place {
    /// Reads what Buildbot's `c['db']` has (`sqlite:///state.sqlite`, `sqlite:////home/bb/state.sqlite`,
    /// `postgresql+psycopg2://…`), `postgres://…`, or the path of a master's folder or of its file.
    ///
    /// # Errors
    /// [`Error::Place`] if it is none of them.
    pub fn parse(text: &str) -> Result<Self> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Ok(Self::Sqlite(file_of(Path::new(text))));
        };
        match scheme.split('+').next().unwrap_or_default() {
            "sqlite" => {
                // Three slashes and a path from here; a fourth one begins a path from the root.
                let path = rest.strip_prefix('/').unwrap_or(rest);
                let path = path.split('?').next().unwrap_or_default();
                if path.is_empty() {
                    return Err(Error::Place("sqlite:/// and the path of a file".to_owned()));
                }
                let (here, root) = (PathBuf::from(path), PathBuf::from(format!("/{path}")));
                Ok(Self::Sqlite(match !here.exists() && root.exists() {
                    true => file_of(&root),
                    false => file_of(&here),
                }))
            }
            "postgres" | "postgresql" => Ok(Self::Postgres(format!("postgres://{rest}"))),
            "mysql" | "mariadb" => {
                let why =
                    "MySQL is not read: copy the database into PostgreSQL (pgloader does) and import that";
                Err(Error::Place(why.to_owned()))
            }
            other => Err(Error::Place(format!(
                "`{other}://` is no database of Buildbot that is read here: sqlite:///FILE, postgres://…, or the \
                 folder of a master"
            ))),
        }
    }

    /// The place without a password, for people.
    pub fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(url) => match (url.split_once("://"), url.rsplit_once('@')) {
                (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
                _ => url.clone(),
            },
        }
    }
}

fn file_of(path: &Path) -> PathBuf {
    match path.is_dir() {
        true => path.join(USUAL_FILE),
        false => path.to_owned(),
    }
}

/// Which columns of a table are wanted; numbers begin with `#`, what is no text with `*`.
pub(crate) type Columns<'a> = &'a [&'a str];

/// A connection to a database of Buildbot.
pub(crate) struct Source {
    place: Place,
    conn: Conn,
    /// The columns of the tables that are there.
    tables: BTreeMap<String, BTreeSet<String>>,
}

enum Conn {
    /// Taken while a thread has it.
    Sqlite(Option<SqliteConnection>),
    Postgres(Box<AsyncPgConnection>),
}

impl Source {
    /// Opens it, to be read only.
    pub(crate) async fn open(place: &Place) -> Result<Self> {
        let conn = match place {
            Place::Sqlite(path) => Conn::Sqlite(Some(open_sqlite(path)?)),
            Place::Postgres(url) => Conn::Postgres(Box::new(open_postgres(url, place).await?)),
        };
        let mut source = Self {
            place: place.clone(),
            conn,
            tables: BTreeMap::new(),
        };
        let sql = match &source.conn {
            Conn::Sqlite(_) => {
                "SELECT CAST(t.name AS BLOB) AS b0, CAST(c.name AS BLOB) AS b1 \
                 FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'"
            }
            Conn::Postgres(_) => {
                "SELECT convert_to(table_name, 'UTF8') AS b0, convert_to(column_name, 'UTF8') AS b1 \
                 FROM information_schema.columns WHERE table_schema = current_schema()"
            }
        };
        for mut record in source.records("its tables", sql.to_owned()).await? {
            let (table, column) = (record.text(), record.text());
            source.tables.entry(table).or_default().insert(column);
        }
        Ok(source)
    }

    /// Where it is, for people.
    pub(crate) fn shown(&self) -> String {
        self.place.shown()
    }

    /// The names of the tables.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }

    /// Whether a table has a column.
    pub(crate) fn has(&self, table: &str, column: &str) -> bool {
        self.tables.get(table).is_some_and(|it| it.contains(column))
    }

    /// The expression of a column, or of nothing where there is no such column.
    fn expression(&self, table: &str, alias: &str, column: &str, at: usize) -> String {
        let is_postgres = matches!(self.conn, Conn::Postgres(_));
        let (kind, name) = match column.chars().next() {
            Some('#') => ('#', &column[1..]),
            Some('*') => ('*', &column[1..]),
            _ => ('"', column),
        };
        let named = match self.has(table, name) {
            true => format!("{alias}.{name}"),
            false => "NULL".to_owned(),
        };
        match kind {
            '#' => format!("CAST({named} AS BIGINT) AS i{at}"),
            '*' if is_postgres => format!("CAST({named} AS BYTEA) AS b{at}"),
            _ if is_postgres => format!("convert_to(CAST({named} AS TEXT), 'UTF8') AS b{at}"),
            _ => format!("CAST({named} AS BLOB) AS b{at}"),
        }
    }

    /// The rows of a table, which is called `t` in the `rest` of the query. A table that is not there has none.
    pub(crate) async fn read(
        &mut self,
        table: &str,
        columns: Columns<'_>,
        rest: &str,
    ) -> Result<Vec<Record>> {
        self.read_joined(table, columns, &[], rest).await
    }

    /// The same with the columns of others, which the `rest` joins by the names that are given.
    pub(crate) async fn read_joined(
        &mut self,
        table: &str,
        columns: Columns<'_>,
        others: &[(&str, &str, Columns<'_>)],
        rest: &str,
    ) -> Result<Vec<Record>> {
        if !self.tables.contains_key(table) {
            return Ok(Vec::new());
        }
        let of_others = others
            .iter()
            .flat_map(|(table, alias, columns)| columns.iter().map(move |it| (*table, *alias, *it)));
        let all = columns.iter().map(|it| (table, "t", *it)).chain(of_others);
        let wanted: Vec<String> = all
            .enumerate()
            .map(|(at, (table, alias, column))| self.expression(table, alias, column, at))
            .collect();
        let sql = format!("SELECT {} FROM {table} t {rest}", wanted.join(", "));
        self.records(table, sql).await
    }

    /// How many rows a table has; none if it is not there.
    pub(crate) async fn count(&mut self, table: &str) -> Result<i64> {
        if !self.tables.contains_key(table) {
            return Ok(0);
        }
        let sql = format!("SELECT CAST(COUNT(*) AS BIGINT) AS i0 FROM {table}");
        let mut found = self.records(table, sql).await?;
        Ok(found.first_mut().map_or(0, Record::int))
    }

    async fn records(&mut self, what: &str, sql: String) -> Result<Vec<Record>> {
        let loaded = match &mut self.conn {
            Conn::Postgres(conn) => {
                diesel_async::RunQueryDsl::load::<Record>(diesel::sql_query(sql), conn).await
            }
            Conn::Sqlite(kept) => {
                let mut conn = kept
                    .take()
                    .ok_or_else(|| Error::Ended("a query was".to_owned()))?;
                let loading = tokio::task::spawn_blocking(move || {
                    let loaded = diesel::RunQueryDsl::load::<Record>(diesel::sql_query(sql), &mut conn);
                    (conn, loaded)
                });
                let (conn, loaded) = loading.await.map_err(|error| Error::Ended(error.to_string()))?;
                *kept = Some(conn);
                loaded
            }
        };
        loaded.map_err(|error| match error {
            diesel::result::Error::DatabaseError(
                diesel::result::DatabaseErrorKind::ClosedConnection,
                why,
            ) => Error::Unreachable {
                place: self.place.shown(),
                why: why.message().to_owned(),
            },
            error => Error::data(format_args!("{}, reading {what}", self.place.shown()), error),
        })
    }
}

fn open_sqlite(path: &Path) -> Result<SqliteConnection> {
    let shown = path.display().to_string();
    let unreachable = |why: String| Error::Unreachable {
        place: shown.clone(),
        why,
    };
    // SQLite itself says little of a file that is not there, or not whole.
    let file = std::fs::File::open(path).map_err(|error| unreachable(error.to_string()))?;
    if let Some((length, whole)) = cut_off(&file).map_err(|error| unreachable(error.to_string()))? {
        let why = format!("it is cut off: it has {length} bytes, and had {whole}");
        return Err(unreachable(why));
    }
    let path = path
        .to_str()
        .ok_or_else(|| unreachable("its path is not UTF-8".to_owned()))?;
    let url = format!("file:{}?mode=ro", utf8_percent_encode(path, IN_PATH));
    let mut conn = SqliteConnection::establish(&url).map_err(|error| unreachable(error.to_string()))?;
    let pragmas = "PRAGMA query_only = ON; PRAGMA busy_timeout = 60000; PRAGMA cache_size = -32768; \
                   PRAGMA mmap_size = 0;";
    conn.batch_execute(pragmas)
        .map_err(|error| unreachable(error.to_string()))?;
    Ok(conn)
}

/// The bytes of a file of SQLite, and how many it should have by what is in its head, if those are more.
fn cut_off(file: &std::fs::File) -> std::io::Result<Option<(u64, u64)>> {
    let length = file.metadata()?.len();
    let mut head = [0; 96];
    if length < 100 {
        return Ok(None);
    }
    file.read_exact_at(&mut head, 0)?;
    let number = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let page = match u16::from_be_bytes([head[16], head[17]]) {
        1 => 65536,
        size => u64::from(size),
    };
    // Its count of pages is right if the same writer set both of these.
    let known = head.starts_with(b"SQLite format 3\0") && number(24) == number(92);
    let whole = page * u64::from(number(28));
    Ok((known && length < whole).then_some((length, whole)))
}

async fn open_postgres(url: &str, place: &Place) -> Result<AsyncPgConnection> {
    let unreachable = |why: String| Error::Unreachable {
        place: place.shown(),
        why,
    };
    let connected = AsyncPgConnection::establish(url).await;
    let mut conn = connected.map_err(|error| unreachable(error.to_string()))?;
    // All is read as it was at one moment, whatever others write meanwhile.
    conn.batch_execute("SET statement_timeout = 0; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await
        .map_err(|error| unreachable(error.to_string()))?;
    Ok(conn)
}
