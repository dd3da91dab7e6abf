//! From bytes, in any pieces, to expressions.

use super::{Dialect, Expression, token, vocabulary};
use crate::{Error, Limits, Result};

/// Bytes that the number before a token's kind can have.
const LONGEST_NUMBER: usize = 64;
/// Bytes of a float.
const FLOAT: usize = 8;
/// From how many bytes on those that were read are dropped before all are.
const WORTH_DROPPING: usize = 64 * 1024;

/// Takes bytes and gives the expressions that are whole.
///
/// A list grows as its items come, and a string is taken once it is there: what a header promises is checked against the
/// limits at once, and costs nothing.
#[derive(Debug)]
pub struct Decoder {
    dialect: Dialect,
    limits: Limits,
    input: Vec<u8>,
    /// How much of the input was read.
    read: usize,
    open: Vec<OpenList>,
    /// Bytes of the expression that is being read, so far.
    size: usize,
    /// Items that its lists have promised, so far.
    items: usize,
}

/// A list whose items are coming.
#[derive(Debug)]
struct OpenList {
    missing: usize,
    items: Vec<Expression>,
}

/// A token, and how many bytes it has.
struct Token {
    length: usize,
    what: What,
}

enum What {
    /// Something whole.
    Whole(Expression),
    /// The head of a list with so many items.
    List(usize),
}

impl Decoder {
    /// Nothing has come.
    pub const fn new(limits: Limits) -> Self {
        Self {
            dialect: Dialect::None,
            limits,
            input: vec![],
            read: 0,
            open: vec![],
            size: 0,
            items: 0,
        }
    }

    /// From here on words of the vocabulary are taken, or not.
    pub const fn speak(&mut self, dialect: Dialect) {
        self.dialect = dialect;
    }

    /// From here on other limits hold, for an expression of which a part was read as well.
    pub const fn limit(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Takes bytes. They are kept until [`pop`](Self::pop) has read them, so all is to be popped before more is read from
    /// a connection.
    pub fn push(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// The next expression that is whole; none if bytes are missing.
    ///
    /// # Errors
    /// [`Error::Banana`] and [`Error::Integer`] if the bytes are not banana, [`Error::Limit`] if they promise more than
    /// the limits allow. The bytes stay where they are: asked again, it says the same.
    pub fn pop(&mut self) -> Result<Option<Expression>> {
        while let Some(token) = self.token()? {
            self.read += token.length;
            self.size += token.length;
            let whole = match token.what {
                What::List(missing) if missing > 0 => {
                    self.items += missing;
                    self.open.push(OpenList {
                        missing,
                        items: vec![],
                    });
                    continue;
                }
                What::List(_) => Expression::List(vec![]),
                What::Whole(expression) => expression,
            };
            if let Some(expression) = self.put(whole) {
                (self.size, self.items) = (0, 0);
                return Ok(Some(expression));
            }
        }
        self.drop_what_was_read();
        Ok(None)
    }

    /// Puts what is whole into the list it belongs to, and that into the next if it was the last. Gives what is in no list.
    fn put(&mut self, mut whole: Expression) -> Option<Expression> {
        loop {
            let Some(list) = self.open.last_mut() else {
                return Some(whole);
            };
            list.items.push(whole);
            list.missing -= 1;
            if list.missing > 0 {
                return None;
            }
            whole = Expression::List(std::mem::take(&mut list.items));
            self.open.pop();
        }
    }

    /// The next token, if all of it is there. It is not taken yet.
    fn token(&self) -> Result<Option<Token>> {
        let rest = &self.input[self.read..];
        let Some(digits) = digits(rest)? else {
            return Ok(None);
        };
        let (head, kind) = (digits + 1, rest[digits]);
        if (digits == 0) != (kind == token::FLOAT) {
            return Err(banana("a number is missing, or stands before a float"));
        }
        let number = number(&rest[..digits])?;
        let body = match kind {
            token::STRING => within("bytes in a string", number, self.limits.string)?,
            token::FLOAT => FLOAT,
            _ => 0,
        };
        self.room_for(head + body)?;
        let Some(body) = rest.get(head..head + body) else {
            return Ok(None);
        };
        let what = match kind {
            token::LIST => What::List(self.list(number)?),
            token::STRING => What::Whole(Expression::Bytes(body.to_vec())),
            token::FLOAT => What::Whole(Expression::Float(float(body))),
            _ => What::Whole(self.without_body(kind, number)?),
        };
        Ok(Some(Token {
            length: head + body.len(),
            what,
        }))
    }

    /// How many items a list has whose head is this number.
    fn list(&self, number: u128) -> Result<usize> {
        if self.open.len() >= self.limits.depth {
            return Err(Error::Limit {
                what: "lists in each other",
                limit: self.limits.depth,
            });
        }
        let items = within("items in a message", number, self.limits.items)?;
        match self.items + items <= self.limits.items {
            true => Ok(items),
            false => Err(Error::Limit {
                what: "items in a message",
                limit: self.limits.items,
            }),
        }
    }

    fn without_body(&self, kind: u8, number: u128) -> Result<Expression> {
        let positive = || i128::try_from(number).map_err(|_| Error::Integer);
        match kind {
            token::INT | token::LONGINT => Ok(Expression::Int(positive()?)),
            token::NEG | token::LONGNEG => Ok(Expression::Int(-positive()?)),
            token::VOCAB if self.dialect == Dialect::Pb => vocabulary::word(number)
                .map(|word| Expression::Bytes(word.to_vec()))
                .ok_or_else(|| banana("the vocabulary has no such word")),
            token::VOCAB => Err(banana("there is no vocabulary before one is agreed on")),
            _ => Err(Error::Banana(format!("{kind:#04x} is no kind of token"))),
        }
    }

    /// Whether a token of so many bytes is within what a message can have.
    const fn room_for(&self, token: usize) -> Result<()> {
        if self.size.saturating_add(token) <= self.limits.message {
            return Ok(());
        }
        Err(Error::Limit {
            what: "bytes in a message",
            limit: self.limits.message,
        })
    }

    fn drop_what_was_read(&mut self) {
        if self.read == self.input.len() {
            self.input.clear();
            self.input.shrink_to(WORTH_DROPPING);
            self.read = 0;
        } else if self.read > WORTH_DROPPING && self.read * 2 > self.input.len() {
            self.input.drain(..self.read);
            self.read = 0;
        }
    }
}

fn banana(why: &str) -> Error {
    Error::Banana(why.to_owned())
}

fn within(what: &'static str, number: u128, limit: usize) -> Result<usize> {
    usize::try_from(number)
        .ok()
        .filter(|it| *it <= limit)
        .ok_or(Error::Limit { what, limit })
}

/// How many bytes of a number stand before the kind of a token, if that is there.
fn digits(rest: &[u8]) -> Result<Option<usize>> {
    let most = rest.len().min(LONGEST_NUMBER + 1);
    match rest[..most].iter().position(|it| *it >= 0x80) {
        None if most > LONGEST_NUMBER => Err(banana("a number has more than 64 bytes")),
        digits => Ok(digits),
    }
}

/// A number whose low seven bits come first.
fn number(digits: &[u8]) -> Result<u128> {
    let mut value = 0u128;
    for digit in digits.iter().rev() {
        if value >> (u128::BITS - 7) != 0 {
            return Err(Error::Integer);
        }
        value = value << 7 | u128::from(*digit);
    }
    Ok(value)
}

/// A float of its eight bytes.
fn float(bytes: &[u8]) -> f64 {
    let mut whole = [0; FLOAT];
    whole.copy_from_slice(bytes);
    f64::from_be_bytes(whole)
}
