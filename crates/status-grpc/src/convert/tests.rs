//! What goes over the wire comes back equal, and what does not belong there is refused.

use std::fmt::Debug;

use proptest::prelude::*;
use prost::Message;
use weir_status_api as api;
use weir_status_api::{Cursor, Error, Signal, Verb};

use super::strategy::Arb;
use super::{Malformed, Wire};
use crate::v1;

/// Rust → message → bytes → message → Rust.
fn over_the_wire<T: Wire<Proto: Message + Default>>(value: T) -> Result<T, Malformed> {
    let bytes = value.into_proto().encode_to_vec();
    T::from_proto(T::Proto::decode(bytes.as_slice()).unwrap())
}

fn comes_back<T>(value: T) -> Result<(), TestCaseError>
where
    T: Wire<Proto: Message + Default> + Clone + Debug + PartialEq,
{
    prop_assert_eq!(over_the_wire(value.clone()), Ok(value));
    Ok(())
}

proptest! {
    #[test]
    fn entities_come_back(entity in api::Entity::any()) { comes_back(entity)?; }

    #[test]
    fn signals_come_back(signal in Signal::any()) { comes_back(signal)?; }

    #[test]
    fn keys_come_back(key in api::Key::any(), of in api::PropertiesOf::any()) {
        comes_back(key)?;
        comes_back(of)?;
    }

    #[test]
    fn lists_come_back(list in api::List::any()) {
        let parts = over_the_wire(list.clone().into_parts()).unwrap();
        prop_assert_eq!(api::List::from_parts(parts), Ok(list));
    }

    #[test]
    fn commands_come_back(command in api::Command::any(), outcome in api::Outcome::any()) {
        comes_back(command)?;
        comes_back(outcome)?;
    }

    #[test]
    fn log_chunks_come_back(chunk in api::LogChunk::any()) { comes_back(chunk)?; }

    #[test]
    fn searches_come_back(search in api::LogSearch::any(), hits in api::LogHits::any()) {
        comes_back(search)?;
        comes_back(hits)?;
    }

    #[test]
    fn views_come_back(query in api::ViewQuery::any(), view in api::View::any()) {
        comes_back(query)?;
        comes_back(view)?;
    }

    #[test]
    fn tokens_come_back(identity in api::Identity::any(), new in api::NewToken::any(), issued in api::IssuedToken::any()) {
        comes_back(identity)?;
        comes_back(new)?;
        comes_back(issued)?;
    }

    #[test]
    fn errors_come_back(error in Error::any()) { comes_back(error)?; }

    #[test]
    fn any_message_is_taken_or_refused(bytes in any::<Vec<u8>>()) {
        if let Ok(message) = v1::WatchResponse::decode(bytes.as_slice()) { Signal::from_proto(message).ok(); }
        if let Ok(message) = v1::Query::decode(bytes.as_slice()) { api::ListParts::from_proto(message).ok(); }
        if let Ok(message) = v1::ViewQuery::decode(bytes.as_slice()) { api::ViewQuery::from_proto(message).ok(); }
        if let Ok(message) = v1::View::decode(bytes.as_slice()) { api::View::from_proto(message).ok(); }
        if let Ok(message) = v1::LogSearch::decode(bytes.as_slice()) { api::LogSearch::from_proto(message).ok(); }
        if let Ok(message) = v1::LogHits::decode(bytes.as_slice()) { api::LogHits::from_proto(message).ok(); }
        if let Ok(message) = v1::NewToken::decode(bytes.as_slice()) { api::NewToken::from_proto(message).ok(); }
        if let Ok(message) = v1::Command::decode(bytes.as_slice()) { api::Command::from_proto(message).ok(); }
    }

    #[test]
    fn any_moment_is_taken_or_refused(seconds: i64, nanos: i32) {
        let moment = api::Timestamp::from_proto(prost_types::Timestamp { seconds, nanos });
        if let Ok(moment) = moment {
            prop_assert_eq!(moment.as_secs(), seconds);
        }
    }
}

#[test]
fn every_word_has_a_number() {
    for verb in Verb::ALL {
        assert_eq!(Verb::from_proto(verb.into_proto()), Ok(*verb));
    }
    for kind in api::Kind::ALL {
        assert_eq!(api::Kind::from_proto(kind.into_proto()), Ok(*kind));
    }
}

/// An event of a master, as a message that a newer server may have put differently.
fn event(change: impl FnOnce(&mut v1::Event)) -> v1::WatchResponse {
    let mut event = api::Event {
        cursor: Cursor(7),
        at: api::Timestamp(1),
        verb: Verb::Started,
        entity: api::Entity::Log(api::Log {
            id: api::LogId(1),
            name: "stdio".to_owned(),
            slug: "stdio".to_owned(),
            step: api::StepId(1),
            complete: false,
            num_lines: 0,
            kind: api::LogKind::Stdio,
        }),
    }
    .into_proto();
    change(&mut event);
    v1::WatchResponse {
        signal: Some(v1::watch_response::Signal::Event(event)),
    }
}

#[test]
fn an_event_of_a_newer_kind_is_a_bookmark() {
    let newer_verb = event(|it| it.verb = 999);
    assert_eq!(Signal::from_proto(newer_verb), Ok(Signal::Bookmark(Cursor(7))));
    let newer_resource = event(|it| it.entity = Some(Box::new(v1::Entity { entity: None })));
    assert_eq!(
        Signal::from_proto(newer_resource),
        Ok(Signal::Bookmark(Cursor(7)))
    );
}

#[test]
fn a_newer_value_within_a_known_resource_is_an_error() {
    let response = event(|it| {
        if let Some(v1::entity::Entity::Log(log)) = it.entity.as_mut().and_then(|it| it.entity.as_mut()) {
            log.kind = 999;
        }
    });
    let error = Signal::from_proto(response).unwrap_err();
    assert_eq!(
        error.to_string(),
        "event.entity.kind: LogKind number 999 is not known to this version"
    );
    assert!(matches!(error.in_answer(), Error::NotSupported { .. }));
}

#[test]
fn what_is_missing_is_named() {
    let response = event(|it| it.at = None);
    let error = Signal::from_proto(response).unwrap_err();
    assert_eq!(
        error.clone().in_request(),
        Error::invalid("event.at", "is missing")
    );
    assert!(matches!(error.in_answer(), Error::Internal { .. }));
}

/// The row of the book's table that lists the fields of `R`.
fn fields_row<R: api::Resource>() -> String {
    use api::Field;
    let fields: Vec<_> = R::Field::ALL
        .iter()
        .map(|it| format!("`{}`{}", it.name(), if it.is_relation() { " =" } else { "" }))
        .collect();
    let kind = v1::Kind::try_from(R::KIND.into_proto()).unwrap().as_str_name();
    format!("| `{kind}` | {} |\n", fields.join(", "))
}

#[test]
fn the_book_lists_every_field() {
    let table = [
        fields_row::<api::Master>(),
        fields_row::<api::Builder>(),
        fields_row::<api::Build>(),
        fields_row::<api::BuildRequest>(),
        fields_row::<api::Buildset>(),
        fields_row::<api::SourceStamp>(),
        fields_row::<api::Change>(),
        fields_row::<api::Step>(),
        fields_row::<api::Log>(),
        fields_row::<api::Worker>(),
        fields_row::<api::Scheduler>(),
        fields_row::<api::ForceScheduler>(),
        fields_row::<api::ChangeSource>(),
        fields_row::<api::Project>(),
        fields_row::<api::Codebase>(),
        fields_row::<api::Branch>(),
        fields_row::<api::Commit>(),
        fields_row::<api::BuildData>(),
        fields_row::<api::TestResultSet>(),
        fields_row::<api::TestResult>(),
        fields_row::<api::ListenerStatus>(),
        fields_row::<api::DeadLetter>(),
    ]
    .concat();
    let book = include_str!("../../../../docs/src/grpc.md");
    assert!(book.ends_with(&table), "the table must be:\n{table}");
}
