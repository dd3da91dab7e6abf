//! Results in what is read as a whole: the output of a command, or files that it sent.

use weir_config::TestFormat;
use weir_test_results::{FileReader, Format, Piece, Reader};

use super::TestResults;
use super::line::known;
use crate::builds::log::LogWriter;

/// How many problems of one step are told; those beyond are counted only.
const MOST_PROBLEMS: usize = 20;

/// What was read beside results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// How many files there were.
    pub(crate) files: u64,
    /// What could not be read to its end, and why.
    pub(crate) problems: Vec<String>,
}

impl TestResults {
    /// Reads the whole output of a command.
    pub(crate) fn read_output(&mut self, format: TestFormat, output: &[u8]) -> Report {
        let mut reader = Reader::new(known(format));
        reader.push(output, &mut |it| self.reader.add(it));
        reader.finish(&mut |it| self.reader.add(it));
        Report {
            files: 0,
            problems: reader
                .problem()
                .map(|why| format!("the output: {why}"))
                .into_iter()
                .collect(),
        }
    }

    /// Reads the files that are in the output of [`weir_test_results::SCRIPT`].
    pub(crate) fn read_files(&mut self, format: TestFormat, output: &[u8]) -> Report {
        let mut files = Files {
            format: known(format),
            open: None,
            report: Report::default(),
        };
        let mut reader = FileReader::default();
        reader.push(output, &mut |piece| files.take(&piece, self));
        reader.finish(&mut |piece| files.take(&piece, self));
        files.report
    }
}

impl Report {
    /// Says what could not be read.
    pub(crate) fn say(&self, log: &mut LogWriter) {
        for problem in self.problems.iter().take(MOST_PROBLEMS) {
            log.say(&format!("test results of {}", problem));
        }
        if self.problems.len() > MOST_PROBLEMS {
            log.say(&format!("and {} more", self.problems.len() - MOST_PROBLEMS));
        }
    }
}

/// Files, one after the other.
struct Files {
    format: Format,
    /// The one that is being read.
    open: Option<(String, Reader)>,
    report: Report,
}

impl Files {
    fn take(&mut self, piece: &Piece<'_>, results: &mut TestResults) {
        let problems = &mut self.report.problems;
        match piece {
            Piece::Begin(path) => {
                self.report.files += 1;
                self.open = Some(((*path).to_owned(), Reader::new(self.format)));
            }
            Piece::Bytes(bytes) => {
                if let Some((_, reader)) = &mut self.open {
                    reader.push(bytes, &mut |it| results.reader.add(it));
                }
            }
            Piece::End => {
                if let Some((path, mut reader)) = self.open.take() {
                    reader.finish(&mut |it| results.reader.add(it));
                    problems.extend(reader.problem().map(|why| format!("{path}: {why}")));
                }
            }
            Piece::Large(path, size) => {
                self.report.files += 1;
                problems.push(format!("{path}: it has {size} bytes, which is too much"));
            }
            Piece::Broken(why) => problems.push(format!("the files: {why}")),
        }
    }
}
