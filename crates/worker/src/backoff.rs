//! How long to wait before the next attempt to connect.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// Delays that double from attempt to attempt, each shortened by a part that differs from worker to worker,
/// so that a master that comes back is not met by all its workers at once.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    most: Duration,
    attempt: u32,
    random: u64,
}

impl Backoff {
    /// Delays from `first` up to `most`; the same `seed` gives the same delays.
    pub(crate) fn new(first: Duration, most: Duration, seed: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        seed.hash(&mut hasher);
        Self {
            first,
            most,
            attempt: 0,
            random: hasher.finish() | 1,
        }
    }

    /// A connection stood: the next delay is a short one again.
    pub(crate) const fn reset(&mut self) {
        self.attempt = 0;
    }

    /// The next delay: between half of the present one and the whole.
    pub(crate) fn next_delay(&mut self) -> Duration {
        let whole = self
            .first
            .saturating_mul(1_u32.checked_shl(self.attempt).unwrap_or(u32::MAX))
            .min(self.most);
        self.attempt = (self.attempt + 1).min(30);
        whole.mul_f64(0.5 + 0.5 * self.next_fraction())
    }

    /// A number from 0 to 1 (xorshift).
    fn next_fraction(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        f64::from(u32::try_from(self.random >> 32).unwrap_or(0)) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_most() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(15), "seed");
        for whole in [1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0] {
            let delay = backoff.next_delay().as_secs_f64();
            assert!((whole / 2.0..=whole).contains(&delay), "{delay} for {whole}");
        }
        backoff.reset();
        assert!(backoff.next_delay() <= Duration::from_secs(1));
    }

    #[test]
    fn a_seed_replays() {
        let delays = |seed| {
            let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(15), seed);
            [(); 5].map(|()| backoff.next_delay())
        };
        assert_eq!(delays("a"), delays("a"));
        assert_ne!(delays("a"), delays("b"));
    }
}
