//! Versions of a worker's commands.

use std::fmt;

/// Numbers between dots, compared one by one: 2.16 is newer than 2.9.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(Vec<u32>);

impl Version {
    /// The one of these numbers.
    pub fn new(numbers: &[u32]) -> Self {
        Self(numbers.to_vec())
    }

    /// Reads one. What is no number counts as 0, so that a worker that writes something odd counts as old.
    pub fn read(text: &str) -> Self {
        let numbers = text.trim().split('.').map(|it| it.parse().unwrap_or(0));
        Self(numbers.collect())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_one_by_one() {
        assert!(Version::read("2.16") > Version::read("2.9"));
        assert!(Version::read("3.0") > Version::read("2.16"));
        assert!(Version::read("odd") < Version::read("2.6"));
        assert_eq!(Version::read(" 3.3 "), Version::new(&[3, 3]));
        assert_eq!(Version::new(&[2, 16]).to_string(), "2.16");
    }
}
