//! Listeners, and what they could not deliver.

use serde_json::{Value, json};
use weir_status_api::{Cursor, DeadLetter, DeadLetterId, ListenerId, ListenerStatus};

use super::{Fields, Form, FormError, Object, to_json};
use crate::v2::event_from_json;

impl Form for ListenerStatus {
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("listenerid", self.id.0)
            .set("name", self.name.as_str())
            .set("kind", self.kind.as_str())
            .set("held_by", self.held_by.as_ref())
            .maybe_time("held_until", self.held_until)
            .set("waiting", self.waiting)
            .set("waiting_reason", self.waiting_reason.as_ref())
            .maybe_time("waiting_since", self.waiting_since)
            .set("place", self.place.map(|it| it.0))
            .set("dead_letters", self.dead_letters)
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("listener", value)?;
        Ok(Self {
            id: ListenerId(fields.int("listenerid")?),
            name: fields.text("name")?,
            kind: fields.text("kind")?,
            held_by: fields.maybe_text("held_by")?,
            held_until: fields.maybe_time("held_until")?,
            waiting: fields.flag("waiting")?,
            waiting_reason: fields.maybe_text("waiting_reason")?,
            waiting_since: fields.maybe_time("waiting_since")?,
            place: fields.maybe_int("place")?.map(Cursor),
            dead_letters: fields.int("dead_letters")?,
        })
    }
}

impl Form for DeadLetter {
    /// `event` is as the events of a stream are, under the first of its topics.
    fn object(&self) -> Object<'_> {
        let topic = self.event.topics().into_iter().next().map(|it| it.0);
        let event = json!({
            "at_us": self.event.at.as_micros(),
            "key": topic,
            "message": to_json(&self.event.entity),
        });
        Object::new()
            .set("dead_letterid", self.id.0)
            .set("listenerid", self.listener.0)
            .set("cursor", self.event.cursor.0)
            .set("event", event)
            .set("why", self.why.as_str())
            .time("parked_at", self.parked_at)
            .set("again", self.again)
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("dead_letter", value)?;
        let cursor = Cursor(fields.int("cursor")?);
        let event = event_from_json(cursor, &value["event"])?.ok_or_else(|| FormError {
            kind: "dead_letter",
            field: "event".to_owned(),
            expected: "an event that this version knows",
        })?;
        Ok(Self {
            id: DeadLetterId(fields.int("dead_letterid")?),
            listener: ListenerId(fields.int("listenerid")?),
            event: Box::new(event),
            why: fields.text("why")?,
            parked_at: fields.time("parked_at")?,
            again: fields.flag("again")?,
        })
    }
}
