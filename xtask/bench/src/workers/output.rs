//! What the commands print, at a rate that is told: numbered lines, each with the moment at which it was due, so that it
//! can be told from a log whether all of it is there, and how late it came.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use clap::Args;
use weir_status_api::{Clock, SystemClock, Timestamp};

use crate::Result;

/// Bytes of a line, with its end.
const LINE: usize = 100;
/// Digits of a line's number and of its moment, in milliseconds since the Unix epoch.
const NUMBER: usize = 9;
const MOMENT: usize = 13;
/// Bytes that follow: words.
const WORDS: usize = LINE - NUMBER - MOMENT - 3;
/// Lines that are printed at once: as many as a worker of Buildbot's collects before it sends them, which counts 16 bytes for
/// each line beside the line.
pub(super) const PIECE: u64 = 64 * 1024 / (LINE as u64 + 16);
/// Bytes of the text from which words are taken.
const TEXT: usize = 64 * 1024;

/// The output of one command.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    /// Bytes in a second.
    #[arg(long)]
    pub(crate) rate: u64,
    /// For how many seconds.
    #[arg(long)]
    pub(crate) seconds: u64,
    /// Draws other words.
    #[arg(long)]
    pub(crate) seed: u64,
}

impl Output {
    /// How many lines it has.
    pub(super) const fn lines(&self) -> u64 {
        self.rate * self.seconds / LINE as u64
    }

    /// How many bytes it has.
    pub(super) const fn bytes(&self) -> u64 {
        self.lines() * LINE as u64
    }

    /// When a line is due, after the beginning.
    fn due(&self, number: u64) -> Duration {
        Duration::from_micros(number * LINE as u64 * 1_000_000 / self.rate.max(1))
    }

    /// Prints it, at its rate.
    pub(crate) fn print(self) -> Result<()> {
        let mut pieces = Pieces::new(self);
        let begun = Instant::now();
        let mut out = io::stdout().lock();
        while let Some(due) = pieces.due() {
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
            out.write_all(pieces.take().as_bytes())
                .and_then(|()| out.flush())
                .map_err(|error| format!("nothing can be printed: {error}"))?;
        }
        Ok(())
    }

    /// An error unless a log, in which there may be other lines, has each line once and in its order.
    pub(super) fn check(&self, log: &str) -> Result<()> {
        let words = Words::new(self.seed);
        let mut expected = 0;
        for line in log.lines() {
            let Some((number, _)) = read(line) else { continue };
            if number != expected || line[LINE - 1 - WORDS..] != *words.of(number) {
                return Err(format!("line {expected} was to come, and this came: {line}"));
            }
            expected += 1;
        }
        match expected == self.lines() {
            true => Ok(()),
            false => Err(format!("a log has {expected} of {} lines", self.lines())),
        }
    }

    /// When the line of a log was due; none of one that is not of this output, or its last one, after which nothing is late.
    pub(super) fn moment(&self, line: &str) -> Option<Timestamp> {
        let (number, moment) = read(line)?;
        (number + 1 < self.lines()).then_some(moment)
    }
}

/// The number and the moment of a line, which may have its end; none of another's line.
fn read(line: &str) -> Option<(u64, Timestamp)> {
    let line = line.strip_suffix('\n').unwrap_or(line);
    let (number, rest) = line.split_once(' ').filter(|_| line.len() == LINE - 1)?;
    let (moment, _) = rest.split_once(' ')?;
    if number.len() != NUMBER || moment.len() != MOMENT {
        return None;
    }
    let ms: i64 = moment.parse().ok()?;
    Some((number.parse().ok()?, Timestamp(ms * 1000)))
}

/// An output, piece by piece.
pub(super) struct Pieces {
    output: Output,
    words: Words,
    begun: Timestamp,
    /// Lines that were taken.
    taken: u64,
}

impl Pieces {
    /// An output that begins now.
    pub(super) fn new(output: Output) -> Self {
        Self {
            output,
            words: Words::new(output.seed),
            begun: SystemClock.now(),
            taken: 0,
        }
    }

    fn end(&self) -> u64 {
        self.output.lines().min(self.taken + PIECE)
    }

    /// When the last line of the next piece is due, after the beginning; none after the last piece.
    pub(super) fn due(&self) -> Option<Duration> {
        (self.taken < self.output.lines()).then(|| self.output.due(self.end()))
    }

    /// The next piece.
    pub(super) fn take(&mut self) -> String {
        let mut text = String::with_capacity(PIECE as usize * LINE);
        for number in self.taken..self.end() {
            let moment = self.begun.plus(self.output.due(number)).as_micros() / 1000;
            text += &format!("{number:0NUMBER$} {moment:0MOMENT$} {}\n", self.words.of(number));
        }
        self.taken = self.end();
        text
    }
}

/// What is printed behind the numbers: words as in the output of a build, so that it is compressed about as well.
struct Words(String);

impl Words {
    fn new(mut seed: u64) -> Self {
        const PARTS: [&str; 16] = [
            "src/",
            "lib/",
            "gauge",
            "level",
            ".c",
            ".o",
            " -I",
            " -D",
            " warning: ",
            "0x",
            "test_",
            "stream",
            "(",
            ")",
            " ok ",
            "::",
        ];
        let mut text = String::with_capacity(TEXT + 32);
        while text.len() < TEXT {
            // Knuth's generator: the high bits are those that look random.
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            text += PARTS[(seed >> 60) as usize];
            text += &format!("{:x}", seed >> 44 & 0xff);
        }
        Self(text)
    }

    fn of(&self, number: u64) -> &str {
        let at = number as usize * WORDS % (TEXT - WORDS);
        &self.0[at..at + WORDS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: Output = Output {
        rate: 10_000,
        seconds: 20,
        seed: 7,
    };

    fn printed() -> Vec<String> {
        let mut pieces = Pieces::new(OUTPUT);
        std::iter::from_fn(|| pieces.due().map(|_| pieces.take())).collect()
    }

    #[test]
    fn all_is_printed_at_its_rate() {
        let pieces = printed();
        let text = pieces.concat();
        assert_eq!(text.len() as u64, OUTPUT.bytes());
        assert_eq!(text.lines().count() as u64, OUTPUT.lines());
        assert_eq!(pieces.len() as u64, OUTPUT.lines().div_ceil(PIECE));
        let moment = |line: usize| OUTPUT.moment(text.lines().nth(line).unwrap()).unwrap();
        let took = moment(1100).since(moment(100));
        assert!(
            took.abs_diff(Duration::from_secs(10)) < Duration::from_millis(5),
            "{took:?}"
        );
    }

    #[test]
    fn a_log_with_all_of_it_is_whole() {
        let text = printed().concat();
        assert_eq!(
            OUTPUT.check(&format!("print --rate\n{text}elapsed: 1 s\n")),
            Ok(())
        );
    }

    #[test]
    fn what_is_missing_changed_or_out_of_order_is_found() {
        let text = printed().concat();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let said = |lines: Vec<&str>| OUTPUT.check(&lines.concat()).unwrap_err();
        assert_eq!(said(lines[..1999].to_vec()), "a log has 1999 of 2000 lines");
        assert!(said(lines[1..].to_vec()).starts_with("line 0 was to come"));
        let mut swapped = lines.clone();
        swapped.swap(5, 6);
        assert!(said(swapped).starts_with("line 5 was to come"));
        let other = lines[9].replacen(lines[9].get(30..40).unwrap(), "0123456789", 1);
        let mut changed = lines.clone();
        changed[9] = &other;
        assert!(said(changed).starts_with("line 9 was to come"));
    }

    #[test]
    fn nothing_is_late_behind_the_last_line() {
        let text = printed().concat();
        let lines: Vec<&str> = text.lines().collect();
        assert!(OUTPUT.moment(lines[1998]).is_some());
        assert_eq!(OUTPUT.moment(lines[1999]), None);
        assert_eq!(OUTPUT.moment("elapsed: 1 s"), None);
    }
}
