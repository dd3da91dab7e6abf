//! WebSocket frames and server-sent events, as far as a listener needs them.

use bytes::{Buf, Bytes, BytesMut};

/// A WebSocket frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// 1 is text, 8 the end, 9 a ping.
    pub(crate) opcode: u8,
    /// What it holds.
    pub(crate) payload: Bytes,
}

/// Takes a whole frame of a server from the front of `buffer`, if one is there.
pub(crate) fn take_frame(buffer: &mut BytesMut) -> Option<Frame> {
    let (first, second) = (*buffer.first()?, *buffer.get(1)?);
    let (head, length) = match second & 0x7f {
        126 => (
            4,
            u64::from(u16::from_be_bytes(buffer.get(2..4)?.try_into().ok()?)),
        ),
        127 => (10, u64::from_be_bytes(buffer.get(2..10)?.try_into().ok()?)),
        short => (2, u64::from(short)),
    };
    let length = usize::try_from(length).ok()?;
    if buffer.len().checked_sub(head)? < length {
        return None;
    }
    buffer.advance(head);
    Some(Frame {
        opcode: first & 0x0f,
        payload: buffer.split_to(length).freeze(),
    })
}

/// A frame of a client. The mask hides nothing from anybody here, so it is always the same.
pub(crate) fn client_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x57, 0x65, 0x69, 0x72];
    let mut frame = vec![0x80 | opcode];
    match u16::try_from(payload.len()) {
        Ok(short @ ..126) => frame.push(0x80 | short as u8),
        length => {
            frame.push(0x80 | 126);
            frame.extend(length.unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

/// Takes a whole server-sent event from the front of `buffer`, if one is there.
pub(crate) fn take_event(buffer: &mut BytesMut) -> Option<Bytes> {
    let end = |pattern: &[u8]| {
        let found = buffer.windows(pattern.len()).position(|it| it == pattern);
        found.map(|at| at + pattern.len())
    };
    let end = end(b"\n\n").or_else(|| end(b"\r\n\r\n"))?;
    Some(buffer.split_to(end).freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_taken_when_they_are_whole() {
        for length in [0, 5, 125, 126, 70_000] {
            let payload = vec![b'x'; length];
            let mut wire = vec![0x81];
            match length {
                ..126 => wire.push(length as u8),
                126..65_536 => {
                    wire.push(126);
                    wire.extend((length as u16).to_be_bytes());
                }
                _ => {
                    wire.push(127);
                    wire.extend((length as u64).to_be_bytes());
                }
            }
            wire.extend(&payload);
            let mut buffer = BytesMut::from(&wire[..wire.len() - 1]);
            if length > 0 {
                assert_eq!(take_frame(&mut buffer), None, "{length}");
            }
            buffer.extend_from_slice(&wire[wire.len() - 1..]);
            if length == 0 {
                buffer = BytesMut::from(&wire[..]);
            }
            buffer.extend_from_slice(b"\x89\x00");
            let frame = take_frame(&mut buffer).unwrap();
            assert_eq!((frame.opcode, frame.payload.len()), (1, length));
            assert_eq!(take_frame(&mut buffer).unwrap().opcode, 9);
            assert!(buffer.is_empty());
        }
    }

    #[test]
    fn what_a_client_sends_is_masked() {
        let frame = client_frame(1, b"hello");
        assert_eq!(frame[..2], [0x81, 0x85]);
        let plain: Vec<u8> = frame[6..]
            .iter()
            .zip(frame[2..6].iter().cycle())
            .map(|(byte, mask)| byte ^ mask)
            .collect();
        assert_eq!(plain, b"hello");
        assert_eq!(client_frame(1, &[0; 300])[1..4], [0xfe, 1, 44]);
    }

    #[test]
    fn events_end_with_an_empty_line() {
        let mut buffer = BytesMut::from("event: a\ndata: 1\n\nevent: b\r\ndata: 2\r\n\r\nrest");
        assert_eq!(take_event(&mut buffer).unwrap(), "event: a\ndata: 1\n\n");
        assert_eq!(take_event(&mut buffer).unwrap(), "event: b\r\ndata: 2\r\n\r\n");
        assert_eq!(take_event(&mut buffer), None);
    }
}
