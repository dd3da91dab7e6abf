//! Mistakes in a configuration, each with its place and a way out.

use std::fmt;

/// A place in a file; lines and columns count from 1, columns in characters. The whole file is line 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Place {
    /// The place that many characters further on the same line.
    pub(crate) fn right(self, characters: usize) -> Self {
        Self {
            column: self.column + characters,
            ..self
        }
    }
}

/// One mistake in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1; 0 if the mistake is the whole file's.
    pub line: usize,
    /// The column in characters, from 1; 0 if the mistake is the whole file's.
    pub column: usize,
    /// What is wrong and what was expected.
    pub message: String,
    /// A way out, e.g. `did you mean 'workers'?`.
    pub help: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        if self.line > 0 {
            write!(f, "{}:{}:", self.line, self.column)?;
        }
        write!(f, " {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

/// All mistakes that were found in a configuration, in the file's order; at least one. Shown one a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(Vec<Diagnostic>);

impl ConfigErrors {
    /// The mistakes, in order. `mistakes` must not be empty.
    pub(crate) fn new(mut mistakes: Vec<Diagnostic>) -> Self {
        debug_assert!(!mistakes.is_empty(), "an error needs a mistake");
        mistakes.sort_by_key(|it| (it.line, it.column));
        Self(mistakes)
    }

    /// A mistake of the whole file.
    pub(crate) fn of_file(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self(vec![Diagnostic {
            file: file.into(),
            line: 0,
            column: 0,
            message: message.into(),
            help: None,
        }])
    }

    /// The mistakes, in the file's order.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, diagnostic) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
