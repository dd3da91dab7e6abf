//! Properties: named JSON values with the source that set them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A property's value and who set it (Buildbot's `[value, source]`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Property {
    /// Any JSON value.
    pub value: serde_json::Value,
    /// Who set it, e.g. `Change`, `Builder`, `Force Build Form`.
    pub source: String,
}

impl Property {
    /// A property with `value` from `source`.
    pub fn new(value: impl Into<serde_json::Value>, source: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            source: source.into(),
        }
    }
}

/// Properties by name.
pub type Properties = BTreeMap<String, Property>;
