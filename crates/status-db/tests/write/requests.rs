//! What people ask for through `Control`.

use std::collections::BTreeMap;

use serde_json::json;
use weir_status_api::{
    BuildKey, Caller, Command, Control, ControlExt, Error, ForceDefaults, ForceField, ForceFieldKind,
    ForceParams, ForceScheduler, Outcome, PropertiesOf, Property, Read, Results, SchedulerKey, WorkerKey,
};
use weir_status_db::Transition;

use crate::rig::{Rig, setup, shorts};

fn ada() -> Caller {
    Caller::named("ada")
}

/// A rig with the force scheduler `by hand`.
async fn forced() -> Rig {
    let rig = Rig::sqlite().await;
    let mut setup = setup();
    setup.force_schedulers.push(ForceScheduler {
        name: "by hand".to_owned(),
        button_name: "Build".to_owned(),
        label: "By hand".to_owned(),
        builder_names: vec!["debug".to_owned(), "release".to_owned()],
        enabled: true,
        defaults: ForceDefaults {
            reason: "because".to_owned(),
            branch: Some("main".to_owned()),
            ..ForceDefaults::default()
        },
        properties: BTreeMap::from([("kind".to_owned(), Property::new("manual", "Scheduler"))]),
        fields: vec![ForceField {
            name: "jobs".to_owned(),
            label: "Jobs".to_owned(),
            kind: ForceFieldKind::Int,
            default: json!(2),
            required: true,
        }],
    });
    rig.apply(Transition::Configure(rig.master, setup)).await;
    rig
}

fn params(builder: &str) -> ForceParams {
    ForceParams {
        builders: vec![builder.to_owned()],
        ..ForceParams::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_force_makes_a_buildset_with_its_properties() {
    let rig = forced().await;
    let mut params = params("release");
    params.values.insert("jobs".to_owned(), json!("8"));
    let outcome = rig.store.force(&ada(), "by hand", params).await.unwrap();
    let Outcome::Buildset { buildset, requests } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(requests.keys().copied().collect::<Vec<_>>(), [rig.builders[1]]);
    let properties = rig
        .store
        .properties(PropertiesOf::Buildset(buildset))
        .await
        .unwrap();
    let expected = [
        ("jobs", Property::new(8, "Force Build Form")),
        ("kind", Property::new("manual", "Scheduler")),
        ("owner", Property::new("ada", "Force Build Form")),
        ("reason", Property::new("because", "Force Build Form")),
        ("scheduler", Property::new("by hand", "Scheduler")),
    ];
    assert_eq!(
        properties.value,
        expected.map(|(name, it)| (name.to_owned(), it)).into()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_force_that_does_not_fit_stores_nothing() {
    let rig = forced().await;
    let before = rig.cursor().await;
    let error = rig
        .store
        .force(&ada(), "by hand", params("windows"))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::InvalidInput { fields } if fields.contains_key("builders")),
        "{error}"
    );
    let error = rig
        .store
        .force(&ada(), "by hand", ForceParams::default())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("debug, release"), "{error}");
    let error = rig
        .store
        .force(&ada(), "nobody", params("debug"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    assert_eq!(rig.cursor().await, before);
    let scheduler = SchedulerKey::Name("by hand".to_owned());
    let enabled = false;
    let disable = Command::EnableScheduler { scheduler, enabled };
    rig.store.control(&ada(), disable).await.unwrap();
    let error = rig
        .store
        .force(&ada(), "by hand", params("debug"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_ends_an_open_request_and_tells_the_master_of_a_claimed_one() {
    let rig = Rig::sqlite().await;
    let (_, [open, claimed]) = rig.buildset().await;
    assert!(rig.claim(claimed).await);
    let before = rig.cursor().await;
    for request in [open, claimed, open] {
        let reason = None;
        let cancel = Command::CancelRequest { request, reason };
        rig.store.control(&ada(), cancel).await.unwrap();
    }
    // The master was about to give it back.
    rig.apply(Transition::Unclaim(claimed)).await;
    assert_eq!(
        shorts(&rig.events(before).await),
        [
            "request 1 complete cancelled open",
            "control BuildRequest(BuildRequestId(2)) cancel",
            "request 2 complete cancelled claimed",
            "buildset 1 complete cancelled",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_has_ended_cannot_be_stopped_but_rebuilt() {
    let rig = Rig::sqlite().await;
    let (_, [request, _]) = rig.buildset().await;
    let build = rig.build(request).await;
    rig.apply(Transition::FinishBuild {
        build,
        results: Results::Failure,
        state: "failed".to_owned(),
    })
    .await;
    let before = rig.cursor().await;
    let build = BuildKey::Number("debug".into(), 1);
    rig.store.stop_build(&ada(), build.clone(), "").await.unwrap();
    assert_eq!(rig.cursor().await, before);
    rig.store
        .control(&ada(), Command::Rebuild { build })
        .await
        .unwrap();
    assert_eq!(
        shorts(&rig.events(before).await),
        ["request 3 new - open", "buildset 2 new -"]
    );
    let unknown = BuildKey::Number("debug".into(), 7);
    let error = rig.store.stop_build(&ada(), unknown, "").await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_is_paused_unpaused_and_stopped() {
    let rig = Rig::sqlite().await;
    let before = rig.cursor().await;
    let worker = WorkerKey::Name("anna".to_owned());
    for command in [
        Command::StopWorker {
            worker: worker.clone(),
            reason: None,
        },
        Command::PauseWorker {
            worker: worker.clone(),
            reason: Some("disk full".to_owned()),
        },
        Command::UnpauseWorker { worker },
    ] {
        rig.store.control(&ada(), command).await.unwrap();
    }
    assert_eq!(
        shorts(&rig.events(before).await),
        [
            "control Worker(WorkerId(1)) stop",
            "worker anna state_updated on 0 masters, paused false, graceful true",
            "control Worker(WorkerId(1)) pause",
            "worker anna state_updated on 0 masters, paused true, graceful true",
            "control Worker(WorkerId(1)) unpause",
            "worker anna state_updated on 0 masters, paused false, graceful true",
        ]
    );
}
