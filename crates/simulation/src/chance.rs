//! Chance that a seed decides.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The generator `SplitMix64`.
pub(crate) mod mix {
    /// How far the state goes with each number.
    pub(crate) const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    /// The number of a state.
    pub(crate) const fn stir(state: u64) -> u64 {
        let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^ (state >> 31)
    }
}

/// Draws; the same seed gives the same draws.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// For the part `what` of the simulation with that seed: parts do not change each other's draws.
    pub(crate) fn new(seed: u64, what: &str) -> Self {
        let state = what.bytes().fold(mix::stir(seed), |state, byte| {
            mix::stir(state ^ u64::from(byte)).wrapping_add(mix::STEP)
        });
        Self(state)
    }

    /// Any number.
    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(mix::STEP);
        mix::stir(self.0)
    }

    /// A number of the range.
    pub(crate) fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        let count = range.end() - range.start() + 1;
        range.start() + self.number() % count
    }

    /// A time of the range, in milliseconds.
    pub(crate) fn millis(&mut self, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.within(range))
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.number().is_multiple_of(times)
    }

    /// One of them; there must be one.
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.number() % of.len() as u64).unwrap_or(0)]
    }

    /// Puts them into another order.
    pub(crate) fn shuffle<T>(&mut self, of: &mut [T]) {
        for place in (1..of.len()).rev() {
            let other = self.within(0..=place as u64);
            of.swap(place, usize::try_from(other).unwrap_or(0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_and_another_part_another() {
        let draws = |seed, what| {
            let mut chance = Chance::new(seed, what);
            [(); 4].map(|()| chance.number())
        };
        assert_eq!(draws(7, "network"), draws(7, "network"));
        assert_ne!(draws(7, "network"), draws(7, "faults"));
        assert_ne!(draws(7, "network"), draws(8, "network"));
    }

    #[test]
    fn a_draw_is_of_its_range() {
        let mut chance = Chance::new(1, "");
        let drawn: Vec<u64> = (0..1000).map(|_| chance.within(3..=5)).collect();
        assert!((3..=5).all(|it| drawn.contains(&it)));
        assert!(drawn.iter().all(|it| (3..=5).contains(it)));
    }
}
