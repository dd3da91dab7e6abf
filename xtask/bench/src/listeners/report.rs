//! What came of it, as tables.

use std::fmt::Write;
use std::time::Duration;

use super::Measured;
use super::cost::Cost;
use super::kinds::Kind;
use crate::measure::ms;

/// The table of the ten, and that of each of them.
pub(super) fn soak(measured: &Measured) -> String {
    let mut text = String::from("| listener | events come by | told | again, by the same id (at most) |");
    for calm in &measured.calm {
        let pace = calm.pace;
        let _ = write!(text, " {pace} a second: p50, ms | {pace} a second: p99, ms |");
    }
    let _ = writeln!(
        text,
        "\n| --- | --- | ---: | ---: |{}",
        " ---: | ---: |".repeat(measured.calm.len())
    );
    for kind in Kind::ALL {
        let count = measured.audit.counts.get(&kind).copied().unwrap_or_default();
        let mut row = format!(
            "| `{}` | {} | {} | {} ({})",
            kind.name(),
            kind.runner().way(),
            count.told,
            count.repeats,
            count.allowed
        );
        for calm in &measured.calm {
            let lags = calm.lags.get(&kind).map(Vec::as_slice).unwrap_or_default();
            let _ = write!(row, " | {} | {}", of(lags, 0.5), of(lags, 0.99));
        }
        let _ = writeln!(text, "{row} |");
    }
    text.push_str("\n| all of them | |\n| --- | ---: |\n");
    let mut row = |what: &str, value: String| {
        let _ = writeln!(text, "| {what} | {value} |");
    };
    for calm in &measured.calm {
        row(
            &format!("builds in calm, {} a second", calm.pace),
            calm.builds.to_string(),
        );
    }
    for (runner, usage) in &measured.usages {
        let name = format!("memory of {} then, MiB", runner.name());
        row(&name, format!("{:.0}", usage.rss_mib));
    }
    row("builds in storm", measured.builds.to_string());
    for (name, times) in &measured.damage.killed {
        row(&format!("killed: {name}"), times.to_string());
    }
    row(
        "half lines left in the log file",
        measured.damage.torn.to_string(),
    );
    row(
        "destinations that were down, hung or mute",
        measured.damage.outages.to_string(),
    );
    for (name, part) in [("p50", 0.5), ("p99", 0.99), ("the longest", 1.0)] {
        row(
            &format!("from the commit to the destination in storm, {name}, s"),
            format!("{:.1}", at(&measured.lags, part).as_secs_f64()),
        );
    }
    let total = measured.audit.total();
    row("deliveries in all", total.told.to_string());
    row(
        "of them again, by the same id",
        format!("{} (at most {} may)", total.repeats, total.allowed),
    );
    text
}

/// The table of what listeners cost.
pub(super) fn costs(costs: &[Cost]) -> String {
    let mut text = String::from(
        "| listeners | idle: CPU of the master, % | of the process beside it, % | transactions a second | \
         calm: memory of their process, MiB | of each, KiB | busy: builds a second | told after the last build, s | \
         memory then, MiB | of each, KiB |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for cost in costs {
        let fewest = costs
            .iter()
            .filter(|it| it.runner == cost.runner && it.listeners < cost.listeners)
            .min_by_key(|it| it.listeners);
        let each = |memory: fn(&Cost) -> f64| {
            fewest.map_or("–".to_owned(), |few| {
                let more = (cost.listeners - few.listeners) as f64;
                format!("{:.0}", (memory(cost) - memory(few)) * 1024.0 / more)
            })
        };
        let beside = cost
            .idle_cpu_beside
            .map_or("–".to_owned(), |it| format!("{:.1}", it * 100.0));
        let _ = writeln!(
            text,
            "| {}, {} | {:.1} | {beside} | {:.1} | {:.0} | {} | {:.0} | {:.1} | {:.0} | {} |",
            cost.listeners,
            cost.runner.way(),
            cost.idle_cpu * 100.0,
            cost.idle_transactions,
            cost.memory,
            each(|it| it.memory),
            cost.builds,
            cost.late,
            cost.memory_after,
            each(|it| it.memory_after),
        );
    }
    text
}

fn of(lags: &[Duration], part: f64) -> String {
    match lags.is_empty() {
        true => "–".to_owned(),
        false => format!("{:.1}", ms(at(lags, part))),
    }
}

fn at(lags: &[Duration], part: f64) -> Duration {
    let place = (lags.len() as f64 * part) as usize;
    let last = lags.len().saturating_sub(1);
    lags.get(place.min(last)).copied().unwrap_or_default()
}
