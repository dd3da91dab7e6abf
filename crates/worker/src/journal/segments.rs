//! The files in which one command's older messages are.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;

use prost::Message;
use tracing::warn;

use weir_worker_protocol::MAX_MESSAGE;
use weir_worker_protocol::v1::FromCommand;

use super::space::Space;

/// No more is added to a file that has as much, in bytes.
const SEGMENT: u64 = 4 * 1024 * 1024;

/// The messages of one command that are on disk: each file has some in a row, the files follow each other.
///
/// A file goes when all of it is acknowledged. Nothing here outlives the process, so that nothing waits for the
/// disk to have it.
#[derive(Debug)]
pub(super) struct Segments {
    /// The command's own folder; made with the first file.
    folder: PathBuf,
    space: Arc<Space>,
    files: VecDeque<Segment>,
    /// Where the last reading ended.
    cursor: Option<Cursor>,
}

#[derive(Debug)]
struct Segment {
    path: PathBuf,
    first: u64,
    last: u64,
    bytes: u64,
    /// Nothing can be added to it.
    is_sealed: bool,
}

/// The place of a message.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    sequence: u64,
    offset: u64,
}

/// What [`Segments::append`] did.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Appended {
    /// The sequence of the last message that is on disk now.
    pub(super) last: u64,
    /// Whether those after it found no room.
    pub(super) is_full: bool,
}

impl Segments {
    /// None yet, in `folder`.
    pub(super) const fn new(folder: PathBuf, space: Arc<Space>) -> Self {
        Self {
            folder,
            space,
            files: VecDeque::new(),
            cursor: None,
        }
    }

    /// The sequence of the last message on disk, if there is one.
    fn last(&self) -> Option<u64> {
        self.files.back().map(|it| it.last)
    }

    /// Adds those of `messages`, the first of which has the sequence `first`, that are not there and for which there
    /// is room.
    ///
    /// # Errors
    /// If the disk takes them not: then none of them is there.
    pub(super) fn append(&mut self, first: u64, messages: &[FromCommand]) -> io::Result<Appended> {
        let have = self.last().map_or(0, |last| (last + 1).saturating_sub(first));
        let mut last = first + have - 1;
        let mut is_full = false;
        let mut bytes = Vec::new();
        for message in messages.iter().skip(usize::try_from(have).unwrap_or(usize::MAX)) {
            let size = message.encoded_len();
            let size = size + prost::length_delimiter_len(size);
            if !self.space.take(size as u64) {
                is_full = true;
                break;
            }
            bytes.reserve(size);
            message
                .encode_length_delimited(&mut bytes)
                .map_err(io::Error::other)?;
            last += 1;
        }
        if !bytes.is_empty()
            && let Err(error) = self.write(first + have, last, &bytes)
        {
            self.space.give_back(bytes.len() as u64);
            return Err(error);
        }
        Ok(Appended { last, is_full })
    }

    fn write(&mut self, first: u64, last: u64, bytes: &[u8]) -> io::Result<()> {
        let has_room = |it: &&mut Segment| !it.is_sealed && it.bytes < SEGMENT && it.last + 1 == first;
        if let Some(segment) = self.files.back_mut().filter(has_room) {
            let mut file = File::options().append(true).open(&segment.path)?;
            if let Err(error) = file.write_all(bytes) {
                // What may be of them in the file is behind its last message, and nothing comes after that.
                segment.is_sealed = true;
                let _ = file.set_len(segment.bytes);
                return Err(error);
            }
            segment.last = last;
            segment.bytes += bytes.len() as u64;
            return Ok(());
        }
        fs::create_dir_all(&self.folder)?;
        let path = self.folder.join(format!("{first:020}"));
        if let Err(error) = fs::write(&path, bytes) {
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        self.files.push_back(Segment {
            path,
            first,
            last,
            bytes: bytes.len() as u64,
            is_sealed: false,
        });
        Ok(())
    }

    /// The messages from the sequence `from` on, at least one of them and some `most` bytes, with their payloads.
    ///
    /// # Errors
    /// If they are not there, or cannot be read.
    pub(super) fn read(&mut self, from: u64, most: usize) -> io::Result<Vec<FromCommand>> {
        let segment = self
            .files
            .iter()
            .find(|it| (it.first..=it.last).contains(&from))
            .ok_or_else(|| io::Error::other(format!("message {from} is not in the journal")))?;
        let mut place = self
            .cursor
            .filter(|it| it.sequence == from && it.sequence != segment.first)
            .unwrap_or(Cursor {
                sequence: segment.first,
                offset: 0,
            });
        let mut file = BufReader::new(File::open(&segment.path)?);
        file.seek(SeekFrom::Start(place.offset))?;
        let (mut messages, mut bytes) = (Vec::new(), 0);
        while place.sequence <= segment.last && bytes < most {
            let (message, size) = read_message(&mut file)?;
            if message.sequence != place.sequence {
                let found = message.sequence;
                let why = format!("message {found} is where {} should be", place.sequence);
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
            if place.sequence >= from {
                bytes += size;
                messages.push(message);
            }
            place.sequence += 1;
            place.offset += size as u64;
        }
        self.cursor = Some(place);
        Ok(messages)
    }

    /// Whether [`Segments::release`] would do something.
    pub(super) fn can_release(&self, acknowledged: u64) -> bool {
        self.files.front().is_some_and(|it| it.last <= acknowledged)
    }

    /// Removes the files all of whose messages are acknowledged.
    pub(super) fn release(&mut self, acknowledged: u64) {
        while let Some(segment) = self.files.pop_front_if(|it| it.last <= acknowledged) {
            self.remove(&segment);
        }
    }

    /// Forgets the messages after the sequence `last`.
    pub(super) fn forget_after(&mut self, last: u64) {
        while let Some(segment) = self.files.pop_back_if(|it| it.first > last) {
            self.remove(&segment);
        }
        if let Some(segment) = self.files.back_mut()
            && segment.last > last
        {
            segment.last = last;
            segment.is_sealed = true;
        }
        self.cursor = None;
    }

    fn remove(&self, segment: &Segment) {
        if let Err(error) = fs::remove_file(&segment.path) {
            warn!("{} cannot be removed: {error}", segment.path.display());
        }
        self.space.give_back(segment.bytes);
    }
}

impl Drop for Segments {
    fn drop(&mut self) {
        if !self.files.is_empty() {
            self.release(u64::MAX);
        }
        let _ = fs::remove_dir(&self.folder);
    }
}

/// The next message, and how many bytes it took.
fn read_message(file: &mut impl Read) -> io::Result<(FromCommand, usize)> {
    let (mut length, mut shift, mut bytes) = (0_usize, 0, [0_u8]);
    loop {
        file.read_exact(&mut bytes)?;
        length |= usize::from(bytes[0] & 0x7f) << shift;
        shift += 7;
        if bytes[0] < 0x80 {
            break;
        }
        if shift > 28 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a length has no end"));
        }
    }
    if length > MAX_MESSAGE {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a message is too long",
        ));
    }
    let mut body = vec![0; length];
    file.read_exact(&mut body)?;
    let message = FromCommand::decode(bytes::Bytes::from(body))
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok((message, prost::length_delimiter_len(length) + length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use weir_worker_protocol::v1::{Output, from_command::News};

    use super::*;

    fn message(sequence: u64, size: usize) -> FromCommand {
        let data = vec![b'x'; size].into();
        FromCommand {
            command_id: "c".to_owned(),
            sequence,
            news: Some(News::Output(Output {
                stream: 1,
                data,
                ..Output::default()
            })),
        }
    }

    #[derive(Clone, Debug)]
    enum Act {
        /// So many messages of so many bytes come, and all that are not on disk are added.
        Append(u64, usize),
        /// From the message so many after the first that is kept, this many bytes are read.
        Read(u64, usize),
        /// So many more messages are acknowledged.
        Release(u64),
        /// The last messages are forgotten, but for so many.
        ForgetAllBut(u64),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            4 => (1..5_u64, 0..200_000_usize).prop_map(|(count, size)| Act::Append(count, size)),
            4 => (0..40_u64, 1..500_000_usize).prop_map(|(skip, most)| Act::Read(skip, most)),
            3 => (1..10_u64).prop_map(Act::Release),
            1 => (0..20_u64).prop_map(Act::ForgetAllBut),
        ]
    }

    /// All messages that there should be, and how many of them are on disk.
    struct Model {
        acknowledged: u64,
        on_disk: u64,
        messages: Vec<FromCommand>,
    }

    impl Model {
        fn last(&self) -> u64 {
            self.messages.len() as u64
        }

        fn from(&self, sequence: u64) -> &[FromCommand] {
            &self.messages[usize::try_from(sequence - 1).unwrap()..]
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn what_went_in_comes_out(acts in proptest::collection::vec(act(), 0..60)) {
            let folder = tempfile::tempdir().unwrap();
            let space = Arc::new(Space::new(9_000_000));
            let mut segments = Segments::new(folder.path().join("c"), Arc::clone(&space));
            let mut model = Model { acknowledged: 0, on_disk: 0, messages: vec![] };
            for act in acts {
                match act {
                    Act::Append(count, size) => {
                        for _ in 0..count {
                            model.messages.push(message(model.last() + 1, size));
                        }
                        let first = model.on_disk.max(model.acknowledged) + 1;
                        let appended = segments.append(first, model.from(first)).unwrap();
                        prop_assert_eq!(appended.is_full, appended.last < model.last());
                        prop_assert!(appended.last + 1 >= first);
                        model.on_disk = appended.last;
                    }
                    Act::Read(skip, most) => {
                        let from = model.acknowledged + 1 + skip;
                        if from > model.on_disk {
                            prop_assert!(segments.read(from, most).is_err());
                            continue;
                        }
                        let read = segments.read(from, most).unwrap();
                        prop_assert!(!read.is_empty());
                        prop_assert_eq!(&read[..], &model.from(from)[..read.len()]);
                    }
                    Act::Release(count) => {
                        model.acknowledged = (model.acknowledged + count).min(model.last());
                        segments.release(model.acknowledged);
                        prop_assert!(!segments.can_release(model.acknowledged));
                        model.on_disk = model.on_disk.max(model.acknowledged);
                    }
                    Act::ForgetAllBut(count) => {
                        let last = (model.acknowledged + count).min(model.last());
                        segments.forget_after(last);
                        model.messages.truncate(usize::try_from(last).unwrap());
                        model.on_disk = model.on_disk.min(last);
                    }
                }
            }
            drop(segments);
            prop_assert!(!folder.path().join("c").exists());
            prop_assert!(space.take(9_000_000), "all room is given back");
        }
    }

    #[test]
    fn a_journal_that_was_changed_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let mut segments = Segments::new(folder.path().to_owned(), Arc::new(Space::new(1_000_000)));
        segments.append(1, &[message(1, 10), message(2, 10)]).unwrap();
        let file = folder.path().join("00000000000000000001");
        let bytes = fs::read(&file).unwrap();
        for wrong in [&bytes[..bytes.len() - 1], &[0xff; 40], &bytes[bytes.len() / 2..]] {
            fs::write(&file, wrong).unwrap();
            assert!(segments.read(1, 1_000).is_err());
        }
        fs::write(&file, &bytes).unwrap();
        assert_eq!(segments.read(2, 1_000).unwrap(), [message(2, 10)]);
    }
}
