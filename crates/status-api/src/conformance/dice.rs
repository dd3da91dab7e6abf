//! Chance that can be had again: the same seed gives the same sequence.

/// The variable of the environment that says with which seed random cases begin; 1 if it is not set.
pub const SEED_VARIABLE: &str = "WEIR_CONFORMANCE_SEED";

/// A generator of numbers (SplitMix64).
#[derive(Clone, Debug)]
pub(super) struct Dice {
    state: u64,
    seed: u64,
}

impl Dice {
    /// Those of the seed in the environment, and of the case's own number; says so in the test's output.
    pub(super) fn of_case(number: u64) -> Self {
        let given = std::env::var(SEED_VARIABLE).ok();
        let seed = given.and_then(|text| text.trim().parse().ok()).unwrap_or(1);
        println!("to replay this, run the case with {SEED_VARIABLE}={seed}");
        Self {
            state: seed ^ number.wrapping_mul(0xA076_1D64_78BD_642F),
            seed,
        }
    }

    /// How to have the same again, for messages.
    pub(super) fn replay(&self) -> String {
        format!("replay with {SEED_VARIABLE}={}", self.seed)
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is above 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or(0)
    }

    /// Whether something happens that happens once in `times`.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of them, if there are any.
    pub(super) fn pick<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        (!all.is_empty()).then(|| all[self.below(all.len())].clone())
    }

    /// Some of them, in some order, each once.
    pub(super) fn some<T: Clone>(&mut self, all: &[T], most: usize) -> Vec<T> {
        let mut left = all.to_vec();
        let count = self.below(most.min(all.len()) + 1);
        (0..count)
            .map(|_| left.swap_remove(self.below(left.len())))
            .collect()
    }
}
