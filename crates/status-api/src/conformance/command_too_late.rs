//! Cases: commands about what has ended, which stays as it was.

use super::commands::Which;
use super::stage::Stage;
use super::story::Story;
use super::world::World;
use crate::{Caller, Outcome};

async fn leaves_it_as_it_was(stage: &dyn Stage, which: Which) {
    let story = Story::tell(stage).await;
    let api = &*story.scene.api;
    let command = which.about_the_ended(&story);
    let done = api.control(&Caller::anonymous(), command.clone()).await;
    assert_eq!(done, Ok(Outcome::Done), "{command:?} is no error");
    let (read, _) = World::read(api).await;
    read.must_equal("what is read", &story.scene.world, "what was written");
}

pub(super) async fn stop_build(stage: &dyn Stage) {
    leaves_it_as_it_was(stage, Which::StopBuild).await;
}

pub(super) async fn cancel_request(stage: &dyn Stage) {
    leaves_it_as_it_was(stage, Which::CancelRequest).await;
}

pub(super) async fn set_priority(stage: &dyn Stage) {
    leaves_it_as_it_was(stage, Which::SetPriority).await;
}
