//! Inputs by chance, the same ones for the same seed: changes of what `fuzz/corpus` holds. `WEIR_FUZZ_INPUTS` says how many
//! for each target, `WEIR_FUZZ_SEED` where chance begins.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use weir_fuzz_targets::{TARGETS, Target, try_it};

/// How many inputs there are unless told.
const INPUTS: u64 = 20_000;
/// How many configurations: to evaluate one takes a millisecond.
const CONFIGURATIONS: u64 = 1_000;
/// The longest input, in bytes.
const LONGEST: usize = 2_000;

/// Numbers by chance (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ (it >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// A part of `bytes`, often a short one.
    fn part<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let start = self.below(bytes.len() + 1);
        let most = match self.below(2) {
            0 => 8,
            _ => bytes.len(),
        };
        let end = (start + self.below(most + 1)).min(bytes.len());
        &bytes[start..end]
    }

    /// One of the seeds, changed in a few places; now and then nothing but bytes by chance.
    fn input(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = match self.below(20) {
            0 => (0..self.below(60)).map(|_| self.byte()).collect(),
            _ => seeds[self.below(seeds.len())].clone(),
        };
        for _ in 0..self.below(6) {
            self.change(&mut input, seeds);
        }
        input.truncate(LONGEST);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        match self.below(7) {
            0 => input.insert(at, self.byte()),
            1 => drop(input.drain(at..(at + self.below(9)).min(input.len()))),
            2 if at < input.len() => input[at] ^= 1 << self.below(8),
            3 => input.truncate(at),
            // What the format has at its borders.
            4 => drop(input.splice(at..at, *b"\0")),
            5 => {
                let again = self.part(input).to_vec();
                drop(input.splice(at..at, again));
            }
            _ => {
                let other = &seeds[self.below(seeds.len())];
                let part = self.part(other).to_vec();
                drop(input.splice(at..at, part));
            }
        }
    }
}

/// What is tried first: the seeds of the target, in the order of their names, and nothing at all.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(name);
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("a folder of seeds")
        .map(|entry| entry.expect("a seed").path())
        .collect();
    files.sort();
    let read = files
        .iter()
        .map(|file| fs::read(file).expect("a seed can be read"));
    [vec![]].into_iter().chain(read).collect()
}

fn number(variable: &str, usual: u64) -> u64 {
    let told = std::env::var(variable).ok();
    told.map_or(usual, |it| it.parse().expect("a number"))
}

fn try_target(name: &str) {
    let seeds = seeds(name);
    let mut chance = Chance(number("WEIR_FUZZ_SEED", 0));
    let usual = match name {
        "config" => CONFIGURATIONS,
        _ => INPUTS,
    };
    let changed = number("WEIR_FUZZ_INPUTS", usual);
    let all = seeds.clone().into_iter().map(Some);
    for seed in all.chain((0..changed).map(|_| None)) {
        let input = seed.unwrap_or_else(|| chance.input(&seeds));
        let tried = catch_unwind(AssertUnwindSafe(|| try_it(name, &input)));
        if let Err(panic) = tried {
            eprintln!("{name} fails with b\"{}\"", input.escape_ascii());
            resume_unwind(panic);
        }
    }
}

macro_rules! targets {
    ($($name:ident),+) => {
        $(#[test]
        fn $name() {
            try_target(stringify!($name));
        })+

        #[test]
        fn all_targets_are_tried() {
            let names: Vec<&str> = TARGETS.iter().map(|(name, _): &(&str, Target)| *name).collect();
            assert_eq!(names, [$(stringify!($name)),+]);
        }
    };
}

targets!(
    banana,
    config,
    event,
    gateway,
    grpc,
    jelly,
    page_token,
    path,
    query,
    rpc,
    socket,
    test_results,
    worker,
    worker_msgpack
);
