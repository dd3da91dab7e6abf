//! Cases: filters and what is refused.

use std::collections::BTreeSet;

use super::check::patiently;
use super::reference::{Held, Row, fits};
use super::stage::Stage;
use super::story::{BARE, LINUX, ODD, Story};
use super::world::each_resource;
use crate::{
    Build, BuildField, BuildRequest, BuildRequestField, Builder, BuilderField, Buildset, BuildsetField,
    Change, ChangeField, Condition, Error, Field, FieldType, Filter, Kind, List, ListParts, Op, Order, Query,
    Read, ReadExt, SourceStamp, SourceStampField, StatusApi, Step, StepField, Timestamp, Value, Worker,
    WorkerField,
};

pub(super) async fn every_field_filters_as_documented(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    macro_rules! of_each {
        ($($resource:ident),+) => { $(filter_all_fields::<crate::$resource>(&*scene.api).await;)+ };
    }
    each_resource!(of_each);
    filters_hold_all_at_once(&*scene.api).await;
}

async fn filter_all_fields<R: Row>(api: &dyn StatusApi) {
    let all = rows(api, Query::<R>::new()).await;
    assert!(!all.is_empty(), "the story has {:?}", R::KIND);
    for &field in R::Field::ALL.iter().filter(|field| !field.is_relation()) {
        for (op, values) in comparisons(&all, field) {
            let query = Query::<R>::new().filter(field, op, values.clone());
            query.validate().expect("the kit asks what is allowed");
            let filter = Filter { field, op, values };
            let expected: Vec<&R> = all.iter().filter(|row| fits(&row.held(field), &filter)).collect();
            let got = rows(api, query).await;
            let got: Vec<&R> = got.iter().collect();
            assert_eq!(
                got,
                expected,
                "{:?} filtered by {filter:?} (left) is not what fits (right)",
                R::KIND
            );
        }
    }
}

async fn rows<R: Row>(api: &dyn StatusApi, query: Query<R>) -> Vec<R> {
    patiently("a list", async || api.page(query.clone()).await)
        .await
        .items
}

/// What to compare a field with: what it holds somewhere, the next to it, and what it holds nowhere.
fn comparisons<R: Row>(all: &[R], field: R::Field) -> Vec<(Op, Vec<Value>)> {
    let mut values = candidates(all, field);
    values.dedup();
    let last = values.len() - 1;
    let two = vec![values[0].clone(), values[last].clone()];
    let mut asked = vec![];
    match field.field_type() {
        FieldType::TextList => {}
        FieldType::Bool => asked.extend([Op::Eq, Op::Ne].map(|op| (op, vec![values[0].clone()]))),
        FieldType::Int | FieldType::Time | FieldType::Text => {
            for op in [Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge] {
                asked.extend([0, last / 2].map(|at| (op, vec![values[at].clone()])));
            }
        }
    }
    if matches!(field.field_type(), FieldType::Text | FieldType::TextList) {
        let parts = values.iter().filter_map(|value| match value {
            Value::Text(text) => Some(text.chars().skip(1).take(3).collect::<String>()),
            _ => None,
        });
        let parts: BTreeSet<String> = parts.filter(|part| !part.is_empty()).collect();
        let parts = parts
            .into_iter()
            .take(3)
            .chain(["%".to_owned(), "_".to_owned(), "MAIN".to_owned()]);
        asked.extend(parts.map(|part| (Op::Contains, vec![Value::Text(part)])));
        asked.push((Op::Contains, two));
    } else {
        asked.extend([Op::Eq, Op::Ne].map(|op| (op, two.clone())));
    }
    asked
}

fn candidates<R: Row>(all: &[R], field: R::Field) -> Vec<Value> {
    let held = all.iter().flat_map(|row| match row.held(field) {
        Held::One(value) => vec![value],
        Held::Many(texts) => texts.into_iter().map(Value::Text).collect(),
        Held::Missing | Held::Relation => vec![],
    });
    let mut values: Vec<Value> = held.collect();
    values.sort_by_key(|value| format!("{value:?}"));
    values.dedup();
    values.truncate(3);
    values.push(match field.field_type() {
        FieldType::Int => Value::Int(i64::MAX),
        FieldType::Text | FieldType::TextList => Value::from("held' nowhere"),
        FieldType::Bool => Value::Bool(false),
        FieldType::Time => Value::Time(Timestamp::from_secs(1)),
    });
    values
}

async fn filters_hold_all_at_once(api: &dyn StatusApi) {
    let all = rows(api, Query::<Build>::new()).await;
    let builder = all[0].builder;
    let query = Query::<Build>::new()
        .eq(BuildField::Builder, builder)
        .eq(BuildField::Complete, true)
        .filter(BuildField::Number, Op::Ge, vec![Value::Int(1)]);
    let expected: Vec<&Build> = all
        .iter()
        .filter(|it| it.builder == builder && it.complete_at.is_some())
        .collect();
    let got = rows(api, query).await;
    assert_eq!(
        got.iter().collect::<Vec<_>>(),
        expected,
        "filters hold all at once"
    );
    let twice = Query::<Build>::new()
        .eq(BuildField::Number, 1)
        .eq(BuildField::Number, 2);
    assert!(
        rows(api, twice).await.is_empty(),
        "two conditions on one field both hold"
    );
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

pub(super) async fn relations_filter(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    let (scene, changes) = (&story.scene, &story.changes);
    let api = &*scene.api;
    let master = scene.writer.master();
    let (linux, odd, bare) = (scene.builder(LINUX), scene.builder(ODD), scene.builder(BARE));
    let (w1, w2) = (scene.worker("w1"), scene.worker("wörker 2"));

    related!(api, BuildField::Change = changes[0], Build: [story.ended, story.running]);
    related!(api, BuildField::Change = changes[1], Build: [story.running]);
    related!(api, BuildField::TriggeredBy = story.ended, Build: [story.triggered]);
    related!(api, ChangeField::Build = story.running, Change: [changes[0], changes[1]]);
    related!(api, ChangeField::Build = story.ended, Change: [changes[0]]);
    related!(api, BuilderField::Worker = w1, Builder: [linux, odd]);
    related!(api, BuilderField::Worker = w2, Builder: [linux, bare]);
    related!(api, BuilderField::Master = master, Builder: [linux, odd, bare]);
    related!(api, WorkerField::Builder = linux, Worker: [w1, w2]);
    related!(api, WorkerField::Builder = bare, Worker: [w2]);
    related!(api, WorkerField::Master = master, Worker: [w1, w2]);
    for buildset in scene.world.all::<Buildset>() {
        let stamps: Vec<_> = buildset.source_stamps.iter().map(|stamp| stamp.id).collect();
        related!(api, SourceStampField::Buildset = buildset.id, SourceStamp: stamps);
    }
}

/// Queries that are wrong, and the field that must be named.
fn bad_parts() -> Vec<(ListParts, &'static str)> {
    let filter = |kind, field: &str, op, values: Vec<Value>| ListParts {
        filters: vec![Condition {
            field: field.to_owned(),
            op,
            values,
        }],
        ..ListParts::new(kind)
    };
    let order = |kind, field: &str| ListParts {
        order: vec![Order {
            field: field.to_owned(),
            descending: false,
        }],
        ..ListParts::new(kind)
    };
    vec![
        (
            filter(Kind::Build, "nonsense", Op::Eq, vec![1.into()]),
            "nonsense",
        ),
        (
            filter(Kind::Build, "number", Op::Eq, vec!["one".into()]),
            "number",
        ),
        (filter(Kind::Build, "state", Op::Eq, vec![1.into()]), "state"),
        (
            filter(Kind::Build, "complete", Op::Eq, vec![1.into()]),
            "complete",
        ),
        (
            filter(Kind::Build, "started_at", Op::Ge, vec![true.into()]),
            "started_at",
        ),
        (
            filter(Kind::Build, "number", Op::Gt, vec![1.into(), 2.into()]),
            "number",
        ),
        (filter(Kind::Build, "number", Op::Eq, vec![]), "number"),
        (
            filter(Kind::Build, "number", Op::Contains, vec![1.into()]),
            "number",
        ),
        (
            filter(Kind::Build, "complete", Op::Lt, vec![true.into()]),
            "complete",
        ),
        (filter(Kind::Build, "change", Op::Ne, vec![1.into()]), "change"),
        (filter(Kind::Builder, "tags", Op::Eq, vec!["unix".into()]), "tags"),
        (order(Kind::Build, "nonsense"), "nonsense"),
        (order(Kind::Build, "triggered_by"), "triggered_by"),
        (order(Kind::Builder, "tags"), "tags"),
    ]
}

pub(super) async fn bad_queries_are_refused(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    for (parts, field) in bad_parts() {
        let what = format!("{parts:?}");
        let error = List::from_parts(parts).expect_err(&what);
        assert!(
            matches!(&error, Error::InvalidQuery { field: named, .. } if named == field),
            "{what} is refused for {field}, not with {error:?}"
        );
    }
    // What can be put as a query in the types, and is wrong all the same.
    let build =
        |field: BuildField, op, values| (Query::<Build>::new().filter(field, op, values), field.name());
    for (query, field) in [
        build(BuildField::Number, Op::Eq, vec![]),
        build(BuildField::Number, Op::Gt, vec![1.into(), 2.into()]),
        build(BuildField::Number, Op::Eq, vec!["one".into()]),
        build(BuildField::Complete, Op::Le, vec![true.into()]),
        build(BuildField::Change, Op::Gt, vec![1.into()]),
        (Query::<Build>::new().ascending(BuildField::Change), "change"),
    ] {
        must_refuse(api, List::Build(query), field).await;
    }
    let tags = Query::<Builder>::new();
    must_refuse(
        api,
        List::Builder(tags.clone().eq(BuilderField::Tags, "unix")),
        "tags",
    )
    .await;
    must_refuse(api, List::Builder(tags.descending(BuilderField::Tags)), "tags").await;
    let hidden = Query::<Step>::new().filter(StepField::Hidden, Op::Contains, vec![true.into()]);
    must_refuse(api, List::Step(hidden), "hidden").await;
    let priority = Query::<BuildRequest>::new().eq(BuildRequestField::Priority, true);
    must_refuse(api, List::BuildRequest(priority), "priority").await;
    let late = Query::<Buildset>::new().eq(BuildsetField::SubmittedAt, "late");
    must_refuse(api, List::Buildset(late), "submitted_at").await;
}

async fn must_refuse(api: &dyn StatusApi, list: List, field: &str) {
    let what = format!("{list:?}");
    let got = Read::list(api, list).await;
    assert!(
        matches!(&got, Err(Error::InvalidQuery { field: named, .. }) if named == field),
        "{what} is refused for {field}, but gives {got:?}"
    );
}
