//! What came of it, as a table.

use std::fmt::Write;
use std::time::Duration;

use super::Run;

/// All that was measured.
pub(crate) struct Report {
    pub(crate) load: Duration,
    pub(crate) start_empty: Duration,
    pub(crate) start_idle: Duration,
    pub(crate) start_pending: Duration,
    pub(crate) pending: u64,
    /// Without requests that wait, and with.
    pub(crate) runs: [Run; 2],
}

impl Report {
    /// The table.
    pub(crate) fn markdown(&self) -> String {
        let [first, second] = &self.runs;
        let mut text = String::from("| 200 builders, 150 workers, 40 schedulers | |\n| --- | ---: |\n");
        let mut row = |what: &str, value: String| {
            let _ = writeln!(text, "| {what} | {value} |");
        };
        row("`weir check` of the configuration", seconds(self.load));
        row("start, the first time", seconds(self.start_empty));
        row(
            &format!("start, after {} builds", first.builds),
            seconds(self.start_idle),
        );
        row(
            &format!("start, {} requests pending", self.pending),
            seconds(self.start_pending),
        );
        for (run, when) in [(first, "few requests waiting"), (second, "with those pending")] {
            let rate = run.builds as f64 / run.took.as_secs_f64();
            let cpu = run.cpu.as_secs_f64() * 1000.0 / run.builds as f64;
            row(&format!("builds per second, {when}"), format!("{rate:.1}"));
            row(
                &format!("CPU of the master per build, {when}"),
                format!("{cpu:.1} ms"),
            );
            row(
                &format!("peak memory of the master, {when}"),
                format!("{:.0} MiB", run.peak_mib),
            );
        }
        text
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}
