//! Events as they are handed over to others' programs: which ones, under which delivery id, in which form.

use serde_json::{Value, json};
use weir_status_api::{Event, TopicFilter};

use crate::OptionError;

/// The longest name, in bytes.
const LONGEST_NAME: usize = 100;

/// The events that a listener wants, and its name.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    name: String,
    filter: TopicFilter,
}

/// An event as it is handed over.
#[derive(Clone, Debug)]
pub(crate) struct Handover {
    /// `NAME-CURSOR`: the same each time that the event is delivered, and no other's.
    pub(crate) delivery: String,
    /// The first of the event's topics that is wanted.
    pub(crate) topic: String,
    /// `{"cursor": 17, "time": 1700000000, "topic": "builds/3/finished", "topics": […], "resource": {…}}`, with the
    /// resource in the form of the JSON API.
    pub(crate) body: Value,
}

impl Wanted {
    /// The events whose topics match one of the patterns `events`, for the listener `name`.
    ///
    /// # Errors
    /// If the name does not fit into a header or a file's name, or a pattern is none.
    pub(crate) fn new(name: String, events: &[String]) -> Result<Self, OptionError> {
        let fits = |it: u8| it.is_ascii_alphanumeric() || b"-_.".contains(&it);
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(fits) {
            let why =
                format!("'{name}' is no name; use letters, digits, '-', '_' and '.', at most {LONGEST_NAME}");
            return Err(OptionError::new("name", why));
        }
        let filter = TopicFilter::parse_all(events.iter().map(String::as_str))
            .map_err(|error| OptionError::new("events", format!("are wrong: {error}")))?;
        Ok(Self { name, filter })
    }

    /// The listener's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The events.
    pub(crate) fn filter(&self) -> &TopicFilter {
        &self.filter
    }

    /// The event as it is handed over.
    pub(crate) fn hand_over(&self, event: &Event) -> Handover {
        let topics: Vec<String> = event.topics().iter().map(ToString::to_string).collect();
        let topic = match self.filter.matching(event) {
            Some(topic) => topic.to_string(),
            None => topics.first().cloned().unwrap_or_default(),
        };
        let body = json!({
            "cursor": event.cursor.0,
            "time": event.at.as_secs(),
            "topic": topic,
            "topics": topics,
            "resource": weir_status_http::v2::to_json(&event.entity),
        });
        Handover {
            delivery: format!("{}-{}", self.name, event.cursor),
            topic,
            body,
        }
    }
}

impl Handover {
    /// The same in the JSON format of CloudEvents 1.0.
    ///
    /// `type` and `subject` are of the event's first topic, whatever pattern wanted it: of `builds/3/data/size/new` they
    /// are `weir.builds.data.new` and `3/size`. `data` is what is handed over otherwise.
    pub(crate) fn cloud_event(&self, event: &Event, source: &str) -> Value {
        let words = event
            .topics()
            .into_iter()
            .next()
            .map(|it| it.0)
            .unwrap_or_default();
        // Kinds of things and which of them take turns, but for what is asked for, which comes behind `control`.
        let asked = usize::from(words.first().is_some_and(|it| it == "control"));
        let is_kind =
            |place: usize| place == 0 || place + 1 == words.len() || (place + asked).is_multiple_of(2);
        let (mut kind, mut subject) = (vec!["weir"], vec![]);
        for (place, word) in words.iter().enumerate() {
            match is_kind(place) {
                true => kind.push(word),
                false => subject.push(word.as_str()),
            }
        }
        let mut cloud_event = json!({
            "specversion": "1.0",
            "id": self.delivery,
            "source": source,
            "type": kind.join("."),
            "time": event.at.to_iso_millis(),
            "datacontenttype": "application/json",
            "data": self.body,
        });
        if !subject.is_empty() {
            cloud_event["subject"] = subject.join("/").into();
        }
        cloud_event
    }
}
