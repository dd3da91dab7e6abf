//! How what was under way ends.
//!
//! Builds end as *retry*, as they do when Buildbot itself starts after it was killed: their requests are open again.
//! What a build that ends so has triggered and waits for is cancelled, for its next build triggers it again.

use std::collections::{HashMap, HashSet};

use weir_status_api::Results;

use crate::error::Result;
use crate::record::Record;
use crate::source::Source;

/// What ends with the import.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    /// Builds that ran.
    pub(crate) builds: HashSet<i64>,
    /// Requests that are cancelled.
    pub(crate) cancelled: HashSet<i64>,
    /// Buildsets all of whose requests are complete with that, and what they come to.
    pub(crate) buildsets: HashMap<i64, Results>,
    /// Requests that stay open.
    pub(crate) open: i64,
}

impl Closing {
    /// Looks for what is under way; `all` cancels the requests that wait too.
    pub(crate) async fn find(source: &mut Source, all: bool) -> Result<Self> {
        let first = |records: Vec<Record>| records.into_iter().filter_map(|mut it| it.opt_int()).collect();
        let running = source
            .read("builds", &["#id"], "WHERE t.complete_at IS NULL")
            .await?;
        let triggered = "JOIN buildsets s ON s.id = t.buildsetid JOIN builds b ON b.id = s.parent_buildid \
                         WHERE t.complete = 0 AND t.waited_for = 1 AND b.complete_at IS NULL";
        let which = if all { "WHERE t.complete = 0" } else { triggered };
        let cancelled = source.read("buildrequests", &["#id"], which).await?;
        let mut this = Self {
            builds: first(running),
            cancelled: first(cancelled),
            ..Self::default()
        };
        let open = "JOIN buildsets s ON s.id = t.buildsetid WHERE s.complete = 0";
        let columns = ["#buildsetid", "#id", "#complete", "#results"];
        let mut requests: HashMap<i64, Vec<Option<Results>>> = HashMap::new();
        for mut record in source.read("buildrequests", &columns, open).await? {
            let (buildset, request) = (record.int(), record.int());
            let (complete, results) = (record.flag(), record.results());
            let ends = match (complete, this.cancelled.contains(&request)) {
                (true, _) => Some(results.unwrap_or(Results::Exception)),
                (false, true) => Some(Results::Cancelled),
                (false, false) => None,
            };
            this.open += i64::from(ends.is_none());
            requests.entry(buildset).or_default().push(ends);
        }
        this.buildsets = requests
            .into_iter()
            .filter_map(|(buildset, ends)| {
                let ends: Option<Vec<Results>> = ends.into_iter().collect();
                Some((buildset, Results::of_all(ends?)))
            })
            .collect();
        Ok(this)
    }
}
