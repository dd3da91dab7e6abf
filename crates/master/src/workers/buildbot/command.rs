//! A command that a Buildbot worker runs, told as one of Weir's own workers would tell it.

use std::collections::VecDeque;

use bytes::Bytes;
use prost::Message as _;
use weir_buildbot_wire::Failure;
use weir_buildbot_wire::worker::{Command, FailureReason, FileStat, Update};
use weir_worker_protocol::v1::{
    FileFacts, Finished, FromCommand, Output, Piece, Read, StartCommand, Stream, Timeout, finished::Outcome,
    from_command::News, start_command::What,
};
use weir_worker_protocol::{MAX_OUTPUT, MESSAGE_OVERHEAD};

use super::line::{Part, Reply};
use super::place::{Home, Workdir};

/// What old workers say in a header only.
const KILLED_BY: &str = "process killed by signal ";
const TIMED_OUT: &str = "command timed out:";
/// How many bytes may wait for the window before a worker's upload does.
const AHEAD: usize = MAX_OUTPUT;
/// How many bytes may be unacknowledged, however large the window is: nobody goes on with the command after a lost
/// connection, and the worker's own connection holds what comes behind them.
const WINDOW: usize = 1024 * 1024;

/// A command.
#[derive(Debug)]
pub(super) struct Play {
    id: String,
    /// The folder of its builder.
    pub(super) folder: String,
    /// What is still to be done.
    pub(super) todo: VecDeque<Command>,
    /// What its worker does now.
    pub(super) part: Option<Part>,
    /// Why it is to end.
    pub(super) interrupted: Option<String>,
    /// Whether a program runs, and nothing is done to files.
    is_program: bool,
    /// The folder in which its paths begin, as its worker writes it.
    root: String,
    /// Lines that it may write yet, where the worker does not count them.
    lines_left: Option<u64>,
    code: Option<i64>,
    signal: Option<i32>,
    timeout: Option<Timeout>,
    /// The offset and the call of a piece that the worker waits for.
    reading: Option<(u64, Reply)>,
    /// How much of its file was given to the worker.
    offset: u64,
    /// A write whose answer waits until there is room.
    writing: Option<Reply>,
    /// What was said and not handed over, since the window is full.
    said: VecDeque<News>,
    /// What was handed over and is not acknowledged: the size of each.
    unacknowledged: VecDeque<usize>,
    bytes: usize,
    window: usize,
    sequence: u64,
    pub(super) has_ended: bool,
}

impl Play {
    pub(super) fn new(start: &StartCommand, home: &Home) -> Self {
        let workdir = Workdir::of(&start.workdir);
        Self {
            id: start.command_id.clone(),
            folder: workdir.folder.to_owned(),
            is_program: matches!(start.what, Some(What::Argv(_) | What::Script(_))),
            root: home.in_full(workdir),
            todo: VecDeque::new(),
            part: None,
            interrupted: None,
            lines_left: None,
            code: None,
            signal: None,
            timeout: None,
            reading: None,
            offset: 0,
            writing: None,
            said: VecDeque::new(),
            unacknowledged: VecDeque::new(),
            bytes: 0,
            window: usize::try_from(start.window_bytes).map_or(WINDOW, |it| it.min(WINDOW)),
            sequence: 0,
            has_ended: false,
        }
    }

    /// Counts lines here, for a worker that cannot.
    pub(super) fn count_lines(&mut self, most: u64) {
        self.lines_left = (most > 0).then_some(most);
    }

    /// Something that its worker tells.
    pub(super) fn update(&mut self, update: Update) {
        match update {
            Update::Stdout(text) => self.written(Stream::Stdout, text.text),
            Update::Stderr(text) => self.written(Stream::Stderr, text.text),
            Update::Header(text) => {
                self.read_header(&text.text);
                self.say(&text.text);
                // What is said of files ends without one.
                if !text.text.ends_with('\n') && !self.is_program {
                    self.say("\n");
                }
            }
            Update::Log { name, text } => self.output(Stream::File, &name, text.text.into()),
            Update::ReturnCode(code) => {
                // Odd workers leave it open, which is no success.
                self.code = Some(code.unwrap_or(-1));
            }
            Update::FailureReason(reason) => {
                self.timeout = match reason {
                    FailureReason::TimeoutWithoutOutput => Some(Timeout::Idle),
                    FailureReason::Timeout => Some(Timeout::Total),
                    FailureReason::MaxLines => Some(Timeout::Lines),
                    FailureReason::Other(_) => self.timeout,
                };
            }
            Update::Files(mut files) => {
                files.sort();
                let names = files.iter().map(|it| format!("{}\0", self.below_root(it)));
                self.output(Stream::Data, "", names.collect::<String>().into());
            }
            Update::Stat(stat) => {
                let facts = facts(&stat).encode_to_vec();
                self.output(Stream::Data, "", facts.into());
            }
            Update::Elapsed(_) | Update::Other { .. } => {}
        }
    }

    /// The path as it begins in the command's folder, if it is in there.
    fn below_root<'p>(&self, path: &'p str) -> &'p str {
        let below = path.strip_prefix(&self.root);
        below.and_then(|it| it.strip_prefix(['/', '\\'])).unwrap_or(path)
    }

    fn written(&mut self, stream: Stream, text: String) {
        if let Some(left) = &mut self.lines_left {
            let lines = text.bytes().filter(|it| *it == b'\n').count() as u64;
            *left = left.saturating_sub(lines);
            if *left == 0 && self.timeout.is_none() {
                self.timeout = Some(Timeout::Lines);
            }
        }
        self.output(stream, "", text.into());
    }

    /// Whether it is to be ended for what it wrote.
    pub(super) fn is_too_long(&self) -> bool {
        self.lines_left == Some(0)
    }

    /// What workers say in headers: newer ones say it in other words too.
    fn read_header(&mut self, text: &str) {
        for line in text.lines() {
            if let Some(signal) = line.strip_prefix(KILLED_BY) {
                self.signal = signal.trim().parse().ok();
            }
            if line.starts_with(TIMED_OUT) && self.timeout.is_none() {
                let is_idle = line.contains("without output");
                self.timeout = Some(if is_idle { Timeout::Idle } else { Timeout::Total });
            }
        }
    }

    /// A piece of its upload; `reply` is answered when there is room for more.
    pub(super) fn write(&mut self, bytes: Vec<u8>, reply: Reply) {
        self.output(Stream::Data, "", bytes.into());
        self.writing = Some(reply);
    }

    /// What can be answered now.
    pub(super) fn answerable(&mut self) -> Option<Reply> {
        let waiting = self.said.iter().map(size).sum::<usize>();
        self.writing.take_if(|_| waiting <= AHEAD)
    }

    /// Its worker wants a piece of its file.
    pub(super) fn read(&mut self, most: u64, reply: Reply) {
        self.reading = Some((self.offset, reply));
        self.said.push_back(News::Read(Read {
            offset: self.offset,
            most: u32::try_from(most).unwrap_or(u32::MAX),
        }));
    }

    /// The piece that its worker waits for, and whom to answer with it.
    pub(super) fn piece(&mut self, piece: Piece) -> Option<(Reply, Result<Bytes, String>)> {
        let (_, reply) = self.reading.take_if(|(offset, _)| *offset == piece.offset)?;
        self.offset += piece.data.len() as u64;
        Some(match piece.failure.is_empty() {
            true => (reply, Ok(piece.data)),
            false => (reply, Err(piece.failure)),
        })
    }

    /// The worker has done what it was told last. Gives whether there is more to do.
    pub(super) fn completed(&mut self, failure: Option<&Failure>) -> bool {
        self.part = None;
        self.reading = None;
        let goes_on = failure.is_none()
            && self.code == Some(0)
            && self.interrupted.is_none()
            && self.timeout.is_none()
            && !self.todo.is_empty();
        if !goes_on {
            self.finish(failure);
        }
        goes_on
    }

    fn finish(&mut self, failure: Option<&Failure>) {
        if let Some(failure) = failure {
            self.say(&format!("the worker failed: {failure}\n"));
            if let Some(trace) = failure.traceback() {
                self.say(&format!("{}\n", trace.trim_end()));
            }
        }
        let outcome = match (&self.interrupted, self.timeout, self.signal, self.code) {
            (Some(why), ..) => Outcome::Interrupted(why.clone()),
            (None, Some(timeout), ..) => Outcome::TimedOut(timeout.into()),
            (None, None, Some(signal), _) => Outcome::Signal(signal),
            (None, None, None, Some(code)) => {
                let code = i32::try_from(code).unwrap_or(-1);
                if self.is_program {
                    self.say(&format!("program finished with exit code {code}\n"));
                }
                Outcome::ExitCode(code)
            }
            (None, None, None, None) => Outcome::CouldNotStart(match failure {
                Some(failure) => failure.to_string(),
                None => "the worker does not say how it ended".to_owned(),
            }),
        };
        self.end(outcome);
    }

    /// It never ran, because `why`.
    pub(super) fn give_up(&mut self, why: &str) {
        self.say(&format!("{why}\n"));
        self.end(match &self.interrupted {
            Some(why) => Outcome::Interrupted(why.clone()),
            None => Outcome::CouldNotStart(why.to_owned()),
        });
    }

    fn end(&mut self, outcome: Outcome) {
        if !self.has_ended {
            self.has_ended = true;
            self.said.push_back(News::Finished(Finished {
                // Buildbot's own measure of it is in the log.
                elapsed_us: 0,
                outcome: Some(outcome),
            }));
        }
    }

    fn say(&mut self, text: &str) {
        self.output(Stream::Header, "", text.to_owned().into());
    }

    fn output(&mut self, stream: Stream, file: &str, mut bytes: Bytes) {
        while !bytes.is_empty() {
            let data = bytes.split_to(bytes.len().min(MAX_OUTPUT));
            self.said.push_back(News::Output(Output {
                stream: stream.into(),
                data,
                file: file.to_owned(),
            }));
        }
    }

    /// What goes to the master next; none if there is nothing, or no room.
    pub(super) fn next(&mut self) -> Option<FromCommand> {
        let size = size(self.said.front()?) + MESSAGE_OVERHEAD;
        // A command without any room would never end.
        if self.bytes > 0 && self.bytes + size > self.window {
            return None;
        }
        let news = self.said.pop_front()?;
        self.bytes += size;
        self.unacknowledged.push_back(size);
        self.sequence += 1;
        Some(FromCommand {
            command_id: self.id.clone(),
            sequence: self.sequence,
            news: Some(news),
        })
    }

    /// The master has stored everything up to `sequence`.
    pub(super) fn acknowledged(&mut self, sequence: u64) {
        while self.sequence - (self.unacknowledged.len() as u64) < sequence {
            let Some(size) = self.unacknowledged.pop_front() else {
                return;
            };
            self.bytes -= size;
        }
    }

    /// Whether it has more to say than there is room for.
    pub(super) fn is_full(&self) -> bool {
        !self.said.is_empty()
    }

    /// Whether everything was handed over.
    pub(super) fn is_over(&self) -> bool {
        self.has_ended && self.said.is_empty()
    }
}

fn size(news: &News) -> usize {
    match news {
        News::Output(output) => output.data.len(),
        News::Finished(_) | News::Read(_) => 0,
    }
}

const fn facts(stat: &FileStat) -> FileFacts {
    FileFacts {
        mode: stat.mode,
        size: stat.size,
        accessed: stat.accessed,
        modified: stat.modified,
    }
}
