//! Configurations: each is one, or has mistakes that are told.

use std::path::Path;

pub(crate) fn try_it(source: &str) {
    // Nothing is to be found there.
    let nowhere = Path::new("/nonexistent");
    if let Err(errors) = weir_config::check(source, "weir.star", nowhere) {
        assert!(!errors.to_string().is_empty());
    }
    let _ = weir_config::check_listeners(source, "listeners.star", nowhere);
}
