//! Events as they go out, made once for all streams.
//!
//! The first stream that sends an event writes its message as JSON; the frame of each topic and wire format is
//! made of that when it is first wanted. All others share the bytes: what an event costs them is a look at its
//! topics and a write.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;
use weir_status_api::{Event, Topic, TopicPattern};
use weir_status_http::v2;

use crate::sse::frame;

/// How many events are kept at the most,
const MAX_EVENTS: usize = 2048;
/// and how much of what was made of them, in bytes.
const MAX_BYTES: usize = 8 << 20;

/// The events that streams sent last.
pub(crate) struct Frames {
    recent: RwLock<VecDeque<Arc<Framed>>>,
    bytes: Arc<AtomicUsize>,
}

/// An event, and what was made of it.
pub(crate) struct Framed {
    event: Arc<Event>,
    topics: Vec<Topic>,
    /// The resource as JSON.
    message: OnceLock<String>,
    /// Its forms for server-sent events, by topic,
    sse: Vec<OnceLock<Bytes>>,
    /// and for sockets.
    socket: Vec<OnceLock<Utf8Bytes>>,
    /// How many bytes were made of it,
    size: AtomicUsize,
    /// and of all events that are kept, or still being sent.
    all: Arc<AtomicUsize>,
}

impl Frames {
    pub(crate) fn new() -> Self {
        Self {
            recent: RwLock::default(),
            bytes: Arc::default(),
        }
    }

    /// The event, with what others have already made of it.
    pub(crate) fn of(&self, event: &Arc<Event>) -> Arc<Framed> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        if let Ok(found) = find(&recent, event) {
            return found;
        }
        drop(recent);
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        let place = match find(&recent, event) {
            Ok(found) => return found,
            Err(place) => place,
        };
        let framed = Arc::new(Framed::new(Arc::clone(event), Arc::clone(&self.bytes)));
        // A stream that is far behind is alone, and must not push out what many want; neither may one that was
        // given another form of the same event.
        if let Some(place) = place {
            recent.insert(place, Arc::clone(&framed));
            while recent.len() > MAX_EVENTS || self.bytes.load(Ordering::Relaxed) > MAX_BYTES {
                if recent.pop_front().is_none() {
                    break;
                }
            }
        }
        framed
    }

    /// The event with a message of its own, which nobody shares.
    pub(crate) fn alone(event: &Arc<Event>, message: String) -> Arc<Framed> {
        let framed = Framed::new(Arc::clone(event), Arc::default());
        framed.message.get_or_init(|| message);
        Arc::new(framed)
    }
}

/// The event among those that are kept; else where to put it, if it shall be kept.
fn find(recent: &VecDeque<Arc<Framed>>, event: &Arc<Event>) -> Result<Arc<Framed>, Option<usize>> {
    match recent.binary_search_by_key(&event.cursor, |it| it.event.cursor) {
        Ok(place) => {
            let kept = &recent[place];
            let same = Arc::ptr_eq(&kept.event, event) || kept.event == *event;
            if same { Ok(Arc::clone(kept)) } else { Err(None) }
        }
        Err(0) if !recent.is_empty() => Err(None),
        Err(place) => Err(Some(place)),
    }
}

impl Framed {
    fn new(event: Arc<Event>, all: Arc<AtomicUsize>) -> Self {
        let topics = event.topics();
        Self {
            sse: topics.iter().map(|_| OnceLock::new()).collect(),
            socket: topics.iter().map(|_| OnceLock::new()).collect(),
            event,
            topics,
            message: OnceLock::new(),
            size: AtomicUsize::new(0),
            all,
        }
    }

    /// The place of its first topic that matches.
    pub(crate) fn matching(&self, pattern: &TopicPattern) -> Option<usize> {
        self.topics.iter().position(|topic| pattern.matches(topic))
    }

    /// The place of its first topic that one of the patterns matches.
    pub(crate) fn matching_any<'a>(
        &self,
        patterns: impl Iterator<Item = &'a TopicPattern> + Clone,
    ) -> Option<usize> {
        let matches = |topic: &Topic| patterns.clone().any(|pattern| pattern.matches(topic));
        self.topics.iter().position(matches)
    }

    /// The server-sent event under the topic at that place.
    pub(crate) fn sse(&self, topic: usize) -> Bytes {
        let frame = self.sse[topic].get_or_init(|| {
            let data = v2::event_data(&self.event, &self.topics[topic], self.message());
            let frame = frame("event", Some(self.event.cursor), &data);
            self.note(frame.len());
            frame
        });
        frame.clone()
    }

    /// The frame for a socket under the topic at that place.
    pub(crate) fn socket(&self, topic: usize) -> Utf8Bytes {
        let frame = self.socket[topic].get_or_init(|| {
            let text = v2::socket_event(&self.event, &self.topics[topic], self.message());
            self.note(text.len());
            Utf8Bytes::from(text)
        });
        frame.clone()
    }

    fn message(&self) -> &str {
        self.message.get_or_init(|| {
            // What has names that are texts only can always be written.
            let text = serde_json::to_string(&v2::object(&self.event.entity)).unwrap_or_default();
            self.note(text.len());
            text
        })
    }

    /// Counts what was made.
    fn note(&self, bytes: usize) {
        self.size.fetch_add(bytes, Ordering::Relaxed);
        self.all.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Framed {
    fn drop(&mut self) {
        let size = self.size.load(Ordering::Relaxed);
        self.all.fetch_sub(size, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use weir_status_api::{Cursor, Entity, Master, MasterId, Timestamp, Verb};

    use super::*;

    fn event(number: i64, name: &str) -> Arc<Event> {
        let master = Master {
            id: MasterId(1),
            name: name.to_owned(),
            active: true,
            last_active: Timestamp(number),
        };
        Arc::new(Event {
            cursor: Cursor(number),
            at: Timestamp(number),
            verb: Verb::Started,
            entity: Entity::Master(master),
        })
    }

    #[test]
    fn all_who_send_an_event_share_its_bytes() {
        let frames = Frames::new();
        let first = frames.of(&event(7, "m"));
        // Over gRPC each stream has its own copy of the event.
        let second = frames.of(&event(7, "m"));
        assert_eq!(first.sse(0).as_ptr(), second.sse(0).as_ptr());
        assert_eq!(
            first.socket(0).as_str().as_ptr(),
            second.socket(0).as_str().as_ptr()
        );
        let text = first.socket(0);
        assert!(
            text.as_str().starts_with(r#"{"k":"masters/1/started","m":{"#),
            "{text:?}"
        );
        // Whoever is given another form of it gets that.
        let other = frames.of(&event(7, "hidden"));
        assert!(other.socket(0).as_str().contains("hidden"));
        assert!(!frames.of(&event(7, "m")).socket(0).as_str().contains("hidden"));
    }

    #[test]
    fn what_is_kept_is_bounded_and_new() {
        let frames = Frames::new();
        let long = "x".repeat(100_000);
        for number in 1..=300 {
            frames.of(&event(number, &long)).sse(0);
            assert!(frames.bytes.load(Ordering::Relaxed) < MAX_BYTES + 4 * long.len());
        }
        for number in 1_000..10_000 {
            frames.of(&event(number, "m"));
        }
        assert_eq!(frames.recent.read().unwrap().len(), MAX_EVENTS);
        let newest = frames.of(&event(9_999, "m"));
        frames.of(&event(1, "late"));
        assert!(Arc::ptr_eq(&newest, &frames.of(&event(9_999, "m"))));
        drop((newest, frames.recent.write().unwrap().drain(..)));
        assert_eq!(frames.bytes.load(Ordering::Relaxed), 0);
    }
}
