//! What is measured, each in a module of its own.

pub(crate) mod builds;
pub(crate) mod fan_out;
pub(crate) mod load;
pub(crate) mod log;
pub(crate) mod views;

use std::time::Duration;

/// The value below which `part` (of 1) of the values are; none if there are none. Sorts them.
pub(crate) fn quantile(values: &mut [Duration], part: f64) -> Option<Duration> {
    values.sort_unstable();
    let at = (values.len() as f64 * part) as usize;
    values.get(at.min(values.len().saturating_sub(1))).copied()
}

/// Milliseconds.
pub(crate) fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_there() {
        let mut values: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(quantile(&mut values, 0.5), Some(Duration::from_millis(51)));
        assert_eq!(quantile(&mut values, 0.99), Some(Duration::from_millis(100)));
        assert_eq!(quantile(&mut values[..1], 0.5), Some(Duration::from_millis(1)));
        assert_eq!(quantile(&mut [], 0.5), None);
    }
}
