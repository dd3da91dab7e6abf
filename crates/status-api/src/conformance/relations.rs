//! Cases: filters by a relation to other resources.

use super::check::patiently;
use super::stage::Stage;
use super::story::{BARE, LINUX, ODD, Story};
use crate::{
    Build, BuildField, Builder, BuilderField, Buildset, Change, ChangeField, Field, Kind, Op, Query, ReadExt,
    SourceStamp, SourceStampField, StatusApi, Value, Worker, WorkerField,
};

async fn rows<R: crate::Resource>(api: &dyn StatusApi, query: Query<R>) -> Vec<R> {
    patiently("a list", async || api.page(query.clone()).await)
        .await
        .items
}

/// Asserts that the rows for which a relation holds are those of `$expected` ids.
macro_rules! related {
    ($api:expr, $field:ident :: $variant:ident = $value:expr, $resource:ident: $expected:expr) => {
        for value in [
            vec![Value::from($value)],
            vec![Value::from($value), Value::Int(987_654_321)],
        ] {
            let query = Query::<$resource>::new().filter($field::$variant, Op::Eq, value);
            let got: Vec<_> = rows($api, query).await.into_iter().map(|row| row.id).collect();
            let expected: Vec<_> = $expected.to_vec();
            assert_eq!(
                got,
                expected,
                "the relation {} of {:?}",
                $field::$variant.name(),
                Kind::$resource
            );
        }
        let none = Query::<$resource>::new().eq($field::$variant, 987_654_321);
        assert!(
            rows($api, none).await.is_empty(),
            "{} of nothing",
            $field::$variant.name()
        );
    };
}

pub(super) async fn builds_of_a_change(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    let (api, changes) = (&*story.scene.api, &story.changes);
    related!(api, BuildField::Change = changes[0], Build: [story.ended, story.running]);
    related!(api, BuildField::Change = changes[1], Build: [story.running]);
}

pub(super) async fn builds_triggered_by_a_build(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    let api = &*story.scene.api;
    related!(api, BuildField::TriggeredBy = story.ended, Build: [story.triggered]);
}

pub(super) async fn changes_of_a_build(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    let (api, changes) = (&*story.scene.api, &story.changes);
    related!(api, ChangeField::Build = story.running, Change: [changes[0], changes[1]]);
    related!(api, ChangeField::Build = story.ended, Change: [changes[0]]);
}

pub(super) async fn builders_of_a_worker(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let (linux, odd, bare) = (scene.builder(LINUX), scene.builder(ODD), scene.builder(BARE));
    related!(api, BuilderField::Worker = scene.worker("w1"), Builder: [linux, odd]);
    related!(api, BuilderField::Worker = scene.worker("wörker 2"), Builder: [linux, bare]);
}

pub(super) async fn builders_of_a_master(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let all = [LINUX, ODD, BARE].map(|name| scene.builder(name));
    related!(api, BuilderField::Master = scene.writer.master(), Builder: all);
}

pub(super) async fn workers_of_a_builder(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let (w1, w2) = (scene.worker("w1"), scene.worker("wörker 2"));
    related!(api, WorkerField::Builder = scene.builder(LINUX), Worker: [w1, w2]);
    related!(api, WorkerField::Builder = scene.builder(BARE), Worker: [w2]);
}

pub(super) async fn workers_of_a_master(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let (w1, w2) = (scene.worker("w1"), scene.worker("wörker 2"));
    related!(api, WorkerField::Master = scene.writer.master(), Worker: [w1, w2]);
}

pub(super) async fn source_stamps_of_a_buildset(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    for buildset in scene.world.all::<Buildset>() {
        let stamps: Vec<_> = buildset.source_stamps.iter().map(|stamp| stamp.id).collect();
        related!(api, SourceStampField::Buildset = buildset.id, SourceStamp: stamps);
    }
}
