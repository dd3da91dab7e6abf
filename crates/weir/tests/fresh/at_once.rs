//! Writers and readers at the same time, and nobody who tells the gateway what is new: cursors never go back,
//! and each answer is what the events up to its cursor say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use futures::StreamExt;
use serde_json::Value;
use weir_status_api::conformance::{Stage, Writer};
use weir_status_api::{BuildId, Cursor, Entity, Key, Signal, Start, TopicFilter};
use weir_status_db::Database;
use weir_web::Options;

use crate::api::{Counted, Gateway};
use crate::stage::StoreStage;
use crate::writes::{Dice, World};

const READERS: usize = 4;

/// The state of the build at each cursor at which it changed.
async fn history(stage: &StoreStage, build: BuildId, until: Cursor) -> BTreeMap<Cursor, String> {
    let start = Start::After(Cursor::ZERO);
    let mut events = stage.api().watch(TopicFilter::all(), start).await.unwrap();
    let mut states = BTreeMap::new();
    while let Some(Ok(signal)) = events.next().await {
        if let Signal::Event(event) = &signal
            && let Entity::Build(it) = &event.entity
            && it.id == build
        {
            states.insert(event.cursor, it.state.clone());
        }
        if signal.cursor() >= until {
            break;
        }
    }
    states
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_true_at_their_cursors_which_never_go_back() {
    let stage = Arc::new(StoreStage::open(Database::Sqlite).await);
    let mut dice = Dice::new(7);
    let mut world = World::new(&stage.writer).await;
    let build = BuildId(1);
    while stage.api().get(Key::Build(build.into())).await.is_err() {
        world.write(&stage.writer, &mut dice).await;
    }
    let counted = Counted::over(stage.api());
    let gateway = Gateway::over(counted.clone(), Options::default());
    let newest = Arc::new(AtomicI64::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..READERS)
        .map(|_| tokio::spawn(read(gateway.clone(), newest.clone(), done.clone())))
        .collect();
    for number in 0..80 {
        // Other kinds change more often than the build does.
        stage.writer.add_step(build, &format!("step {number}")).await;
        if number % 10 == 0 {
            stage
                .writer
                .set_build_state(build, &format!("state {number}"))
                .await;
        }
        tokio::task::yield_now().await;
    }
    done.store(true, Ordering::SeqCst);
    let mut answers = vec![];
    for reader in readers {
        answers.extend(reader.await.unwrap());
    }
    let states = history(&stage, build, stage.writer.store.newest()).await;
    for (cursor, state) in &answers {
        let (_, expected) = states.range(..=cursor).next_back().unwrap();
        assert_eq!(state, expected, "at {cursor}");
    }
    assert!(
        counted.reads() < answers.len(),
        "{} of {}",
        counted.reads(),
        answers.len()
    );
}

/// Reads the build until it is done; gives what was answered.
async fn read(gateway: Gateway, newest: Arc<AtomicI64>, done: Arc<AtomicBool>) -> Vec<(Cursor, String)> {
    let mut answers = vec![];
    while !done.load(Ordering::SeqCst) || answers.len() < 100 {
        let before = newest.load(Ordering::SeqCst);
        let answer = gateway.json("builds/1").await;
        let cursor = answer.cursor().unwrap();
        assert!(cursor.0 >= before, "{cursor} was answered after {before}");
        newest.fetch_max(cursor.0, Ordering::SeqCst);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        answers.push((
            cursor,
            body["builds"][0]["state_string"].as_str().unwrap().to_owned(),
        ));
        tokio::task::yield_now().await;
    }
    answers
}
