//! Lists with any filters, orders and pages hold what a filter in plain Rust says.

use std::cmp::Ordering;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value as Json;
use tokio::runtime::Runtime;
use weir_status_api::{
    BranchField, BuildField, BuildRequestField, BuilderField, BuildsetField, ChangeField, ChangeSourceField,
    CodebaseField, CommitField, Condition, Entity, Field, FieldType, Kind, List, ListParts, LogField,
    MasterField, Op, Order, ProjectField, Read, SchedulerField, SourceStampField, StepField, TestResultField,
    TestResultSetField, Timestamp, Value, WorkerField,
};
use weir_status_db::{Database, Store};
use weir_testbed::Postgres;

use crate::fill::fill;
use crate::rig::Rig;

#[derive(Clone, Copy)]
struct FieldInfo {
    name: &'static str,
    holds: FieldType,
}

fn fields_of<F: Field>() -> Vec<FieldInfo> {
    F::ALL
        .iter()
        .filter(|field| !field.is_relation())
        .map(|field| FieldInfo {
            name: field.name(),
            holds: field.field_type(),
        })
        .collect()
}

/// The kinds that the filled store has some of, with their fields.
fn kinds() -> Vec<(Kind, Vec<FieldInfo>)> {
    vec![
        (Kind::Master, fields_of::<MasterField>()),
        (Kind::Builder, fields_of::<BuilderField>()),
        (Kind::Build, fields_of::<BuildField>()),
        (Kind::BuildRequest, fields_of::<BuildRequestField>()),
        (Kind::Buildset, fields_of::<BuildsetField>()),
        (Kind::SourceStamp, fields_of::<SourceStampField>()),
        (Kind::Change, fields_of::<ChangeField>()),
        (Kind::Step, fields_of::<StepField>()),
        (Kind::Log, fields_of::<LogField>()),
        (Kind::Worker, fields_of::<WorkerField>()),
        (Kind::Scheduler, fields_of::<SchedulerField>()),
        (Kind::ChangeSource, fields_of::<ChangeSourceField>()),
        (Kind::Project, fields_of::<ProjectField>()),
        (Kind::Codebase, fields_of::<CodebaseField>()),
        (Kind::Branch, fields_of::<BranchField>()),
        (Kind::Commit, fields_of::<CommitField>()),
        (Kind::TestResultSet, fields_of::<TestResultSetField>()),
        (Kind::TestResult, fields_of::<TestResultField>()),
    ]
}

/// What the field is of the entity, by the names of its struct.
fn value(entity: &Entity, field: &str) -> Json {
    let json = serde_json::to_value(entity).unwrap();
    let resource = json.as_object().unwrap().values().next().unwrap().clone();
    match (entity, field) {
        (Entity::Log(_) | Entity::TestResultSet(_), "complete") => resource["complete"].clone(),
        (Entity::Log(log), "kind") => log.kind.letter().into(),
        (_, "complete") => (!resource["complete_at"].is_null()).into(),
        (_, "claimed") => (!resource["claimed_at"].is_null()).into(),
        (_, "source_stamp") => resource["source_stamp"]["id"].clone(),
        _ => resource
            .get(field)
            .unwrap_or_else(|| panic!("no {field}"))
            .clone(),
    }
}

/// A missing value is the lowest.
fn compare(a: &Json, b: &Json) -> Ordering {
    match (a, b) {
        (Json::Null, Json::Null) => Ordering::Equal,
        (Json::Null, _) => Ordering::Less,
        (_, Json::Null) => Ordering::Greater,
        (Json::Number(a), Json::Number(b)) => a.as_i64().cmp(&b.as_i64()),
        (Json::String(a), Json::String(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Json::Bool(a), Json::Bool(b)) => a.cmp(b),
        _ => panic!("{a} and {b} are of different types"),
    }
}

fn json(value: &Value) -> Json {
    match value {
        Value::Int(number) => (*number).into(),
        Value::Time(time) => time.0.into(),
        Value::Text(text) => text.as_str().into(),
        Value::Bool(yes) => (*yes).into(),
    }
}

fn matches(entity: &Entity, condition: &Condition) -> bool {
    let found = value(entity, &condition.field);
    if found.is_null() {
        return false;
    }
    let is = |wanted: &[Ordering]| wanted.contains(&compare(&found, &json(&condition.values[0])));
    match condition.op {
        Op::Eq => condition.values.iter().any(|value| found == json(value)),
        Op::Ne => condition.values.iter().all(|value| found != json(value)),
        Op::Lt => is(&[Ordering::Less]),
        Op::Le => is(&[Ordering::Less, Ordering::Equal]),
        Op::Gt => is(&[Ordering::Greater]),
        Op::Ge => is(&[Ordering::Greater, Ordering::Equal]),
        Op::Contains => condition.values.iter().any(|value| match (&found, value) {
            (Json::String(text), Value::Text(part)) => text.contains(part),
            (Json::Array(texts), value) => texts.contains(&json(value)),
            _ => panic!("{found} cannot contain"),
        }),
    }
}

/// A filter, as numbers that choose among what there is.
#[derive(Clone, Debug)]
struct FilterChoice {
    field: usize,
    op: usize,
    values: Vec<(usize, bool)>,
}

/// A query, as numbers that choose among what there is.
#[derive(Clone, Debug)]
struct Choice {
    kind: usize,
    filters: Vec<FilterChoice>,
    order: Vec<(usize, bool)>,
    limit: u32,
    offset: u64,
}

fn choices() -> impl Strategy<Value = Choice> {
    let values = prop::collection::vec((0..100_usize, any::<bool>()), 1..4);
    let filter =
        (0..100_usize, 0..7_usize, values).prop_map(|(field, op, values)| FilterChoice { field, op, values });
    let order = prop::collection::vec((0..100_usize, any::<bool>()), 0..4);
    let filters = prop::collection::vec(filter, 0..3);
    (0..100_usize, filters, order, 1..9_u32, 0..3_u64).prop_map(|(kind, filters, order, limit, offset)| {
        Choice {
            kind,
            filters,
            order,
            limit,
            offset,
        }
    })
}

/// A value for the field: what one of the entities has, or a part of it.
fn pick(all: &[Entity], field: FieldInfo, (at, part): (usize, bool)) -> Value {
    let found = match all.get(at % all.len().max(1)) {
        Some(entity) => value(entity, field.name),
        None => Json::Null,
    };
    match (field.holds, found) {
        (FieldType::Int, found) => Value::Int(found.as_i64().unwrap_or(0)),
        (FieldType::Time, found) => Value::Time(Timestamp(found.as_i64().unwrap_or(0))),
        (FieldType::Bool, found) => Value::Bool(found.as_bool().unwrap_or(true)),
        (_, Json::String(text)) if part => Value::Text(text.chars().skip(1).take(3).collect()),
        (_, Json::String(text)) => Value::Text(text),
        _ => Value::Text("a".to_owned()),
    }
}

fn allowed(field: FieldInfo, op: usize) -> Op {
    let ops: &[Op] = match field.holds {
        FieldType::TextList => &[Op::Contains],
        FieldType::Text => &Op::ALL,
        FieldType::Bool => &Op::ALL[..2],
        FieldType::Int | FieldType::Time => &Op::ALL[..6],
    };
    ops[op % ops.len()]
}

/// The query that is chosen, and what it should give.
fn resolve(choice: &Choice, kind: Kind, fields: &[FieldInfo], all: &[Entity]) -> (ListParts, Vec<Entity>) {
    let mut parts = ListParts::new(kind);
    for FilterChoice { field, op, values } in &choice.filters {
        let field = fields[field % fields.len()];
        let op = allowed(field, *op);
        let mut values: Vec<Value> = values.iter().map(|at| pick(all, field, *at)).collect();
        if op.is_single() {
            values.truncate(1);
        }
        parts.filters.push(Condition {
            field: field.name.to_owned(),
            op,
            values,
        });
    }
    for (field, descending) in &choice.order {
        let field = fields[field % fields.len()];
        if field.holds != FieldType::TextList {
            parts.order.push(Order {
                field: field.name.to_owned(),
                descending: *descending,
            });
        }
    }
    let mut expected: Vec<Entity> = all
        .iter()
        .filter(|entity| parts.filters.iter().all(|condition| matches(entity, condition)))
        .cloned()
        .collect();
    let last = parts.order.last().is_some_and(|order| order.descending);
    let key = Order {
        field: "id".to_owned(),
        descending: last,
    };
    expected.sort_by(|a, b| {
        parts
            .order
            .iter()
            .chain([&key])
            .map(|order| {
                let ordering = compare(&value(a, &order.field), &value(b, &order.field));
                if order.descending {
                    ordering.reverse()
                } else {
                    ordering
                }
            })
            .find(|ordering| ordering.is_ne())
            .unwrap_or(Ordering::Equal)
    });
    (parts, expected)
}

/// All pages of the list.
async fn walk(store: &Store, mut parts: ListParts) -> Vec<Entity> {
    let limit = parts.limit.unwrap() as usize;
    let mut items = vec![];
    loop {
        let page = store
            .list(List::from_parts(parts.clone()).unwrap())
            .await
            .unwrap();
        assert!(page.items.len() == limit || page.next.is_none());
        items.extend(page.items);
        parts.offset = 0;
        parts.after = page.next;
        if parts.after.is_none() {
            return items;
        }
    }
}

async fn filled(database: Database) -> (Rig, Vec<Vec<Entity>>) {
    let rig = Rig::on(database).await;
    fill(&rig).await;
    let mut all = vec![];
    for (kind, _) in kinds() {
        let list = List::from_parts(ListParts::new(kind)).unwrap();
        let page = rig.store.list(list).await.unwrap();
        assert!(!page.items.is_empty() && page.next.is_none(), "{kind:?}");
        all.push(page.items);
    }
    (rig, all)
}

fn lists_are_as_the_reference_says(database: Database, cases: u32) {
    let runtime = Runtime::new().unwrap();
    let (rig, all) = runtime.block_on(filled(database));
    let kinds = kinds();
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&choices(), |choice| {
        let at = choice.kind % kinds.len();
        let (kind, fields) = &kinds[at];
        let (mut parts, mut expected) = resolve(&choice, *kind, fields, &all[at]);
        parts.limit = Some(choice.limit);
        parts.offset = choice.offset;
        expected.drain(..expected.len().min(choice.offset as usize));
        let found = runtime.block_on(walk(&rig.store, parts.clone()));
        // The ids first: they tell more, and less.
        let ids = |items: &[Entity]| items.iter().map(|item| value(item, "id")).collect::<Vec<_>>();
        prop_assert_eq!(ids(&found), ids(&expected), "{:?}", parts);
        prop_assert!(found == expected, "{:?}", parts);
        Ok(())
    });
    outcome.unwrap();
    runtime.block_on(rig.store.close());
}

#[test]
fn on_sqlite() {
    lists_are_as_the_reference_says(Database::Sqlite, 400);
}

#[test]
fn on_postgres() {
    let server = Postgres::start().unwrap();
    lists_are_as_the_reference_says(Database::Postgres(server.url()), 150);
}
