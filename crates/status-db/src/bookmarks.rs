//! Listeners in the master keep their places in the store.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use weir_status_api::{
    Again, Bookmarks, DeadLetter, DeadLetterField, DeadLetterId, Error, Event, Hold, Key, ListenAsk,
    ListenerStatus, Place, Query, ReadExt, Result, Standing,
};

use crate::deadline::soon;
use crate::store::Store;
use crate::transition::{Applied, Transition};

/// How long a listener is held at once.
const LEASE: Duration = Duration::from_secs(30);
/// How many dead letters are delivered again at once.
const AT_ONCE: u32 = 100;

/// The bookmarks of listeners that run beside the store, in one process.
///
/// Whoever does not hold a listener keeps nothing for it while another does; nor does who loaded its place before
/// somebody let it go back.
pub struct StoreBookmarks {
    store: Store,
    holder: String,
    /// How often each listener had been rewound when its place was loaded.
    rewinds: Mutex<HashMap<String, i64>>,
}

impl Store {
    /// Bookmarks for the process `holder`, for people `master NAME`. No two that run at once have the same; the next life
    /// of a process has it again, and so goes on holding its listeners.
    pub fn bookmarks(&self, holder: impl Into<String>) -> StoreBookmarks {
        StoreBookmarks {
            store: self.clone(),
            holder: holder.into(),
            rewinds: Mutex::default(),
        }
    }
}

impl StoreBookmarks {
    async fn ask(&self, listener: &str, ask: ListenAsk) -> Result<Applied> {
        let asked = Transition::Listen {
            listener: listener.to_owned(),
            holder: self.holder.clone(),
            ask,
        };
        Ok(self.store.apply(asked).await?)
    }

    fn rewinds(&self) -> std::sync::MutexGuard<'_, HashMap<String, i64>> {
        self.rewinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Bookmarks for StoreBookmarks {
    async fn load(&self, listener: &str) -> Result<Option<Place>> {
        let recalled = soon(self.store.inner.backend.recall(listener)).await?;
        let (place, rewinds) = recalled.map_or((None, 0), |it| (it.place, it.rewinds));
        self.rewinds().insert(listener.to_owned(), rewinds);
        Ok(place)
    }

    async fn save(&self, listener: &str, place: &Place) -> Result<()> {
        let rewinds = self.rewinds().get(listener).copied().unwrap_or_default();
        let place = place.clone();
        self.ask(listener, ListenAsk::KeepPlace { place, rewinds })
            .await?;
        Ok(())
    }

    async fn park(&self, listener: &str, event: &Event, why: &str) -> Result<()> {
        let (event, why) = (event.cursor, why.to_owned());
        self.ask(listener, ListenAsk::Park { event, why }).await?;
        Ok(())
    }

    async fn hold(&self, listener: &str, kind: &str) -> Result<Hold> {
        let ask = ListenAsk::Hold {
            kind: kind.to_owned(),
            on: self.holder.clone(),
            seconds: u32::try_from(LEASE.as_secs()).unwrap_or(u32::MAX),
        };
        Ok(match self.ask(listener, ask).await? {
            Applied::HeldByAnother(on) => Hold::Theirs(on),
            _ => Hold::Ours(LEASE),
        })
    }

    async fn release(&self, listener: &str) -> Result<()> {
        self.ask(listener, ListenAsk::Release).await?;
        Ok(())
    }

    async fn note(&self, listener: &str, standing: &Standing) -> Result<()> {
        let waiting = match standing {
            Standing::Well => None,
            Standing::Waiting { why, .. } => Some(why.clone()),
        };
        self.ask(listener, ListenAsk::Note { waiting }).await?;
        Ok(())
    }

    async fn asked_again(&self, listener: &str) -> Result<Vec<Again>> {
        let known = match self
            .store
            .one::<ListenerStatus>(Key::Listener(listener.into()))
            .await
        {
            Err(Error::NotFound { .. }) => return Ok(vec![]),
            known => known?.value,
        };
        let asked = Query::<DeadLetter>::new()
            .eq(DeadLetterField::Listener, known.id)
            .eq(DeadLetterField::Again, true)
            .limit(AT_ONCE);
        let letters = self.store.page(asked).await?.items.into_iter();
        let again = letters.map(|letter| Again {
            id: letter.id.0,
            event: *letter.event,
        });
        Ok(again.collect())
    }

    async fn unpark(&self, listener: &str, id: i64) -> Result<()> {
        let letter = DeadLetterId(id);
        self.ask(listener, ListenAsk::Unpark { letter }).await?;
        Ok(())
    }

    async fn state(&self, listener: &str) -> Result<Option<serde_json::Value>> {
        let recalled = soon(self.store.inner.backend.recall(listener)).await?;
        Ok(recalled.and_then(|it| it.state))
    }

    async fn keep_state(&self, listener: &str, state: &serde_json::Value) -> Result<()> {
        let state = state.clone();
        self.ask(listener, ListenAsk::KeepState { state }).await?;
        Ok(())
    }
}
