//! The limit of a log: what is beyond it is left out, but for its end (Buildbot's `logMaxSize`, `logMaxTailSize`).

use std::collections::VecDeque;

use weir_config::LogLimits;

use super::checkpoint::LimitRecord;

/// What has become of a log with its limits. Lines of the master's and the worker's own words do not count.
#[derive(Debug, Default)]
pub(super) struct Limited {
    limits: LogLimits,
    /// How many bytes were let through.
    stored: u64,
    /// Whether nothing is let through any more.
    is_full: bool,
    /// How many lines and bytes came after that.
    lines: u64,
    bytes: u64,
    /// The last of them, each with its letter and line end.
    tail: VecDeque<String>,
    tail_bytes: u64,
}

impl Limited {
    /// Of a log that begins.
    pub(super) fn new(limits: LogLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Of a log that goes on.
    pub(super) fn restore(limits: LogLimits, record: &LimitRecord) -> Self {
        let tail: VecDeque<String> = record.tail.split_inclusive('\n').map(str::to_owned).collect();
        Self {
            limits,
            stored: record.stored,
            is_full: record.is_full,
            lines: record.lines,
            bytes: record.bytes,
            tail_bytes: tail.iter().map(|it| size(it)).sum(),
            tail,
        }
    }

    /// Whether anything may be left out.
    pub(super) const fn has_limit(&self) -> bool {
        self.limits.max_size.is_some()
    }

    /// What is kept of the log numbered `log`; none if it has no limit.
    pub(super) fn record(&self, log: i64) -> Option<LimitRecord> {
        self.limits.max_size?;
        Some(LimitRecord {
            log,
            stored: self.stored,
            is_full: self.is_full,
            lines: self.lines,
            bytes: self.bytes,
            tail: self.tail.iter().map(String::as_str).collect(),
        })
    }

    /// Adds those of `new` to `lines` that are within the limit; each has its letter and line end.
    pub(super) fn admit(&mut self, new: &str, lines: &mut String) {
        let Some(most) = self.limits.max_size else {
            lines.push_str(new);
            return;
        };
        for line in new.split_inclusive('\n') {
            if line.starts_with('h') {
                lines.push_str(line);
            } else if !self.is_full && self.stored + size(line) <= most {
                self.stored += size(line);
                lines.push_str(line);
            } else {
                if !self.is_full {
                    self.is_full = true;
                    lines.push_str(&format!(
                        "hthe log has its {most} bytes: what comes now is left out\n"
                    ));
                }
                self.leave_out(line);
            }
        }
    }

    fn leave_out(&mut self, line: &str) {
        self.lines += 1;
        self.bytes += size(line);
        let most = self.limits.max_tail_size.unwrap_or_default();
        if most == 0 {
            return;
        }
        self.tail.push_back(line.to_owned());
        self.tail_bytes += size(line);
        while self.tail_bytes > most
            && let Some(first) = self.tail.pop_front()
        {
            self.tail_bytes -= size(&first);
        }
    }

    /// Ends the log: adds how much is left out, and its end.
    pub(super) fn finish(&mut self, lines: &mut String) {
        let left_out = self.lines - self.tail.len() as u64;
        if left_out > 0 {
            let bytes = self.bytes - self.tail_bytes;
            let noun = if left_out == 1 { "line is" } else { "lines are" };
            let follows = if self.tail.is_empty() {
                ""
            } else {
                ", then comes its end"
            };
            lines.push_str(&format!(
                "h{left_out} {noun} left out here, {bytes} bytes{follows}\n"
            ));
        }
        self.tail.drain(..).for_each(|it| lines.push_str(&it));
        (self.lines, self.bytes, self.tail_bytes) = (0, 0, 0);
    }
}

/// The bytes of a line with its end, without its letter.
fn size(line: &str) -> u64 {
    (line.len() as u64).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(max_size: u64, max_tail_size: u64) -> Limited {
        Limited::new(LogLimits {
            max_size: Some(max_size),
            max_tail_size: Some(max_tail_size),
        })
    }

    /// What is stored of numbered lines; the limit is kept and restored after each of `restarts`.
    fn stored(mut log: Limited, count: usize, restarts: &[usize]) -> String {
        let mut lines = String::new();
        for number in 0..count {
            if restarts.contains(&number) {
                let record = log.record(7).unwrap();
                log = Limited::restore(log.limits, &record);
            }
            log.admit(&format!("oline {number}\nhheader {number}\n"), &mut lines);
        }
        log.finish(&mut lines);
        log.finish(&mut lines);
        lines
    }

    #[test]
    fn what_is_beyond_the_limit_is_left_out_but_for_the_end() {
        let expected = "oline 0\nhheader 0\noline 1\nhheader 1\nhthe log has its 15 bytes: what comes now is left out\n\
                        hheader 2\nhheader 3\nhheader 4\nhheader 5\nh2 lines are left out here, 14 bytes, then comes its end\n\
                        oline 4\noline 5\n";
        assert_eq!(stored(limited(15, 20), 6, &[]), expected);
        assert_eq!(stored(limited(15, 20), 6, &[0, 1, 2, 3, 4, 5]), expected);
        let without = stored(limited(15, 0), 3, &[2]);
        assert!(
            without.ends_with("hheader 2\nh1 line is left out here, 7 bytes\n"),
            "{without}"
        );
        let nothing = stored(limited(0, 100), 2, &[1]);
        assert!(nothing.ends_with("hheader 1\noline 0\noline 1\n"), "{nothing}");
    }

    #[test]
    fn without_a_limit_all_is_there() {
        let mut lines = String::new();
        let mut log = Limited::new(LogLimits::default());
        log.admit("oa\neb\nhc\n", &mut lines);
        log.finish(&mut lines);
        assert_eq!(lines, "oa\neb\nhc\n");
        assert_eq!(log.record(7), None);
    }
}
