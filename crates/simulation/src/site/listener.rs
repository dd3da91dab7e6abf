//! Listeners that write down what they hear.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use weir_off_thread::off_thread;
use weir_status_api::{
    Bookmarks, Cursor, Error, Event, Lane, Listener, ListenerError, Place, Result, Runner, RunnerOptions,
    Start, StatusApi, TopicFilter,
};

use super::{Shared, status};
use crate::chance::Chance;
use crate::network::HostId;

/// Runs the listener `name` over the API that `upstream` serves, until it is killed.
pub(super) async fn run(
    shared: Arc<Shared>,
    host: HostId,
    upstream: HostId,
    name: &'static str,
    life: u32,
) -> std::result::Result<(), String> {
    let api = Arc::new(status(&shared.network, host, upstream)?);
    let options = RunnerOptions {
        start: Start::After(Cursor::ZERO),
        longest_pause: Duration::from_secs(5),
        at_once: 1,
        // It says so once in a while, never so often.
        tries: u32::MAX,
        ..RunnerOptions::default()
    };
    let listener = Arc::new(Scribe {
        chance: Chance::new(shared.plan.seed, &format!("{name} {life}")).into(),
        name,
        life,
        shared: Arc::clone(&shared),
    });
    let bookmarks = Arc::new(Places(shared));
    Runner::new(listener, api, bookmarks, options).run().await;
    Ok(())
}

/// Writes down what it is told.
struct Scribe {
    name: &'static str,
    life: u32,
    shared: Arc<Shared>,
    chance: std::sync::Mutex<Chance>,
}

#[async_trait]
impl Listener for Scribe {
    fn name(&self) -> &str {
        self.name
    }

    fn filter(&self) -> TopicFilter {
        let ledger = self.shared.ledger.open();
        let heard = ledger.listeners.get(self.name);
        heard.map_or_else(TopicFilter::all, |it| it.filter.clone())
    }

    fn lane(&self, _: &Event) -> Lane {
        // It looks whether all come in their order.
        Lane::All
    }

    async fn on_event(&self, event: &Event, _: &dyn StatusApi) -> std::result::Result<(), ListenerError> {
        let is_unwilling = self.chance.lock().is_ok_and(|mut it| it.once_in(100));
        if is_unwilling {
            return Err(ListenerError::Later("not now".to_owned()));
        }
        if let Some(heard) = self.shared.ledger.open().listeners.get_mut(self.name) {
            heard.events.push((self.life, Arc::new(event.clone())));
            if let Some(plant) = self.shared.plant {
                plant.mishear(&mut heard.events);
            }
        }
        Ok(())
    }
}

/// The listeners' places.
struct Places(Arc<Shared>);

#[async_trait]
impl Bookmarks for Places {
    async fn load(&self, listener: &str) -> Result<Option<Place>> {
        let place = self
            .0
            .ledger
            .open()
            .listeners
            .get(listener)
            .and_then(|it| it.place.clone());
        off_thread(move || place).await.map_err(Error::internal)
    }

    async fn save(&self, listener: &str, place: &Place) -> Result<()> {
        let (ledger, listener, place) = (self.0.ledger.clone(), listener.to_owned(), place.clone());
        let save = move || {
            if let Some(heard) = ledger.open().listeners.get_mut(&listener) {
                heard.place = Some(place);
            }
        };
        off_thread(save).await.map_err(Error::internal)
    }

    async fn park(&self, listener: &str, event: &Event, why: &str) -> Result<()> {
        panic!("event {} of {listener} is parked: {why}", event.cursor);
    }
}
