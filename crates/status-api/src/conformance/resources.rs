//! Cases: all that was written is read, with its properties.

use super::check::patiently;
use super::keyed::build_keys;
use super::stage::Stage;
use super::story::{BARE, LINUX, ODD, Story, setup};
use super::world::World;
use crate::{
    Build, BuildId, BuildKey, BuildRequest, BuildsetId, Error, Key, Properties, PropertiesOf, Query, ReadExt,
};

pub(super) async fn lists_hold_what_was_written(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let (read, _) = World::read(&*scene.api).await;
    read.must_equal("what is read", &scene.world, "what was written");
}

pub(super) async fn properties_of_nothing_are_not_found(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
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
        for key in build_keys(&scene, build.id) {
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
    less.builders[1].project = None;
    less.projects.retain(|project| project.slug != "nothing");
    less.projects[0].description = Some("Fewer things".to_owned());
    less.codebases.retain(|codebase| codebase.slug != "libs");
    less.codebases[0].name = "Renamed".to_owned();
    less.change_sources.remove(0);
    less.force_schedulers[1].builder_names = vec![ODD.to_owned()];
    scene.configure(less).await;
    let (read, _) = World::read(&*scene.api).await;
    read.must_equal("what is read", &scene.world, "what was written");

    scene.configure(setup()).await;
    let (read, _) = World::read(&*scene.api).await;
    read.must_equal("what is read", &scene.world, "what was written");
}
