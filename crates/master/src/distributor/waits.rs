//! Tells the store what requests wait for that this master alone knows: the locks of their builders.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;
use weir_status_api::{BuildRequest, BuildRequestId};
use weir_status_db::{Error, Store, Transition};

use super::plan::Plan;
use crate::locks::Locks;

/// How long people may read of a holder that has let go, and of a wait that is over: not each time that a lock goes from
/// hand to hand is told, for many may wait for one.
const REFRESH: Duration = Duration::from_secs(5);

/// Texts by request; none for what is to be taken back.
type News = Vec<(BuildRequestId, Option<String>)>;

/// What was told.
pub(super) struct Waits {
    told: BTreeMap<BuildRequestId, String>,
    /// Tells it, one thing after the other; gives what the store did not take.
    telling: JoinSet<News>,
    /// When what was told is looked at again.
    due: Instant,
}

impl Waits {
    pub(super) fn new() -> Self {
        Self {
            told: BTreeMap::new(),
            telling: JoinSet::new(),
            due: Instant::now(),
        }
    }

    /// Learns what an earlier life of the master told.
    pub(super) fn learn(&mut self, request: &BuildRequest) {
        if let Some(what) = &request.waiting_for {
            self.told.insert(request.id, what.clone());
        }
    }

    /// The request is built now, and its claim says that it waits for nothing.
    pub(super) fn forget(&mut self, request: BuildRequestId) {
        self.told.remove(&request);
    }

    /// Tells what is new.
    pub(super) fn tell(&mut self, plan: &Plan, locks: &Arc<Locks>, store: &Store) {
        if !self.telling.is_empty() {
            return;
        }
        let news = self.news(plan, locks, Instant::now());
        if news.is_empty() {
            return;
        }
        let store = store.clone();
        self.telling.spawn(async move {
            let mut failed = vec![];
            for (request, what) in news {
                let tell = Transition::SetWaitingFor(request, what.clone());
                match store.apply(tell).await {
                    // One that is deleted waits for nothing either.
                    Ok(_) | Err(Error::NotFound { .. }) => {}
                    Err(error) => {
                        tracing::warn!(%request, %error, "what a request waits for is not stored");
                        failed.push((request, what));
                    }
                }
            }
            failed
        });
    }

    /// What is to be told: new waits at once, the rest when it is due.
    fn news(&mut self, plan: &Plan, locks: &Arc<Locks>, now: Instant) -> News {
        let is_due = now >= self.due;
        let mut news = vec![];
        for (request, place) in plan.locked.values() {
            if !is_due && self.told.contains_key(request) {
                continue;
            }
            let what = locks.what(*place);
            if self.told.get(request) != Some(&what) {
                self.told.insert(*request, what.clone());
                news.push((*request, Some(what)));
            }
        }
        if is_due {
            self.due = now + REFRESH;
            let waiting: BTreeSet<_> = plan.locked.values().map(|(request, _)| *request).collect();
            let over = self.told.keys().filter(|it| !waiting.contains(it));
            let over: Vec<_> = over.copied().collect();
            for request in over {
                self.told.remove(&request);
                news.push((request, None));
            }
        }
        news
    }

    /// Waits until there may be something to tell.
    pub(super) async fn wait(&mut self) {
        match self.telling.join_next().await {
            Some(Ok(failed)) => {
                // Whatever is true by then is told when it is due.
                let unknown = failed.into_iter().map(|(request, _)| (request, String::new()));
                self.told.extend(unknown);
            }
            Some(Err(error)) => tracing::error!(%error, "telling what requests wait for ended by a fault"),
            None if self.told.is_empty() => std::future::pending().await,
            None => tokio::time::sleep_until(self.due).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use weir_config::{LockAccess, LockConfig, LockMode, LockScope};
    use weir_status_api::{BuilderId, MasterId};

    use super::super::rules::Book;
    use super::*;
    use crate::locks::{Holder, Taken};

    fn told(news: &News) -> Vec<(i64, Option<&str>)> {
        news.iter().map(|(id, what)| (id.0, what.as_deref())).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn new_waits_are_told_at_once_and_the_rest_now_and_then() {
        let locks = Locks::new(&[LockConfig {
            name: "db".to_owned(),
            scope: LockScope::Master,
            count: 1,
            counts: Default::default(),
        }]);
        let access = [LockAccess {
            lock: "db".to_owned(),
            mode: LockMode::Exclusive,
        }];
        let holder = Holder::new("tests");
        let Ok(Taken::Now(held)) = locks.take(&holder, &access, &[], "w1") else {
            panic!("it is free")
        };
        let mut plan = Plan::new(Book::default(), MasterId(1));
        let mut waits = Waits::new();
        waits.learn(&BuildRequest {
            waiting_for: Some("lock db, held by gone/1".to_owned()),
            ..super::super::plan::tests::request(7, 1, 0)
        });
        let place = locks.pass().wait(&Holder::new("b"), &access, "w1").unwrap();
        plan.locked.insert(BuilderId(2), (BuildRequestId(2), place));
        let first = waits.news(&plan, &locks, Instant::now());
        assert_eq!(told(&first), [(2, Some("lock db, held by tests")), (7, None)]);
        // Its number is known by now; whoever reads need not be told of that at once.
        holder.set_number(3);
        assert!(waits.news(&plan, &locks, Instant::now()).is_empty());
        tokio::time::advance(REFRESH).await;
        let second = waits.news(&plan, &locks, Instant::now());
        assert_eq!(told(&second), [(2, Some("lock db, held by tests/3"))]);
        drop(held);
        plan.locked.clear();
        assert!(waits.news(&plan, &locks, Instant::now()).is_empty());
        tokio::time::advance(REFRESH).await;
        assert_eq!(told(&waits.news(&plan, &locks, Instant::now())), [(2, None)]);
    }
}
