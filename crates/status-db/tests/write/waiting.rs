//! Steps that wait for locks, and requests that others stand for.

use weir_status_api::{Build, BuildRequest, Entity, Key, Query, ReadExt, Results, Step, StepField, Worker};
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
async fn a_request_tells_what_it_waits_for_until_it_is_claimed() {
    let rig = Rig::sqlite().await;
    let (_, [request, other]) = rig.buildset().await;
    let before = rig.cursor().await;
    let tell = |request, what: Option<&str>| Transition::SetWaitingFor(request, what.map(str::to_owned));
    for what in [
        Some("lock db, held by a/1"),
        Some("lock db, held by a/1"),
        None,
        Some("lock db, held by b/2"),
    ] {
        rig.apply(tell(request, what)).await;
    }
    rig.apply(Transition::Claim(request, rig.master)).await;
    // Told too late.
    rig.apply(tell(request, Some("lock db, held by b/3"))).await;
    let told: Vec<_> = rig
        .events(before)
        .await
        .iter()
        .filter_map(|it| match &it.entity {
            Entity::BuildRequest(it) => Some((it.waiting_for.clone(), it.claimed_at.is_some())),
            _ => None,
        })
        .collect();
    let lock = |who: &str| Some(format!("lock db, held by {who}"));
    assert_eq!(
        told,
        [
            (lock("a/1"), false),
            (None, false),
            (lock("b/2"), false),
            (None, true)
        ]
    );
    rig.apply(tell(other, Some("lock db, held by a/1"))).await;
    rig.apply(Transition::CompleteRequest(other, Results::Cancelled))
        .await;
    let ended: BuildRequest = rig.store.one(Key::BuildRequest(other)).await.unwrap().value;
    assert_eq!(ended.waiting_for, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_told_to_end_works_again_as_another_process() {
    let rig = Rig::sqlite().await;
    let graceful = async || {
        let worker: Worker = rig.store.one(Key::Worker(rig.worker.into())).await.unwrap().value;
        worker.graceful
    };
    let comes = async |process: &str| {
        rig.apply(Transition::KnowProcess(rig.worker, process.to_owned()))
            .await;
    };
    comes("one").await;
    rig.apply(Transition::SetWorkerState {
        worker: rig.worker,
        paused: true,
        reason: Some("new disk".to_owned()),
        graceful: true,
    })
    .await;
    // Whatever became of its master meanwhile.
    comes("one").await;
    assert!(graceful().await);
    comes("two").await;
    assert!(!graceful().await);
    let worker: Worker = rig.store.one(Key::Worker(rig.worker.into())).await.unwrap().value;
    assert_eq!(
        (worker.paused, worker.pause_reason.as_deref()),
        (true, Some("new disk"))
    );
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
