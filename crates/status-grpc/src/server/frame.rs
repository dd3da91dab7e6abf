//! What a watch gives, encoded: each event once, however many watch.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use prost::Message;
use prost::bytes::{Buf, BufMut, Bytes};
use prost::encoding::{DecodeContext, WireType, skip_field};
use weir_status_api::{Event, Signal};

use crate::convert::Wire;

/// How many events are kept encoded. Whoever lags by more has each encoded again.
const PLACES: usize = 256;
/// The largest event that is kept, in bytes, so that all of them have a bound.
const LARGEST: usize = 64 * 1024;

/// A `WatchResponse` that is encoded already.
pub(crate) struct Frame(Bytes);

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({} bytes)", self.0.len())
    }
}

impl Message for Frame {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.0);
    }

    /// Only servers have frames, and they read none.
    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), prost::DecodeError> {
        skip_field(wire_type, tag, buf, context)
    }

    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

/// The newest events as they go out.
///
/// An event is known by where it lies in memory: those who may see different things of one event have different
/// events. The weak reference keeps that place from being used again.
pub(super) struct Frames(Box<[Mutex<Place>]>);

type Place = Option<(Weak<Event>, Bytes)>;

impl Default for Frames {
    fn default() -> Self {
        Self((0..PLACES).map(|_| Mutex::default()).collect())
    }
}

impl Frames {
    /// `signal` as it goes out.
    pub(super) fn of(&self, signal: Signal) -> Frame {
        match signal {
            Signal::Event(event) => self.of_event(&event),
            bookmark @ Signal::Bookmark(_) => Frame(encoded(bookmark)),
        }
    }

    fn of_event(&self, event: &Arc<Event>) -> Frame {
        // The cursor's remainder spreads those that come one after the other.
        let place = usize::try_from(event.cursor.0.rem_euclid(PLACES as i64)).unwrap_or(0);
        let Some(place) = self.0.get(place) else {
            return Frame(encoded(Signal::Event(Arc::clone(event))));
        };
        // Others who come for the same event wait here, and find it.
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, bytes)) = &*place
            && std::ptr::eq(known.as_ptr(), Arc::as_ptr(event))
        {
            return Frame(bytes.clone());
        }
        let bytes = encoded(Signal::Event(Arc::clone(event)));
        // Nobody shares what only this watch holds, and it would drive out what others do.
        if bytes.len() <= LARGEST && Arc::strong_count(event) > 1 {
            *place = Some((Arc::downgrade(event), bytes.clone()));
        }
        Frame(bytes)
    }
}

fn encoded(signal: Signal) -> Bytes {
    signal.into_proto().encode_to_vec().into()
}

#[cfg(test)]
mod tests {
    use weir_status_api::{Cursor, Entity, Log, LogId, LogKind, StepId, Timestamp, Verb};

    use super::*;
    use crate::v1;

    fn event(cursor: i64, name: &str) -> Arc<Event> {
        Arc::new(Event {
            cursor: Cursor(cursor),
            at: Timestamp(1),
            verb: Verb::New,
            entity: Entity::Log(Log {
                id: LogId(1),
                name: name.to_owned(),
                slug: "stdio".to_owned(),
                step: StepId(1),
                complete: false,
                num_lines: 0,
                kind: LogKind::Stdio,
            }),
        })
    }

    fn read(frame: &Frame) -> Signal {
        let bytes = frame.encode_to_vec();
        Signal::from_proto(v1::WatchResponse::decode(bytes.as_slice()).unwrap()).unwrap()
    }

    #[test]
    fn an_event_is_encoded_once_for_all_who_watch() {
        let frames = Frames::default();
        let signal = Signal::Event(event(7, "stdio"));
        let first = frames.of(signal.clone());
        let second = frames.of(signal.clone());
        assert!(std::ptr::eq(first.0.as_ptr(), second.0.as_ptr()));
        assert_eq!(read(&second), signal);
        let bookmark = Signal::Bookmark(Cursor(7));
        assert_eq!(read(&frames.of(bookmark.clone())), bookmark);
    }

    #[test]
    fn events_of_one_place_are_not_taken_for_each_other() {
        let frames = Frames::default();
        let seen = event(7, "stdio");
        let otherwise = event(7, "hidden");
        let later = event(7 + PLACES as i64, "stdio");
        for _ in 0..2 {
            for event in [&seen, &otherwise, &later] {
                let signal = Signal::Event(Arc::clone(event));
                assert_eq!(read(&frames.of(signal.clone())), signal);
            }
        }
    }

    #[test]
    fn what_is_kept_has_a_bound() {
        let frames = Frames::default();
        for cursor in 0..3 * PLACES as i64 {
            let large = event(cursor, &"x".repeat(LARGEST));
            frames.of(Signal::Event(Arc::clone(&large)));
            let own = Signal::Event(event(cursor, "stdio"));
            frames.of(own);
        }
        let kept = |place: &Mutex<Place>| place.lock().unwrap().is_some();
        assert!(!frames.0.iter().any(kept));
    }
}
