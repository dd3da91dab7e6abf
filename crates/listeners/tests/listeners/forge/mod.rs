//! Forges, against servers on this machine that keep what they are asked; what is sent is checked against the rules that
//! the forges publish.

mod answers;
mod checks;
mod codebases;
mod comments;
mod gerrit;
mod github_app;
mod kinds;
mod options;
mod order;
mod recorder;
mod rules;
mod statuses;

use serde_json::{Value, json};
use weir_listeners::OptionError;

/// A destination of this kind with these options, as the configuration has them.
macro_rules! make {
    ($kind:ident, $options:ident, $outlet:expr, $given:expr) => {{
        let options: weir_listeners::$options = serde_json::from_value($given).unwrap();
        weir_listeners::$kind::new(options, $outlet)
    }};
}
pub(crate) use make;

/// The options with the server's URL.
pub(crate) fn at(url: &str, mut options: Value) -> Value {
    options["url"] = json!(url);
    options
}

/// That an option was refused.
pub(crate) fn refused<T>(made: Result<T, OptionError>) -> &'static str {
    match made {
        Ok(_) => "nothing",
        Err(error) => error.option,
    }
}
