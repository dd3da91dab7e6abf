//! Steps that wait for locks, and requests that others stand for.

use weir_status_api::{Build, BuildRequest, Key, Query, ReadExt, Results, Step, StepField};
use weir_status_db::{Applied, Transition};

use crate::rig::{Rig, shorts};

async fn the_step(rig: &Rig) -> Step {
    let query = Query::<Step>::new().ascending(StepField::Id);
    rig.store.page(query).await.unwrap().items.pop().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_waits_for_locks_tells_so() {
    let rig = Rig::sqlite().await;
    let (_, [request, _]) = rig.buildset().await;
    let build = rig.build(request).await;
    let add = Transition::AddStep(build, "compile".to_owned());
    let Applied::Step(step) = rig.apply(add).await else {
        panic!("no step")
    };
    let before = rig.cursor().await;
    for why in [
        "waiting for lock db, held by a/1",
        "waiting for lock db, held by b/2",
    ] {
        rig.apply(Transition::AwaitLocks(step, why.to_owned())).await;
    }
    let waiting = the_step(&rig).await;
    assert!(
        waiting.started_at.is_some() && waiting.locks_acquired_at.is_none(),
        "{waiting:?}"
    );
    rig.apply(Transition::StartStep(step)).await;
    let events = rig.events(before).await;
    assert_eq!(
        shorts(&events),
        [
            "step compile started - `waiting for lock db, held by a/1`",
            "step compile updated - `waiting for lock db, held by b/2`",
            "step compile updated - `running`",
            "build 1 update - `starting`",
        ]
    );
    let has = the_step(&rig).await;
    assert_eq!(has.started_at, waiting.started_at);
    let waited = has.locks_acquired_at.unwrap().since(has.started_at.unwrap());
    let build: Build = rig.store.one(Key::Build(build.into())).await.unwrap().value;
    assert!(waited.as_secs() > 0);
    assert_eq!(u64::try_from(build.locks_duration_s).unwrap(), waited.as_secs());
    // A step that has its locks does not get them again.
    let late = Transition::AwaitLocks(step, "waiting".to_owned());
    assert!(rig.store.apply(late).await.is_err());
    assert!(rig.store.apply(Transition::StartStep(step)).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_stands_for_those_that_nobody_has_begun() {
    let rig = Rig::sqlite().await;
    let (_, [begun, _]) = rig.buildset().await;
    rig.build(begun).await;
    let (_, [first, second]) = rig.buildset().await;
    let (_, [into, _]) = rig.buildset().await;
    let before = rig.cursor().await;
    let collapse = |into| Transition::Collapse {
        into,
        collapsed: vec![begun, first, into, second],
    };
    rig.apply(collapse(into)).await;
    rig.apply(collapse(into)).await;
    assert_eq!(
        shorts(&rig.events(before).await),
        [
            format!("request {first} complete skipped open"),
            format!("request {second} complete skipped open"),
            "buildset 2 complete skipped".to_owned(),
        ]
    );
    // One that is complete stands for none.
    let (_, [open, _]) = rig.buildset().await;
    rig.apply(Transition::CompleteRequest(into, Results::Cancelled))
        .await;
    let late = Transition::Collapse {
        into,
        collapsed: vec![open],
    };
    rig.apply(late).await;
    let open: BuildRequest = rig.store.one(Key::BuildRequest(open)).await.unwrap().value;
    assert_eq!(open.results, None);
}
