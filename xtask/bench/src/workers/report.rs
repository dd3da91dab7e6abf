//! What came of it, as a table.

use std::fmt::Write;
use std::time::Duration;

use super::run::Measured;
use crate::measure::ms;

/// The table, with a column for each server.
pub(super) fn table(measured: &[Measured]) -> String {
    let mut text = String::from("| what | goal |");
    for it in measured {
        let _ = write!(text, " {} |", it.name);
    }
    let _ = writeln!(text, "\n|---|--:|{}", "--:|".repeat(measured.len()));
    let mut row = |what: &str, goal: &str, value: &dyn Fn(&Measured) -> String| {
        let _ = write!(text, "| {what} | {goal} |");
        for it in measured {
            let _ = write!(text, " {} |", value(it));
        }
        text.push('\n');
    };
    row("workers", "", &|it| it.size.workers.to_string());
    row("of them `buildbot-worker` itself", "", &|it| {
        it.size.real.to_string()
    });
    row("simulated ones connected, s", "", &|it| seconds(it.connected));
    row("memory with them, MiB", "", &|it| format!("{:.0}", it.idle_mib));
    row("builds at once", "", &|it| it.size.builds.to_string());
    row("printed, MB", "", &|it| format!("{:.0}", it.size.megabytes()));
    row("commands print for, s", "", &|it| {
        it.size.output.seconds.to_string()
    });
    row("all builds took, s", "", &|it| seconds(it.took));
    row("output in all, MB/s", "", &|it| {
        format!("{:.1}", it.size.megabytes() / it.took.as_secs_f64())
    });
    row("CPU of the master, cores", "< 1", &|it| {
        format!("{:.2}", it.cpu.as_secs_f64() / it.took.as_secs_f64())
    });
    row("CPU of the master for each MB, ms", "", &|it| {
        format!("{:.1}", ms(it.cpu) / it.size.megabytes())
    });
    row("memory of the master, the most, MiB", "< 300", &|it| {
        format!("{:.0}", it.peak_mib)
    });
    row("memory of the master for each MB/s, MiB", "", &|it| {
        format!("{:.1}", it.peak_mib * it.took.as_secs_f64() / it.size.megabytes())
    });
    for (place, what) in ["p50", "p99", "worst"].iter().enumerate() {
        row(&format!("lag of the output, {what}, ms"), "", &|it| {
            it.lag[place].map_or_else(|| "–".to_owned(), |it| format!("{:.0}", ms(it)))
        });
    }
    text
}

fn seconds(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64())
}
