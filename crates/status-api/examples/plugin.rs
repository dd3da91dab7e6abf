//! A listener, as a plugin: told of each build that has finished. It needs `weir-status-api` alone, and is the same
//! within a master and anywhere else.

use async_trait::async_trait;
use weir_status_api::{
    Builder, Entity, Error, Event, Key, Listener, ListenerError, ReadExt, Results, StatusApi, TopicFilter,
};

/// Says how each build ended.
pub struct Crier<S> {
    /// What becomes of a sentence.
    pub say: S,
}

#[async_trait]
impl<S: Fn(String) + Send + Sync> Listener for Crier<S> {
    fn name(&self) -> &str {
        "crier"
    }

    fn filter(&self) -> TopicFilter {
        TopicFilter::parse("builds/*/finished").expect("a topic pattern")
    }

    async fn on_event(&self, event: &Event, api: &dyn StatusApi) -> Result<(), ListenerError> {
        let Entity::Build(build) = &event.entity else {
            return Ok(());
        };
        // An event that fails comes again, after a pause; `Never` would set it aside, for people to look at.
        let later = |error: Error| ListenerError::Later(error.to_string());
        let builder = api.one::<Builder>(Key::Builder(build.builder.into()));
        let name = builder.await.map_err(later)?.value.name;
        let results = build.results.map_or("unknown", Results::name);
        (self.say)(format!("{name} #{}: {results}", build.number));
        Ok(())
    }
}
