//! Which rows came over, so that none comes that refers to one that did not.

use std::collections::{BTreeSet, HashMap};

/// Ids above this are few, if there are any.
const DENSE: i64 = 1 << 32;

/// A set of ids that are given one after the other.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    bits: Vec<u64>,
    others: BTreeSet<i64>,
}

/// Where the bit of an id is, if it has one.
fn bit(id: i64) -> Option<(usize, u64)> {
    let dense = (0..DENSE).contains(&id);
    let word = dense.then(|| usize::try_from(id / 64).ok()).flatten()?;
    Some((word, 1 << (id % 64)))
}

impl Ids {
    /// Whether it was not in there.
    pub(crate) fn insert(&mut self, id: i64) -> bool {
        let Some((word, bit)) = bit(id) else {
            return self.others.insert(id);
        };
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        let is_new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        is_new
    }

    pub(crate) fn contains(&self, id: i64) -> bool {
        match bit(id) {
            Some((word, bit)) => self.bits.get(word).is_some_and(|it| it & bit != 0),
            None => self.others.contains(&id),
        }
    }
}

/// The ids that came over, by the table that they are in now.
#[derive(Debug, Default)]
pub(crate) struct Known(HashMap<&'static str, Ids>);

impl Known {
    pub(crate) fn add(&mut self, table: &'static str, id: i64) -> bool {
        self.0.entry(table).or_default().insert(id)
    }

    pub(crate) fn has(&self, table: &str, id: i64) -> bool {
        self.0.get(table).is_some_and(|it| it.contains(id))
    }

    /// The id, if its row came over.
    pub(crate) fn only(&self, table: &str, id: Option<i64>) -> Option<i64> {
        id.filter(|id| self.has(table, *id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_any_size_are_known_once_added() {
        let mut ids = Ids::default();
        let all = [0, 1, 63, 64, 1_000_000, DENSE, i64::MAX, -1, i64::MIN];
        assert!(all.iter().all(|id| ids.insert(*id)));
        assert!(all.iter().all(|id| ids.contains(*id) && !ids.insert(*id)));
        assert!(
            [2, 62, 65, 999_999, DENSE + 1, -2]
                .iter()
                .all(|id| !ids.contains(*id))
        );
    }
}
