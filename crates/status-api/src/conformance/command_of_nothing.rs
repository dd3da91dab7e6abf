//! Cases, one per command: what is not there is not found, and leaves no event.

use super::check::newest;
use super::commands::{Which, each_command};
use super::promises::Promises;
use super::stage::Stage;
use super::story::Story;
use crate::{Caller, Error};

async fn by_no_key(stage: &dyn Stage, which: Which) {
    let Story { scene, .. } = Story::tell(stage).await;
    let before = newest(&*scene.api).await;
    let mut promises = Promises::new();
    for command in which.about_nothing() {
        let name = format!("{command:?}");
        let refused = async {
            let got = scene.api.control(&Caller::anonymous(), command).await;
            assert!(
                matches!(got, Err(Error::NotFound { .. })),
                "it is not found, but gives {got:?}"
            );
        };
        promises.that(name, refused).await;
    }
    let silent = async {
        let after = newest(&*scene.api).await;
        assert_eq!(after, before, "what is refused leaves no event");
    };
    promises.that("no event", silent).await;
    promises.must_hold();
}

macro_rules! cases {
    ($($name:ident: $which:ident),+) => {$(
        pub(super) async fn $name(stage: &dyn Stage) {
            by_no_key(stage, Which::$which).await;
        }
    )+};
}
each_command!(cases);
