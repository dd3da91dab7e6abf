//! What is too old goes, unless it is needed.
//!
//! The order is that of the references: what belongs to a row goes before it, and what it alone referred to after it.
//! A transaction takes about as many rows as it may; what has more of them goes in several.

mod builds;
mod buildsets;
mod kept;
mod logs;
mod sources;

use weir_status_api::{BuildId, BuildRequestId, BuildsetId, ChangeId, LogId};

use super::Tx;
use crate::error::Result;
use crate::transition::{Deleted, Outdated};
use kept::Kept;

/// How many rows a transaction may still take.
struct Budget {
    left: i64,
    taken: i64,
}

impl Budget {
    fn new(rows: u32) -> Self {
        Self {
            left: i64::from(rows.max(1)),
            taken: 0,
        }
    }

    fn take(&mut self, rows: usize) {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        self.left = self.left.saturating_sub(rows);
        self.taken = self.taken.saturating_add(rows);
    }

    fn is_spent(&self) -> bool {
        self.left <= 0
    }

    fn is_fresh(&self) -> bool {
        self.taken == 0
    }
}

/// What became of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is gone.
    Gone,
    /// It is needed, or was not there.
    Stays,
    /// There is more of it than this transaction may take.
    Later,
}

/// Deletes things in their order, until the rows are spent.
pub(super) async fn outdated(
    tx: &mut Tx<'_>,
    what: &Outdated,
    least_per_builder: u32,
    rows: u32,
) -> Result<Deleted> {
    let mut budget = Budget::new(rows);
    let mut deleted = Deleted::default();
    let kept = Kept::load(tx).await?;
    let least = least_per_builder.max(1);
    let count = match what {
        Outdated::Builds(ids) => ids.len(),
        Outdated::Requests(ids) => ids.len(),
        Outdated::Buildsets(ids) => ids.len(),
        Outdated::Logs(ids) => ids.len(),
        Outdated::Changes(ids) => ids.len(),
    };
    while deleted.done < count && !budget.is_spent() {
        let fate = one(tx, what, deleted.done, &kept, least, &mut budget).await?;
        match fate {
            Fate::Later => break,
            Fate::Gone => deleted.gone += 1,
            Fate::Stays => {}
        }
        deleted.done += 1;
    }
    deleted.rows = u64::try_from(budget.taken).unwrap_or(0);
    Ok(deleted)
}

/// Deletes the thing at `place`.
async fn one(
    tx: &mut Tx<'_>,
    what: &Outdated,
    place: usize,
    kept: &Kept,
    least: u32,
    budget: &mut Budget,
) -> Result<Fate> {
    match what {
        Outdated::Builds(ids) => match ids.get(place) {
            Some(BuildId(id)) => builds::delete(tx, *id, kept, least, budget).await,
            None => Ok(Fate::Stays),
        },
        Outdated::Requests(ids) => match ids.get(place) {
            Some(BuildRequestId(id)) => buildsets::delete_request(tx, *id, kept, budget).await,
            None => Ok(Fate::Stays),
        },
        Outdated::Buildsets(ids) => match ids.get(place) {
            Some(BuildsetId(id)) => buildsets::delete(tx, *id, kept, budget).await,
            None => Ok(Fate::Stays),
        },
        Outdated::Logs(ids) => match ids.get(place) {
            Some(LogId(id)) => logs::delete_content(tx, *id, kept, least, budget).await,
            None => Ok(Fate::Stays),
        },
        Outdated::Changes(ids) => match ids.get(place) {
            Some(ChangeId(id)) => sources::delete_change(tx, *id, kept, budget).await,
            None => Ok(Fate::Stays),
        },
    }
}
