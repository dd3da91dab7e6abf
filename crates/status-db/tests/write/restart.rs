//! A master that comes back finds what its earlier life left running.

use weir_status_api::{BuildKey, Caller, ControlExt, Results, WorkerInfo};
use weir_status_db::{Applied, ConfigurationId, Error, KeptCheckpoint, NewCheckpoint, OpenBuild, Transition};

use crate::rig::{Rig, shorts};

#[tokio::test(flavor = "multi_thread")]
async fn builds_left_running_run_on_and_claims_without_a_build_are_given_back() {
    let rig = Rig::sqlite().await;
    rig.apply(Transition::ConnectWorker(
        rig.worker,
        rig.master,
        WorkerInfo::default(),
    ))
    .await;
    let (_, [running, stopped]) = rig.buildset().await;
    let (_, [claimed, _open]) = rig.buildset().await;
    let running = rig.build(running).await;
    rig.step(running).await;
    let used = [vec!["a".to_owned()], vec!["a".to_owned(), "b|c".to_owned()]];
    for names in used {
        rig.apply(Transition::UseSecrets(running, names)).await;
    }
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
            "request 3 unclaimed - open",
            "worker anna disconnected on 0 masters, paused false, graceful false",
        ]
    );
    let open = |build, stop: Option<&str>| OpenBuild {
        build,
        configuration: None,
        stop: stop.map(str::to_owned),
        used_secrets: if build == running {
            vec!["a".to_owned(), "b|c".to_owned()]
        } else {
            vec![]
        },
    };
    assert_eq!(
        rig.store.open_builds(rig.master).await.unwrap(),
        [
            open(running, None),
            open(stopped, Some("stopped by ada: wrong branch"))
        ]
    );
    for build in [running, stopped] {
        rig.apply(Transition::FinishBuild {
            build,
            results: Results::Success,
            state: "build successful".to_owned(),
        })
        .await;
    }
    assert_eq!(rig.store.open_builds(rig.master).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_follow_one_another_until_their_step_ends() {
    let rig = Rig::sqlite().await;
    let (_, [request, _]) = rig.buildset().await;
    let build = rig.build(request).await;
    let (step, _) = rig.step(build).await;
    let keep = |number, value: &[u8], piece: Option<&[u8]>| {
        Transition::KeepCheckpoint(NewCheckpoint {
            step,
            number,
            value: value.to_vec(),
            piece: piece.map(<[u8]>::to_vec),
        })
    };
    assert_eq!(rig.store.checkpoint(step).await.unwrap(), None);
    let before = rig.cursor().await;
    rig.apply(keep(1, b"a", None)).await;
    rig.apply(keep(2, b"b", Some(b"\0\xff"))).await;
    rig.apply(keep(3, b"c", None)).await;
    rig.apply(keep(4, b"d", Some(b"more"))).await;
    // One that was stored already, and one that leaves others out.
    for number in [1, 4, 6] {
        let refused = rig.store.apply(keep(number, b"x", Some(b"x"))).await;
        assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
    }
    assert_eq!(rig.events(before).await.len(), 0);
    let rig = rig.reopened().await;
    let kept = rig.store.checkpoint(step).await.unwrap();
    assert_eq!(
        kept,
        Some(KeptCheckpoint {
            number: 4,
            value: b"d".to_vec(),
            pieces: [(2, b"\0\xff".to_vec()), (4, b"more".to_vec())].into(),
        })
    );
    rig.apply(Transition::FinishStep {
        step,
        results: Results::Success,
        state: "done".to_owned(),
        hidden: false,
    })
    .await;
    assert_eq!(rig.store.checkpoint(step).await.unwrap(), None);
    let refused = rig.store.apply(keep(5, b"e", None)).await;
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_configurations_are_kept_once_and_as_long_as_they_are_needed() {
    let rig = Rig::sqlite().await;
    let keep = async |text: &str, needed: &[ConfigurationId]| {
        let keep = Transition::KeepConfiguration {
            master: rig.master,
            text: text.to_owned(),
            needed: needed.to_vec(),
        };
        match rig.apply(keep).await {
            Applied::Configuration(id) => id,
            other => panic!("{other:?}"),
        }
    };
    let text = async |id| rig.store.configuration(id).await.unwrap();
    let one = keep("a = 1", &[]).await;
    assert_eq!(keep("a = 1", &[]).await, one);
    let other = keep("a = 2", &[one]).await;
    assert_ne!(one, other);
    assert_eq!(text(one).await.as_deref(), Some("a = 1"), "it is needed");
    assert_eq!(text(ConfigurationId(99)).await, None);

    let (_, [request, _]) = rig.buildset().await;
    assert!(rig.claim(request).await);
    let start = Transition::StartBuild {
        request,
        worker: rig.worker,
        master: rig.master,
        properties: Default::default(),
        configuration: Some(one),
    };
    let Applied::Build(build, _) = rig.apply(start).await else {
        panic!("a build begins");
    };
    let third = keep("a = 3", &[]).await;
    assert_eq!(text(one).await.as_deref(), Some("a = 1"), "a build goes on by it");
    assert_eq!(text(other).await, None);
    assert_eq!(text(third).await.as_deref(), Some("a = 3"));
    rig.apply(Transition::FinishBuild {
        build,
        results: Results::Success,
        state: "build successful".to_owned(),
    })
    .await;
    assert_eq!(keep("a = 3", &[]).await, third);
    assert_eq!(text(one).await, None);
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
