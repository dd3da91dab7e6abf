//! Cases: watchers that come, go and are cut whenever it pleases chance.

use std::sync::Arc;

use futures::future::join_all;
use tokio::sync::watch::{Receiver, channel};
use tokio::time::timeout;

use futures::StreamExt;

use super::check::{Collected, DEADLINE, events_until, filter, must_be_dense, newest, watch};
use super::dice::Dice;
use super::history::History;
use super::stage::Stage;
use crate::{Cursor, Error, Event, Start, StatusApi, TopicFilter};

/// Patterns of which filters are made.
const PATTERNS: [&str; 12] = [
    "**",
    "*/*/*",
    "builds/*/*",
    "builds/*/finished",
    "builders/*/builds/*/new",
    "builders/1/*/*/*",
    "buildrequests/*/*",
    "buildsets/*/builders/*/buildrequests/*/claimed",
    "builds/*/steps/*/*",
    "builds/*/data/*/*",
    "control/worker/*/*",
    "changes/*/new",
];

/// Watches from cursor to cursor, some signals at a time.
async fn come_and_go(
    api: Arc<dyn StatusApi>,
    mut dice: Dice,
    filter: TopicFilter,
    from: Cursor,
    mut end: Receiver<Option<Cursor>>,
) -> (TopicFilter, Collected) {
    let mut collected = Collected::after(from);
    loop {
        let known = *end.borrow_and_update();
        if known.is_some_and(|until| collected.cursor >= until) {
            return (filter, collected);
        }
        let mut stream = watch(&*api, &filter, Start::After(collected.cursor)).await;
        for _ in 0..=dice.below(30) {
            // Nobody knows whether there is more until the end is told.
            let signal = tokio::select! {
                signal = timeout(DEADLINE, stream.next()) => signal,
                _ = end.changed() => break,
            };
            match signal {
                Ok(Some(Ok(signal))) => collected.take(signal),
                Ok(None | Some(Err(Error::Unavailable { .. }))) => break,
                Ok(Some(Err(error))) => panic!("a watch fails: {error:?}"),
                Err(_) => panic!("nothing comes after cursor {}", collected.cursor),
            }
            if known.is_some_and(|until| collected.cursor >= until) {
                break;
            }
        }
    }
}

async fn miss_nothing(stage: &dyn Stage, number: u64, cuts: bool) {
    let mut dice = Dice::of_case(number);
    let mut history = History::of(stage, dice.clone(), 10).await;
    let from = newest(&*history.scene.api).await;
    let (tell, end) = channel(None);
    let watchers: Vec<_> = (0..12)
        .map(|number| {
            let mut patterns = dice.some(&PATTERNS, 4);
            patterns.extend(dice.pick(&PATTERNS).filter(|_| patterns.is_empty()));
            let own = Dice::of_case(100 + number);
            come_and_go(stage.api(), own, filter(&patterns), from, end.clone())
        })
        .collect();
    let write = async {
        for round in 0..150 {
            match cuts {
                true => history.go_on_without_commands().await,
                false => history.go_on().await,
            }
            if cuts && round % 15 == 7 {
                stage.disconnect().await;
            }
            tokio::task::yield_now().await;
        }
        tell.send_replace(Some(newest(&*history.scene.api).await));
    };
    let (watched, ()) = tokio::join!(join_all(watchers), write);
    let until = newest(&*stage.api()).await;
    let mut stream = watch(&*stage.api(), &TopicFilter::all(), Start::After(from)).await;
    let all = events_until(&mut stream, from, until).await;
    must_be_dense(&all, from, until);
    for (filter, collected) in watched {
        let mut got = collected.events;
        got.retain(|event| event.cursor <= until);
        let fits = |event: &&Arc<Event>| filter.matching(event).is_some();
        let expected: Vec<Arc<Event>> = all.iter().filter(fits).cloned().collect();
        assert_eq!(
            got,
            expected,
            "what came of {filter:?} (left) is not all that matches, each once (right); {}",
            dice.replay()
        );
    }
}

pub(super) async fn that_come_and_go(stage: &dyn Stage) {
    miss_nothing(stage, 17, false).await;
}

pub(super) async fn that_are_cut(stage: &dyn Stage) {
    miss_nothing(stage, 18, true).await;
}
