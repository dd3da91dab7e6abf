//! The names of builders and workers, which events know by their ids.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use weir_status_api::{
    Builder, BuilderId, Error, Key, ListenerError, ReadExt as _, StatusApi, Worker, WorkerId,
};

/// How many names are remembered of each kind.
const REMEMBERED: usize = 10_000;

/// Names that were looked up once. A builder or worker of another name is another builder or worker.
#[derive(Debug, Default)]
pub(crate) struct Names {
    builders: Mutex<HashMap<BuilderId, Arc<str>>>,
    workers: Mutex<HashMap<WorkerId, Arc<str>>>,
}

impl Names {
    /// The builder's; `builder 7` if it is no longer known.
    ///
    /// # Errors
    /// [`ListenerError::Later`] if it cannot be read now.
    pub(crate) async fn builder(
        &self,
        id: BuilderId,
        api: &dyn StatusApi,
    ) -> Result<Arc<str>, ListenerError> {
        if let Some(name) = recall(&self.builders, id) {
            return Ok(name);
        }
        let found = api.one::<Builder>(Key::Builder(id.into())).await;
        let name = name_of(found.map(|it| it.value.name), || format!("builder {id}"))?;
        Ok(remember(&self.builders, id, name))
    }

    /// The worker's; `worker 7` if it is no longer known.
    ///
    /// # Errors
    /// [`ListenerError::Later`] if it cannot be read now.
    pub(crate) async fn worker(&self, id: WorkerId, api: &dyn StatusApi) -> Result<Arc<str>, ListenerError> {
        if let Some(name) = recall(&self.workers, id) {
            return Ok(name);
        }
        let found = api.one::<Worker>(Key::Worker(id.into())).await;
        let name = name_of(found.map(|it| it.value.name), || format!("worker {id}"))?;
        Ok(remember(&self.workers, id, name))
    }
}

fn name_of(
    found: Result<String, Error>,
    otherwise: impl FnOnce() -> String,
) -> Result<String, ListenerError> {
    match found {
        Ok(name) => Ok(name),
        Err(Error::NotFound { .. }) => Ok(otherwise()),
        Err(error) => Err(ListenerError::Later(error.to_string())),
    }
}

fn recall<K: std::hash::Hash + Eq>(names: &Mutex<HashMap<K, Arc<str>>>, id: K) -> Option<Arc<str>> {
    names
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&id)
        .cloned()
}

fn remember<K: std::hash::Hash + Eq>(names: &Mutex<HashMap<K, Arc<str>>>, id: K, name: String) -> Arc<str> {
    let name: Arc<str> = name.into();
    let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
    if names.len() >= REMEMBERED {
        names.clear();
    }
    names.insert(id, Arc::clone(&name));
    name
}
