//! An exception as the other side tells of it: names and text, never code.

use std::borrow::Cow;
use std::fmt;

use crate::Value;

/// The class in which Twisted sends failures.
const COPYABLE: &str = "twisted.spread.pb.CopyableFailure";
/// What Twisted says where it tells no traceback.
const NO_TRACEBACK: &str = "Traceback unavailable\n";

/// An exception of the other side, or one for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    class: String,
    state: Value,
}

impl Failure {
    /// The classes that stand for failures wherever values are.
    pub const CLASSES: [&str; 2] = [COPYABLE, "twisted.spread.pb.CopiedFailure"];

    /// One of the class that `parents` begins with, which are that class and all above it, each with its module.
    pub fn new(parents: &[&str], message: &str) -> Self {
        let kind = parents.first().copied().unwrap_or("builtins.Exception");
        let none = || Value::List(vec![]);
        let state = Value::map([
            ("count", Value::Int(1)),
            ("type", kind.as_bytes().into()),
            ("value", message.into()),
            ("captureVars", false.into()),
            ("tb", Value::None),
            ("parents", Value::list(parents.iter().copied())),
            ("frames", none()),
            ("stack", none()),
            ("traceback", NO_TRACEBACK.into()),
        ]);
        Self::of_class(COPYABLE, state)
    }

    /// A wrong name or password: a worker tries again later. To any other failure of a login, it ends.
    pub fn unauthorized_login() -> Self {
        Self::new(
            &[
                "twisted.cred.error.UnauthorizedLogin",
                "twisted.cred.error.LoginFailed",
                "twisted.cred.error.Unauthorized",
                "builtins.Exception",
                "builtins.BaseException",
                "builtins.object",
            ],
            "",
        )
    }

    /// An object has no such method.
    pub fn no_such_method(method: &str) -> Self {
        Self::new(
            &[
                "twisted.spread.flavors.NoSuchMethod",
                "builtins.AttributeError",
                "builtins.Exception",
                "builtins.BaseException",
                "builtins.object",
            ],
            &format!("No such method: remote_{method}"),
        )
    }

    /// There is no object with this number.
    pub fn no_such_object(object: u64) -> Self {
        Self::new(
            &[
                "twisted.spread.pb.Error",
                "builtins.Exception",
                "builtins.BaseException",
                "builtins.object",
            ],
            &format!("Object Not Found: {object}"),
        )
    }

    /// Something went wrong here; whatever the other side waits for ends with this sentence.
    pub fn runtime_error(message: &str) -> Self {
        Self::new(
            &[
                "builtins.RuntimeError",
                "builtins.Exception",
                "builtins.BaseException",
                "builtins.object",
            ],
            message,
        )
    }

    /// One of which only a text is known: so workers tell of them over msgpack.
    pub fn of_text(text: &str) -> Self {
        Self::of_class("", Value::map([("value", text.into())]))
    }

    pub(crate) fn of_class(class: impl Into<String>, state: Value) -> Self {
        Self {
            class: class.into(),
            state,
        }
    }

    /// The class in which it was sent; of the exception itself, see [`kind`](Self::kind).
    pub fn class(&self) -> &str {
        &self.class
    }

    /// All that was sent with it.
    pub const fn state(&self) -> &Value {
        &self.state
    }

    pub(crate) fn into_parts(self) -> (String, Value) {
        (self.class, self.state)
    }

    /// The class of the exception, with its module; empty if that was not told.
    pub fn kind(&self) -> Cow<'_, str> {
        self.text("type")
    }

    /// What the exception says; empty if that was not told.
    pub fn message(&self) -> Cow<'_, str> {
        self.text("value")
    }

    /// Where it was raised, if that was told.
    pub fn traceback(&self) -> Option<Cow<'_, str>> {
        let text = self.text("traceback");
        (!text.is_empty() && text != NO_TRACEBACK).then_some(text)
    }

    /// Whether the exception is of this class or of one below it: how Twisted tells failures apart.
    pub fn is_a(&self, class: &str) -> bool {
        let parents = self.state.get("parents").and_then(|it| it.items().ok());
        let named = |it: &Value| it.to_text().is_ok_and(|it| it == class);
        self.kind() == class || parents.is_some_and(|it| it.iter().any(named))
    }

    /// Whether an object lacks the method that was called: so do old workers.
    pub fn is_no_such_method(&self) -> bool {
        self.is_a("twisted.spread.flavors.NoSuchMethod")
    }

    fn text(&self, key: &str) -> Cow<'_, str> {
        let value = self.state.get(key).and_then(|it| it.to_text().ok());
        value.unwrap_or_default()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind().as_ref() {
            "" => f.write_str(&self.message()),
            kind => write!(f, "{kind}: {}", self.message()),
        }
    }
}
