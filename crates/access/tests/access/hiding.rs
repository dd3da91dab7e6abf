//! What is hidden from a caller does not exist for them.

use std::fmt::Debug;

use weir_status_api::conformance::{BuilderSetup, CodebaseSetup, NewBuildset, ProjectSetup, Setup, Stage};
use weir_status_api::*;

use crate::house::{ADMIN, BUILDERS, HIDDEN, House, policy};

/// Numbers that only look random, the same for each seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// A house in which some random things happened.
async fn random(dice: &mut Dice) -> House {
    let house = House::new(policy()).await;
    let mut builds: Vec<BuildId> = vec![];
    for _ in 0..6 {
        let mut builders: Vec<&str> = BUILDERS.iter().copied().filter(|_| dice.roll(3) == 0).collect();
        if builders.is_empty() {
            builders.push(BUILDERS[dice.roll(BUILDERS.len())]);
        }
        let parent = match builds.len() {
            0 => None,
            some => Some(builds[dice.roll(some)]),
        };
        builds.extend(house.story(&builders, parent).await.into_values());
    }
    house
}

#[track_caller]
fn must_not_tell(what: &str, told: &impl Debug) {
    let told = format!("{told:?}");
    assert!(!told.contains(HIDDEN), "{what} tells of something hidden: {told}");
}

/// All rows of the list, in pages of `size`, each of which must be full but the last.
async fn walk(api: &dyn StatusApi, mut parts: ListParts, size: u32) -> Vec<Entity> {
    let mut rows = vec![];
    parts.limit = Some(size);
    loop {
        let page = api.list(List::from_parts(parts.clone()).unwrap()).await.unwrap();
        must_not_tell("a page", &page);
        let full = page.items.len() == size as usize;
        rows.extend(page.items);
        match page.next {
            Some(next) => {
                assert!(full, "a page of {:?} before the last is short", parts.kind);
                parts.after = Some(next);
            }
            None => return rows,
        }
    }
}

/// What of `entity` may be seen, found out by its texts alone. None if nothing.
fn seen(entity: &Entity, world: &[Entity]) -> bool {
    let hidden_builder = |id: BuilderId| {
        world
            .iter()
            .any(|it| matches!(it, Entity::Builder(it) if it.id == id && it.name.contains(HIDDEN)))
    };
    match entity {
        Entity::Buildset(set) => world.iter().any(|it| {
            matches!(it, Entity::BuildRequest(it) if it.buildset == set.id && !hidden_builder(it.builder))
        }),
        Entity::BuildRequest(it) => !hidden_builder(it.builder),
        Entity::ForceScheduler(it) => it.builder_names.iter().any(|it| !it.contains(HIDDEN)),
        Entity::Worker(_) => true,
        other => !format!("{other:?}").contains(HIDDEN),
    }
}

async fn everything(api: &dyn StatusApi) -> Vec<Entity> {
    let mut all = vec![];
    for kind in Kind::ALL {
        let mut parts = ListParts::new(*kind);
        parts.limit = Some(MAX_LIMIT);
        parts.properties = vec!["*".to_owned()];
        all.extend(api.list(List::from_parts(parts).unwrap()).await.unwrap().items);
    }
    all
}

#[tokio::test]
async fn lists_are_those_of_a_world_without_it() {
    for seed in 0..12 {
        let mut dice = Dice(seed);
        let house = random(&mut dice).await;
        let world = everything(&*house.open(Some(ADMIN))).await;
        assert!(
            format!("{world:?}").contains(HIDDEN),
            "the administrator sees all"
        );
        let api = house.open(None);
        for kind in Kind::ALL {
            let mut parts = ListParts::new(*kind);
            parts.properties = vec!["*".to_owned()];
            let size = 1 + dice.roll(4) as u32;
            let rows = walk(&*api, parts.clone(), size).await;
            let expected = world.iter().filter(|it| is(it, *kind) && seen(it, &world));
            assert_eq!(
                rows.len(),
                expected.count(),
                "seed {seed}: {kind:?} in pages of {size}"
            );
            // Rows are skipped as if nothing were between them.
            parts.offset = dice.roll(rows.len() + 2) as u64;
            let skipped = walk_once(&*api, parts.clone()).await;
            assert_eq!(
                skipped,
                rows[(parts.offset as usize).min(rows.len())..],
                "seed {seed}: {kind:?}"
            );
        }
    }
}

async fn walk_once(api: &dyn StatusApi, parts: ListParts) -> Vec<Entity> {
    let page = api.list(List::from_parts(parts).unwrap()).await.unwrap();
    must_not_tell("a list", &page);
    page.items
}

fn is(entity: &Entity, kind: Kind) -> bool {
    format!("{entity:?}").starts_with(&format!("{kind:?}("))
}

#[tokio::test]
async fn a_dead_letter_is_seen_as_its_event_is() {
    let house = House::new(policy()).await;
    house.story(&["open-1", "secret-1"], None).await;
    let (mine, all, model) = (house.open(None), house.open(Some(ADMIN)), house.stage.api());
    let listen = async |ask| {
        let command = Command::Listen {
            listener: "mail".to_owned(),
            holder: "a test".to_owned(),
            ask,
        };
        assert_eq!(
            model.control(&Caller::anonymous(), command).await,
            Ok(Outcome::Done)
        );
    };
    let newest = all.page(Query::<Master>::new()).await.unwrap().cursor;
    listen(ListenAsk::Hold {
        kind: "mail".to_owned(),
        on: "a test".to_owned(),
        seconds: 60,
    })
    .await;
    for event in 1..=newest.0 {
        listen(ListenAsk::Park {
            event: Cursor(event),
            why: "no".to_owned(),
        })
        .await;
    }
    let whole = all
        .page(Query::<DeadLetter>::new().limit(1000))
        .await
        .unwrap()
        .items;
    let seen = mine
        .page(Query::<DeadLetter>::new().limit(1000))
        .await
        .unwrap()
        .items;
    must_not_tell("a list of dead letters", &seen);
    assert!(
        !seen.is_empty() && seen.len() < whole.len(),
        "{} of {}",
        seen.len(),
        whole.len()
    );
    for letter in &whole {
        let is_seen = seen.iter().any(|it| it.id == letter.id);
        let got = mine.get(Key::DeadLetter(letter.id)).await;
        must_not_tell("a dead letter", &got);
        assert_eq!(got.is_ok(), is_seen, "{letter:?}");
        let kept = seen.iter().find(|it| it.id == letter.id);
        assert!(kept.is_none_or(|it| it.event.cursor == letter.event.cursor));
    }
}

#[tokio::test]
async fn no_get_content_or_property_tells_of_it() {
    for seed in 20..26 {
        let house = random(&mut Dice(seed)).await;
        let (api, all) = (house.open(None), house.open(Some(ADMIN)));
        for id in 1..40 {
            for key in [
                Key::Builder(BuilderId(id).into()),
                Key::Build(BuildId(id).into()),
                Key::BuildRequest(BuildRequestId(id)),
                Key::Buildset(BuildsetId(id)),
                Key::Step(StepId(id).into()),
                Key::Log(LogId(id).into()),
                Key::Worker(WorkerId(id).into()),
                Key::Scheduler(SchedulerId(id).into()),
            ] {
                let (mine, whole) = (api.get(key.clone()).await, all.get(key.clone()).await);
                must_not_tell("a get", &mine);
                if let Err(error) = mine {
                    assert_eq!(error, Error::not_found(&key), "as if there were none");
                } else {
                    assert!(whole.is_ok());
                }
            }
            let text = api.log_content(LogId(id).into(), 0, 10).await;
            must_not_tell("a log", &text);
            let found = api.search_log(LogId(id).into(), LogSearch::regex(".*")).await;
            must_not_tell("a search", &found);
            for of in [
                PropertiesOf::Build(BuildId(id).into()),
                PropertiesOf::Buildset(BuildsetId(id)),
            ] {
                must_not_tell("properties", &api.properties(of).await);
            }
        }
    }
}

#[tokio::test]
async fn a_hidden_name_is_refused_as_one_that_nobody_has() {
    let house = House::new(policy()).await;
    house.story(&["secret-1", "open-1"], None).await;
    let api = house.open(None);
    let name = |it: &str| BuilderKey::Name(it.to_owned());
    let keys: [fn(BuilderKey) -> Key; 4] = [
        Key::Builder,
        |it| Key::Build(BuildKey::Number(it, 1)),
        |it| Key::Step(StepKey::Number(BuildKey::Number(it, 1), 0)),
        |it| {
            Key::Log(LogKey::Slug(
                StepKey::Number(BuildKey::Number(it, 1), 0),
                "log-of-secret-1".to_owned(),
            ))
        },
    ];
    for key in keys {
        let hidden = api.get(key(name("secret-1"))).await.unwrap_err().to_string();
        let nobodys = api.get(key(name("nothing-1"))).await.unwrap_err().to_string();
        assert_eq!(
            hidden.replace("builder `secret-1`", "builder `nothing-1`"),
            nobodys
        );
    }
    for (hidden, nobodys) in [("secret-force", "nothing"), ("secret-force", "nothing-force")] {
        let key = |it: &str| Key::ForceScheduler(it.to_owned());
        let (hidden_says, nobodys_says) = (api.get(key(hidden)).await, api.get(key(nobodys)).await);
        let hidden_says = hidden_says.unwrap_err().to_string().replace(hidden, nobodys);
        assert_eq!(hidden_says, nobodys_says.unwrap_err().to_string());
    }
}

#[tokio::test]
async fn filters_do_not_find_what_they_cannot_show() {
    let house = House::new(policy()).await;
    let builds = house.story(&["secret-1"], None).await;
    let parent = builds["secret-1"];
    house.story(&["open-1"], Some(parent)).await;
    let api = house.open(None);
    let find = async |kind: Kind, field: &str, op: Op, value: Value| {
        let mut parts = ListParts::new(kind);
        parts.filters.push(Condition {
            field: field.to_owned(),
            op,
            values: vec![value],
        });
        api.list(List::from_parts(parts).unwrap())
            .await
            .unwrap()
            .items
            .len()
    };
    let hidden_builder = house.ids.builders["secret-1"];
    let open_builder = house.ids.builders["open-1"];
    assert_eq!(
        find(
            Kind::ForceScheduler,
            "builder_names",
            Op::Contains,
            "secret-1".into()
        )
        .await,
        0
    );
    assert_eq!(
        find(
            Kind::ForceScheduler,
            "builder_names",
            Op::Contains,
            "open-1".into()
        )
        .await,
        2
    );
    assert_eq!(
        find(Kind::Worker, "builder", Op::Eq, hidden_builder.into()).await,
        0
    );
    assert_eq!(
        find(Kind::Worker, "builder", Op::Eq, open_builder.into()).await,
        1
    );
    assert_eq!(
        find(Kind::Buildset, "parent_build", Op::Ge, Value::Int(0)).await,
        0
    );
    assert_eq!(find(Kind::Build, "triggered_by", Op::Eq, parent.into()).await, 0);
    // The order of rows would tell of the parent too.
    let mut parts = ListParts::new(Kind::Buildset);
    parts.order.push(Order {
        field: "parent_build".to_owned(),
        descending: true,
    });
    let refused = api.list(List::from_parts(parts).unwrap()).await;
    assert!(matches!(refused, Err(Error::InvalidQuery { .. })), "{refused:?}");
}

/// A house with a seen and a hidden builder, each in a project that has a codebase `app` with one commit, the same; and
/// with a set of test results of each builder, of both commits.
async fn of_two_projects() -> (House, [CommitId; 2]) {
    let projects = [("open-1", "theirs"), ("secret-1", "ours")];
    let setup = Setup {
        builders: projects
            .iter()
            .map(|(builder, project)| BuilderSetup {
                name: (*builder).to_owned(),
                project: Some((*project).to_owned()),
                workers: vec!["w".to_owned()],
                ..BuilderSetup::default()
            })
            .collect(),
        workers: vec!["w".to_owned()],
        projects: projects
            .iter()
            .map(|(_, project)| ProjectSetup {
                name: (*project).to_owned(),
                slug: (*project).to_owned(),
                ..ProjectSetup::default()
            })
            .collect(),
        codebases: projects
            .iter()
            .map(|(_, project)| CodebaseSetup {
                project: (*project).to_owned(),
                name: "app".to_owned(),
                slug: "app".to_owned(),
            })
            .collect(),
        ..Setup::default()
    };
    let house = House::with(policy(), setup).await;
    let writer = house.writer();
    let commit = |codebase| Commit {
        id: CommitId(0),
        codebase: CodebaseId(codebase),
        author: String::new(),
        committer: None,
        comments: String::new(),
        when: Timestamp::default(),
        revision: "c0ffee".to_owned(),
        parent: None,
    };
    let commits = [
        writer.add_commit(commit(1)).await,
        writer.add_commit(commit(2)).await,
    ];
    let source = SourceStamp {
        id: SourceStampId(0),
        revision: Some("c0ffee".to_owned()),
        branch: None,
        repository: String::new(),
        project: String::new(),
        codebase: "app".to_owned(),
        created_at: Timestamp::default(),
        patch: None,
    };
    let new = NewBuildset {
        sources: vec![source],
        builders: house.ids.builders.values().copied().collect(),
        ..NewBuildset::default()
    };
    for request in writer.add_buildset(new).await.1.into_values() {
        assert!(writer.claim(request).await);
        let worker = house.ids.workers["w"];
        let (build, _) = writer.start_build(request, worker, Properties::new()).await;
        let step = writer.add_step(build, "test").await;
        writer.start_step(step).await;
        writer
            .add_test_result_set(step, None, "pass_fail", "boolean")
            .await;
    }
    (house, commits)
}

#[tokio::test]
async fn a_commit_tells_of_no_hidden_test_results_and_a_hidden_one_of_none() {
    let (house, [theirs, ours]) = of_two_projects().await;
    let sets = async |token: Option<&str>, commit: CommitId| {
        let query = Query::<TestResultSet>::new().eq(TestResultSetField::Commit, commit);
        let sets = house.open(token).page(query).await.unwrap().items.into_iter();
        sets.map(|set| set.builder).collect::<Vec<_>>()
    };
    let (open, secret) = (house.ids.builders["open-1"], house.ids.builders["secret-1"]);
    assert_eq!(sets(None, theirs).await, [open]);
    assert_eq!(sets(None, ours).await, []);
    for commit in [theirs, ours] {
        assert_eq!(sets(Some(ADMIN), commit).await, [open, secret]);
    }
}

#[tokio::test]
async fn who_may_read_nothing_is_refused_everything() {
    let mut closed = policy();
    closed.rules.remove(0);
    let house = House::new(closed).await;
    let api = house.open(None);
    let denied = |it: Result<()>| assert!(matches!(it, Err(Error::PermissionDenied { .. })), "{it:?}");
    denied(api.get(Key::Master(MasterId(1))).await.map(drop));
    denied(api.list(List::Change(Query::new())).await.map(drop));
    denied(api.watch(TopicFilter::all(), Start::Now).await.map(drop));
    assert!(
        house
            .open(Some(ADMIN))
            .list(List::Change(Query::new()))
            .await
            .is_ok()
    );
}
