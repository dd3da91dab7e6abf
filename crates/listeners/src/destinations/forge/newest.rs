//! What was told last, so that nothing older comes after it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use weir_status_api::{Cursor, ListenerError, Timestamp};

use crate::Report;

/// Of how many things it is remembered.
const MOST: usize = 10_000;

/// The newest reports of things that have one state each: the status of a commit, a comment. The lanes of a reporter keep
/// what is of one request in order; this is for what comes by another: requests for the same commit, steps, buildsets, and
/// what was put aside and is asked for again when later things are told.
#[derive(Default)]
pub(super) struct Newest(Mutex<Known>);

#[derive(Default)]
struct Known {
    last: HashMap<String, Last>,
    /// Their names, the oldest first.
    names: VecDeque<String>,
}

/// Which report was told last. It is locked while one is told.
type Last = Arc<tokio::sync::Mutex<Option<(Cursor, Timestamp)>>>;

impl Newest {
    /// Has the report told of `what`, one at a time; not if a newer one was. Then it is taken as told.
    pub(super) async fn tell(
        &self,
        what: String,
        report: &Report,
        tell: impl Future<Output = Result<(), ListenerError>>,
    ) -> Result<(), ListenerError> {
        let last = self.last(what);
        let mut last = last.lock().await;
        // Where the events begin anew, theirs are lower, and later.
        if last.is_some_and(|(cursor, at)| report.cursor < cursor && report.at <= at) {
            tracing::debug!("{} is not told: something newer is", report.delivery);
            return Ok(());
        }
        tell.await?;
        *last = Some((report.cursor, report.at));
        Ok(())
    }

    fn last(&self, what: String) -> Last {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = known.last.get(&what) {
            return Arc::clone(last);
        }
        if known.names.len() == MOST
            && let Some(oldest) = known.names.pop_front()
        {
            known.last.remove(&oldest);
        }
        known.names.push_back(what.clone());
        Arc::clone(known.last.entry(what).or_default())
    }
}
