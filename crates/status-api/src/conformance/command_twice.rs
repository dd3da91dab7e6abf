//! Cases, one per command: given twice it does no more than once. A rebuild is a wish of its own each time.

use super::commands::{Which, each_command};
use super::stage::Stage;
use super::story::Story;
use super::world::World;
use crate::{Buildset, Caller};

async fn changes_nothing_more(stage: &dyn Stage, which: Which) {
    let story = Story::tell(stage).await;
    let api = &*story.scene.api;
    let command = which.forms(&story, Some("why")).remove(0);
    let mut worlds = vec![];
    for _ in 0..2 {
        let done = api.control(&Caller::anonymous(), command.clone()).await;
        assert!(done.is_ok(), "{command:?} gives {done:?}");
        worlds.push(World::read(api).await.0);
    }
    let [once, twice] = [&worlds[0], &worlds[1]];
    if which == Which::Rebuild {
        let (once, twice) = (once.all::<Buildset>().len(), twice.all::<Buildset>().len());
        return assert_eq!(once + 1, twice, "two rebuilds are two buildsets");
    }
    twice.must_equal("what is read after two", once, "what is read after one");
}

macro_rules! cases {
    ($($name:ident: $which:ident),+) => {$(
        pub(super) async fn $name(stage: &dyn Stage) {
            changes_nothing_more(stage, Which::$which).await;
        }
    )+};
}
each_command!(cases);
