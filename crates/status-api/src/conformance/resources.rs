//! Cases: what was written is read, by each key.

use super::check::{must_get, patiently};
use super::scene::Scene;
use super::stage::Stage;
use super::story::{BARE, LINUX, ODD, Story, setup};
use super::world::{World, each_resource};
use crate::{
    Build, BuildId, BuildKey, BuildRequest, BuildRequestId, Builder, BuilderId, Buildset, BuildsetId, Change,
    ChangeId, Error, ForceScheduler, Key, Log, LogId, LogKey, Master, MasterId, Properties, PropertiesOf,
    Query, ReadExt, Scheduler, SchedulerId, SourceStamp, SourceStampId, Step, StepId, StepKey, Worker,
    WorkerId,
};

/// All keys of a build.
fn build_keys(scene: &Scene<'_>, build: &Build) -> Vec<BuildKey> {
    let builder: Builder = scene.world.one(build.builder.0);
    vec![
        build.id.into(),
        BuildKey::Number(builder.id.into(), build.number),
        BuildKey::Number(builder.name.as_str().into(), build.number),
    ]
}

/// All keys of a step.
fn step_keys(scene: &Scene<'_>, step: &Step) -> Vec<StepKey> {
    let build: Build = scene.world.one(step.build.0);
    let mut keys = vec![StepKey::Id(step.id)];
    for build in build_keys(scene, &build) {
        keys.push(StepKey::Number(build.clone(), step.number));
        keys.push(StepKey::Name(build, step.name.clone()));
    }
    keys
}

/// All keys of a log.
fn log_keys(scene: &Scene<'_>, log: &Log) -> Vec<LogKey> {
    let step: Step = scene.world.one(log.step.0);
    let by_step = step_keys(scene, &step);
    let by_slug = by_step
        .into_iter()
        .map(|step| LogKey::Slug(step, log.slug.clone()));
    std::iter::once(LogKey::Id(log.id)).chain(by_slug).collect()
}

pub(super) async fn every_key_gives_what_was_written(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let (api, world) = (&*scene.api, &scene.world);
    macro_rules! by_id {
        ($($resource:ident),+) => {$(
            for row in world.all::<$resource>() {
                must_get(api, Key::$resource(row.id.into()), &row).await;
            }
        )+};
    }
    by_id!(
        Master,
        Builder,
        Build,
        BuildRequest,
        Buildset,
        SourceStamp,
        Change,
        Step,
        Log,
        Worker,
        Scheduler
    );
    macro_rules! by_name {
        ($($resource:ident),+) => {$(
            for row in world.all::<$resource>() {
                must_get(api, Key::$resource(row.name.as_str().into()), &row).await;
            }
        )+};
    }
    by_name!(Builder, Worker, Scheduler, ForceScheduler);
    for build in world.all::<Build>() {
        for key in build_keys(&scene, &build) {
            must_get(api, Key::Build(key), &build).await;
        }
    }
    for step in world.all::<Step>() {
        for key in step_keys(&scene, &step) {
            must_get(api, Key::Step(key), &step).await;
        }
    }
    for log in world.all::<Log>() {
        for key in log_keys(&scene, &log) {
            must_get(api, Key::Log(key.clone()), &log).await;
            let at = patiently("a log", async || api.log_content(key.clone(), 0, 10).await).await;
            assert_eq!(at.value.content, scene.contents[&log.id], "the content of {key}");
        }
    }
}

pub(super) async fn lists_hold_what_was_written(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let (read, _) = World::read(&*scene.api).await;
    read.must_equal("what is read", &scene.world, "what was written");
    macro_rules! by_id {
        ($($resource:ident),+) => {$(
            let page = scene.api.page(Query::<crate::$resource>::new()).await.expect("a list is answered");
            let expected = scene.world.all::<crate::$resource>();
            let levelled: Vec<_> = page.items.into_iter().map(|row| {
                let mut alone = World::default();
                alone.put(row);
                alone.all::<crate::$resource>().remove(0)
            }).collect();
            assert_eq!(levelled, expected, "a list without an order is ordered by id");
            assert_eq!(page.next, None, "the last page has no token");
        )+};
    }
    each_resource!(by_id);
}

fn missing_keys(built: BuildId) -> Vec<Key> {
    const NO: i64 = 987_654_321;
    let step = StepKey::Number(built.into(), NO);
    vec![
        Key::Master(MasterId(NO)),
        Key::Builder(BuilderId(NO).into()),
        Key::Builder("nobody's".into()),
        Key::Builder(LINUX.to_uppercase().as_str().into()),
        Key::Build(BuildId(NO).into()),
        Key::Build(BuildKey::Number(LINUX.into(), NO)),
        Key::Build(BuildKey::Number(LINUX.into(), 0)),
        Key::Build(BuildKey::Number("nobody's".into(), 1)),
        Key::BuildRequest(BuildRequestId(NO)),
        Key::Buildset(BuildsetId(NO)),
        Key::SourceStamp(SourceStampId(NO)),
        Key::Change(ChangeId(NO)),
        Key::Step(StepId(NO).into()),
        Key::Step(step.clone()),
        Key::Step(StepKey::Name(built.into(), "nobody's".to_owned())),
        Key::Log(LogId(NO).into()),
        Key::Log(LogKey::Slug(step, "stdio".to_owned())),
        Key::Log(LogKey::Slug(
            StepKey::Number(built.into(), 0),
            "nobodys".to_owned(),
        )),
        Key::Worker(WorkerId(NO).into()),
        Key::Worker("nobody's".into()),
        Key::Scheduler(SchedulerId(NO).into()),
        Key::Scheduler("nobody's".into()),
        Key::ForceScheduler("nobody's".to_owned()),
        Key::ForceScheduler("nightly".to_owned()),
        Key::Builder(BuilderId(0).into()),
        Key::Build(BuildId(-1).into()),
    ]
}

pub(super) async fn nothing_is_not_found(stage: &dyn Stage) {
    let Story { scene, ended, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    for key in missing_keys(ended) {
        let got = api.get(key.clone()).await;
        assert!(
            matches!(got, Err(Error::NotFound { .. })),
            "{key} is not found, but gives {got:?}"
        );
        if let Key::Log(log) = key {
            let got = api.log_content(log.clone(), 0, 1).await;
            assert!(
                matches!(got, Err(Error::NotFound { .. })),
                "{log} has no content, but gives {got:?}"
            );
        }
    }
    for of in [
        PropertiesOf::Build(BuildId(987_654_321).into()),
        PropertiesOf::Build(BuildKey::Number(LINUX.into(), 987_654_321)),
        PropertiesOf::Buildset(BuildsetId(987_654_321)),
    ] {
        let got = api.properties(of.clone()).await;
        assert!(
            matches!(got, Err(Error::NotFound { .. })),
            "{of} has no properties, but gives {got:?}"
        );
    }
}

pub(super) async fn properties_are_filled_on_request(stage: &dyn Stage) {
    let Story { scene, ended, .. } = Story::tell(stage).await;
    let (api, world) = (&*scene.api, &scene.world);
    for build in world.all::<Build>() {
        let expected = world.properties.get(&build.id).cloned().unwrap_or_default();
        for key in build_keys(&scene, &build) {
            let of = PropertiesOf::Build(key);
            let got = patiently("properties", async || api.properties(of.clone()).await).await;
            assert_eq!(
                got.value, expected,
                "the properties of {of}: the buildset's, then its own"
            );
        }
    }
    for (buildset, expected) in &scene.buildset_properties {
        let of = PropertiesOf::Buildset(*buildset);
        let got = patiently("properties", async || api.properties(of.clone()).await).await;
        assert_eq!(&got.value, expected, "the properties of buildset {buildset}");
    }
    for names in [
        vec![],
        vec!["*"],
        vec!["text"],
        vec!["own", "text", "nobody's"],
        vec!["nobody's"],
    ] {
        let page = api
            .page(Query::<Build>::new().with_properties(names.clone()))
            .await
            .expect("builds");
        for build in page.items {
            let all = world.properties.get(&build.id).cloned().unwrap_or_default();
            assert_eq!(
                build.properties,
                chosen(all, &names),
                "properties {names:?} of build {}",
                build.id
            );
        }
        let page = api
            .page(Query::<BuildRequest>::new().with_properties(names.clone()))
            .await
            .expect("requests");
        for request in page.items {
            let all = scene.buildset_properties[&request.buildset].clone();
            assert_eq!(
                request.properties,
                chosen(all, &names),
                "properties {names:?} of request {}",
                request.id
            );
        }
    }
    let build = api.one::<Build>(Key::Build(ended.into())).await.expect("a build");
    assert!(
        build.value.properties.is_empty(),
        "a build that is got has no properties"
    );
}

fn chosen(mut all: Properties, names: &[&str]) -> Properties {
    all.retain(|name, _| names.contains(&"*") || names.contains(&name.as_str()));
    all
}

pub(super) async fn removed_setup_stays_readable(stage: &dyn Stage) {
    let Story { mut scene, .. } = Story::tell(stage).await;
    let mut less = setup();
    less.builders.retain(|builder| builder.name != BARE);
    less.workers.retain(|worker| worker != "Spare");
    less.schedulers.retain(|scheduler| scheduler != "On push");
    less.force_schedulers[0].label = "Another label".to_owned();
    less.builders[0].tags = vec!["new".to_owned()];
    less.builders[0].workers = vec!["w1".to_owned()];
    less.force_schedulers[1].builder_names = vec![ODD.to_owned()];
    scene.configure(less).await;
    let (read, _) = World::read(&*scene.api).await;
    read.must_equal("what is read", &scene.world, "what was written");

    scene.configure(setup()).await;
    let (read, _) = World::read(&*scene.api).await;
    read.must_equal("what is read", &scene.world, "what was written");
}
