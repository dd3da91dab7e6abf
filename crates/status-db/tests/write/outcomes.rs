//! Build data and test results: their bounds, and that they belong to what they are set on.

use weir_status_api::{
    At, BuildData, BuildId, Entity, Key, Query, Read, ReadExt, StepId, TestResult, TestResultField,
    TestResultSetId, Verb,
};
use weir_status_db::{
    Applied, Error, MAX_BUILD_DATA, NewBuildData, NewTestResult, NewTestResultSet, Transition,
};

use crate::rig::Rig;

fn data(build: BuildId, name: &str, value: Vec<u8>) -> Transition {
    Transition::SetBuildData(NewBuildData {
        build,
        name: name.to_owned(),
        value,
        source: "a step".to_owned(),
    })
}

async fn running(rig: &Rig) -> (BuildId, StepId) {
    let (_, [request, _]) = rig.buildset().await;
    let build = rig.build(request).await;
    (build, rig.step(build).await.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_keeps_the_last_value_of_each_name() {
    let rig = Rig::sqlite().await;
    let (build, _) = running(&rig).await;
    let before = rig.cursor().await;
    let largest = vec![7; MAX_BUILD_DATA];
    rig.apply(data(build, "report", b"first".to_vec())).await;
    rig.apply(data(build, "report", largest.clone())).await;
    let At { value, .. } = rig
        .store
        .build_data(build.into(), "report".to_owned())
        .await
        .unwrap();
    assert!(value == largest);
    let key = Key::BuildData(build.into(), "report".to_owned());
    let kept: BuildData = rig.store.one(key).await.unwrap().value;
    assert_eq!(kept.length, MAX_BUILD_DATA as i64);
    let lengths: Vec<_> = rig
        .events(before)
        .await
        .iter()
        .map(|event| match &event.entity {
            Entity::BuildData(it) => (event.verb, it.length),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        lengths,
        [(Verb::Update, 5), (Verb::Update, MAX_BUILD_DATA as i64)]
    );

    for refused in [
        data(build, "large", vec![0; MAX_BUILD_DATA + 1]),
        data(build, "", vec![]),
        data(build, ".", vec![]),
        data(build, "..", vec![]),
        data(build, &"n".repeat(257), vec![]),
        data(build, "a\0b", vec![]),
    ] {
        let error = rig.store.apply(refused).await.unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
    }
    let error = rig
        .store
        .apply(data(BuildId(99), "report", vec![]))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    let error = rig
        .store
        .build_data(build.into(), "other".to_owned())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("data `other` of build"), "{error}");
}

async fn set(rig: &Rig, step: StepId) -> TestResultSetId {
    let new = Transition::AddTestResultSet(NewTestResultSet {
        step,
        description: None,
        category: "pass_fail".to_owned(),
        value_unit: "boolean".to_owned(),
    });
    match rig.apply(new).await {
        Applied::TestResultSet(set) => set,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_results_are_added_at_once_without_events() {
    let rig = Rig::sqlite().await;
    let (_, step) = running(&rig).await;
    let set = set(&rig, step).await;
    let before = rig.cursor().await;
    let results = (0..2500).map(|number| NewTestResult {
        test_name: Some(format!("test {number}")),
        value: "1".to_owned(),
        ..NewTestResult::default()
    });
    rig.apply(Transition::AddTestResults(set, results.collect()))
        .await;
    assert_eq!(rig.cursor().await, before);
    let query = Query::<TestResult>::new()
        .eq(TestResultField::Set, set)
        .limit(10_000);
    let found = rig.store.page(query).await.unwrap().items;
    assert_eq!(found.len(), 2500);
    assert_eq!(found[2499].test_name.as_deref(), Some("test 2499"));
    assert_eq!(found[0].builder, rig.builders[0]);

    let nameless = Transition::AddTestResults(set, vec![NewTestResult::default()]);
    let error = rig.store.apply(nameless).await.unwrap_err();
    assert!(matches!(error, Error::Invalid { .. }), "{error}");
    let finish = Transition::FinishTestResultSet {
        set,
        passed: Some(2500),
        failed: None,
    };
    rig.apply(finish.clone()).await;
    for late in [finish, Transition::AddTestResults(set, vec![])] {
        let error = rig.store.apply(late).await.unwrap_err();
        assert!(matches!(error, Error::Conflict { .. }), "{error}");
    }
}
