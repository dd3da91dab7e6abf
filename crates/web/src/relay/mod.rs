//! One watch of a master for all who ask with the same token, or with none.
//!
//! A gateway before a master elsewhere would open a watch there for each of its clients. Here equal callers share one
//! of every event that they may see: it is decided there, event by event, and its newest are kept in a ring. Whoever is
//! behind the ring has a watch of their own until they have caught up.

mod line;
mod subscriber;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_trait::async_trait;
use weir_status_api::{
    Access, At, BuildKey, Caller, Command, Control, Cursor, Entity, EventStream, Identity, IssuedToken, Key,
    Kind, List, ListParts, LogChunk, LogHits, LogKey, LogSearch, NewToken, Outcome, Page, Properties,
    PropertiesOf, Read, Result, Start, StatusApi, Token, TokenId, TopicFilter, View, ViewQuery, Watch,
};

use line::Line;
use subscriber::Subscriber;

/// With this many callers, those are forgotten who watch nothing.
const MANY_CALLERS: usize = 256;

/// An [`Access`] of which equal callers share one watch. All else passes through as it is. Needs a Tokio runtime.
pub struct Relay {
    access: Arc<dyn Access>,
    callers: Mutex<HashMap<Caller, Arc<Slot>>>,
}

/// Where the line of a caller is, if there is one.
#[derive(Default)]
struct Slot(tokio::sync::Mutex<Weak<Line>>);

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").finish_non_exhaustive()
    }
}

impl Relay {
    /// A relay before `access`.
    pub fn new(access: Arc<dyn Access>) -> Self {
        Self {
            access,
            callers: Mutex::default(),
        }
    }

    fn slot(&self, caller: &Caller) -> Arc<Slot> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if callers.len() >= MANY_CALLERS && !callers.contains_key(caller) {
            callers.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(callers.entry(caller.clone()).or_default())
    }
}

impl Slot {
    /// The caller's line; it is begun if there is none that goes on.
    async fn line(&self, api: &Arc<dyn StatusApi>) -> Result<Arc<Line>> {
        let mut line = self.0.lock().await;
        if let Some(line) = line.upgrade().filter(|it| it.goes_on()) {
            return Ok(line);
        }
        let begun = Arc::new(Line::begin(api).await?);
        *line = Arc::downgrade(&begun);
        Ok(begun)
    }
}

/// The cursor of the newest event.
async fn newest(api: &dyn StatusApi) -> Result<Cursor> {
    let mut parts = ListParts::new(Kind::Master);
    parts.limit = Some(0);
    Ok(api.list(List::from_parts(parts)?).await?.cursor)
}

/// The status API for one caller.
struct Relayed {
    api: Arc<dyn StatusApi>,
    slot: Arc<Slot>,
}

#[async_trait]
impl Watch for Relayed {
    async fn watch(&self, filter: TopicFilter, start: Start) -> Result<EventStream> {
        let line = self.slot.line(&self.api).await?;
        // Whether a place can still, or already, be resumed from is for the master to say, unless it is the line's own.
        let (after, is_shared) = match start {
            Start::Now => {
                let now = newest(&*self.api).await?;
                (now, now >= line.begin_at())
            }
            Start::After(after) => (after, after == line.newest()),
        };
        let own = match is_shared {
            true => None,
            false => Some(self.api.watch(filter.clone(), Start::After(after)).await?),
        };
        let subscriber = Subscriber::new(Arc::clone(&self.api), line, filter, after, own);
        Ok(subscriber.signals(Arc::clone(&self.slot)))
    }
}

#[async_trait]
impl Read for Relayed {
    async fn get(&self, key: Key) -> Result<At<Entity>> {
        self.api.get(key).await
    }

    async fn list(&self, list: List) -> Result<Page<Entity>> {
        self.api.list(list).await
    }

    async fn log_content(&self, log: LogKey, first: i64, limit: u32) -> Result<At<LogChunk>> {
        self.api.log_content(log, first, limit).await
    }

    async fn search_log(&self, log: LogKey, search: LogSearch) -> Result<At<LogHits>> {
        self.api.search_log(log, search).await
    }

    async fn properties(&self, of: PropertiesOf) -> Result<At<Properties>> {
        self.api.properties(of).await
    }

    async fn build_data(&self, build: BuildKey, name: String) -> Result<At<Vec<u8>>> {
        self.api.build_data(build, name).await
    }

    async fn view(&self, query: ViewQuery) -> Result<At<View>> {
        self.api.view(query).await
    }
}

#[async_trait]
impl Control for Relayed {
    async fn control(&self, caller: &Caller, command: Command) -> Result<Outcome> {
        self.api.control(caller, command).await
    }
}

#[async_trait]
impl Access for Relay {
    fn open(&self, caller: &Caller) -> Arc<dyn StatusApi> {
        Arc::new(Relayed {
            api: self.access.open(caller),
            slot: self.slot(caller),
        })
    }

    async fn identify(&self, caller: &Caller) -> Result<Identity> {
        self.access.identify(caller).await
    }

    async fn sign_in(&self, user: &str, password: &str) -> Result<IssuedToken> {
        self.access.sign_in(user, password).await
    }

    async fn sign_out(&self, caller: &Caller) -> Result<()> {
        self.access.sign_out(caller).await
    }

    async fn issue_token(&self, caller: &Caller, token: NewToken) -> Result<IssuedToken> {
        self.access.issue_token(caller, token).await
    }

    async fn tokens(&self, caller: &Caller) -> Result<Vec<Token>> {
        self.access.tokens(caller).await
    }

    async fn revoke_token(&self, caller: &Caller, token: TokenId) -> Result<()> {
        self.access.revoke_token(caller, token).await
    }
}
