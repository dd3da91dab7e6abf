//! A configuration of Buildbot, `master.cfg`, becomes one of Weir, `weir.star`, and a list of what could not be carried over.
//!
//! The file is run by the user's own Python, with stand-ins for Buildbot and Twisted that record what they are given: see
//! `recorder/`. What was recorded is plain data, which is written down as Starlark here.
//!
//! # Goals
//! - Nothing is left out in silence: what is not carried over is told with its place and with what to write instead, and what
//!   stands in its place in a build fails and says why.
//! - Reading a configuration changes nothing: no network, no programs and no files that are written, unless allowed.
//!
//! # Non-goals
//! - It understands no Python but functions of a few lines: custom classes are told of and written anew by hand.
//! - Loops are not kept: what they made is written down.

mod arguments;
mod builders;
mod changes;
mod configuration;
mod force;
mod functions;
mod note;
mod people;
mod read;
mod recording;
mod reporters;
mod schedulers;
mod settings;
mod starlark;
mod steps;
mod text;
mod workers;

pub use configuration::Conversion;
pub use note::Note;
pub use read::{ConvertError, Options};

/// Reads the configuration that `options` name, and writes it down for Weir.
///
/// # Errors
/// [`ConvertError`] if Python cannot be started, or the configuration cannot be read to its end.
pub async fn convert(options: &Options) -> Result<Conversion, ConvertError> {
    let recording = read::read(options).await?;
    Ok(configuration::write(&recording))
}
