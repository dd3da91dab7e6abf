//! Events and what a watch gives.

use std::sync::Arc;

use weir_status_api as api;

use super::{Field, Malformed, Wire, choice, message_field, messages, take, wire_of_message};
use crate::v1;

messages! {
    PropertiesUpdate { build, changed }
    Event { cursor, at, verb, entity }
}

choice! {
    Entity = Entity.entity: entity::Entity {
        Master, Builder, Build, BuildRequest, Buildset, SourceStamp, Change, Step, Log, Worker, Scheduler,
        ForceScheduler, Properties, Control, ChangeSource, Project, Codebase, Branch, Commit, BuildData,
        TestResultSet, TestResult,
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
