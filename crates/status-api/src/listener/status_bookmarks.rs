//! Bookmarks that the master keeps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{Again, Bookmarks, Hold, Place, Standing};
use crate::{
    Caller, Command, DeadLetter, DeadLetterField, DeadLetterId, Error, Event, Key, ListenAsk, ListenerStatus,
    Outcome, Query, ReadExt, Result, StatusApi,
};

/// How long a listener is held at once.
const LEASE: Duration = Duration::from_secs(30);
/// How many dead letters are delivered again at once.
const AT_ONCE: u32 = 100;
/// For how long it is taken for true that nobody asked for a dead letter. All runners of a process look every few seconds,
/// and nearly always in vain.
const NONE_ASKED_FOR: Duration = Duration::from_secs(1);

/// Bookmarks over a status API, kept by its master: everybody sees how the listeners fare, and no two runners deliver for
/// the same one. Its calls are [`Command::Listen`], which the caller must be allowed to give.
pub struct StatusBookmarks {
    api: Arc<dyn StatusApi>,
    caller: Caller,
    /// The runner, as it made itself up.
    holder: String,
    /// The runner, for people.
    on: String,
    /// How often each listener had been rewound when its place was loaded.
    rewinds: Mutex<HashMap<String, i64>>,
    /// When it was found that nobody asked for a dead letter, of any listener.
    none_asked: tokio::sync::Mutex<Option<Instant>>,
}

impl StatusBookmarks {
    /// Bookmarks of the runner `holder`, a text that no other runner has, with `caller`'s rights; for people it is `on`,
    /// such as `weir listen on HOST, process 17`.
    pub fn new(
        api: Arc<dyn StatusApi>,
        caller: Caller,
        holder: impl Into<String>,
        on: impl Into<String>,
    ) -> Self {
        Self {
            api,
            caller,
            holder: holder.into(),
            on: on.into(),
            rewinds: Mutex::default(),
            none_asked: tokio::sync::Mutex::default(),
        }
    }

    async fn ask(&self, listener: &str, ask: ListenAsk) -> Result<Outcome> {
        let command = Command::Listen {
            listener: listener.to_owned(),
            holder: self.holder.clone(),
            ask,
        };
        match self.api.control(&self.caller, command).await {
            Err(Error::NotSupported { .. }) => Err(Error::NotSupported {
                operation: "keeping the places of listeners".to_owned(),
                implementer: "this master; keep them in a folder".to_owned(),
            }),
            answer => answer,
        }
    }

    /// What is kept of a listener; nothing if nobody ever held it.
    async fn recall(&self, listener: &str) -> Result<(Option<Place>, i64, Option<serde_json::Value>)> {
        match self.ask(listener, ListenAsk::Recall).await {
            Ok(Outcome::Recalled {
                place,
                rewinds,
                state,
            }) => Ok((place, rewinds, state)),
            Err(Error::NotFound { .. }) => Ok((None, 0, None)),
            Ok(other) => Err(Error::internal(format!("the master recalled {other:?}"))),
            Err(error) => Err(error),
        }
    }

    /// Whether somebody asked for a dead letter, of any listener. One look serves all who ask within a moment.
    async fn any_asked_again(&self) -> Result<bool> {
        let mut none_asked = self.none_asked.lock().await;
        if none_asked.is_some_and(|it| it.elapsed() < NONE_ASKED_FOR) {
            return Ok(false);
        }
        let looked = Instant::now();
        let asked = Query::<DeadLetter>::new()
            .eq(DeadLetterField::Again, true)
            .limit(1);
        let any = !self.api.page(asked).await?.items.is_empty();
        *none_asked = (!any).then_some(looked);
        Ok(any)
    }

    fn rewinds(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.rewinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Bookmarks for StatusBookmarks {
    async fn load(&self, listener: &str) -> Result<Option<Place>> {
        let (place, rewinds, _) = self.recall(listener).await?;
        self.rewinds().insert(listener.to_owned(), rewinds);
        Ok(place)
    }

    async fn save(&self, listener: &str, place: &Place) -> Result<()> {
        let rewinds = self.rewinds().get(listener).copied().unwrap_or_default();
        let place = place.clone();
        self.ask(listener, ListenAsk::KeepPlace { place, rewinds })
            .await
            .map(drop)
    }

    async fn park(&self, listener: &str, event: &Event, why: &str) -> Result<()> {
        let (event, why) = (event.cursor, why.to_owned());
        self.ask(listener, ListenAsk::Park { event, why }).await.map(drop)
    }

    async fn hold(&self, listener: &str, kind: &str) -> Result<Hold> {
        let ask = ListenAsk::Hold {
            kind: kind.to_owned(),
            on: self.on.clone(),
            seconds: u32::try_from(LEASE.as_secs()).unwrap_or(u32::MAX),
        };
        Ok(match self.ask(listener, ask).await? {
            Outcome::HeldByAnother { on } => Hold::Theirs(on),
            _ => Hold::Ours(LEASE),
        })
    }

    async fn release(&self, listener: &str) -> Result<()> {
        self.ask(listener, ListenAsk::Release).await.map(drop)
    }

    async fn note(&self, listener: &str, standing: &Standing) -> Result<()> {
        let waiting = match standing {
            Standing::Well => None,
            Standing::Waiting { why, .. } => Some(why.clone()),
        };
        self.ask(listener, ListenAsk::Note { waiting }).await.map(drop)
    }

    async fn asked_again(&self, listener: &str) -> Result<Vec<Again>> {
        if !self.any_asked_again().await? {
            return Ok(vec![]);
        }
        let known = match self
            .api
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
        let letters = self.api.page(asked).await?.items.into_iter();
        let again = letters.map(|letter| Again {
            id: letter.id.0,
            event: *letter.event,
        });
        Ok(again.collect())
    }

    async fn unpark(&self, listener: &str, id: i64) -> Result<()> {
        let letter = DeadLetterId(id);
        self.ask(listener, ListenAsk::Unpark { letter }).await.map(drop)
    }

    async fn state(&self, listener: &str) -> Result<Option<serde_json::Value>> {
        let (_, _, state) = self.recall(listener).await?;
        Ok(state)
    }

    async fn keep_state(&self, listener: &str, state: &serde_json::Value) -> Result<()> {
        let state = state.clone();
        self.ask(listener, ListenAsk::KeepState { state }).await.map(drop)
    }
}
