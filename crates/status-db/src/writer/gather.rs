//! Joins small appends to the same log that wait together, so that they become one chunk.

use std::collections::HashMap;

use weir_status_api::LogId;

use super::Reply;
use super::text::{Item, LARGE, Text};
use crate::transition::Transition;

/// What is applied as one, and who waits for it.
pub(super) struct Gathered<T> {
    pub(super) items: T,
    pub(super) replies: Vec<Reply>,
}

/// Joins each small append to the one before it of the same log, if nothing in between can matter to the log.
pub(super) fn gather(jobs: Vec<(Vec<Item>, Reply)>) -> Vec<Gathered<Vec<Item>>> {
    let mut gathered: Vec<Gathered<Vec<Item>>> = Vec::with_capacity(jobs.len());
    let mut last: HashMap<LogId, usize> = HashMap::new();
    for (items, reply) in jobs {
        match lines(&items) {
            Some((log, text)) => {
                let earlier = last.get(&log).and_then(|at| gathered.get_mut(*at));
                if let Some(earlier) = earlier
                    && join(earlier, text)
                {
                    earlier.replies.push(reply);
                    continue;
                }
                last.insert(log, gathered.len());
            }
            None if items.iter().all(is_indifferent) => {}
            None => last.clear(),
        }
        gathered.push(Gathered {
            items,
            replies: vec![reply],
        });
    }
    gathered
}

/// The log and the few lines, if there is nothing else.
fn lines(items: &[Item]) -> Option<(LogId, &str)> {
    match items {
        [Item::Lines(log, Text::Few(text))] => Some((*log, text)),
        _ => None,
    }
}

/// Whether there was room.
fn join(earlier: &mut Gathered<Vec<Item>>, more: &str) -> bool {
    match earlier.items.as_mut_slice() {
        [Item::Lines(_, Text::Few(text))] if text.len() + more.len() <= LARGE => {
            text.push_str(more);
            true
        }
        _ => false,
    }
}

/// Whether no log can depend on it.
fn is_indifferent(item: &Item) -> bool {
    matches!(
        item,
        Item::Transition(
            Transition::UpdateStep { .. }
                | Transition::SetBuildState(..)
                | Transition::SetProperties(..)
                | Transition::KeepState(..)
                | Transition::Listen { .. }
                | Transition::AddChange(..)
                | Transition::AddCommit(..)
                | Transition::MoveBranch { .. }
                | Transition::SetBuildData(..)
                | Transition::AddTestResults(..)
                | Transition::Claim(..)
        )
    )
}
