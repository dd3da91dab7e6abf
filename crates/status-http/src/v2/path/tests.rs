use proptest::prelude::*;
use weir_status_api::{
    BuildId, BuildKey, BuilderId, BuilderKey, Key, Kind, LogKey, StepId, StepKey, WorkerKey,
};

use super::{Endpoint, Scope, key_path};

fn builder_keys() -> impl Strategy<Value = BuilderKey> {
    prop_oneof![
        any::<i64>().prop_map(|id| BuilderId(id).into()),
        ".{0,12}".prop_map(BuilderKey::Name),
    ]
}

fn keys() -> impl Strategy<Value = Key> {
    let builds = prop_oneof![
        any::<i64>().prop_map(|id| BuildKey::Id(BuildId(id))),
        (builder_keys(), any::<i64>()).prop_map(|(builder, number)| BuildKey::Number(builder, number)),
    ];
    let steps = prop_oneof![
        any::<i64>().prop_map(|id| StepKey::Id(StepId(id))),
        (builds, ".{1,12}").prop_map(|(build, name)| StepKey::Name(build, name)),
    ];
    prop_oneof![
        builder_keys().prop_map(Key::Builder),
        ".{0,12}".prop_map(|name| Key::Worker(WorkerKey::Name(name))),
        ".{0,12}".prop_map(Key::ForceScheduler),
        (steps, ".{1,12}").prop_map(|(step, slug)| Key::Log(LogKey::Slug(step, slug))),
    ]
}

proptest! {
    #[test]
    fn a_path_names_the_key_it_was_made_of(key in keys()) {
        if let Some(path) = key_path(&key) {
            prop_assert_eq!(Endpoint::parse(&path), Some(Endpoint::One(key)));
        }
    }

    #[test]
    fn no_path_makes_it_panic(path in ".{0,60}") {
        let _ = Endpoint::parse(&path);
    }
}

#[test]
fn numbers_are_ids_and_everything_else_a_name() {
    let parse = |path: &str| Endpoint::parse(path);
    assert_eq!(
        parse("builders/12"),
        Some(Endpoint::One(BuilderId(12).into_key()))
    );
    assert_eq!(
        parse("builders/a%2Fb"),
        Some(Endpoint::One(Key::Builder("a/b".into())))
    );
    for bad in [
        "builders/",
        "builds/x",
        "nonsense",
        "builders/1/nonsense",
        "buildsets/1/steps",
        "builders//builds",
        "builders/%ff",
    ] {
        assert_eq!(parse(bad), None, "{bad}");
    }
    let build = BuildKey::Number("b".into(), 7);
    assert_eq!(
        parse("builders/b/builds/7/steps"),
        Some(Endpoint::List(
            Kind::Step,
            vec![Scope::Is("build", Key::Build(build))]
        ))
    );
}

trait IntoKey {
    fn into_key(self) -> Key;
}

impl IntoKey for BuilderId {
    fn into_key(self) -> Key {
        Key::Builder(self.into())
    }
}
