//! Buildsets and build requests.

use std::collections::{BTreeSet, HashMap};

use weir_status_api::{
    BuildId, BuildRequest, BuildRequestId, BuilderId, Buildset, BuildsetId, ChangeId, MasterId, Properties,
    Results, SourceStampId,
};
use weir_status_db::{History, ImportedBuildset};

use super::Parts;
use crate::error::Result;
use crate::note::Note;
use crate::record::{add_property, id};

/// How many rows are read at a time.
const AT_ONCE: usize = 5000;

impl Parts {
    /// Buildsets, with their properties, source stamps and changes.
    pub(super) async fn buildsets(&mut self, note: &mut Note) -> Result<History> {
        let columns = [
            "#id",
            "external_idstring",
            "reason",
            "#rebuilt_buildid",
            "#submitted_at",
            "#complete",
            "#complete_at",
            "#results",
            "#parent_buildid",
            "parent_relationship",
        ];
        let after = note.after.0;
        let rest = note.next("id", AT_ONCE);
        let mut history = History::default();
        for mut it in self.source.read("buildsets", &columns, &rest).await? {
            let id = id("buildsets", it.opt_int())?;
            (note.after.0, note.read) = (id, note.read + 1);
            self.known.add("buildsets", id);
            let (external_id, reason) = (it.opt_text(), it.text());
            let rebuilt_build = it.opt_int().map(BuildId);
            let submitted_at = it.time();
            let (complete, complete_at, results) = (it.flag(), it.opt_time(), it.results());
            let (complete_at, results) = match (complete, self.closing.buildsets.get(&id)) {
                (true, _) => (
                    Some(complete_at.unwrap_or(submitted_at)),
                    Some(results.unwrap_or(Results::Exception)),
                ),
                (false, Some(results)) => (Some(self.at), Some(*results)),
                (false, None) => (None, None),
            };
            history.buildsets.push(ImportedBuildset {
                buildset: Buildset {
                    id: BuildsetId(id),
                    external_id,
                    reason,
                    rebuilt_build,
                    submitted_at,
                    complete_at,
                    results,
                    source_stamps: Vec::new(),
                    parent_build: it.opt_int().map(BuildId),
                    parent_relationship: it.opt_text(),
                },
                properties: Properties::new(),
                source_stamps: Vec::new(),
                changes: Vec::new(),
            });
        }
        self.of_buildsets(after, note, &mut history.buildsets).await?;
        note.keep("buildsets", history.buildsets.len());
        Ok(history)
    }

    /// What belongs to the buildsets behind `after`.
    async fn of_buildsets(
        &mut self,
        after: i64,
        note: &mut Note,
        buildsets: &mut [ImportedBuildset],
    ) -> Result<()> {
        let range = format!(
            "WHERE t.buildsetid > {after} AND t.buildsetid <= {}",
            note.after.0
        );
        let mut properties: HashMap<i64, Properties> = HashMap::new();
        let columns = ["#buildsetid", "property_name", "property_value"];
        for mut it in self.source.read("buildset_properties", &columns, &range).await? {
            let of_buildset = properties.entry(it.int()).or_default();
            let name = it.text();
            add_property(of_buildset, name, it.property());
        }
        let mut stamps: HashMap<i64, BTreeSet<i64>> = HashMap::new();
        let columns = ["#buildsetid", "#sourcestampid"];
        for mut it in self
            .source
            .read("buildset_sourcestamps", &columns, &range)
            .await?
        {
            let (buildset, stamp) = (it.int(), it.opt_int());
            let stamp = self.known.only("source_stamps", stamp);
            stamps.entry(buildset).or_default().extend(stamp);
        }
        // Buildbot notes the source stamp alone, so a buildset has the changes that made it.
        let mut changes: HashMap<i64, BTreeSet<i64>> = HashMap::new();
        let of_changes = [("changes", "c", ["#changeid"].as_slice())];
        let joined = format!("JOIN changes c ON c.sourcestampid = t.sourcestampid {range}");
        let found = self
            .source
            .read_joined("buildset_sourcestamps", &["#buildsetid"], &of_changes, &joined)
            .await?;
        for mut it in found {
            let (buildset, change) = (it.int(), it.opt_int());
            let change = self.known.only("changes", change);
            changes.entry(buildset).or_default().extend(change);
        }
        for it in buildsets {
            let id = it.buildset.id.0;
            it.properties = properties.remove(&id).unwrap_or_default();
            let of_buildset = stamps.remove(&id).unwrap_or_default();
            it.source_stamps = of_buildset.into_iter().map(SourceStampId).collect();
            note.keep("buildset_sources", it.source_stamps.len());
            let of_buildset = changes.remove(&id).unwrap_or_default();
            it.changes = of_buildset.into_iter().map(ChangeId).collect();
        }
        Ok(())
    }

    /// Build requests. Nobody has claimed one that is open: its master is Buildbot.
    pub(super) async fn build_requests(&mut self, note: &mut Note) -> Result<History> {
        let columns = [
            "#id",
            "#buildsetid",
            "#builderid",
            "#priority",
            "#complete",
            "#results",
            "#submitted_at",
            "#complete_at",
            "#waited_for",
        ];
        let others = [(
            "buildrequest_claims",
            "c",
            ["#masterid", "#claimed_at"].as_slice(),
        )];
        let rest = format!(
            "LEFT JOIN buildrequest_claims c ON c.brid = t.id {}",
            note.next("id", AT_ONCE)
        );
        let mut history = History::default();
        let found = self
            .source
            .read_joined("buildrequests", &columns, &others, &rest)
            .await?;
        for mut it in found {
            let id = id("buildrequests", it.opt_int())?;
            (note.after.0, note.read) = (id, note.read + 1);
            let buildset = self.known.only("buildsets", it.opt_int());
            let builder = self.known.only("builders", it.opt_int());
            let (Some(buildset), Some(builder)) = (buildset, builder) else {
                continue;
            };
            // A claim is one row, as the index says; should there be two, the request is one all the same.
            if !self.known.add("build_requests", id) {
                continue;
            }
            let priority = i32::try_from(it.int()).unwrap_or(0);
            let (complete, results) = (it.flag(), it.results());
            let (submitted_at, complete_at) = (it.time(), it.opt_time());
            let (complete_at, results) = match (complete, self.closing.cancelled.contains(&id)) {
                (true, _) => (
                    Some(complete_at.unwrap_or(submitted_at)),
                    Some(results.unwrap_or(Results::Exception)),
                ),
                (false, true) => (Some(self.at), Some(Results::Cancelled)),
                (false, false) => (None, None),
            };
            let waited_for = it.flag();
            let claimed_by = self.known.only("masters", it.opt_int()).filter(|_| complete);
            let claimed_at = it.opt_time().filter(|_| claimed_by.is_some());
            history.build_requests.push(BuildRequest {
                id: BuildRequestId(id),
                buildset: BuildsetId(buildset),
                builder: BuilderId(builder),
                priority,
                claimed_at,
                claimed_by: claimed_by.map(MasterId),
                complete_at,
                results,
                submitted_at,
                waited_for,
                waiting_for: None,
                properties: Properties::new(),
            });
        }
        note.keep("build_requests", history.build_requests.len());
        Ok(history)
    }
}
