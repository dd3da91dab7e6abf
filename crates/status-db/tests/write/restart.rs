//! A master that comes back finds what its earlier life left running.

use weir_status_api::{BuildId, BuildKey, BuildRequestId, Caller, ControlExt, Results, WorkerInfo};
use weir_status_db::Transition;

use crate::rig::{Rig, shorts};

#[tokio::test(flavor = "multi_thread")]
async fn builds_left_running_are_run_again_unless_somebody_stopped_them() {
    let rig = Rig::sqlite().await;
    rig.apply(Transition::ConnectWorker(
        rig.worker,
        rig.master,
        WorkerInfo::default(),
    ))
    .await;
    let (_, [lost, stopped]) = rig.buildset().await;
    let (_, [claimed, open_request]) = rig.buildset().await;
    let lost = rig.build(lost).await;
    rig.step(lost).await;
    let stopped = rig.build(stopped).await;
    assert!(rig.claim(claimed).await);
    let caller = Caller::named("ada");
    rig.store
        .stop_build(&caller, BuildKey::Id(stopped), "wrong branch")
        .await
        .unwrap();
    let rig = rig.reopened().await;
    let before = rig.cursor().await;
    rig.apply(Transition::StartMaster {
        name: "here".to_owned(),
    })
    .await;
    assert_eq!(
        shorts(&rig.events(before).await),
        [
            "master here started true",
            "log stdio finished 0",
            "step compile finished retry `lost: the master was restarted`",
            "build 1 finished retry `lost: the master was restarted`",
            "request 1 unclaimed - open",
            "build 2 finished cancelled `lost: the master was restarted`",
            "request 2 complete cancelled claimed",
            "request 3 unclaimed - open",
            "worker anna disconnected on 0 masters, paused false, graceful false",
        ]
    );
    assert_eq!((lost, stopped, open_request.0), (BuildId(1), BuildId(2), 4));
    // A request that is open again can be built again, and its buildset ends with it.
    let (again, before) = (rig.build(BuildRequestId(1)).await, rig.cursor().await);
    rig.apply(Transition::FinishBuild {
        build: again,
        results: Results::Success,
        state: "build successful".to_owned(),
    })
    .await;
    assert_eq!(
        shorts(&rig.events(before).await),
        [
            "build 3 finished success `build successful`",
            "request 1 complete success claimed",
            "buildset 1 complete cancelled",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_was_stopped_is_not_run_again_when_it_is_lost() {
    let rig = Rig::sqlite().await;
    let (_, [stopped, lost]) = rig.buildset().await;
    let (stopped, lost) = (rig.build(stopped).await, rig.build(lost).await);
    rig.step(stopped).await;
    rig.apply(Transition::AddStep(stopped, "later".to_owned())).await;
    let caller = Caller::named("ada");
    rig.store
        .stop_build(&caller, BuildKey::Id(stopped), "wrong branch")
        .await
        .unwrap();
    let before = rig.cursor().await;
    for build in [stopped, lost] {
        rig.apply(Transition::FinishBuild {
            build,
            results: Results::Retry,
            state: "the worker is gone".to_owned(),
        })
        .await;
    }
    assert_eq!(
        shorts(&rig.events(before).await),
        [
            "log stdio finished 0",
            "step compile finished cancelled `stopped, and then lost`",
            "step later finished skipped `not run: the build has ended`",
            "build 1 finished cancelled `stopped, and then lost`",
            "request 1 complete cancelled claimed",
            "build 2 finished retry `the worker is gone`",
            "request 2 unclaimed - open",
        ]
    );
}
