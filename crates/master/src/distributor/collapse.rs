//! New requests stand for older ones that are like them (Buildbot's `collapseRequests`).
//!
//! Two requests of a builder are alike if their buildsets have the same codebases, and of each the same repository,
//! branch and project, no patch, and either both a change or both the same revision; and the same properties, but for
//! the scheduler's name. Buildbot compares the properties of schedulers only, so that it builds one of two forces that
//! ask for different things. A request that a build waits for is neither collapsed nor stands for others: that build
//! may go on from what was built for just this one.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde_json::json;
use weir_status_api::{
    BuildRequest, BuildRequestId, BuilderId, Buildset, BuildsetId, Change, ChangeField, Key, PropertiesOf,
    Query, Read, ReadExt, SourceStamp,
};
use weir_status_db::{Store, Transition};

use crate::error::Result;

/// Requests that are looked at before builds are started again.
const AT_ONCE: usize = 50;
/// Buildsets that are kept in mind.
const KEPT: usize = 10_000;

/// What is the same of all requests that are alike; none if a request is like no other.
type Likeness = Option<Arc<str>>;

/// Knows which open requests are alike.
#[derive(Debug, Default)]
pub(super) struct Collapser {
    /// Requests that came and were not looked at yet.
    arrived: VecDeque<BuildRequest>,
    /// The newest open request of those that are alike.
    newest: HashMap<(BuilderId, Arc<str>), BuildRequestId>,
    /// What the open requests are like.
    like: HashMap<BuildRequestId, (BuilderId, Arc<str>)>,
    /// The newest buildsets that were looked at.
    buildsets: HashMap<BuildsetId, Likeness>,
}

impl Collapser {
    /// A request has come.
    pub(super) fn arrive(&mut self, request: &BuildRequest) {
        self.arrived.push_back(request.clone());
    }

    /// The request is not open any more.
    pub(super) fn leave(&mut self, request: BuildRequestId) {
        if let Some(like) = self.like.remove(&request)
            && self.newest.get(&like) == Some(&request)
        {
            self.newest.remove(&like);
        }
    }

    /// Whether requests wait to be looked at.
    pub(super) fn has_more(&self) -> bool {
        !self.arrived.is_empty()
    }

    /// Looks at the next requests that came; `is_open` tells which are open and not claimed.
    pub(super) async fn collapse(
        &mut self,
        store: &Store,
        is_open: impl Fn(BuildRequestId) -> bool,
    ) -> Result<()> {
        for _ in 0..AT_ONCE {
            let Some(request) = self.arrived.front() else {
                return Ok(());
            };
            if is_open(request.id) && !request.waited_for {
                let (id, builder, buildset) = (request.id, request.builder, request.buildset);
                if let Some(likeness) = self.likeness(store, buildset).await?
                    && let Some((older, into)) = self.stand(id, builder, likeness)
                    && is_open(older)
                    && is_open(into)
                {
                    let collapsed = vec![older];
                    store.apply(Transition::Collapse { into, collapsed }).await?;
                    tracing::info!(request = %older, %into, "a request is collapsed into a newer one like it");
                }
            }
            self.arrived.pop_front();
        }
        Ok(())
    }

    /// Compares the request with the newest of those like it until now: gives the older of the two and the newer.
    fn stand(
        &mut self,
        request: BuildRequestId,
        builder: BuilderId,
        likeness: Arc<str>,
    ) -> Option<(BuildRequestId, BuildRequestId)> {
        let like = (builder, likeness);
        let newest = self.newest.get(&like).copied();
        // When a master starts, it is told of requests in any order.
        if let Some(newest) = newest.filter(|it| *it >= request) {
            return (newest > request).then_some((request, newest));
        }
        self.newest.insert(like.clone(), request);
        self.like.insert(request, like);
        Some((newest?, request))
    }

    async fn likeness(&mut self, store: &Store, buildset: BuildsetId) -> Result<Likeness> {
        if let Some(known) = self.buildsets.get(&buildset) {
            return Ok(known.clone());
        }
        let read = read(store, buildset).await?;
        if self.buildsets.len() >= KEPT {
            self.buildsets.clear();
        }
        self.buildsets.insert(buildset, read.clone());
        Ok(read)
    }
}

async fn read(store: &Store, id: BuildsetId) -> Result<Likeness> {
    let buildset: Buildset = store.one(Key::Buildset(id)).await?.value;
    if buildset.source_stamps.iter().any(|it| it.patch.is_some()) {
        return Ok(None);
    }
    let mut properties = store.properties(PropertiesOf::Buildset(id)).await?.value;
    properties.remove("scheduler");
    let values: Vec<_> = properties
        .iter()
        .map(|(name, property)| json!([name, property.value]))
        .collect();
    let mut stamps = vec![];
    for stamp in &buildset.source_stamps {
        // With changes, the newer build is of what the older one would be of, and more.
        let revision = match has_change(store, stamp).await? {
            true => json!(true),
            false => json!([stamp.revision]),
        };
        stamps.push(json!([
            stamp.codebase,
            stamp.repository,
            stamp.branch,
            stamp.project,
            revision
        ]));
    }
    stamps.sort_by_key(ToString::to_string);
    Ok(Some(json!([stamps, values]).to_string().into()))
}

async fn has_change(store: &Store, stamp: &SourceStamp) -> Result<bool> {
    let changes = Query::<Change>::new()
        .eq(ChangeField::SourceStamp, stamp.id)
        .limit(1);
    Ok(!store.page(changes).await?.items.is_empty())
}
