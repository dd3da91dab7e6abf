//! Requests and responses.

use super::{decode, encode};
use crate::{Error, Limits, Result, Value};

/// What a response has for its `op`.
const RESPONSE: &str = "response";

/// A message: a map with an `op` and a `seq_number`.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Something is asked for.
    Request {
        /// Its number among the sender's requests.
        number: u64,
        /// What.
        request: Request,
    },
    /// Something that the receiver has asked for is answered.
    Response {
        /// The number of the request.
        number: u64,
        /// What it has come to.
        response: Response,
    },
}

/// Something that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What.
    pub op: String,
    /// What is said with it, by name.
    pub fields: Vec<(String, Value)>,
}

/// What a request has come to: a result, or a sentence that says why there is none.
pub type Response = Result<Value, String>;

impl Request {
    pub(crate) fn new(op: &str, fields: Vec<(&str, Value)>) -> Self {
        let fields = fields.into_iter().map(|(name, it)| (name.to_owned(), it));
        Self {
            op: op.to_owned(),
            fields: fields.collect(),
        }
    }

    /// Takes a field out of it.
    ///
    /// # Errors
    /// [`Error::Missing`] if it is not there.
    pub fn take(&mut self, name: &str) -> Result<Value> {
        let place = self.fields.iter().position(|(it, _)| it == name);
        let place = place.ok_or_else(|| Error::missing(self.op.as_str(), name))?;
        Ok(self.fields.swap_remove(place).1)
    }
}

impl Message {
    /// Reads a frame.
    ///
    /// # Errors
    /// Those of [`decode`], and [`Error::Form`] or [`Error::Missing`] if it is another value than a message.
    pub fn read(frame: &[u8], limits: &Limits) -> Result<Self> {
        let (mut op, mut number, mut fields) = (None, None, vec![]);
        for (key, value) in decode(frame, limits)?.into_pairs()? {
            match key.into_text()? {
                key if key == "op" => op = Some(value.into_text()?),
                key if key == "seq_number" => number = Some(value.to_int()?),
                key => fields.push((key, value)),
            }
        }
        let op = op.ok_or_else(|| Error::missing("a message", "op"))?;
        let number = number.ok_or_else(|| Error::missing("a message", "seq_number"))?;
        let mut request = Request { op, fields };
        if request.op != RESPONSE {
            return Ok(Self::Request { number, request });
        }
        // Buildbot looks whether it is there, and not at its value.
        let has_failed = request.take("is_exception").is_ok();
        let result = request.take("result")?;
        let response = match has_failed {
            true => Err(result.into_text()?),
            false => Ok(result),
        };
        Ok(Self::Response { number, response })
    }

    /// The frame, with the fields in the order in which a worker has them.
    ///
    /// # Errors
    /// Those of [`encode`].
    pub fn write(self) -> Result<Vec<u8>> {
        let pairs = match self {
            Self::Request { number, request } => {
                let fields = request.fields.into_iter().map(|(key, it)| (key.into(), it));
                [("op".into(), request.op.into())]
                    .into_iter()
                    .chain(fields)
                    .chain([("seq_number".into(), number.into())])
                    .collect()
            }
            Self::Response { number, response } => {
                let has_failed = response.is_err();
                let result = response.unwrap_or_else(Value::from);
                let mut pairs = vec![
                    ("op".into(), RESPONSE.into()),
                    ("seq_number".into(), number.into()),
                    ("result".into(), result),
                ];
                if has_failed {
                    pairs.push(("is_exception".into(), true.into()));
                }
                pairs
            }
        };
        encode(&Value::Map(pairs))
    }
}
