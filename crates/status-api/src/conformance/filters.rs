//! Cases: filters and what is refused.

use std::collections::BTreeSet;

use super::check::patiently;
use super::promises::Promises;
use super::reference::{Held, Row, fits};
use super::stage::Stage;
use super::story::Story;
use super::world::each_kind;
use crate::{Build, BuildField, Field, FieldType, Filter, Op, Query, ReadExt, StatusApi, Timestamp, Value};

async fn by_every_field<R: Row>(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let all = rows(api, Query::<R>::new()).await;
    assert!(!all.is_empty(), "the story has {:?}", R::KIND);
    let mut promises = Promises::new();
    for &field in R::Field::ALL.iter().filter(|field| !field.is_relation()) {
        for (op, values) in comparisons(&all, field) {
            let name = format!("{} {} {values:?}", field.name(), op.name());
            promises.that(name, filtered(api, &all, field, op, values)).await;
        }
    }
    promises.must_hold();
}

async fn filtered<R: Row>(api: &dyn StatusApi, all: &[R], field: R::Field, op: Op, values: Vec<Value>) {
    let query = Query::<R>::new().filter(field, op, values.clone());
    query.validate().expect("the kit asks what is allowed");
    let filter = Filter { field, op, values };
    let expected: Vec<&R> = all.iter().filter(|row| fits(&row.held(field), &filter)).collect();
    let got = rows(api, query).await;
    assert_eq!(
        got.iter().collect::<Vec<_>>(),
        expected,
        "what is given (left) is not what fits (right)"
    );
}

macro_rules! cases {
    ($($name:ident: $resource:ident),+) => {$(
        pub(super) async fn $name(stage: &dyn Stage) {
            by_every_field::<crate::$resource>(stage).await;
        }
    )+};
}
each_kind!(cases);

pub(super) async fn all_hold_at_once(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    filters_hold_all_at_once(&*scene.api).await;
}

async fn rows<R: Row>(api: &dyn StatusApi, query: Query<R>) -> Vec<R> {
    patiently("a list", async || api.page(query.clone()).await)
        .await
        .items
}

/// What to compare a field with: what it holds somewhere, the next to it, and what it holds nowhere.
fn comparisons<R: Row>(all: &[R], field: R::Field) -> Vec<(Op, Vec<Value>)> {
    let mut values = candidates(all, field, 3);
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

/// Values that the field holds somewhere, `most` of them, and one that it holds nowhere.
pub(super) fn candidates<R: Row>(all: &[R], field: R::Field, most: usize) -> Vec<Value> {
    let held = all.iter().flat_map(|row| match row.held(field) {
        Held::One(value) => vec![value],
        Held::Many(texts) => texts.into_iter().map(Value::Text).collect(),
        Held::Missing | Held::Relation => vec![],
    });
    let mut values: Vec<Value> = held.collect();
    values.sort_by_key(|value| format!("{value:?}"));
    values.dedup();
    values.truncate(most);
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
