//! Events and what a watch gives.

use std::sync::Arc;

use weir_status_api as api;

use super::{Field, Malformed, Wire, choice, message_field, messages, take, wire_of_message};
use crate::v1;

messages! {
    PropertiesUpdate { build, changed }
}

choice! {
    Entity = Entity.entity: entity::Entity {
        Master, Builder, Build, BuildRequest, Buildset, SourceStamp, Change, Step, Log, Worker, Scheduler,
        ForceScheduler, Properties, Control, ChangeSource, Project, Codebase, Branch, Commit, BuildData,
        TestResultSet, TestResult, Listener, DeadLetter,
    }
}

message_field!(api::Event);

/// By hand, for an event holds an entity that can be a dead letter, which holds an event: those are boxed.
impl Wire for api::Event {
    type Proto = v1::Event;
    fn into_proto(self) -> v1::Event {
        let Self {
            cursor,
            at,
            verb,
            entity,
        } = self;
        v1::Event {
            cursor: cursor.put(),
            at: at.put(),
            verb: verb.put(),
            entity: Some(Box::new(entity.into_proto())),
        }
    }
    fn from_proto(proto: v1::Event) -> Result<Self, Malformed> {
        let v1::Event {
            cursor,
            at,
            verb,
            entity,
        } = proto;
        Ok(Self {
            cursor: take("cursor", cursor)?,
            at: take("at", at)?,
            verb: take("verb", verb)?,
            entity: take("entity", entity.map(|it| *it))?,
        })
    }
}

message_field!(api::DeadLetter);

impl Wire for api::DeadLetter {
    type Proto = Box<v1::DeadLetter>;
    fn into_proto(self) -> Box<v1::DeadLetter> {
        let Self {
            id,
            listener,
            event,
            why,
            parked_at,
            again,
        } = self;
        Box::new(v1::DeadLetter {
            id: id.put(),
            listener: listener.put(),
            event: Some(Box::new(event.into_proto())),
            why,
            parked_at: parked_at.put(),
            again,
        })
    }
    fn from_proto(proto: Box<v1::DeadLetter>) -> Result<Self, Malformed> {
        let v1::DeadLetter {
            id,
            listener,
            event,
            why,
            parked_at,
            again,
        } = *proto;
        let event: api::Event = take("event", event.map(|it| *it))?;
        Ok(Self {
            id: take("id", id)?,
            listener: take("listener", listener)?,
            event: Box::new(event),
            why,
            parked_at: take("parked_at", parked_at)?,
            again,
        })
    }
}

impl Wire for api::Signal {
    type Proto = v1::WatchResponse;
    fn into_proto(self) -> v1::WatchResponse {
        use v1::watch_response::Signal;
        let signal = match self {
            Self::Event(event) => Signal::Event(Arc::unwrap_or_clone(event).into_proto()),
            Self::Bookmark(cursor) => Signal::Bookmark(cursor.0),
        };
        v1::WatchResponse { signal: Some(signal) }
    }
    /// An event whose verb or kind of resource this version does not know is nothing to its consumers, so
    /// it comes as the bookmark of its place. What is unknown within a known resource is an error.
    fn from_proto(proto: v1::WatchResponse) -> Result<Self, Malformed> {
        use v1::watch_response::Signal;
        match proto.signal {
            Some(Signal::Bookmark(cursor)) => Ok(Self::Bookmark(api::Cursor(cursor))),
            Some(Signal::Event(event)) if is_newer(&event) => {
                tracing::debug!(cursor = event.cursor, "an event of a newer kind is passed over");
                Ok(Self::Bookmark(api::Cursor(event.cursor)))
            }
            Some(Signal::Event(event)) => api::Event::from_proto(event)
                .map(|event| Self::Event(Arc::new(event)))
                .map_err(|error| error.within("event")),
            None => Err(Malformed::unknown("an empty or newer `WatchResponse`")),
        }
    }
}

fn is_newer(event: &v1::Event) -> bool {
    let known = |entity: &v1::Entity| entity.entity.is_some();
    api::Verb::from_proto(event.verb).is_err() || event.entity.as_ref().is_some_and(|it| !known(it))
}
