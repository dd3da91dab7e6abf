//! Turning the bytes of a command's streams into the lines of a log.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

/// A longer line is cut into several, so that one endless line cannot fill the memory. In bytes.
const LONGEST_LINE: usize = 64 * 1024;

/// One stream of a log, whose bytes come in any pieces.
///
/// Lines end at `\n`, `\r\n` or a lone `\r` (a progress bar that redraws itself gives a line each time).
/// Bytes that are no text in its encoding, UTF-8 unless said otherwise, become U+FFFD. What is not yet a whole line waits for the rest.
#[derive(Debug)]
pub struct LineBuffer {
    letter: Option<char>,
    encoding: &'static Encoding,
    partial: Vec<u8>,
    after_carriage_return: bool,
}

impl LineBuffer {
    /// A stream whose lines begin with `letter` (`o`, `e` or `h` in a stdio log), or with nothing.
    pub const fn new(letter: Option<char>) -> Self {
        Self {
            letter,
            encoding: UTF_8,
            partial: Vec::new(),
            after_carriage_return: false,
        }
    }

    /// The same for text in this encoding, in which line ends are the bytes that they are in ASCII.
    pub(super) const fn in_encoding(mut self, encoding: &'static Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// The beginning of the line that is not whole yet, and whether a carriage return came last, of which a line feed
    /// would be a part.
    pub(super) fn tail(&self) -> (&[u8], bool) {
        (&self.partial, self.after_carriage_return)
    }

    /// One that goes on after such a tail.
    pub(super) fn with_tail(self, partial: Vec<u8>, after_carriage_return: bool) -> Self {
        Self {
            partial,
            after_carriage_return,
            ..self
        }
    }

    /// Takes `bytes` and adds the lines that they complete to `lines`, each with its letter and `\n`.
    pub fn push(&mut self, bytes: &[u8], lines: &mut String) {
        let mut rest = bytes;
        if self.after_carriage_return && !rest.is_empty() {
            self.after_carriage_return = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.extend(&rest[..end], lines);
            self.end_line(lines);
            let carriage_return = rest[end] == b'\r';
            rest = &rest[end + 1..];
            if carriage_return {
                match rest.first() {
                    Some(b'\n') => rest = &rest[1..],
                    Some(_) => {}
                    None => self.after_carriage_return = true,
                }
            }
        }
        self.extend(rest, lines);
    }

    /// Ends the stream: what waits becomes the last line.
    pub fn finish(&mut self, lines: &mut String) {
        if !self.partial.is_empty() {
            self.end_line(lines);
        }
    }

    fn extend(&mut self, mut bytes: &[u8], lines: &mut String) {
        while self.partial.len() + bytes.len() > LONGEST_LINE {
            let (now, later) = bytes.split_at(LONGEST_LINE - self.partial.len());
            self.partial.extend_from_slice(now);
            let begun = match self.encoding == UTF_8 {
                true => begun_character(&self.partial),
                false => 0,
            };
            let whole = self.partial.len() - begun;
            let waiting = self.partial.split_off(whole);
            self.end_line(lines);
            self.partial = waiting;
            bytes = later;
        }
        self.partial.extend_from_slice(bytes);
    }

    fn end_line(&mut self, lines: &mut String) {
        lines.extend(self.letter);
        lines.push_str(&text(&self.partial, self.encoding));
        lines.push('\n');
        self.partial.clear();
    }
}

/// Bytes as text; what is none becomes U+FFFD.
pub(super) fn text<'b>(bytes: &'b [u8], encoding: &'static Encoding) -> Cow<'b, str> {
    match encoding == UTF_8 {
        true => String::from_utf8_lossy(bytes),
        false => encoding.decode_without_bom_handling(bytes).0,
    }
}

/// How many bytes at the end are the beginning of a UTF-8 character whose rest is still to come (0 to 3).
fn begun_character(bytes: &[u8]) -> usize {
    for length in 1..=bytes.len().min(3) {
        let byte = bytes[bytes.len() - length];
        let wants = match byte {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            0x80..=0xBF => continue,
            _ => return 0,
        };
        return if wants > length { length } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(pieces: &[&[u8]]) -> String {
        let mut lines = String::new();
        let mut buffer = LineBuffer::new(Some('o'));
        for piece in pieces {
            buffer.push(piece, &mut lines);
        }
        buffer.finish(&mut lines);
        lines
    }

    #[test]
    fn every_line_end_counts_once() {
        assert_eq!(lines_of(&[b"a\nb\r\nc\rd"]), "oa\nob\noc\nod\n");
        assert_eq!(lines_of(&[b"a\r", b"\nb"]), "oa\nob\n");
        assert_eq!(lines_of(&[b"a\r", b"", b"\n\n"]), "oa\no\n");
        assert_eq!(lines_of(&[b""]), "");
        assert_eq!(lines_of(&[b"\n\n"]), "o\no\n");
    }

    #[test]
    fn cuts_between_pieces_change_nothing() {
        let text = "eins\r\nzwei: grün ✓ 𝄞\rdrei\n\nfünf".as_bytes();
        let whole = lines_of(&[text]);
        for first in 0..text.len() {
            for second in first..text.len() {
                assert_eq!(
                    lines_of(&[&text[..first], &text[first..second], &text[second..]]),
                    whole
                );
            }
        }
    }

    #[test]
    fn a_stream_goes_on_after_its_tail() {
        let text = "eins\r\nzwei: grün ✓\rdrei\n\nfünf".as_bytes();
        let whole = lines_of(&[text]);
        for cut in 0..text.len() {
            let mut lines = String::new();
            let mut before = LineBuffer::new(Some('o'));
            before.push(&text[..cut], &mut lines);
            let (partial, after_carriage_return) = before.tail();
            let mut after = LineBuffer::new(Some('o')).with_tail(partial.to_vec(), after_carriage_return);
            after.push(&text[cut..], &mut lines);
            after.finish(&mut lines);
            assert_eq!(lines, whole, "{cut}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_as_such() {
        assert_eq!(lines_of(&[b"a\xffb\n"]), "oa\u{fffd}b\n");
    }

    #[test]
    fn text_is_read_in_its_encoding() {
        for (encoding, bytes) in [
            (encoding_rs::WINDOWS_1252, &b"gr\xfcn\n\x80"[..]),
            (encoding_rs::GB18030, b"gr\xa8\xb9n\n\x80"),
            (encoding_rs::UTF_8, "grün\n€".as_bytes()),
        ] {
            for cut in 0..bytes.len() {
                let mut lines = String::new();
                let mut buffer = LineBuffer::new(None).in_encoding(encoding);
                buffer.push(&bytes[..cut], &mut lines);
                buffer.push(&bytes[cut..], &mut lines);
                buffer.finish(&mut lines);
                assert_eq!(lines, "grün\n€\n", "{encoding:?} {cut}");
            }
        }
    }

    #[test]
    fn an_endless_line_is_cut_between_characters() {
        let text = "€".repeat(LONGEST_LINE);
        let lines = lines_of(&[text.as_bytes()]);
        assert!(lines.lines().all(|line| line.len() <= LONGEST_LINE + 1));
        assert_eq!(lines.lines().map(|line| &line[1..]).collect::<String>(), text);
    }
}
