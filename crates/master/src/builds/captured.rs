//! The beginning of what a command gives, for the step that runs it.

use super::checkpoint::CapturedRecord;
use super::journal::Journal;
use super::log::Channel;

/// The beginning of a command's standard output, or of what else it gives.
#[derive(Debug)]
pub(crate) struct Captured {
    pub(crate) bytes: Vec<u8>,
    /// How many bytes are kept.
    most: usize,
    /// How many of them are stored.
    stored: usize,
    /// Whether there were more.
    pub(crate) is_cut: bool,
    /// Whether they are not for the log.
    is_hidden: bool,
    /// Whether the standard error is kept too, each piece after its stream and length.
    has_both: bool,
    /// Whether what the command is for is kept instead.
    is_of_data: bool,
}

impl Captured {
    /// Keeps up to `most` bytes.
    pub(crate) fn up_to(most: usize) -> Self {
        Self {
            bytes: vec![],
            most,
            stored: 0,
            is_cut: false,
            is_hidden: false,
            has_both: false,
            is_of_data: false,
        }
    }

    /// Keeps what a command that is about files gives, instead of its standard output.
    pub(crate) fn of_data(self) -> Self {
        Self {
            is_of_data: true,
            ..self
        }
    }

    /// Keeps the standard error as well: [`Captured::both`] gives them.
    pub(crate) fn with_stderr(self) -> Self {
        Self {
            has_both: true,
            ..self
        }
    }

    /// The standard output and the standard error.
    pub(crate) fn both(&self) -> (Vec<u8>, Vec<u8>) {
        let (mut stdout, mut stderr) = (vec![], vec![]);
        let mut rest = self.bytes.as_slice();
        while let Some((&[stream, a, b, c, d], after)) = rest.split_first_chunk() {
            let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
            // The last piece may be cut.
            let (piece, after) = after.split_at(length.min(after.len()));
            match stream {
                0 => stdout.extend_from_slice(piece),
                _ => stderr.extend_from_slice(piece),
            }
            rest = after;
        }
        (stdout, stderr)
    }

    pub(super) fn take(&mut self, channel: Channel, bytes: &[u8]) {
        if self.is_of_data {
            return;
        }
        match (channel, self.has_both) {
            (Channel::Header | Channel::Data | Channel::File(_), _) | (Channel::Stderr, false) => {}
            (Channel::Stdout, false) => self.push(bytes),
            (_, true) => {
                let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                self.push(&[u8::from(channel == Channel::Stderr)]);
                self.push(&length.to_le_bytes());
                self.push(bytes);
            }
        }
    }

    /// Leaves them out of the log.
    pub(crate) fn hidden(self) -> Self {
        Self {
            is_hidden: true,
            ..self
        }
    }

    /// Takes what the command is for.
    pub(super) fn take_data(&mut self, bytes: &[u8]) {
        if self.is_of_data {
            self.push(bytes);
        }
    }

    /// Whether all of it is stored.
    pub(super) fn is_stored(&self) -> bool {
        self.stored == self.bytes.len()
    }

    /// Whether it is not for the log.
    pub(super) fn is_hidden(&self) -> bool {
        self.is_hidden
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = self.most - self.bytes.len();
        self.is_cut |= bytes.len() > room;
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// What is not stored yet, to be stored as the piece of the next checkpoint.
    pub(super) fn save(&mut self, journal: &mut Journal) -> Option<Vec<u8>> {
        let number = journal.next_number();
        let record = &mut journal.command_mut()?.captured;
        let piece = self.bytes.get(self.stored..).filter(|it| !it.is_empty());
        if piece.is_some() {
            let first = record.map_or(number, |it| it.first);
            *record = Some(CapturedRecord {
                first,
                last: number,
                is_cut: self.is_cut,
            });
        } else if let Some(record) = record {
            record.is_cut = self.is_cut;
        }
        let piece = piece.map(<[u8]>::to_vec);
        self.stored = self.bytes.len();
        piece
    }

    pub(super) fn restore(&mut self, journal: &Journal) {
        if let Some(record) = journal.command().and_then(|it| it.captured) {
            self.is_cut = record.is_cut;
            self.bytes = journal.captured(record).flatten().copied().collect();
            self.stored = self.bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_streams_come_back_apart() {
        let mut captured = Captured::up_to(22).with_stderr();
        captured.take(Channel::Stdout, b"one");
        captured.take(Channel::Header, b"no");
        captured.take(Channel::Stderr, b"two");
        captured.take(Channel::Stdout, b"three");
        assert!(captured.is_cut);
        assert_eq!(captured.both(), (b"onet".to_vec(), b"two".to_vec()));
        let mut one = Captured::up_to(22);
        one.take(Channel::Stderr, b"two");
        one.take(Channel::Stdout, b"one");
        assert_eq!(one.bytes, b"one");
    }
}
