//! Steps that set properties of their build.

use std::collections::BTreeMap;

use super::Command;
use crate::function::Function;
use crate::text::Text;

/// What a property is set to.
#[derive(Clone, Debug, PartialEq)]
pub enum PropertyValue {
    /// A text, completed when the step runs.
    Text(Text),
    /// Plain data, as it is.
    Data(serde_json::Value),
}

/// Which properties a step sets, and to what.
#[derive(Clone, Debug, PartialEq)]
pub enum PropertyOrigin {
    /// These, by name; never empty.
    Values(BTreeMap<String, PropertyValue>),
    /// One, to what a command writes to its standard output (Buildbot's `SetPropertyFromCommand`).
    Output {
        /// The property.
        property: String,
        /// The command.
        command: Command,
        /// Whether space around the output is left out.
        strip: bool,
    },
    /// What a function of a command's exit code, standard output and standard error gives, a dict (Buildbot's
    /// `SetPropertyFromCommand` with `extract_fn`).
    Extracted {
        /// The command.
        command: Command,
        /// The function.
        extract: Function,
    },
}
