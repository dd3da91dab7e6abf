use proptest::prelude::*;
use weir_status_api::{
    BuildId, BuildKey, BuilderId, BuilderKey, CodebaseId, CodebaseKey, CommitId, CommitKey, Key, Kind,
    LogKey, ProjectId, ProjectKey, PropertiesOf, StepId, StepKey, WorkerKey,
};

use super::{CommitRange, Endpoint, Scope, key_path};
use crate::v2::{ViewName, build_data_path, spec};

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
    ]
    .boxed();
    let projects = prop_oneof![
        any::<i64>().prop_map(|id| ProjectId(id).into()),
        ".{0,12}".prop_map(ProjectKey::Slug),
    ];
    let codebases = prop_oneof![
        any::<i64>().prop_map(|id| CodebaseId(id).into()),
        (projects.clone(), ".{0,12}").prop_map(|(project, slug)| CodebaseKey::Slug(project, slug)),
    ];
    let commits = (codebases.clone(), ".{0,12}");
    let steps = prop_oneof![
        any::<i64>().prop_map(|id| StepKey::Id(StepId(id))),
        (builds.clone(), ".{1,12}").prop_map(|(build, name)| StepKey::Name(build, name)),
    ];
    prop_oneof![
        builder_keys().prop_map(Key::Builder),
        ".{0,12}".prop_map(|name| Key::Worker(WorkerKey::Name(name))),
        ".{0,12}".prop_map(Key::ForceScheduler),
        (steps, ".{1,12}").prop_map(|(step, slug)| Key::Log(LogKey::Slug(step, slug))),
        projects.prop_map(Key::Project),
        codebases.prop_map(Key::Codebase),
        commits.prop_map(|(codebase, revision)| Key::Commit(CommitKey::Revision(codebase, revision))),
        (builds, ".{0,12}").prop_map(|(build, name)| Key::BuildData(build, name)),
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

#[test]
fn paths_of_what_is_no_resource() {
    let parse = |path: &str| Endpoint::parse(path);
    let build = BuildKey::Number("b".into(), 7);
    assert_eq!(
        parse("builders/b/builds/7/data/sizes/value"),
        Some(Endpoint::BuildDataValue(build.clone(), "sizes".to_owned()))
    );
    assert_eq!(
        build_data_path(&build, "a/b").as_deref(),
        Some("builders/b/builds/7/data/a%2Fb/value")
    );
    assert_eq!(
        parse("builders/b/builds/7/properties"),
        Some(Endpoint::Properties(PropertiesOf::Build(build)))
    );
    let range = CommitRange {
        codebase: CodebaseId(1).into(),
        first: CommitId(2),
        second: CommitId(3),
    };
    assert_eq!(
        parse("codebases/1/commit_range/2/3/commits_common_parent"),
        Some(Endpoint::CommitGraph(range.clone()))
    );
    assert_eq!(
        parse("codebases/1/commit_range/2/3/test_result_sets"),
        Some(Endpoint::List(
            Kind::TestResultSet,
            vec![Scope::OnTheWay("commit", range)]
        ))
    );
    assert_eq!(parse("views/grid"), Some(Endpoint::View(ViewName::Grid)));
    assert_eq!(parse("application.spec"), Some(Endpoint::Spec));
    for prefix in [
        "views",
        "codebases/1/commit_range/2",
        "codebases/1/commits_by_revision",
        "logchunks",
    ] {
        assert_eq!(parse(prefix), None, "{prefix}");
    }
}

#[test]
fn every_path_that_is_described_is_read() {
    for path in spec::paths() {
        let words = path
            .words
            .iter()
            .map(|word| match word.split_at(2.min(word.len())) {
                ("n:", _) => "7",
                ("i:" | "s:", name) => name,
                _ => word,
            });
        let words: Vec<&str> = words.collect();
        let found = Endpoint::parse(&words.join("/"));
        let kind = match found.unwrap() {
            Endpoint::List(kind, _) => spec::Gives::List(kind),
            Endpoint::One(key) | Endpoint::OneWithin(key, _) => spec::Gives::One(key.kind()),
            _ => path.gives,
        };
        assert_eq!(kind, path.gives, "{:?}", path.words);
    }
}

trait IntoKey {
    fn into_key(self) -> Key;
}

impl IntoKey for BuilderId {
    fn into_key(self) -> Key {
        Key::Builder(self.into())
    }
}
