//! Lines of bytes that come in any pieces.

/// A longer line is cut into several. In bytes.
const LONGEST_LINE: usize = 64 * 1024;

/// What is not yet a whole line.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Takes bytes, and gives each line that they complete, without its end (`\n`, `\r\n`, `\r`). Bytes that are no
    /// UTF-8 become U+FFFD.
    pub(crate) fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(&str)) {
        for piece in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let (text, ends) = match piece.split_last() {
                Some((b'\n' | b'\r', text)) => (text, true),
                _ => (piece, false),
            };
            for part in text.chunks(LONGEST_LINE) {
                if self.partial.len() + part.len() > LONGEST_LINE {
                    self.end(each);
                }
                self.partial.extend_from_slice(part);
            }
            if ends {
                self.end(each);
            }
        }
    }

    /// Gives the line that nothing ended.
    pub(crate) fn finish(&mut self, each: &mut dyn FnMut(&str)) {
        self.end(each);
    }

    /// Empty lines say nothing, so that `\r\n` may end two.
    fn end(&mut self, each: &mut dyn FnMut(&str)) {
        if !self.partial.is_empty() {
            each(&String::from_utf8_lossy(&self.partial));
            self.partial.clear();
        }
    }
}
