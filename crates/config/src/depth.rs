//! Bounds how deep a file nests, before it is parsed: parser and compiler take stack for each level, and a stack
//! that ends takes the whole process with it.

use starlark::codemap::{CodeMap, Pos, Span};
use starlark::syntax::Dialect;
use starlark_syntax::lexer::{Lexer, Token};

use crate::diagnostic::Place;
use crate::sites;

/// Tokens that can stand for a level of nesting, at one place of a file.
pub(crate) const MAX_DEPTH: usize = 1000;

/// The first place that can nest deeper than [`MAX_DEPTH`]. Tokens since the last comma or line at each level of
/// brackets are counted, since each can nest: operators, `not`, `lambda`, calls of what calls give.
pub(crate) fn too_deep(source: &str, file_name: &str, dialect: &Dialect) -> Option<Place> {
    let map = CodeMap::new(file_name.to_owned(), source.to_owned());
    let mut depth = Depth {
        levels: vec![0],
        indents: 0,
        total: 0,
    };
    // Alternatives nest as well, however far they are apart.
    let mut alternatives = 0;
    // What is no token ends it: the parser says so.
    for (begin, token, end) in Lexer::new(source, dialect, map.clone()).map_while(Result::ok) {
        depth.count(&token);
        alternatives += usize::from(matches!(token, Token::Elif));
        if depth.total + depth.indents + alternatives > MAX_DEPTH {
            let pos = |it: usize| Pos::new(u32::try_from(it).unwrap_or(u32::MAX));
            return Some(sites::place(&map, Span::new(pos(begin), pos(end))));
        }
    }
    None
}

/// Where in the nesting a token is.
struct Depth {
    /// Tokens since the last comma, for each open bracket; the first is outside of all.
    levels: Vec<usize>,
    indents: usize,
    /// The sum of `levels`.
    total: usize,
}

impl Depth {
    fn count(&mut self, token: &Token) {
        match token {
            Token::Comment(_) => {}
            Token::Indent => self.indents += 1,
            Token::Dedent => self.indents = self.indents.saturating_sub(1),
            Token::Comma | Token::Newline => self.forget(),
            Token::OpeningRound | Token::OpeningSquare | Token::OpeningCurly => {
                self.add();
                self.levels.push(0);
            }
            Token::ClosingRound | Token::ClosingSquare | Token::ClosingCurly if self.levels.len() > 1 => {
                self.forget();
                self.levels.pop();
            }
            _ => self.add(),
        }
    }

    fn add(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            *level += 1;
            self.total += 1;
        }
    }

    fn forget(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            self.total -= std::mem::take(level);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_too_deep(source: &str) -> bool {
        too_deep(source, "a.star", &Dialect::Standard).is_some()
    }

    #[test]
    fn what_is_long_is_not_deep() {
        assert!(!is_too_deep(&"f(a, b = [1, 2], c = {3: (4)})\n".repeat(2000)));
        assert!(!is_too_deep(&format!("x = [{}]", "f(a + b), ".repeat(2000))));
        assert!(!is_too_deep(&"if a:\n    f()\nelse:\n    g()\n".repeat(2000)));
    }

    #[test]
    fn what_nests_is_deep() {
        for piece in [
            "(",
            "[",
            "not ",
            "-",
            "1+",
            "lambda: ",
            "a if a else ",
            "f(",
            "f()",
            ".a",
            "[0]",
            "{1: ",
        ] {
            assert!(is_too_deep(&format!("a{}", piece.repeat(1500))), "{piece}");
        }
        assert!(is_too_deep(&"elif a:\n  f()\n".repeat(1500)));
    }
}
