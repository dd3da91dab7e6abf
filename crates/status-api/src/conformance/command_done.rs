//! Cases, one per command: it is done or recorded, by each key.

use super::check::must_get;
use super::commands::{SCHEDULER, Which, each_command};
use super::control::{asked, must_record, ordered};
use super::events::all_events;
use super::promises::Promises;
use super::stage::Stage;
use super::story::Story;
use crate::{BuildRequest, Caller, Command, Entity, Key, Outcome, Scheduler};

async fn by_each_key(stage: &dyn Stage, which: Which) {
    let story = Story::tell(stage).await;
    let mut promises = Promises::new();
    for reason in [None, Some("it takes \"too\" long, ä")] {
        for command in which.forms(&story, reason) {
            let name = format!("{command:?}");
            promises.that(name, is_done(&story, which, command, reason)).await;
        }
    }
    promises.must_hold();
}

async fn is_done(story: &Story<'_>, which: Which, command: Command, reason: Option<&str>) {
    let scene = &story.scene;
    let (outcome, events) = ordered(scene, &*scene.api, &Caller::anonymous(), command).await;
    match outcome {
        Ok(Outcome::Done) => assert_ne!(which, Which::Rebuild, "a rebuild makes a buildset"),
        Ok(Outcome::Buildset { .. }) => assert_eq!(which, Which::Rebuild, "nothing is made"),
        other => panic!("it gives {other:?}"),
    }
    if let Some((target, action)) = which.recorded(story) {
        let reason = reason.filter(|_| which != Which::UnpauseWorker);
        must_record(&events, &asked(target, action, reason));
    }
    match which {
        Which::SetPriority => {
            let expected = BuildRequest {
                priority: 42,
                ..scene.world.one(story.claimed.0)
            };
            must_get(&*scene.api, Key::BuildRequest(story.claimed), &expected).await;
            // Whoever asks for the priority that it has already need not be told of.
            let wanted = Entity::from(expected);
            let told = all_events(&*scene.api).await;
            assert!(
                told.iter().any(|event| event.entity == wanted),
                "the change has an event"
            );
        }
        Which::EnableScheduler => {
            let id = scene.ids.schedulers[SCHEDULER];
            let expected = Scheduler {
                enabled: false,
                ..scene.world.one(id.0)
            };
            must_get(&*scene.api, Key::Scheduler(id.into()), &expected).await;
        }
        _ => {}
    }
}

macro_rules! cases {
    ($($name:ident: $which:ident),+) => {$(
        pub(super) async fn $name(stage: &dyn Stage) {
            by_each_key(stage, Which::$which).await;
        }
    )+};
}
each_command!(cases);
