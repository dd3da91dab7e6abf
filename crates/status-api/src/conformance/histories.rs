//! Cases: after any history, what is read, what events tell and what views show is what was written.

use super::dice::Dice;
use super::events::all_events;
use super::history::History;
use super::promises::Promises;
use super::random_views::{random_commit_graph, random_console, random_grid, random_home, random_waterfall};
use super::stage::Stage;
use super::world::World;

async fn is_as_written(stage: &dyn Stage, number: u64, length: usize) {
    let mut history = History::of(stage, Dice::of_case(number), length).await;
    let replay = history.dice.replay();
    let mut promises = Promises::new();
    let scene = &history.scene;
    let read = async {
        let (read, _) = World::read(&*scene.api).await;
        read.must_equal("what is read", &scene.world, "what was written");
    };
    promises.that(format!("reads ({replay})"), read).await;
    let told = async {
        let mut folded = World::default();
        for event in all_events(&*scene.api).await {
            folded.apply(&event);
        }
        folded.must_equal("what events tell", &scene.world.as_told(), "what was written");
    };
    promises.that(format!("events ({replay})"), told).await;
    let contents = async {
        for (log, expected) in &scene.contents {
            let got = scene
                .api
                .log_content((*log).into(), 0, 10_000)
                .await
                .expect("a log");
            assert_eq!(&got.value.content, expected, "the content of log {log}");
        }
    };
    promises.that(format!("logs ({replay})"), contents).await;
    for number in 0..8 {
        let queries = [
            Some(random_home(&mut history)),
            Some(random_waterfall(&mut history, stage)),
            Some(random_grid(&mut history)),
            Some(random_console(&mut history)),
            random_commit_graph(&mut history),
        ];
        for query in queries.into_iter().flatten() {
            let name = format!("view {number} ({replay})");
            let shown = async {
                history.scene.view(query).await;
            };
            promises.that(name, shown).await;
        }
    }
    promises.must_hold();
}

macro_rules! cases {
    ($($name:ident: $number:literal, $length:literal;)+) => {$(
        pub(super) async fn $name(stage: &dyn Stage) {
            is_as_written(stage, $number, $length).await;
        }
    )+};
}

cases! {
    a_short_one: 1, 20;
    one: 2, 120;
    another: 3, 120;
    a_third: 4, 120;
    a_long_one: 5, 400;
}
