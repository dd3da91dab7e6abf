//! Names for what events know by its id only.

use std::collections::HashMap;

use weir_status_api::{ControlTarget, Entity, Error, Key, Read, StepKey};

/// How many names are kept; beyond, they are looked up anew.
const MOST: usize = 10_000;

/// Names of builders, workers, listeners, builds (`linux/17`) and steps (`linux/17 test`).
#[derive(Default)]
pub(crate) struct Names(HashMap<Key, String>);

impl Names {
    /// Learns the names of the entity and of what it belongs to; those that it cannot get it goes without.
    pub(crate) async fn learn(&mut self, api: &dyn Read, entity: &Entity) {
        if self.0.len() >= MOST {
            self.0.clear();
        }
        for key in owners(entity) {
            if self.0.contains_key(&key) {
                continue;
            }
            match api.get(key.clone()).await {
                Ok(owner) => Box::pin(self.learn(api, &owner.value)).await,
                Err(Error::NotFound { .. }) => drop(self.0.insert(key.clone(), key.to_string())),
                // The watch itself will tell.
                Err(_) => {}
            }
        }
        self.put(entity);
    }

    /// Takes the name of the entity, if its owners' are known.
    pub(crate) fn put(&mut self, entity: &Entity) {
        let (key, name) = match entity {
            Entity::Builder(it) => (Key::Builder(it.id.into()), it.name.clone()),
            Entity::Worker(it) => (Key::Worker(it.id.into()), it.name.clone()),
            Entity::Build(it) => {
                let builder = self.of(&Key::Builder(it.builder.into()));
                (Key::Build(it.id.into()), format!("{builder}/{}", it.number))
            }
            Entity::Step(it) => {
                let build = self.of(&Key::Build(it.build.into()));
                (Key::Step(it.id.into()), format!("{build} {}", it.name))
            }
            Entity::Listener(it) => (Key::Listener(it.id.into()), it.name.clone()),
            _ => return,
        };
        self.0.insert(key, name);
    }

    /// The name of what the key names, else the key in words.
    pub(crate) fn of(&self, key: &Key) -> String {
        self.0.get(key).cloned().unwrap_or_else(|| key.to_string())
    }
}

/// What a request to act is about.
pub(crate) fn target(target: ControlTarget) -> Key {
    match target {
        ControlTarget::Build(id) => Key::Build(id.into()),
        ControlTarget::BuildRequest(id) => Key::BuildRequest(id),
        ControlTarget::Worker(id) => Key::Worker(id.into()),
        ControlTarget::Listener(id) => Key::Listener(id.into()),
    }
}

/// What must be known to name the entity.
fn owners(entity: &Entity) -> Vec<Key> {
    match entity {
        Entity::Build(it) => vec![Key::Builder(it.builder.into()), Key::Worker(it.worker.into())],
        Entity::BuildRequest(it) => vec![Key::Builder(it.builder.into())],
        Entity::Step(it) => vec![Key::Build(it.build.into())],
        Entity::Log(it) => vec![Key::Step(StepKey::Id(it.step))],
        Entity::Properties(it) => vec![Key::Build(it.build.into())],
        Entity::Control(it) => vec![target(it.target)],
        Entity::DeadLetter(it) => vec![Key::Listener(it.listener.into())],
        _ => vec![],
    }
}
