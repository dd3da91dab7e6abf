//! What is planted in the files of the master.

use std::fs;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

use super::Plant;

/// Spoils the store in that folder.
pub(super) fn spoil(plant: Plant, data: &Path) -> Result<(), String> {
    let sql = match plant {
        Plant::Hole => "DELETE FROM events WHERE id = (SELECT MAX(id) / 2 + 3 FROM events)",
        Plant::SilentChange => "UPDATE builds SET state = 'otherwise' WHERE id = 1",
        Plant::SecondEnd => {
            "INSERT INTO events SELECT (SELECT MAX(id) + 1 FROM events), at, verb, entity_json FROM events \
             WHERE verb = 'complete' AND entity_json LIKE '%waited_for%' LIMIT 1"
        }
        Plant::LostChunk => {
            "DELETE FROM log_chunks WHERE (log, first_line) = \
             (SELECT log, first_line FROM log_chunks ORDER BY line_count DESC LIMIT 1)"
        }
        _ => return Ok(()),
    };
    let file = data.join("weir.sqlite");
    let mut connection =
        SqliteConnection::establish(&file.to_string_lossy()).map_err(|error| error.to_string())?;
    connection.batch_execute(sql).map_err(|error| error.to_string())
}

/// Puts the folder's files as they are into another one, in the place of what that has.
pub(super) fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(to) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir_all(to)?,
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => drop(fs::copy(entry.path(), target)?),
        }
    }
    Ok(())
}
