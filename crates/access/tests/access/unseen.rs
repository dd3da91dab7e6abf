//! Restricted eyes find a house as if what is hidden had never been: each kind of resource by get, list and watch, and
//! each view.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use weir_status_api::conformance::{Row, fits};
use weir_status_api::*;

use crate::house::{ADMIN, HIDDEN, House};
use crate::twins::{Ids, OF_BOTH, rows, twins};

/// What somebody has before them.
struct Sight {
    api: Arc<dyn StatusApi>,
    ids: Ids,
}

impl Sight {
    async fn of(house: &House, token: Option<&str>) -> Self {
        let api = house.open(token);
        let ids = Ids::of(&api).await;
        Self { api, ids }
    }

    async fn list(&self, parts: ListParts) -> Result<Vec<serde_json::Value>> {
        let page = self.api.list(List::from_parts(parts).unwrap()).await?;
        Ok(page.items.iter().map(|row| self.ids.tell(row)).collect())
    }

    async fn view(&self, query: ViewQuery) -> Result<serde_json::Value> {
        Ok(self.ids.tell_view(&self.api.view(query).await?.value))
    }
}

/// What restricted eyes see of the house with hidden things, what everybody sees of the one without, and what those
/// see of the first who see all.
async fn sights() -> (Sight, Sight, Sight) {
    let (whole, without) = twins().await;
    (
        Sight::of(&whole, None).await,
        Sight::of(&without, Some(ADMIN)).await,
        Sight::of(&whole, Some(ADMIN)).await,
    )
}

macro_rules! each_kind {
    ($do:ident, $($argument:expr),*) => {
        each_kind!(@ $do, ($($argument),*): Master, Builder, Build, BuildRequest, Buildset, SourceStamp, Change, Step,
            Log, Worker, Scheduler, ForceScheduler, ChangeSource, Project, Codebase, Branch, Commit, BuildData,
            TestResultSet, TestResult, ListenerStatus, DeadLetter)
    };
    (@ $do:ident, $arguments:tt: $($kind:ident),*) => { $(each_kind!(# $do, $kind, $arguments);)* };
    (# $do:ident, $kind:ident, ($($argument:expr),*)) => { $do::<$kind>($($argument),*).await };
}

#[tokio::test]
async fn each_list_in_each_order_is_that_of_a_house_without_it() {
    let (mine, other, all) = sights().await;
    // Places in the events are others where there are more of them: `hiding` is about listeners.
    let of_listeners = [Kind::Listener, Kind::DeadLetter];
    for kind in Kind::ALL.iter().filter(|kind| !of_listeners.contains(kind)) {
        assert!(
            !rows(&*all.api, *kind).await.is_empty(),
            "there is no {kind:?} to be seen"
        );
    }
    each_kind!(compare_orders, &mine, &other);
}

async fn compare_orders<R: Resource>(mine: &Sight, other: &Sight) {
    let unordered = std::iter::once(None);
    let fields = R::Field::ALL
        .iter()
        .filter(|it| !it.is_relation() && it.field_type() != FieldType::TextList);
    for field in unordered.chain(fields.map(Some)) {
        for descending in [false, true] {
            let mut parts = ListParts::new(R::KIND);
            parts.properties = vec!["*".to_owned()];
            parts.order.extend(field.map(|field| Order {
                field: field.name().to_owned(),
                descending,
            }));
            let what = format!("{:?} by {field:?}", R::KIND);
            let listed = match mine.list(parts.clone()).await {
                Ok(rows) => rows,
                Err(error) => {
                    assert!(refused(&error), "{what}: {error:?}");
                    continue;
                }
            };
            assert_eq!(listed, other.list(parts.clone()).await.unwrap(), "{what}");
            let mut paged = vec![];
            parts.limit = Some(2);
            loop {
                let page = mine
                    .api
                    .list(List::from_parts(parts.clone()).unwrap())
                    .await
                    .unwrap();
                assert!(!format!("{page:?}").contains(HIDDEN), "{what}: {page:?}");
                paged.extend(page.items.iter().map(|row| mine.ids.tell(row)));
                parts.after = page.next;
                if parts.after.is_none() {
                    break;
                }
            }
            assert_eq!(paged, listed, "{what}, in pages");
        }
    }
}

/// Whether the order is one by what may be hidden.
fn refused(error: &Error) -> bool {
    let telling = [
        "parent_build",
        "rebuilt_build",
        "active",
        "complete",
        "complete_at",
        "results",
    ];
    matches!(error, Error::InvalidQuery { field, .. } if telling.contains(&field.as_str()))
}

#[tokio::test]
async fn a_buildset_ends_with_its_requests_that_are_seen() {
    let (mine, other, all) = sights().await;
    let ends = async |sight: &Sight| {
        let rows = rows(&*sight.api, Kind::Buildset).await.into_iter();
        let sets = rows.filter_map(Buildset::from_entity);
        let of_both = sets.filter(|it| it.reason.starts_with(OF_BOTH));
        of_both.map(|it| (it.complete_at, it.results)).collect::<Vec<_>>()
    };
    let (seen, expected, whole) = (ends(&mine).await, ends(&other).await, ends(&all).await);
    assert_eq!(seen, expected);
    // Each that is complete for somebody is so at another time, or came to something else.
    assert_eq!(seen.len(), whole.len());
    let same = seen.iter().zip(&whole).filter(|(seen, whole)| seen == whole);
    assert!(
        same.map(|(seen, _)| *seen).all(|it| it == (None, None)),
        "{whole:?}"
    );
    assert!(seen.iter().filter(|it| it.0.is_some()).count() >= 4, "{seen:?}");
}

#[tokio::test]
async fn no_filter_finds_more_or_less_than_what_fits_of_what_is_seen() {
    let (mine, _, all) = sights().await;
    each_kind!(compare_filters, &mine, &all);
}

async fn compare_filters<R: Row>(mine: &Sight, all: &Sight) {
    let of = async |sight: &Sight| {
        let rows = rows(&*sight.api, R::KIND).await.into_iter();
        rows.filter_map(R::from_entity).collect::<Vec<R>>()
    };
    let (seen, whole) = (of(mine).await, of(all).await);
    for field in R::Field::ALL.iter().filter(|it| !it.is_relation()) {
        let list = field.field_type() == FieldType::TextList;
        for row in &whole {
            let values = match row.held(*field) {
                conformance::Held::One(value) => vec![value],
                conformance::Held::Many(texts) => texts.into_iter().map(Value::Text).collect(),
                _ => vec![],
            };
            for value in values {
                let ops: &[Op] = match field.field_type() {
                    _ if list => &[Op::Contains],
                    FieldType::Int | FieldType::Time => &[Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge],
                    _ => &[Op::Eq, Op::Ne],
                };
                for op in ops {
                    let filter = Filter {
                        field: *field,
                        op: *op,
                        values: vec![value.clone()],
                    };
                    let query = Query::<R>::new()
                        .filter(*field, *op, vec![value.clone()])
                        .limit(MAX_LIMIT);
                    let found = mine.api.page(query.with_properties(["*"])).await.unwrap().items;
                    let fit = seen.iter().filter(|it| fits(&it.held(*field), &filter));
                    assert_eq!(
                        found,
                        fit.cloned().collect::<Vec<_>>(),
                        "{:?} with {filter:?}",
                        R::KIND
                    );
                }
            }
        }
    }
}

/// The keys by which somebody may try to get something, by number.
fn keys(id: i64) -> Vec<Key> {
    vec![
        Key::Master(MasterId(id)),
        Key::Builder(BuilderId(id).into()),
        Key::Build(BuildId(id).into()),
        Key::BuildRequest(BuildRequestId(id)),
        Key::Buildset(BuildsetId(id)),
        Key::SourceStamp(SourceStampId(id)),
        Key::Change(ChangeId(id)),
        Key::Step(StepId(id).into()),
        Key::Log(LogId(id).into()),
        Key::Worker(WorkerId(id).into()),
        Key::Scheduler(SchedulerId(id).into()),
        Key::ChangeSource(ChangeSourceId(id)),
        Key::Project(ProjectId(id).into()),
        Key::Codebase(CodebaseId(id).into()),
        Key::Branch(BranchId(id)),
        Key::Commit(CommitId(id).into()),
        Key::TestResultSet(TestResultSetId(id)),
        Key::TestResult(TestResultId(id)),
        Key::Listener(ListenerId(id).into()),
        Key::DeadLetter(DeadLetterId(id)),
    ]
}

#[tokio::test]
async fn whatever_is_got_by_id_is_listed_and_everything_else_is_missing() {
    let (mine, _, _) = sights().await;
    let api = &mine.api;
    for number in 0..60 {
        for key in keys(number) {
            let got = api.get(key.clone()).await;
            if mine.ids.all(key.kind()).contains(&number) {
                let got = got.unwrap().value;
                let filter = Condition {
                    field: "id".to_owned(),
                    op: Op::Eq,
                    values: vec![Value::Int(number)],
                };
                let mut parts = ListParts::new(key.kind());
                parts.filters.push(filter);
                let listed = api.list(List::from_parts(parts).unwrap()).await.unwrap();
                assert_eq!(listed.items, [got], "{key}");
            } else {
                assert_eq!(got.unwrap_err(), Error::not_found(&key));
            }
        }
        let build = mine.ids.all(Kind::Build).contains(&number);
        let of = PropertiesOf::Build(BuildId(number).into());
        assert_eq!(
            api.properties(of.clone()).await.map(drop),
            if build { Ok(()) } else { Err(Error::not_found(of)) }
        );
        let set = mine.ids.all(Kind::Buildset).contains(&number);
        let of = PropertiesOf::Buildset(BuildsetId(number));
        assert_eq!(
            api.properties(of.clone()).await.map(drop),
            if set { Ok(()) } else { Err(Error::not_found(of)) }
        );
        let log = mine.ids.all(Kind::Log).contains(&number);
        let key = LogKey::Id(LogId(number));
        let text = api.log_content(key.clone(), 0, 10).await.map(drop);
        let seen = if log { Ok(()) } else { Err(Error::not_found(&key)) };
        assert_eq!(text, seen);
        let found = api.search_log(key, LogSearch::regex("")).await;
        assert!(matches!(found, Err(Error::InvalidQuery { .. })), "{found:?}");
        let found = api.search_log(LogId(number).into(), LogSearch::regex(".")).await;
        assert_eq!(found.map(drop), seen);
        for builder in ["secret-1", "secret-2", "secret-3"] {
            let name = format!("data-of-{builder}");
            let key = Key::BuildData(BuildId(number).into(), name.clone());
            assert_eq!(api.get(key.clone()).await, Err(Error::not_found(&key)));
            let value = api.build_data(BuildId(number).into(), name).await;
            assert_eq!(value, Err(Error::not_found(&key)));
        }
    }
}

/// The key of what has a name.
type Naming<'a> = Box<dyn Fn(&str) -> Key + 'a>;

#[tokio::test]
async fn a_name_of_something_hidden_is_missing_in_the_words_of_one_that_nobody_has() {
    let (mine, _, all) = sights().await;
    let number = |builder: &str, number| BuildKey::Number(builder.into(), number);
    let step = |name: &str| StepKey::Name(number(name, 1), format!("step-of-{name}"));
    let main = |project: &str| CodebaseKey::Slug(project.into(), "main".to_owned());
    let by_builder: Vec<Naming<'_>> = vec![
        Box::new(|name| Key::Builder(name.into())),
        Box::new(|name| Key::Build(number(name, 1))),
        Box::new(|name| Key::Step(step(name))),
        Box::new(|name| Key::Step(StepKey::Number(number(name, 1), 0))),
        Box::new(|name| Key::Log(LogKey::Slug(step(name), format!("log-of-{name}")))),
        Box::new(|name| Key::BuildData(number(name, 1), format!("data-of-{name}"))),
    ];
    let by_project: Vec<Naming<'_>> = vec![
        Box::new(|slug| Key::Project(slug.into())),
        Box::new(|slug| Key::Codebase(main(slug))),
        Box::new(|slug| Key::Commit(CommitKey::Revision(main(slug), format!("{slug}-1")))),
    ];
    let forces: Vec<Naming<'_>> = vec![Box::new(|name| Key::ForceScheduler(name.to_owned()))];
    for (hidden, keys) in [
        ("secret-1", &by_builder),
        ("secret-3", &by_builder),
        ("secret", &by_project),
        ("secret-force", &forces),
    ] {
        for key in keys.iter() {
            if !matches!(key(hidden), Key::Log(_)) {
                all.api.get(key(hidden)).await.expect("the administrator sees it");
            }
            let error = mine.api.get(key(hidden)).await.unwrap_err();
            assert_eq!(error, Error::not_found(key(hidden)));
            let nobodys = mine.api.get(key("nothing")).await.unwrap_err();
            assert_eq!(error.to_string().replace(hidden, "nothing"), nobodys.to_string());
        }
    }
    let value = mine
        .api
        .build_data(number("secret-1", 1), "data-of-secret-1".to_owned())
        .await;
    assert_eq!(
        value,
        Err(Error::not_found(Key::BuildData(
            number("secret-1", 1),
            "data-of-secret-1".to_owned()
        )))
    );
}

/// All events, as they are told.
async fn events(sight: &Sight) -> Vec<(Verb, Option<Kind>, serde_json::Value)> {
    let until = sight.api.list(List::Master(Query::new())).await.unwrap().cursor;
    let from = Start::After(Cursor::ZERO);
    let mut stream = sight.api.watch(TopicFilter::all(), from).await.unwrap();
    let mut events = vec![];
    loop {
        let next = tokio::time::timeout(Duration::from_secs(8), stream.next()).await;
        let signal = next.expect("a signal in time").unwrap().unwrap();
        if let Signal::Event(event) = &signal {
            events.push((event.verb, event.entity.kind(), sight.ids.tell(&event.entity)));
        }
        if signal.cursor() >= until {
            return events;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn events_are_those_of_a_house_without_it() {
    let (mine, other, all) = sights().await;
    let (mut seen, mut expected) = (events(&mine).await, events(&other).await);
    assert!(events(&all).await.len() > expected.len());
    assert!(!format!("{seen:?}").contains(HIDDEN));
    // Whether a project is active is told as it is now, and has an event only if it is so for everybody.
    for events in [&mut seen, &mut expected] {
        events.retain(|(_, kind, _)| *kind != Some(Kind::Project));
        // That what is seen of something has stayed the same may be told twice.
        events.dedup();
    }
    // That a buildset of both ended is told by its requests alone.
    expected.retain(|(verb, kind, told)| {
        let of_both = told["reason"].as_str().is_some_and(|it| it.starts_with(OF_BOTH));
        *verb != Verb::Complete || *kind != Some(Kind::Buildset) || !of_both
    });
    for (seen, expected) in seen.iter().zip(&expected) {
        assert_eq!(seen, expected);
    }
    assert_eq!(seen.len(), expected.len());
}

/// Every question for which there may be a different answer, in the ids of that sight.
fn questions(ids: &Ids) -> Vec<ViewQuery> {
    let builder = |place| BuilderId(ids.at(Kind::Builder, place).unwrap_or(9_999));
    let project = |place| ProjectId(ids.at(Kind::Project, place).unwrap_or(9_999));
    let mut choices = vec![BuilderChoice::default()];
    choices.extend((0..4).map(|place| BuilderChoice {
        builders: vec![builder(place)],
        ..BuilderChoice::default()
    }));
    choices.extend((0..5).map(|place| BuilderChoice {
        project: Some(project(place)),
        removed_too: true,
        ..BuilderChoice::default()
    }));
    choices.extend(
        ["all", "tag-of-open-1", "tag-of-secret-1"].map(|tag| BuilderChoice {
            tags: vec![tag.to_owned()],
            removed_too: true,
            ..BuilderChoice::default()
        }),
    );
    let mut questions = vec![];
    for choice in choices {
        for limit in [1, 3, 100] {
            questions.extend([
                ViewQuery::Home(HomeQuery {
                    builders: choice.clone(),
                    limit,
                }),
                ViewQuery::Waterfall(WaterfallQuery {
                    builders: choice.clone(),
                    from: Timestamp::default(),
                    to: Timestamp::from_secs(4_000_000_000),
                    steps: true,
                    limit,
                }),
                ViewQuery::Grid(GridQuery {
                    builders: choice.clone(),
                    branch: None,
                    codebase: None,
                    revisions: limit,
                }),
                ViewQuery::Console(ConsoleQuery {
                    builders: choice.clone(),
                    branch: None,
                    codebase: None,
                    before: None,
                    changes: limit,
                }),
            ]);
        }
    }
    for (first, second) in [(0, 2), (2, 1), (3, 4), (0, 4), (0, 99)] {
        let commit = |place| CommitId(ids.at(Kind::Commit, place).unwrap_or(9_999));
        questions.push(ViewQuery::CommitGraph(CommitGraphQuery {
            first: commit(first),
            second: commit(second),
        }));
    }
    questions
}

#[tokio::test]
async fn each_view_is_that_of_a_house_without_it() {
    let (mine, other, _) = sights().await;
    let pairs = questions(&mine.ids).into_iter().zip(questions(&other.ids));
    for (question, same) in pairs {
        let told = format!("{question:?}");
        assert_eq!(mine.view(question).await, other.view(same).await, "{told}");
    }
}

#[tokio::test]
async fn a_view_of_something_hidden_is_one_of_nothing() {
    let (mine, _, all) = sights().await;
    let hidden = |kind: Kind| {
        let seen = mine.ids.all(kind);
        all.ids
            .all(kind)
            .iter()
            .copied()
            .filter(|it| !seen.contains(it))
            .collect::<Vec<_>>()
    };
    let home = |builders: BuilderChoice| ViewQuery::Home(HomeQuery { builders, limit: 10 });
    let nobodys = mine.view(home(BuilderChoice {
        builders: vec![BuilderId(9_999)],
        ..BuilderChoice::default()
    }));
    let nobodys = nobodys.await.unwrap();
    for id in hidden(Kind::Builder) {
        let choice = BuilderChoice {
            builders: vec![BuilderId(id)],
            ..BuilderChoice::default()
        };
        assert_eq!(mine.view(home(choice)).await.unwrap(), nobodys);
    }
    for id in hidden(Kind::Project) {
        let choice = BuilderChoice {
            project: Some(ProjectId(id)),
            ..BuilderChoice::default()
        };
        assert_eq!(mine.view(home(choice)).await.unwrap(), nobodys);
    }
    let seen = CommitId(mine.ids.all(Kind::Commit)[0]);
    let secret = hidden(Kind::Commit);
    assert!(!secret.is_empty());
    for id in secret.into_iter().chain([9_999]).map(CommitId) {
        for (first, second) in [(seen, id), (id, seen), (id, id)] {
            let asked = ViewQuery::CommitGraph(CommitGraphQuery { first, second });
            let error = mine.view(asked).await.unwrap_err();
            assert_eq!(error, Error::not_found(Key::Commit(id.into())));
        }
    }
}
