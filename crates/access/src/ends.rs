//! How buildsets end of which some builders are hidden: with their requests that are seen, as if there were no others.

use weir_status_api::{BuildRequest, Buildset, BuildsetId, Entity, Result, Results};

use crate::eyes::Eyes;

/// Of how many buildsets the requests are read at once.
const AT_ONCE: usize = 500;

impl Eyes {
    /// Puts the end that is seen into each buildset among the rows.
    pub(crate) async fn end_as_seen(&self, rows: &mut [Entity]) -> Result<()> {
        for rows in rows.chunks_mut(AT_ONCE) {
            let ids: Vec<BuildsetId> = rows.iter().filter_map(buildset).collect();
            if ids.is_empty() {
                continue;
            }
            let shared = &self.shared;
            let requests = shared.relations.requests_of(&*shared.api, &ids).await?;
            for row in rows {
                if let Entity::Buildset(buildset) = row
                    && let Some(requests) = requests.get(&buildset.id)
                {
                    self.end_with(buildset, requests).await?;
                }
            }
        }
        Ok(())
    }

    async fn end_with(&self, buildset: &mut Buildset, requests: &[BuildRequest]) -> Result<()> {
        let mut seen = Vec::with_capacity(requests.len());
        for request in requests {
            if self.sees_builder(request.builder).await? {
                seen.push(request);
            }
        }
        if seen.len() == requests.len() {
            return Ok(());
        }
        let ends: Option<Vec<_>> = seen.iter().map(|it| it.complete_at.zip(it.results)).collect();
        let ends = ends.unwrap_or_default();
        buildset.complete_at = ends.iter().map(|(at, _)| *at).max();
        buildset.results = buildset
            .complete_at
            .map(|_| Results::of_all(ends.iter().map(|(_, results)| *results)));
        Ok(())
    }

    /// Whether some of the buildset's builders are hidden.
    pub(crate) async fn misses_some_of(&self, buildset: BuildsetId) -> Result<bool> {
        let shared = &self.shared;
        let builders = shared.relations.of_buildset(&*shared.api, buildset).await?;
        for builder in builders.iter() {
            if !self.sees_builder(*builder).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn buildset(row: &Entity) -> Option<BuildsetId> {
    match row {
        Entity::Buildset(it) => Some(it.id),
        _ => None,
    }
}
