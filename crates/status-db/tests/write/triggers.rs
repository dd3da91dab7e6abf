//! Buildsets that builds trigger, and those that build what others do.

use weir_status_api::{
    Build, BuildField, Buildset, BuildsetId, Change, ChangeField, Key, Query, ReadExt, SourceStampId,
};
use weir_status_db::{Applied, BuildsetSource, Database, NewBuildset, NewChange, Transition};
use weir_testbed::Postgres;

use crate::rig::{Rig, new_buildset};

async fn trigger(rig: &Rig, key: &str, new: NewBuildset) -> BuildsetId {
    match rig
        .apply(Transition::Trigger(key.to_owned(), Box::new(new)))
        .await
    {
        Applied::Buildset(id, requests) => {
            assert_eq!(requests.len(), 1);
            id
        }
        other => panic!("{other:?}"),
    }
}

async fn stamps(rig: &Rig, id: BuildsetId) -> Vec<SourceStampId> {
    let buildset: Buildset = rig.store.one(Key::Buildset(id)).await.unwrap().value;
    buildset.source_stamps.into_iter().map(|it| it.id).collect()
}

async fn a_build_triggers_with_a_key_once(rig: Rig) {
    let (_, [one, other]) = rig.buildset().await;
    let (one, other) = (rig.build(one).await, rig.build(other).await);
    let by = |build| NewBuildset {
        parent: Some((build, "Triggered from".to_owned())),
        ..new_buildset(vec![rig.builders[1]])
    };
    let made = trigger(&rig, "3/tests", by(one)).await;
    assert_eq!(
        trigger(&rig, "3/tests", by(one)).await,
        made,
        "the step runs again"
    );
    let others = [
        trigger(&rig, "3/docs", by(one)).await,
        trigger(&rig, "3/tests", by(other)).await,
    ];
    assert!(!others.contains(&made) && others[0] != others[1]);
    let orphan = Transition::Trigger("k".to_owned(), Box::new(new_buildset(vec![rig.builders[1]])));
    assert!(rig.store.apply(orphan).await.is_err(), "no build triggers it");
}

#[tokio::test]
async fn a_build_triggers_with_a_key_once_on_sqlite() {
    a_build_triggers_with_a_key_once(Rig::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_triggers_with_a_key_once_on_postgres() {
    if std::env::var_os("WEIR_TEST_WITHOUT_POSTGRES").is_some() {
        return;
    }
    let postgres = Postgres::start().unwrap();
    a_build_triggers_with_a_key_once(Rig::on(Database::Postgres(postgres.url())).await).await;
}

#[tokio::test]
async fn a_buildset_of_another_has_its_sources_and_changes() {
    let rig = Rig::sqlite().await;
    let change = NewChange {
        author: "Ada".to_owned(),
        revision: Some("abc".to_owned()),
        codebase: "lib".to_owned(),
        ..NewChange::default()
    };
    let Applied::Change(change) = rig.apply(Transition::AddChange(Box::new(change))).await else {
        panic!("no change")
    };
    let at = rig.store.one::<Change>(Key::Change(change)).await.unwrap();
    let first = NewBuildset {
        changes: vec![change],
        ..new_buildset(vec![rig.builders[0]])
    };
    let first = NewBuildset {
        sources: [
            first.sources.clone(),
            vec![BuildsetSource::Stamp(at.value.source_stamp.id)],
        ]
        .concat(),
        ..first
    };
    let add = |new: NewBuildset| Transition::AddBuildset(Box::new(new));
    let Applied::Buildset(first, _) = rig.apply(add(first)).await else {
        panic!("no buildset")
    };
    let next = NewBuildset {
        sources: vec![BuildsetSource::Of(first)],
        ..new_buildset(vec![rig.builders[1]])
    };
    let Applied::Buildset(next, requests) = rig.apply(add(next)).await else {
        panic!("no buildset")
    };
    assert_eq!(stamps(&rig, next).await, stamps(&rig, first).await);
    assert_eq!(stamps(&rig, next).await.len(), 2);
    let build = rig.build(requests[&rig.builders[1]]).await;
    let built = Query::<Change>::new().eq(ChangeField::Build, build);
    let built = rig.store.page(built).await.unwrap().items;
    assert_eq!(built.iter().map(|it| it.id).collect::<Vec<_>>(), [change]);
    let builds = Query::<Build>::new().eq(BuildField::Change, change);
    assert_eq!(rig.store.page(builds).await.unwrap().items[0].id, build);
}
