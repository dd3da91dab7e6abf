//! The figures, and how they are shown: tables in Markdown.

use std::fmt::Write;
use std::time::Duration;

use crate::events::Transport;
use crate::machine;
use crate::measure::builds::Builds;
use crate::measure::fan_out::FanOut;
use crate::measure::load::{Load, Reading};
use crate::measure::log::Log;
use crate::measure::ms;
use crate::measure::views::Viewed;
use crate::options::{Options, Plan};
use crate::site::Site;

/// What is known of one server; what could not be measured is missing.
#[derive(Default)]
pub(crate) struct Figures {
    /// The server's name.
    pub(crate) name: &'static str,
    /// From the start of its process to its first answer, filled: the median.
    pub(crate) start: Option<Duration>,
    /// Memory at rest, with history and workers.
    pub(crate) idle_mib: Option<f64>,
    /// The most memory after any part but the largest audience.
    pub(crate) most_mib: Option<f64>,
    /// Size of its database.
    pub(crate) database_mb: f64,
    /// A long log.
    pub(crate) log: Option<Log>,
    /// Audiences.
    pub(crate) fan_outs: Vec<FanOut>,
    /// Forced builds.
    pub(crate) builds: Option<Builds>,
    /// Requests.
    pub(crate) reads: Vec<Reading>,
}

impl Figures {
    /// Takes account of the memory that the server holds now.
    pub(crate) fn holds(&mut self, site: &Site) {
        let now = site.usage().ok().map(|it| it.rss_mib);
        self.most_mib = now.into_iter().chain(self.most_mib).reduce(f64::max);
    }

    fn reading(&self, name: &str) -> Option<&Reading> {
        self.reads.iter().find(|it| it.name == name)
    }

    fn fan_out(&self, transport: Transport, size: usize) -> Option<&FanOut> {
        let mut all = self.fan_outs.iter();
        all.find(|it| it.transport == transport && it.size == size)
    }
}

/// A run of the whole.
pub(crate) struct Report {
    /// "hello", the limit.
    pub(crate) hello: Option<Load>,
    /// Each server that was measured.
    pub(crate) servers: Vec<Figures>,
    /// Views of a Weir with many builders.
    pub(crate) views: Vec<Viewed>,
    /// Reads from a Weir with that many builds.
    pub(crate) large: Option<(u64, Vec<Reading>)>,
    plan: Plan,
    quick: bool,
    machine: String,
    load: String,
}

/// Whether more is better.
#[derive(Clone, Copy)]
enum Better {
    More,
    Less,
}

impl Report {
    /// Nothing is known yet.
    pub(crate) fn new(options: &Options, plan: &Plan) -> Self {
        Self {
            hello: None,
            servers: vec![],
            views: vec![],
            large: None,
            plan: plan.clone(),
            quick: options.quick,
            machine: machine::describe(),
            load: machine::load(),
        }
    }

    /// All is measured, in `took`.
    pub(crate) fn ended(&mut self, took: Duration) {
        let minutes = took.as_secs_f64() / 60.0;
        self.load = format!(
            "load {} at the start, {} at the end, {minutes:.1} minutes",
            self.load,
            machine::load()
        );
    }

    /// The tables.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!(
            "Measured {}; {}. {} builds of history, 52 builders, {} workers, SQLite, {} connections.\n\n",
            self.machine,
            self.load,
            thousands(self.plan.builds as f64),
            self.plan.workers,
            self.plan.connections,
        );
        if self.quick {
            text += "A quick run of a debug build: the figures say nothing about speed.\n\n";
        }
        text += &self.reads();
        text += "\n";
        text += &self.reads_alone();
        text += "\n";
        text += &self.others();
        if !self.views.is_empty() {
            text += "\n";
            text += &self.views_table();
        }
        if let Some((builds, reads)) = &self.large {
            text += "\n";
            text += &self.large_table(*builds, reads);
        }
        text
    }

    fn server(&self, name: &str) -> Option<&Figures> {
        self.servers.iter().find(|it| it.name == name)
    }

    fn reads(&self) -> String {
        let mut text =
            "| GET | bytes | Weir, req/s | of hello | unchanged (304), req/s | of hello | p50 ms | p99 ms | \
                        CPU µs | Buildbot, req/s | p50 ms | p99 ms | CPU µs | Weir / Buildbot |\n"
                .to_owned();
        text += &format!("|---|{}\n", "--:|".repeat(13));
        if let Some(hello) = &self.hello {
            let (p50, p99) = (number(hello.p50_ms), number(hello.p99_ms));
            let rate = rate(hello);
            text += &format!("| hello, the limit | 5 | {rate} | 1 | | | {p50} | {p99} | | | | | | |\n");
        }
        let (weir, buildbot) = (self.server("Weir"), self.server("Buildbot"));
        let names = self.servers.iter().flat_map(|it| &it.reads).map(|it| it.name);
        let mut seen: Vec<&str> = vec![];
        for name in names {
            if seen.contains(&name) {
                continue;
            }
            seen.push(name);
            let of = |figures: Option<&Figures>| figures.and_then(|it| it.reading(name)).map(Reading::shown);
            let (ours, theirs) = (of(weir), of(buildbot));
            let ratio = match (&ours, &theirs) {
                (Some(ours), Some(theirs)) => times(ours.whole.per_second / theirs.whole.per_second),
                _ => dash(),
            };
            let whole = |it: &Option<Shown>| it.map_or_else(|| vec![dash(); 4], |it| cells(&it.whole));
            let (ours_cells, theirs_cells) = (whole(&ours), whole(&theirs));
            let unchanged = ours.and_then(|it| it.unchanged);
            let row = [
                name.to_owned(),
                ours.or(theirs).map_or_else(dash, |it| thousands(it.bytes as f64)),
                ours_cells[0].clone(),
                ours.map_or_else(dash, |it| self.of_hello(&it.whole)),
                unchanged.as_ref().map_or_else(dash, rate),
                unchanged.as_ref().map_or_else(dash, |it| self.of_hello(it)),
            ];
            let row = [&row[..], &ours_cells[1..], &theirs_cells[..], &[ratio]].concat();
            text += &format!("| {} |\n", row.join(" | "));
        }
        text
    }

    /// What reads take when nobody has asked the same before, and nobody else asks.
    fn reads_alone(&self) -> String {
        let mut text =
            "| GET, alone and asked anew | Weir, p50 ms | worst ms | Buildbot, p50 ms | worst ms | \
                        Buildbot / Weir |\n"
                .to_owned();
        text += &format!("|---|{}\n", "--:|".repeat(5));
        let (weir, buildbot) = (self.server("Weir"), self.server("Buildbot"));
        let some = weir.or(buildbot).map_or(&[][..], |it| &it.reads);
        for name in some.iter().map(|it| it.name) {
            let of = |it: Option<&Figures>| it.and_then(|it| it.reading(name)).map(|it| it.anew);
            let (ours, theirs) = (of(weir), of(buildbot));
            let cells = |it: Option<(Duration, Duration)>| {
                it.map_or_else(|| [dash(), dash()], |it| [number(ms(it.0)), number(ms(it.1))])
            };
            let ratio = ours.zip(theirs);
            let ratio = ratio.map_or_else(dash, |(ours, theirs)| times(ms(theirs.0) / ms(ours.0)));
            let row = [&cells(ours)[..], &cells(theirs), &[ratio]].concat().join(" | ");
            text += &format!("| {name} | {row} |\n");
        }
        text
    }

    fn of_hello(&self, load: &Load) -> String {
        let hello = self.hello.as_ref();
        hello.map_or_else(dash, |it| format!("{:.2}", load.per_second / it.per_second))
    }

    fn others(&self) -> String {
        let mut table = Table::new(self);
        table.row("start to the first answer, ms", Better::Less, |it| {
            it.start.map(ms)
        });
        table.row("memory at rest, MiB", Better::Less, |it| it.idle_mib);
        table.row("memory, the most after any of this, MiB", Better::Less, |it| {
            it.most_mib
        });
        table.row("database, MB", Better::Less, |it| Some(it.database_mb));
        let mut sizes: Vec<usize> = self
            .servers
            .iter()
            .flat_map(|it| &it.fan_outs)
            .map(|it| it.size)
            .collect();
        sizes.sort_unstable();
        sizes.dedup();
        for size in sizes {
            for transport in Transport::ALL {
                table.fan_out(transport, size);
            }
        }
        let builds = |it: &Figures| it.builds.as_ref().map(|it| it.per_second);
        let what = format!("builds per second, {} workers", self.plan.workers);
        table.row(&what, Better::More, builds);
        table.row("CPU of the master for each build, ms", Better::Less, |it| {
            it.builds.as_ref().map(|it| ms(it.cpu))
        });
        table.logs();
        table.text
    }

    fn views_table(&self) -> String {
        let mut text = "| Weir, view of 202 builders | bytes of JSON | p50 ms | worst ms | over gRPC, p50 ms | worst ms | \
                        asked again, req/s |\n"
            .to_owned();
        text += &format!("|---|{}\n", "--:|".repeat(6));
        for view in &self.views {
            let times = [view.json.0, view.json.1, view.grpc.0, view.grpc.1];
            let times = times.map(|it| number(ms(it))).join(" | ");
            let bytes = thousands(view.bytes as f64);
            // Writing to a text cannot fail.
            let _ = writeln!(
                text,
                "| {} | {bytes} | {times} | {} |",
                view.name,
                rate(&view.again)
            );
        }
        text
    }

    fn large_table(&self, builds: u64, reads: &[Reading]) -> String {
        let (few, many) = (thousands(self.plan.builds as f64), thousands(builds as f64));
        let mut text = format!(
            "| Weir, GET | {few} builds, req/s | p99 ms | anew, p50 ms | {many} builds, req/s | p99 ms | \
             anew, p50 ms | {many} / {few} |\n|---|--:|--:|--:|--:|--:|--:|--:|\n"
        );
        for reading in reads {
            let before = self.server("Weir").and_then(|it| it.reading(reading.name));
            let Some(before) = before else {
                continue;
            };
            let ratio = reading.whole.per_second / before.whole.per_second;
            // Writing to a text cannot fail.
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} | {} | {ratio:.2} |",
                reading.name,
                rate(&before.whole),
                number(before.whole.p99_ms),
                number(ms(before.anew.0)),
                rate(&reading.whole),
                number(reading.whole.p99_ms),
                number(ms(reading.anew.0)),
            );
        }
        text
    }
}

/// What is shown of a request.
#[derive(Clone, Copy)]
struct Shown {
    bytes: usize,
    whole: Load,
    unchanged: Option<Load>,
}

impl Reading {
    fn shown(&self) -> Shown {
        Shown {
            bytes: self.bytes,
            whole: self.whole,
            unchanged: self.unchanged,
        }
    }
}

/// The table of all that is not a request.
struct Table<'a> {
    report: &'a Report,
    text: String,
}

impl<'a> Table<'a> {
    fn new(report: &'a Report) -> Self {
        Self {
            report,
            text: "| what | Weir | Buildbot | Weir is better by |\n|---|--:|--:|--:|\n".to_owned(),
        }
    }

    /// A row, if anybody has the figure.
    fn row(&mut self, what: &str, better: Better, figure: impl Fn(&Figures) -> Option<f64>) {
        let of = |name: &str| self.report.server(name).and_then(&figure);
        let (ours, theirs) = (of("Weir"), of("Buildbot"));
        if ours.is_none() && theirs.is_none() {
            return;
        }
        let ratio = match (ours, theirs, better) {
            (Some(ours), Some(theirs), Better::More) if theirs > 0.0 => times(ours / theirs),
            (Some(ours), Some(theirs), Better::Less) if ours > 0.0 => times(theirs / ours),
            _ => dash(),
        };
        let shown = |value: Option<f64>| value.map_or_else(dash, number);
        self.text += &format!("| {what} | {} | {} | {ratio} |\n", shown(ours), shown(theirs));
    }

    fn fan_out(&mut self, transport: Transport, size: usize) {
        let listeners = format!("{} over {transport}", thousands(size as f64));
        let mut row = |what: &str, figure: &dyn Fn(&FanOut) -> Option<f64>| {
            self.row(&format!("{listeners}: {what}"), Better::Less, |it| {
                it.fan_out(transport, size).and_then(figure)
            });
        };
        row("force to `finished`, p50 ms", &|it| Some(ms(it.whole.0)));
        row("force to `finished`, p99 ms", &|it| Some(ms(it.whole.1)));
        row("end of the build to `finished`, p50 ms", &|it| {
            it.after_end.map(|it| ms(it.0))
        });
        row("end of the build to `finished`, p99 ms", &|it| {
            it.after_end.map(|it| ms(it.1))
        });
        if size > 1 {
            row("first to last, median ms", &|it| Some(ms(it.spread.0)));
            row("first to last, worst ms", &|it| Some(ms(it.spread.1)));
            row("memory for each, KiB", &|it| Some(it.kib_each));
        }
        row("CPU for a build and its events, ms", &|it| Some(ms(it.cpu)));
        row("events missed", &|it| (it.missed > 0).then_some(it.missed as f64));
    }

    fn logs(&mut self) {
        let mut row = |what: &str, better, figure: &dyn Fn(&Log) -> f64| {
            self.row(what, better, |it| it.log.as_ref().map(figure));
        };
        row("a log written, MB/s", Better::More, &|it| {
            it.megabytes / it.written.as_secs_f64()
        });
        row("CPU for it, ms for each MB", Better::Less, &|it| {
            ms(it.cpu) / it.megabytes
        });
        row("read back whole, MB/s", Better::More, &|it| {
            it.megabytes / it.read.as_secs_f64()
        });
        row("1,000 lines of its middle, ms", Better::Less, &|it| ms(it.middle));
    }
}

fn cells(load: &Load) -> Vec<String> {
    vec![
        rate(load),
        number(load.p50_ms),
        number(load.p99_ms),
        number(load.cpu_us),
    ]
}

fn rate(load: &Load) -> String {
    match load.errors {
        0 => number(load.per_second),
        errors => format!("{} ({errors} errors)", number(load.per_second)),
    }
}

fn dash() -> String {
    "–".to_owned()
}

fn times(ratio: f64) -> String {
    format!("{} ×", number(ratio))
}

/// Three digits, or all before the point.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        100.0.. => thousands(value),
        10.0.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// A whole number with its thousands set apart.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let (sign, digits) = digits.strip_prefix('-').map_or(("", &*digits), |it| ("-", it));
    let mut text = sign.to_owned();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_mean_something() {
        let shown: Vec<String> = [0.0, 0.1234, 1.234, 12.34, 123.4, 1_234_567.8, -4321.0]
            .map(number)
            .to_vec();
        assert_eq!(
            shown,
            ["0", "0.123", "1.23", "12.3", "123", "1,234,568", "-4,321"]
        );
    }
}
