//! Reading `text/event-stream`, piece by piece.

/// One event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SseEvent {
    /// Its `event:`, empty if it has none.
    pub(super) event: String,
    /// Its own `id:`.
    pub(super) id: Option<String>,
    /// Its `data:`, several lines joined by line ends.
    pub(super) data: String,
}

/// Takes pieces of any size, gives the events that they complete.
#[derive(Debug, Default)]
pub(super) struct SseParser {
    line: Vec<u8>,
    after_cr: bool,
    event: SseEvent,
    has_data: bool,
    size: usize,
}

/// An event has more bytes than it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

impl SseParser {
    /// The events that end in `piece`, each of which may have `max` bytes.
    pub(super) fn push(&mut self, piece: &[u8], max: usize) -> Result<Vec<SseEvent>, TooLarge> {
        let mut events = vec![];
        for byte in piece {
            let after_cr = std::mem::replace(&mut self.after_cr, *byte == b'\r');
            match byte {
                // The second half of a line's end.
                b'\n' if after_cr => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                byte => {
                    self.size += 1;
                    if self.size > max {
                        return Err(TooLarge);
                    }
                    self.line.push(*byte);
                }
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Option<SseEvent> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.event),
            "id" => self.event.id = Some(value.to_owned()),
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            // A comment has nothing before its colon.
            _ => {}
        }
        None
    }

    fn end_event(&mut self) -> Option<SseEvent> {
        self.size = 0;
        let event = std::mem::take(&mut self.event);
        std::mem::take(&mut self.has_data).then_some(event)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "event: handshake\ndata: x\n\n: quiet\n\nid: 7\r\nevent: event\r\ndata: {\"ä\":\rdata: 1}\r\n\r\nid\n\n";

    fn expected() -> Vec<SseEvent> {
        let event = |event: &str, id: Option<&str>, data: &str| SseEvent {
            event: event.to_owned(),
            id: id.map(str::to_owned),
            data: data.to_owned(),
        };
        vec![
            event("handshake", None, "x"),
            event("event", Some("7"), "{\"ä\":\n1}"),
        ]
    }

    proptest! {
        #[test]
        fn pieces_may_end_anywhere(cut in 0..TEXT.len(), other in 0..TEXT.len()) {
            let (first, second) = (cut.min(other), cut.max(other));
            let mut parser = SseParser::default();
            let mut events = vec![];
            for piece in [&TEXT.as_bytes()[..first], &TEXT.as_bytes()[first..second], &TEXT.as_bytes()[second..]] {
                events.extend(parser.push(piece, 100).unwrap());
            }
            prop_assert_eq!(events, expected());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = SseParser::default().push(&bytes, 50);
        }
    }

    #[test]
    fn an_event_is_bounded() {
        let mut parser = SseParser::default();
        assert!(parser.push(b"data: 1\n\n", 10).is_ok());
        assert_eq!(parser.push(b"data: 12345\ndata", 10), Err(TooLarge));
    }
}
