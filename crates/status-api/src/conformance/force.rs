//! Cases: forces.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::check::{events_until, newest, watch};
use super::stage::Stage;
use super::story::{BARE, FORCE, FORCE_ONE, LINUX, ODD, Story};
use super::world::World;
use crate::{
    BuildRequest, BuildRequestId, BuilderId, Buildset, BuildsetId, Caller, ControlExt, Cursor, Error,
    ForceParams, Key, Outcome, Properties, PropertiesOf, Property, ReadExt, Start, StatusApi, TopicFilter,
};

/// The source of what a person filled in.
const FORM: &str = "Force Build Form";

fn values(all: &[(&str, Json)]) -> BTreeMap<String, Json> {
    all.iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

async fn force(
    api: &dyn StatusApi,
    scheduler: &str,
    params: ForceParams,
) -> (BuildsetId, BTreeMap<BuilderId, BuildRequestId>) {
    match api.force(&Caller::anonymous(), scheduler, params.clone()).await {
        Ok(Outcome::Buildset { buildset, requests }) => (buildset, requests),
        other => panic!("a force of {scheduler} with {params:?} makes a buildset, but gives {other:?}"),
    }
}

async fn properties_of(api: &dyn StatusApi, buildset: BuildsetId) -> Properties {
    api.properties(PropertiesOf::Buildset(buildset))
        .await
        .expect("properties")
        .value
}

/// The properties must hold these, and may hold more.
fn must_hold(properties: &Properties, expected: &[(&str, Json, &str)]) {
    for (name, value, source) in expected {
        let expected = Property::new(value.clone(), *source);
        assert_eq!(
            properties.get(*name),
            Some(&expected),
            "the property {name} of a forced buildset"
        );
    }
}

/// A force that leaves nothing to the defaults.
fn everything() -> ForceParams {
    ForceParams {
        builders: vec![LINUX.to_owned(), ODD.to_owned()],
        reason: Some("to see \"it\"".to_owned()),
        priority: Some(7),
        branch: Some("topic/ä".to_owned()),
        revision: Some("abc123".to_owned()),
        repository: Some("https://example.org/other".to_owned()),
        project: Some("other".to_owned()),
        values: values(&[
            ("who", json!("Ada")),
            ("jobs", json!(16)),
            ("clean", json!(true)),
            ("target", json!("release")),
        ]),
        idempotency_key: None,
    }
}

pub(super) async fn a_force_makes_a_buildset(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let from = newest(api).await;
    let now = scene.tick();
    let (id, requests) = force(api, FORCE, everything()).await;
    let made: Buildset = scene.look(Key::Buildset(id)).await;
    must_be_of_everything(&made);
    assert_eq!(
        (made.submitted_at, made.complete_at, made.results),
        (now, None, None)
    );
    let builders: Vec<_> = requests.keys().copied().collect();
    assert_eq!(
        builders,
        [scene.builder(LINUX), scene.builder(ODD)],
        "one request per builder"
    );
    for (builder, request) in &requests {
        let got: BuildRequest = scene.look(Key::BuildRequest(*request)).await;
        assert_eq!((got.builder, got.buildset, got.priority), (*builder, id, 7));
        assert_eq!(
            (got.claimed_at, got.complete_at, got.submitted_at),
            (None, None, now)
        );
    }
    must_hold(
        &properties_of(api, id).await,
        &[
            ("by_hand", json!(true), "Scheduler"),
            ("who", json!("Ada"), FORM),
            ("jobs", json!(16), FORM),
            ("clean", json!(true), FORM),
            ("target", json!("release"), FORM),
        ],
    );
    let mut topics = vec![format!("buildsets/{id}/new")];
    topics.extend(
        requests
            .values()
            .map(|request| format!("buildrequests/{request}/new")),
    );
    must_have_told(api, from, &topics).await;
}

fn must_be_of_everything(made: &Buildset) {
    assert!(
        made.reason.ends_with("to see \"it\""),
        "the reason that was given, not {:?}",
        made.reason
    );
    assert_eq!(made.rebuilt_build, None);
    let [stamp] = made.source_stamps.as_slice() else {
        panic!("a force builds one source stamp, not {:?}", made.source_stamps)
    };
    assert_eq!(stamp.branch.as_deref(), Some("topic/ä"));
    assert_eq!(stamp.revision.as_deref(), Some("abc123"));
    let source = (&*stamp.repository, &*stamp.project, &*stamp.codebase);
    assert_eq!(source, ("https://example.org/other", "other", ""));
}

/// Events of these topics must have come after the cursor.
async fn must_have_told(api: &dyn StatusApi, from: Cursor, expected: &[String]) {
    let until = newest(api).await;
    let mut stream = watch(api, &TopicFilter::all(), Start::After(from)).await;
    let events = events_until(&mut stream, from, until).await;
    let topics = events.iter().flat_map(|event| event.topics());
    let topics: Vec<String> = topics.map(|topic| topic.to_string()).collect();
    for topic in expected {
        assert!(
            topics.contains(topic),
            "a force has the event {topic}, there is only {topics:?}"
        );
    }
}

pub(super) async fn defaults_fill_what_is_left_out(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let params = ForceParams {
        builders: vec![ODD.to_owned()],
        values: values(&[("who", json!("Ada"))]),
        ..ForceParams::default()
    };
    let (id, requests) = force(api, FORCE, params).await;
    let made = api
        .one::<Buildset>(Key::Buildset(id))
        .await
        .expect("the buildset")
        .value;
    assert!(
        made.reason.ends_with("because"),
        "the scheduler's reason, not {:?}",
        made.reason
    );
    let stamp = &made.source_stamps[0];
    assert_eq!(
        (stamp.branch.as_deref(), stamp.revision.as_deref()),
        (Some("main"), None),
        "the default source"
    );
    assert_eq!(
        (&*stamp.repository, &*stamp.project),
        ("https://example.org/weir", "weir"),
        "the default source"
    );
    assert_eq!(requests.keys().copied().collect::<Vec<_>>(), [scene.builder(ODD)]);
    let request = api
        .one::<BuildRequest>(Key::BuildRequest(requests[&scene.builder(ODD)]))
        .await
        .expect("a request");
    assert_eq!(
        request.value.priority, 0,
        "the priority is 0 unless it is asked for"
    );
    must_hold(
        &properties_of(api, id).await,
        &[
            ("by_hand", json!(true), "Scheduler"),
            ("jobs", json!(4), FORM),
            ("clean", json!(false), FORM),
            ("target", json!("debug"), FORM),
        ],
    );
    // A scheduler with one builder and no fields needs nothing.
    let (_, requests) = force(api, FORCE_ONE, ForceParams::default()).await;
    assert_eq!(
        requests.keys().copied().collect::<Vec<_>>(),
        [scene.builder(BARE)],
        "its only builder"
    );
}

pub(super) async fn bad_fields_are_named(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let (before, cursor) = World::read(api).await;
    let linux = || vec![LINUX.to_owned()];
    let who = ("who", json!("Ada"));
    for (builders, given, wrong) in [
        (linux(), vec![], vec!["who"]),
        (linux(), vec![("who", json!(""))], vec!["who"]),
        (linux(), vec![who.clone(), ("jobs", json!("many"))], vec!["jobs"]),
        (linux(), vec![who.clone(), ("jobs", json!(1.5))], vec!["jobs"]),
        (
            linux(),
            vec![who.clone(), ("clean", json!("perhaps"))],
            vec!["clean"],
        ),
        (
            linux(),
            vec![who.clone(), ("target", json!("fast"))],
            vec!["target"],
        ),
        (
            linux(),
            vec![who.clone(), ("nonsense", json!(1))],
            vec!["nonsense"],
        ),
        (
            linux(),
            vec![("jobs", json!("many")), ("target", json!([]))],
            vec!["jobs", "target", "who"],
        ),
        (vec![BARE.to_owned()], vec![who.clone()], vec!["builders"]),
        (vec!["nobody's".to_owned()], vec![who.clone()], vec!["builders"]),
        (vec![], vec![who.clone()], vec!["builders"]),
    ] {
        let params = ForceParams {
            builders,
            values: values(&given),
            ..ForceParams::default()
        };
        let what = format!("{params:?}");
        match api.force(&Caller::anonymous(), FORCE, params).await {
            Err(Error::InvalidInput { fields }) => {
                let named: Vec<&str> = fields.keys().map(String::as_str).collect();
                assert_eq!(named, wrong, "the fields that are wrong in {what}");
                assert!(
                    fields.values().all(|why| !why.is_empty()),
                    "each has a reason: {fields:?}"
                );
            }
            other => panic!("{what} is invalid input, but gives {other:?}"),
        }
    }
    let (after, same) = World::read(api).await;
    after.must_equal("the state after refused forces", &before, "the state before");
    assert_eq!(same, cursor, "a refused force leaves no event");
}

pub(super) async fn a_force_that_cannot_be_is_refused(stage: &dyn Stage) {
    let Story { mut scene, .. } = Story::tell(stage).await;
    let anybody = Caller::anonymous();
    for name in ["nobody's", "nightly"] {
        let got = scene.api.force(&anybody, name, ForceParams::default()).await;
        assert!(
            matches!(got, Err(Error::NotFound { .. })),
            "{name} is no force scheduler, but gives {got:?}"
        );
    }
    scene.enable(FORCE_ONE, false).await;
    let got = scene.api.force(&anybody, FORCE_ONE, ForceParams::default()).await;
    assert!(
        matches!(got, Err(Error::Conflict { .. })),
        "a disabled scheduler is a conflict, not {got:?}"
    );
    scene.enable(FORCE_ONE, true).await;
    force(&*scene.api, FORCE_ONE, ForceParams::default()).await;
}
