//! The messages of the broker, and how they are spelled.

use std::vec::IntoIter;

use crate::banana::Expression;
use crate::jelly;
use crate::{Error, Failure, Limits, Result, Value};

/// The name of the object that is there from the beginning.
const ROOT: &[u8] = b"root";

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// What takes logins.
    Root,
    /// An object of the receiver.
    Object(u64),
}

/// A message of the broker.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// The version that the sender speaks.
    Version(i128),
    /// A call.
    Call {
        /// Its number among the sender's calls.
        number: u64,
        /// What is called.
        target: Target,
        /// Which method.
        method: String,
        /// Whether an answer is awaited.
        awaited: bool,
        /// The arguments by place.
        args: Vec<Value>,
        /// The arguments by name.
        named: Vec<(Value, Value)>,
    },
    /// What a call of the receiver's has come to.
    Answer(u64, Value),
    /// Why a call of the receiver's has failed.
    Error(u64, Failure),
    /// The sender has one reference less to an object of the receiver's.
    Decref(u64),
    /// The receiver has sent a message that the sender does not know.
    DidNotUnderstand(String),
    /// A message that this crate does not know: its name.
    Unknown(String),
}

impl Message {
    /// Reads one.
    ///
    /// # Errors
    /// [`Error::Form`] if it is spelled wrong, those of [`jelly::read`] for its values, and [`Error::NotInProtocol`] for
    /// messages about cacheables, of which Buildbot has none.
    pub fn read(expression: Expression, limits: &Limits) -> Result<Self> {
        let Expression::List(items) = expression else {
            return Err(Error::form("a message", expression.kind()));
        };
        let mut fields = Fields(items.into_iter());
        let name = fields.bytes()?;
        let message = match name.as_slice() {
            b"version" => Self::Version(fields.int()?),
            b"message" => return fields.call(limits),
            b"answer" => Self::Answer(fields.number()?, jelly::read(fields.next()?, limits)?),
            b"error" => Self::Error(fields.number()?, jelly::read_failure(fields.next()?, limits)?),
            b"decref" => Self::Decref(fields.number()?),
            b"didNotUnderstand" => Self::DidNotUnderstand(fields.text()?),
            b"cachemessage" | b"decache" | b"uncache" => {
                return Err(Error::NotInProtocol(lossy(&name)));
            }
            _ => return Ok(Self::Unknown(lossy(&name))),
        };
        fields.end()?;
        Ok(message)
    }

    /// Spells it.
    pub fn write(self) -> Expression {
        let items = match self {
            Self::Version(version) => vec![Expression::text("version"), Expression::Int(version)],
            Self::Call {
                number,
                target,
                method,
                awaited,
                args,
                named,
            } => vec![
                Expression::text("message"),
                Expression::Int(number.into()),
                match target {
                    Target::Root => Expression::Bytes(ROOT.to_vec()),
                    Target::Object(number) => Expression::Int(number.into()),
                },
                Expression::Bytes(method.into_bytes()),
                Expression::Int(awaited.into()),
                jelly::write(Value::Tuple(args)),
                jelly::write(Value::Map(named)),
            ],
            Self::Answer(number, value) => vec![
                Expression::text("answer"),
                Expression::Int(number.into()),
                jelly::write(value),
            ],
            Self::Error(number, failure) => vec![
                Expression::text("error"),
                Expression::Int(number.into()),
                jelly::write_failure(failure),
            ],
            Self::Decref(number) => vec![Expression::text("decref"), Expression::Int(number.into())],
            Self::DidNotUnderstand(name) => vec![
                Expression::text("didNotUnderstand"),
                Expression::Bytes(name.into_bytes()),
            ],
            Self::Unknown(name) => vec![Expression::Bytes(name.into_bytes())],
        };
        Expression::List(items)
    }
}

/// The fields of a message, taken one by one.
struct Fields(IntoIter<Expression>);

impl Fields {
    fn next(&mut self) -> Result<Expression> {
        let it = self.0.next();
        it.ok_or_else(|| Error::missing("a message", "a field"))
    }

    fn end(mut self) -> Result<()> {
        match self.0.next() {
            None => Ok(()),
            Some(more) => Err(Error::form("the end of a message", more.kind())),
        }
    }

    fn bytes(&mut self) -> Result<Vec<u8>> {
        match self.next()? {
            Expression::Bytes(bytes) => Ok(bytes),
            other => Err(Error::form("a name", other.kind())),
        }
    }

    fn text(&mut self) -> Result<String> {
        Ok(lossy(&self.bytes()?))
    }

    fn int(&mut self) -> Result<i128> {
        match self.next()? {
            Expression::Int(value) => Ok(value),
            other => Err(Error::form("an integer", other.kind())),
        }
    }

    fn number(&mut self) -> Result<u64> {
        u64::try_from(self.int()?).map_err(|_| Error::Integer)
    }

    fn target(&mut self) -> Result<Target> {
        match self.next()? {
            Expression::Int(number) => {
                let number = u64::try_from(number).map_err(|_| Error::Integer)?;
                Ok(Target::Object(number))
            }
            Expression::Bytes(name) if name == ROOT => Ok(Target::Root),
            other => Err(Error::form("an object", other.kind())),
        }
    }

    fn call(mut self, limits: &Limits) -> Result<Message> {
        let call = Message::Call {
            number: self.number()?,
            target: self.target()?,
            method: self.text()?,
            awaited: self.int()? != 0,
            args: jelly::read(self.next()?, limits)?.into_items()?,
            named: jelly::read(self.next()?, limits)?.into_pairs()?,
        };
        self.end()?;
        Ok(call)
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
