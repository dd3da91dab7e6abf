//! Cases: forces with a key that the client made up, so that it can ask again.

use std::time::Duration;

use futures::future::join_all;

use super::check::newest;
use super::scene::Scene;
use super::stage::{Stage, TOKEN};
use super::story::{BARE, FORCE_ONE, ODD, Story, setup};
use crate::{
    Buildset, Caller, ControlExt, Error, ForceParams, ForceScheduler, Outcome, Query, ReadExt, StatusApi,
};

fn keyed(key: &str) -> ForceParams {
    ForceParams {
        idempotency_key: Some(key.to_owned()),
        ..ForceParams::default()
    }
}

async fn force(api: &dyn StatusApi, params: ForceParams) -> Outcome {
    let done = api.force(&Caller::anonymous(), FORCE_ONE, params.clone()).await;
    done.unwrap_or_else(|error| panic!("a force with {params:?} fails: {error:?}"))
}

async fn buildsets(api: &dyn StatusApi) -> usize {
    let all = Query::<Buildset>::new().limit(10_000);
    api.page(all).await.expect("buildsets").items.len()
}

pub(super) async fn a_repeated_force_makes_nothing(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let first = force(api, keyed("a wish/ä \"1\"")).await;
    let before = newest(api).await;
    for _ in 0..3 {
        scene.tick();
        assert_eq!(
            force(api, keyed("a wish/ä \"1\"")).await,
            first,
            "what the first one made"
        );
    }
    assert_eq!(newest(api).await, before, "a repeated force leaves no event");
}

pub(super) async fn many_at_once_make_one(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let before = buildsets(api).await;
    let outcomes = join_all((0..16).map(|_| force(api, keyed("at once")))).await;
    assert!(
        outcomes.iter().all(|it| *it == outcomes[0]),
        "all get the same: {outcomes:?}"
    );
    assert_eq!(buildsets(api).await, before + 1, "one buildset is made");
}

pub(super) async fn the_key_counts_and_not_what_is_wanted(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let first = force(api, keyed("key")).await;
    let other = ForceParams {
        reason: Some("another reason".to_owned()),
        ..keyed("key")
    };
    assert_eq!(force(api, other).await, first, "what the first one made");
}

pub(super) async fn another_key_makes_another(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let mut made = vec![];
    for params in [
        keyed("key"),
        keyed("Key"),
        keyed("key "),
        ForceParams::default(),
        ForceParams::default(),
    ] {
        let outcome = force(api, params.clone()).await;
        assert!(!made.contains(&outcome), "{params:?} is a wish of its own");
        made.push(outcome);
    }
}

pub(super) async fn another_caller_makes_another(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let first = force(&*scene.api, keyed("key")).await;
    let guarded = stage.guarded();
    let theirs = guarded
        .force(&Caller::bearer(TOKEN), FORCE_ONE, keyed("key"))
        .await;
    let theirs = theirs.expect("an admitted caller may force");
    assert_ne!(theirs, first, "keys are each caller's own");
    let again = guarded
        .force(&Caller::bearer(TOKEN), FORCE_ONE, keyed("key"))
        .await;
    assert_eq!(again, Ok(theirs), "what their first one made");
}

pub(super) async fn another_scheduler_makes_another(stage: &dyn Stage) {
    let mut two = setup();
    two.schedulers.push("another".to_owned());
    let another = ForceScheduler {
        name: "another".to_owned(),
        builder_names: vec![BARE.to_owned()],
        ..two.force_schedulers[1].clone()
    };
    two.force_schedulers.push(another);
    let scene = Scene::new(stage, two).await;
    let first = force(&*scene.api, keyed("key")).await;
    let other = scene
        .api
        .force(&Caller::anonymous(), "another", keyed("key"))
        .await;
    assert_ne!(other.expect("a force"), first, "keys are each scheduler's own");
}

pub(super) async fn a_key_is_remembered_for_a_day(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let (api, clock) = (&*scene.api, scene.writer.clock());
    let first = force(api, keyed("key")).await;
    clock.advance(Duration::from_secs(23 * 3600));
    assert_eq!(force(api, keyed("key")).await, first, "within a day");
    clock.advance(Duration::from_secs(2 * 3600));
    let second = force(api, keyed("key")).await;
    assert_ne!(second, first, "after a day it is a new wish");
    assert_eq!(force(api, keyed("key")).await, second, "what that one made");
}

pub(super) async fn a_refused_force_keeps_no_key(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let wrong = ForceParams {
        builders: vec![ODD.to_owned()],
        ..keyed("key")
    };
    let refused = api.force(&Caller::anonymous(), FORCE_ONE, wrong).await;
    assert!(matches!(refused, Err(Error::InvalidInput { .. })), "{refused:?}");
    let before = buildsets(api).await;
    force(api, keyed("key")).await;
    assert_eq!(
        buildsets(api).await,
        before + 1,
        "the first force that fits is done"
    );
}

pub(super) async fn a_key_has_200_bytes_at_the_most(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let longest = "ä".repeat(100);
    let first = force(api, keyed(&longest)).await;
    assert_eq!(force(api, keyed(&longest)).await, first);
    let before = newest(api).await;
    let refused = api
        .force(&Caller::anonymous(), FORCE_ONE, keyed(&(longest + "x")))
        .await;
    match refused {
        Err(Error::InvalidInput { fields }) => {
            assert_eq!(
                fields.keys().collect::<Vec<_>>(),
                ["idempotency_key"],
                "the field that is wrong"
            );
        }
        other => panic!("a longer key is invalid input, but gives {other:?}"),
    }
    assert_eq!(newest(api).await, before, "a refused force leaves no event");
}
