//! What test programs write about their tests.
//!
//! # Goals
//! - From bytes, in any pieces, to results: libtest's and TAP's lines, JUnit's XML, subunit's packets. See [`Reader`].
//! - The form in which a worker sends many files as one output. See [`FileReader`].
//! - Whatever the bytes are, it neither fails nor takes more memory than the documented bounds: what cannot be read is
//!   a [problem](Reader::problem), told once.
//!
//! # Non-goals
//! - Nothing is stored here, and no result decides how a step ends.

mod files;
mod junit;
mod lines;
mod subunit;
mod verdict;

use std::time::Duration;

use lines::Lines;
use subunit::Subunit;

pub use files::{FileReader, Piece, SCRIPT};

/// How many characters of a test's name are kept.
pub const LONGEST_NAME: usize = 250;
/// How many characters of a path are kept.
pub const LONGEST_PATH: usize = 1_000;
/// How many bytes a document can have that is read as a whole: 16 MiB.
pub const LARGEST_DOCUMENT: usize = 16 * 1024 * 1024;

/// How a test program tells of its tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As the test programs of Rust do: `test NAME ... ok`.
    Libtest,
    /// The Test Anything Protocol: `ok 1 - NAME`, of the outermost tests.
    Tap,
    /// JUnit's XML, as many other programs write it too. At most [`LARGEST_DOCUMENT`] bytes.
    Junit,
    /// subunit: packets of version 2, lines of version 1.
    Subunit,
}

/// What a test came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should.
    Passed,
    /// Not so, or it could not be run.
    Failed,
    /// It was left out.
    Skipped,
}

/// One test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    /// Its name, never empty, at most [`LONGEST_NAME`] characters and none of them NUL.
    pub name: String,
    /// The path of its source, at most [`LONGEST_PATH`] characters and none of them NUL.
    pub path: Option<String>,
    /// The line there, from 1.
    pub line: Option<u32>,
    /// How long it took.
    pub duration: Option<Duration>,
    /// What it came to.
    pub outcome: Outcome,
}

impl TestResult {
    /// One without a place and a duration; none if the name is empty.
    fn new(name: &str, outcome: Outcome) -> Option<Self> {
        let name = kept(name, LONGEST_NAME)?;
        Some(Self {
            name,
            path: None,
            line: None,
            duration: None,
            outcome,
        })
    }
}

/// The beginning of a text without space around it and without NUL, for which databases have no place; none if it is
/// empty.
fn kept(text: &str, most: usize) -> Option<String> {
    let text = text.trim();
    let plain = |c| if c == '\0' { char::REPLACEMENT_CHARACTER } else { c };
    (!text.is_empty()).then(|| text.chars().take(most).map(plain).collect())
}

/// Takes the results that are found.
pub type Found<'f> = dyn FnMut(TestResult) + 'f;

/// The result that a line of a format of lines tells of; none if it tells of none, or the format is another.
pub fn in_line(format: Format, line: &str) -> Option<TestResult> {
    match format {
        Format::Libtest => verdict::libtest(line),
        Format::Tap => verdict::tap(line),
        Format::Junit | Format::Subunit => None,
    }
}

/// Reads the bytes of one test program, or of one file.
#[derive(Debug)]
pub struct Reader {
    parser: Parser,
    problem: Option<String>,
}

#[derive(Debug)]
enum Parser {
    Lines(Lines, fn(&str) -> Option<TestResult>),
    Document(Vec<u8>),
    Subunit(Box<Subunit>),
}

impl Reader {
    /// Nothing came yet.
    pub fn new(format: Format) -> Self {
        let parser = match format {
            Format::Libtest => Parser::Lines(Lines::default(), verdict::libtest),
            Format::Tap => Parser::Lines(Lines::default(), verdict::tap),
            Format::Junit => Parser::Document(vec![]),
            Format::Subunit => Parser::Subunit(Box::default()),
        };
        Self {
            parser,
            problem: None,
        }
    }

    /// Takes bytes; what they say is found now or later.
    pub fn push(&mut self, bytes: &[u8], found: &mut Found<'_>) {
        match &mut self.parser {
            Parser::Lines(lines, verdict) => lines.push(bytes, &mut |line| {
                if let Some(result) = verdict(line) {
                    found(result);
                }
            }),
            Parser::Document(_) if self.problem.is_some() => {}
            Parser::Document(document) => {
                if document.len() + bytes.len() > LARGEST_DOCUMENT {
                    self.problem = Some(format!("it has more than {LARGEST_DOCUMENT} bytes"));
                    *document = vec![];
                } else {
                    document.extend_from_slice(bytes);
                }
            }
            Parser::Subunit(subunit) => subunit.push(bytes, found),
        }
    }

    /// Nothing more comes.
    pub fn finish(&mut self, found: &mut Found<'_>) {
        match &mut self.parser {
            Parser::Lines(lines, verdict) => lines.finish(&mut |line| {
                if let Some(result) = verdict(line) {
                    found(result);
                }
            }),
            Parser::Document(document) => {
                let document = std::mem::take(document);
                if self.problem.is_none() {
                    self.problem = junit::read(&document, found).err();
                }
            }
            Parser::Subunit(subunit) => subunit.finish(found),
        }
    }

    /// Why not all could be read: the first reason, as the end of a sentence about the file or the output.
    pub fn problem(&self) -> Option<&str> {
        match &self.parser {
            Parser::Subunit(subunit) => subunit.problem(),
            Parser::Lines(..) | Parser::Document(_) => self.problem.as_deref(),
        }
    }
}
