//! What a store holds, as tables.

use comfy_table::Cell;
use weir_status_api::Timestamp;
use weir_status_db::{AgeSpan, Stats};

use super::table::Table;
use super::{Look, ago, plain};

/// A number of bytes in the largest unit that leaves a whole one.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut units = UNITS.iter();
    let mut unit = units.next().copied().unwrap_or_default();
    for larger in units {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    format!("{value:.1} {unit}")
}

/// The tables of the database, what there is of what age, and what each builder has.
pub(crate) fn stats(stats: &Stats, now: Timestamp, look: Look) -> String {
    let mut tables = Table::new(look, ["table", "rows", "size"]);
    for it in stats.tables.iter().filter(|it| it.rows > 0) {
        tables.row([plain(&it.name), it.rows.to_string(), bytes(it.bytes)].map(Cell::new));
    }
    let mut ages = Table::new(look, ["what", "oldest", "newest"]);
    for (what, span) in [
        ("builds", &stats.builds),
        ("changes", &stats.changes),
        ("events", &stats.events),
    ] {
        if let Some(AgeSpan { oldest, newest }) = span {
            ages.row([what.to_owned(), ago(*oldest, now), ago(*newest, now)].map(Cell::new));
        }
    }
    let mut builders = Table::new(look, ["builder", "builds", "oldest", "newest"]);
    for it in &stats.builders {
        let (oldest, newest) = (ago(it.began.oldest, now), ago(it.began.newest, now));
        builders.row([plain(&it.name), it.builds.to_string(), oldest, newest].map(Cell::new));
    }
    let size = format!(
        "The database has {}; the logs have {}, of which {} are referred to.",
        bytes(stats.database_bytes),
        bytes(stats.segment_bytes),
        bytes(stats.log_bytes)
    );
    [tables.to_string(), ages.to_string(), builders.to_string(), size].join("\n\n")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use weir_status_db::{BuilderStats, TableStats};

    use super::super::fixtures::{NOW, ago as before};
    use super::*;

    #[test]
    fn a_store_is_told_in_tables() {
        let span = |days: i64| AgeSpan {
            oldest: before(days * 86_400),
            newest: before(60),
        };
        let table = |name: &str, rows, bytes| TableStats {
            name: name.to_owned(),
            rows,
            bytes,
        };
        let it = Stats {
            tables: vec![
                table("builds", 1_000, 4_300_000),
                table("changes", 12, 40_960),
                table("patches", 0, 4_096),
            ],
            database_bytes: 4_400_000,
            segment_bytes: 3 * 1024 * 1024 * 1024,
            log_bytes: 900,
            builds: Some(span(90)),
            changes: None,
            events: Some(span(7)),
            builders: vec![BuilderStats {
                name: "linux".to_owned(),
                builds: 1_000,
                began: span(90),
            }],
        };
        assert_snapshot!("store", stats(&it, NOW, Look::default()));
    }
}
