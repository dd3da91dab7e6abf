//! A line below the log that tells how far a build is.

use std::io::Write;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior};
use weir_status_api::{Build, Step, Timestamp};

use super::{Look, plain, stopwatch};

/// How often the line is drawn, to show how time passes.
const TICK: Duration = Duration::from_secs(1);

/// The last line of a terminal, drawn in its place. Where lines cannot be drawn again there is none.
pub(crate) struct Progress {
    ticks: Option<Interval>,
    drawn: bool,
}

impl Progress {
    pub(crate) fn new(look: Look) -> Self {
        let ticks = look.redraws.then(|| {
            let mut ticks = tokio::time::interval(TICK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        });
        Self { ticks, drawn: false }
    }

    /// Whether there is such a line.
    pub(crate) fn is_shown(&self) -> bool {
        self.ticks.is_some()
    }

    /// Waits until the line is to be drawn again; for ever if there is none.
    pub(crate) async fn tick(&mut self) {
        match &mut self.ticks {
            Some(ticks) => drop(ticks.tick().await),
            None => std::future::pending().await,
        }
    }

    /// Draws the line in the place of the one before.
    pub(crate) fn draw(&mut self, line: &str) {
        if self.is_shown() {
            self.drawn = true;
            // The terminal must not wrap a long line: only its last part could be drawn over.
            write(&format!("\r\x1b[2K\x1b[?7l{line}\x1b[?7h"));
        }
    }

    /// Takes the line away, so that other lines can be printed.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            write("\r\x1b[2K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn write(text: &str) {
    let mut out = std::io::stdout().lock();
    // A terminal that is gone is noticed when the log is printed.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// What a build does now: `3/5 test · 1:05 · w1`. Of the steps all are there when the first has begun.
pub(crate) fn of_build<'a>(
    build: &Build,
    steps: impl IntoIterator<Item = &'a Step>,
    worker: &str,
    now: Timestamp,
    look: Look,
) -> String {
    let mut steps: Vec<&Step> = steps.into_iter().collect();
    steps.sort_by_key(|it| it.number);
    let begun = steps.iter().any(|it| it.started_at.is_some());
    let doing = match steps.iter().position(|it| it.complete_at.is_none()) {
        Some(at) if begun => format!("{}/{} {}", at + 1, steps.len(), plain(&steps[at].name)),
        _ => plain(&build.state),
    };
    let elapsed = stopwatch(now.since(build.started_at));
    format!(
        "{} · {elapsed} · {}",
        look.paint(&doing, "1;36"),
        look.paint(&plain(worker), "2")
    )
}

#[cfg(test)]
mod tests {
    use weir_status_api::Results;

    use super::super::fixtures::{NOW, ago, build, step};
    use super::*;

    fn shown(steps: &[Step]) -> String {
        of_build(&build(1, 1, None), steps, "w\x1b1", NOW, Look::default())
    }

    #[test]
    fn a_build_shows_the_step_that_it_is_at() {
        let mut steps = ["source", "compile", "test"]
            .iter()
            .zip(0..)
            .map(|(name, number)| step(number, name))
            .collect::<Vec<_>>();
        // Steps come in any order.
        steps.reverse();
        assert_eq!(shown(&[]), "building · 1:05 · w 1");
        assert_eq!(shown(&steps), "building · 1:05 · w 1");
        steps[2].started_at = Some(ago(60));
        assert_eq!(shown(&steps), "1/3 source · 1:05 · w 1");
        steps[2].complete_at = Some(ago(30));
        steps[2].results = Some(Results::Success);
        steps[1].started_at = Some(ago(30));
        assert_eq!(shown(&steps), "2/3 compile · 1:05 · w 1");
        for step in &mut steps {
            step.complete_at = Some(ago(1));
        }
        assert_eq!(shown(&steps), "building · 1:05 · w 1");
    }

    #[tokio::test]
    async fn a_program_sees_no_progress() {
        let mut progress = Progress::new(Look::default());
        assert!(!progress.is_shown());
        progress.draw("nothing");
        assert!(!progress.drawn);
        let ticks = tokio::time::timeout(std::time::Duration::from_millis(5), progress.tick());
        assert!(ticks.await.is_err());
    }
}
