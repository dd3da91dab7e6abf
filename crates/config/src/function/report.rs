//! Functions that say what is told of a report.

use serde_json::Value;

use super::answer::Answer;
use super::argument::Argument;
use super::{Function, FunctionError};

impl Function {
    /// What it gives for plain data: whether a report is made, what it says, whose address a name is.
    ///
    /// # Errors
    /// [`FunctionError`], as [`Function::call`], and if it gives something that is no plain data.
    pub fn answer_plainly(&self, argument: Value) -> Result<Value, FunctionError> {
        let answer = self.call(vec![Argument::report(argument)])?;
        plain(answer).map_err(|noun| self.error(format!("must give plain data, not {noun}")))
    }
}

/// The answer as plain data; what it is if it is none.
fn plain(answer: Answer) -> Result<Value, &'static str> {
    match answer {
        Answer::Plain(it) => Ok(it),
        Answer::List(items) => items.into_iter().map(plain).collect(),
        Answer::Dict(items) => {
            let items = items.into_iter().map(|(name, it)| Ok((name, plain(it)?)));
            items.collect()
        }
        other @ (Answer::Text(_) | Answer::Facts(_)) => Err(other.noun()),
    }
}
