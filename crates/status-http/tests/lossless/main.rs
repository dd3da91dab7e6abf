//! Whatever the status API can say comes back from JSON's text as it was.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod arbitrary;
mod document;
mod lists;
mod views;

use arbitrary::make;
use proptest::collection::vec;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use weir_status_api::{
    Cursor, Entity, Error, Event, ForceField, ForceFieldKind, Kind, LogChunk, LogHits, TextRules,
    TopicFilter, Verb,
};
use weir_status_http::v2::{self, Form};

/// JSON as it goes over the wire.
fn text(value: &Value) -> Value {
    serde_json::from_str(&value.to_string()).unwrap()
}

/// What is made of bytes, leaving out those that make nothing.
fn any_made<T: for<'de> Deserialize<'de> + std::fmt::Debug>() -> impl Strategy<Value = T> {
    vec(any::<u8>(), 0..400).prop_filter_map("no value", |bytes| make(&bytes))
}

/// What JSON cannot tell apart: no link and an empty one, no default branch and an empty one, and what
/// [`level_field`] knows.
fn level(mut entity: Entity) -> Entity {
    match &mut entity {
        Entity::Change(change) => empty(&mut change.revlink),
        Entity::ForceScheduler(scheduler) => {
            empty(&mut scheduler.defaults.branch);
            scheduler.fields.iter_mut().for_each(level_field);
        }
        Entity::DeadLetter(letter) => *letter.event = level_event((*letter.event).clone()),
        _ => {}
    }
    entity
}

/// The same of an event. That somebody asked for something has no other verb.
fn level_event(mut event: Event) -> Event {
    event.entity = level(event.entity);
    if matches!(event.entity, Entity::Control(_)) {
        event.verb = Verb::Requested;
    }
    event
}

/// Rules that forbid nothing are none; and what holds other fields has no value of its own.
fn level_field(field: &mut ForceField) {
    match &mut field.kind {
        ForceFieldKind::Ruled(rules) if *rules == TextRules::default() => field.kind = ForceFieldKind::Text,
        ForceFieldKind::Within { min: None, max: None } => field.kind = ForceFieldKind::Int,
        ForceFieldKind::Choices {
            choices,
            strict: true,
            multiple: false,
        } => field.kind = ForceFieldKind::Choice(std::mem::take(choices)),
        ForceFieldKind::Codebase(source) => {
            empty(&mut source.branch);
            empty(&mut source.revision);
            (field.default, field.required) = ("".into(), false);
        }
        ForceFieldKind::Patch { .. } => field.default = "".into(),
        ForceFieldKind::Group(fields) => {
            fields.iter_mut().for_each(level_field);
            (field.default, field.required) = ("".into(), false);
        }
        _ => {}
    }
}

fn empty(text: &mut Option<String>) {
    *text = text.take().filter(|text| !text.is_empty());
}

/// As a read gives it: how a worker is missing is told by an event alone.
fn as_read(mut entity: Entity) -> Entity {
    if let Entity::Worker(worker) = &mut entity {
        worker.absence = None;
    }
    entity
}

fn kind(entity: &Entity) -> Option<Kind> {
    macro_rules! kinds {
        ($($kind:ident),+) => {
            match entity {
                $(Entity::$kind(_) => Some(Kind::$kind),)+
                Entity::Properties(_) | Entity::Control(_) => None,
            }
        };
    }
    kinds!(
        Master,
        Builder,
        Build,
        BuildRequest,
        Buildset,
        SourceStamp,
        Change,
        Step,
        Log,
        Worker,
        Scheduler,
        ForceScheduler,
        ChangeSource,
        Project,
        Codebase,
        Branch,
        Commit,
        BuildData,
        TestResultSet,
        TestResult,
        Listener,
        DeadLetter
    )
}

/// The fields of the object that `v2::spec` does not describe, and those of which it says something else.
fn undescribed(kind: Kind, object: &Value) -> Vec<String> {
    let fields = v2::spec::Gives::One(kind).fields();
    let wrong = |(name, value): (&String, &Value)| {
        let field = fields.iter().find(|(field, _, _)| field == name);
        let fits = field.is_some_and(|(_, shape, nullable)| fits(*shape, *nullable, value));
        (!fits).then(|| format!("{name}: {value}"))
    };
    let missing = fields.iter().filter(|(name, _, nullable)| {
        // Microseconds are left out where the time is null.
        object.get(name).is_none() && !(*nullable && name.ends_with("_us"))
    });
    let wrong = object.as_object().unwrap().iter().filter_map(wrong);
    wrong
        .chain(missing.map(|(name, ..)| format!("{name} is missing")))
        .collect()
}

fn fits(shape: v2::Shape, nullable: bool, value: &Value) -> bool {
    use v2::Shape;
    match shape {
        _ if value.is_null() => nullable,
        Shape::Int | Shape::Time => value.is_i64(),
        Shape::Text | Shape::Identifier => value.is_string(),
        Shape::Flag => value.is_boolean(),
        Shape::Bytes => false,
        Shape::Properties | Shape::Object | Shape::One(_) => value.is_object(),
        Shape::List(of) => value
            .as_array()
            .is_some_and(|items| items.iter().all(|it| fits(*of, false, it))),
    }
}

fn errors() -> impl Strategy<Value = Error> {
    let text = || ".{0,12}";
    prop_oneof![
        text().prop_map(|what| Error::NotFound { what }),
        (text(), text()).prop_map(|(field, why)| Error::InvalidQuery { field, why }),
        proptest::collection::btree_map(".{0,6}", ".{0,6}", 0..3)
            .prop_map(|fields| Error::InvalidInput { fields }),
        any::<i64>().prop_map(|it| Error::CursorExpired { oldest: Cursor(it) }),
        text().prop_map(|what| Error::ContentDeleted { what }),
        text().prop_map(|why| Error::Unauthenticated { why }),
        text().prop_map(|why| Error::PermissionDenied { why }),
        text().prop_map(|why| Error::TooMany { why }),
        text().prop_map(|why| Error::Conflict { why }),
        text().prop_map(|why| Error::Unavailable { why }),
        (text(), text()).prop_map(|(operation, implementer)| Error::NotSupported {
            operation,
            implementer
        }),
        text().prop_map(|why| Error::Internal { why }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn resources(entity in any_made::<Entity>()) {
        let entity = level(entity);
        let written = serde_json::to_string(&v2::object(&entity)).unwrap();
        prop_assert_eq!(&written, &v2::to_json(&entity).to_string(), "the same text, with and without a value");
        if let Some(kind) = kind(&entity) {
            let read = v2::to_json(&as_read(entity.clone()));
            prop_assert_eq!(undescribed(kind, &read), Vec::<String>::new());
            prop_assert_eq!(v2::from_json(kind, &text(&v2::to_json(&entity))), Ok(entity));
        }
    }

    #[test]
    fn log_hits(hits in any_made::<LogHits>()) {
        prop_assert_eq!(LogHits::from_json(&text(&hits.to_json())), Ok(hits));
    }

    #[test]
    fn log_chunks(chunk in any_made::<LogChunk>()) {
        prop_assert_eq!(LogChunk::from_json(&text(&chunk.to_json())), Ok(chunk));
    }

    #[test]
    fn events(mut event in any_made::<Event>()) {
        event = level_event(event);
        let topic = TopicFilter::all().matching(&event).unwrap();
        let message = v2::to_json(&event.entity).to_string();
        let data = serde_json::from_str(&v2::event_data(&event, &topic, &message)).unwrap();
        prop_assert_eq!(v2::event_from_json(event.cursor, &data), Ok(Some(event)));
    }

    #[test]
    fn all_errors(error in errors()) {
        let body = text(&v2::error_body(&error));
        prop_assert_eq!(v2::error_from(v2::status(&error), &body), error.clone());
        let answer = v2::rpc_answer(&Value::from(1), &Err(error.clone()));
        prop_assert_eq!(v2::rpc_error_from(answer.status, &text(&answer.body)), Some(error));
    }

    #[test]
    fn no_object_makes_it_panic(value in any_made::<Value>(), number in 0..Kind::ALL.len()) {
        let _ = v2::from_json(Kind::ALL[number], &value);
        let _ = v2::event_from_json(Cursor::ZERO, &value);
    }
}
