//! How two commits are related.

use super::ViewRows;
use crate::{Commit, CommitGraph, CommitGraphQuery, CommitId, Error, Result};

/// Commits of one way at the most.
const MAX_COMMITS: usize = 10_000;

impl ViewRows {
    pub(super) fn commit_graph(&self, query: CommitGraphQuery) -> Result<CommitGraph> {
        let (first, second) = (self.commit(query.first)?, self.commit(query.second)?);
        if first.codebase != second.codebase {
            return Err(Error::invalid("second", "the commits are of different codebases"));
        }
        let (mut to_first, mut to_second) = (self.way_to(first), self.way_to(second));
        let shared = to_first
            .iter()
            .zip(&to_second)
            .take_while(|(one, two)| one == two);
        let shared = shared.count();
        let common = shared.checked_sub(1).map(|last| to_first[last]);
        for way in [&mut to_first, &mut to_second] {
            way.drain(..shared);
            way.truncate(MAX_COMMITS);
        }
        Ok(CommitGraph {
            common: common.map(|id| self.commit(id).cloned()).transpose()?,
            to_first,
            to_second,
        })
    }

    fn commit(&self, id: CommitId) -> Result<&Commit> {
        let found = self.commits.iter().find(|commit| commit.id == id);
        found.ok_or_else(|| Error::not_found(format!("commit {id}")))
    }

    /// The commit's ancestors, the oldest first, and it.
    fn way_to(&self, commit: &Commit) -> Vec<CommitId> {
        let mut way = vec![commit.id];
        let mut next = commit.parent;
        while let Some(id) = next {
            way.push(id);
            next = self.commit(id).ok().and_then(|commit| commit.parent);
        }
        way.reverse();
        way
    }
}
