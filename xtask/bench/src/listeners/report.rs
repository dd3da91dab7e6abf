//! What came of it, as a table.

use std::fmt::Write;
use std::time::Duration;

use super::{IN_CROWD, LISTENERS, Measured};
use crate::measure::ms;

/// The table.
pub(super) fn table(measured: &Measured) -> String {
    let [master, five, crowd] = &measured.calm;
    let mut text = format!(
        "| {LISTENERS} listeners, in a master and beside it | in calm | in storm |\n| --- | ---: | ---: |\n"
    );
    let mut row = |what: &str, calm: String, storm: String| {
        let _ = writeln!(text, "| {what} | {calm} | {storm} |");
    };
    let [calm, storm] = measured.builds;
    row("builds", calm.to_string(), storm.to_string());
    let kills: Vec<String> = measured
        .storm
        .kills
        .iter()
        .map(|(what, times)| format!("{what} {times}"))
        .collect();
    row("killed, times", String::new(), kills.join(", "));
    row(
        "destinations that were down, hung or mute",
        String::new(),
        measured.storm.outages.to_string(),
    );
    for (name, part) in [("p50", 0.5), ("p99", 0.99), ("the longest", 1.0)] {
        let [calm, storm] = &measured.lags;
        row(
            &format!("from the commit to the destination, {name}, ms"),
            of(calm, part),
            of(storm, part),
        );
    }
    let audit = &measured.audit;
    row("deliveries in all", String::new(), audit.told.to_string());
    row(
        "of them again, by the same id",
        String::new(),
        format!("{} (at most {} may)", audit.repeats, audit.allowed),
    );
    row(
        "memory of the master with 4 of them, MiB",
        format!("{:.0}", master.peak_mib),
        String::new(),
    );
    row(
        "memory of a process with 3 of them, MiB",
        format!("{:.0}", five.peak_mib),
        String::new(),
    );
    let each = (crowd.peak_mib - five.peak_mib) * 1024.0 / IN_CROWD as f64;
    row(
        "memory of each further one, KiB",
        format!("{each:.0}"),
        String::new(),
    );
    text
}

fn of(lags: &[Duration], part: f64) -> String {
    let place = (lags.len() as f64 * part) as usize;
    lags.get(place.min(lags.len().saturating_sub(1)))
        .map_or_else(|| "–".to_owned(), |it| format!("{:.0}", ms(*it)))
}
