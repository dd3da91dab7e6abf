//! The web status, built into the program when it was there at its build.

use rust_embed::RustEmbed;

/// The files of `web-status/dist`.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web-status/dist"]
#[allow_missing = true]
pub(crate) struct WebStatus;
