//! The builders, with what rules look at.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use weir_status_api::{
    Builder, BuilderId, BuilderKey, Clock, Error, Key, MAX_LIMIT, Query, ReadExt, Result, StatusApi,
    Timestamp,
};

use crate::policy::Facts;

/// How long the builders are remembered: when another configuration changes their tags, rules follow this late, in
/// streams at once.
const FRESH: Duration = Duration::from_secs(2);

/// All builders at a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Builders {
    facts: HashMap<BuilderId, Facts>,
    names: HashMap<String, BuilderId>,
}

impl Builders {
    fn put(&mut self, builder: &Builder) {
        self.names.insert(builder.name.clone(), builder.id);
        self.facts.insert(builder.id, facts(builder));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (BuilderId, &Facts)> {
        self.facts.iter().map(|(id, facts)| (*id, facts))
    }
}

/// What rules look at of `builder`.
pub(crate) fn facts(builder: &Builder) -> Facts {
    Facts {
        name: builder.name.clone(),
        tags: builder.tags.clone(),
        project: None,
    }
}

/// The builders as they were read last. There are few enough of them to be held all.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    last: RwLock<Option<(Timestamp, Arc<Builders>)>>,
    /// So that many callers do not all read at once.
    reading: tokio::sync::Mutex<()>,
}

impl Catalogue {
    fn fresh(&self, now: Timestamp) -> Option<Arc<Builders>> {
        let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
        let (at, builders) = last.as_ref()?;
        (now >= *at && now.since(*at) < FRESH).then(|| Arc::clone(builders))
    }

    /// All builders.
    pub(crate) async fn all(&self, api: &dyn StatusApi, clock: &dyn Clock) -> Result<Arc<Builders>> {
        if let Some(builders) = self.fresh(clock.now()) {
            return Ok(builders);
        }
        let _one_at_a_time = self.reading.lock().await;
        let now = clock.now();
        if let Some(builders) = self.fresh(now) {
            return Ok(builders);
        }
        let mut builders = Builders::default();
        let mut after = None;
        loop {
            let mut query = Query::<Builder>::new().limit(MAX_LIMIT);
            query.after = after;
            let page = api.page(query).await?;
            page.items.iter().for_each(|builder| builders.put(builder));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let builders = Arc::new(builders);
        *self.last.write().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&builders)));
        Ok(builders)
    }

    /// Takes over what an event says of a builder.
    pub(crate) fn note(&self, builder: &Builder) {
        let mut last = self.last.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, builders)) = last.as_mut() {
            Arc::make_mut(builders).put(builder);
        }
    }

    /// What rules look at of the builder, if it is there.
    pub(crate) async fn facts(
        &self,
        api: &dyn StatusApi,
        clock: &dyn Clock,
        builder: &BuilderKey,
    ) -> Result<Option<Facts>> {
        let all = self.all(api, clock).await?;
        let id = match builder {
            BuilderKey::Id(id) => Some(*id),
            BuilderKey::Name(name) => all.names.get(name).copied(),
        };
        if let Some(facts) = id.and_then(|id| all.facts.get(&id)) {
            return Ok(Some(facts.clone()));
        }
        // It may be newer than what is remembered.
        match api.one::<Builder>(Key::Builder(builder.clone())).await {
            Ok(at) => {
                self.note(&at.value);
                Ok(Some(facts(&at.value)))
            }
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
