//! How fast lines go out, and how long to wait before connecting again.

use std::time::Duration;

use tokio::time::Instant;

/// The longest pause between attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// What keeps lines from going out so fast that the server ends the connection: a number at once, then one in a while.
#[derive(Debug)]
pub(super) struct Flow {
    burst: u32,
    every: Duration,
    /// When all of the burst can go again.
    full_at: Instant,
}

impl Flow {
    pub(super) fn new(burst: usize, every: Duration, now: Instant) -> Self {
        Self {
            burst: u32::try_from(burst).unwrap_or(u32::MAX),
            every,
            full_at: now,
        }
    }

    /// When the next line may go.
    pub(super) fn next(&self) -> Instant {
        let ahead = self.every.saturating_mul(self.burst.saturating_sub(1));
        self.full_at.checked_sub(ahead).unwrap_or(self.full_at)
    }

    /// Notes that a line went.
    pub(super) fn went(&mut self, now: Instant) {
        self.full_at = self.full_at.max(now) + self.every;
    }
}

/// How long to wait before attempt `attempt` (from 0): twice as long each time, five minutes at the most, and from three
/// to five quarters of that by the name, so that not all bots of a server come back at the same moment.
pub(super) fn pause(first: Duration, attempt: u32, name: &str) -> Duration {
    let whole = first.saturating_mul(1 << attempt.min(16)).min(LONGEST_PAUSE);
    // FNV-1a: the same for the same name and attempt.
    let hash = name
        .bytes()
        .chain(attempt.to_le_bytes())
        .fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
    whole.mul_f64(0.75 + f64::from(hash % 1000) / 2000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_then_a_line_in_a_while() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut flow = Flow::new(2, second, start);
        assert!(flow.next() <= start);
        flow.went(start);
        assert!(flow.next() <= start);
        flow.went(start);
        assert_eq!(flow.next(), start + second);
        flow.went(start + second);
        assert_eq!(flow.next(), start + 2 * second);
        flow.went(start + 10 * second);
        assert_eq!(flow.next(), start + 10 * second);
    }

    #[test]
    fn pauses_double_and_differ_by_name() {
        let first = Duration::from_secs(4);
        for attempt in 0..20 {
            let whole = (4.0 * f64::from(1_u32 << attempt.min(16))).min(300.0);
            let pause = pause(first, attempt, "weir@irc").as_secs_f64();
            assert!(
                (0.75 * whole..=1.25 * whole).contains(&pause),
                "{attempt}: {pause}"
            );
        }
        assert_ne!(pause(first, 1, "a"), pause(first, 1, "b"));
        assert_eq!(pause(first, 1, "a"), pause(first, 1, "a"));
    }
}
