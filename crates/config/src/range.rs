//! Starlark's `range`, bounded.
//!
//! Its own functions, such as `max`, count no rounds and do not hear of a deadline. All that they walk through has its
//! place in memory, which is bounded, but for a range: so that has a bound of its own.

use std::num::NonZeroI32;

use starlark::Error;
use starlark::environment::GlobalsBuilder;
use starlark::values::range::Range;

/// How many numbers a range may have: more than a loop may have rounds.
pub(crate) const MOST_NUMBERS: u64 = 1_000_000;

/// Why there is no such range.
#[derive(Debug, thiserror::Error)]
enum NoRange {
    #[error("range(): the step must not be 0")]
    NoStep,
    #[error("range(): more than {MOST_NUMBERS} numbers")]
    TooLong,
}

/// Puts it in the place of Starlark's own.
#[starlark::starlark_module]
pub(crate) fn bounded_range(globals: &mut GlobalsBuilder) {
    #[starlark(as_type = Range, speculative_exec_safe)]
    fn range(
        #[starlark(require = pos)] first: i32,
        #[starlark(require = pos)] second: Option<i32>,
        #[starlark(require = pos, default = 1)] step: i32,
    ) -> starlark::Result<Range> {
        let step = NonZeroI32::new(step).ok_or_else(|| Error::new_other(NoRange::NoStep))?;
        let (start, stop) = second.map_or((0, first), |second| (first, second));
        match numbers(start, stop, step) > MOST_NUMBERS {
            true => Err(Error::new_other(NoRange::TooLong)),
            false => Ok(Range::new(start, stop, step)),
        }
    }
}

fn numbers(start: i32, stop: i32, step: NonZeroI32) -> u64 {
    let is_empty = if step.get() > 0 {
        start >= stop
    } else {
        start <= stop
    };
    match is_empty {
        true => 0,
        false => u64::from(start.abs_diff(stop)).div_ceil(step.get().unsigned_abs().into()),
    }
}
