//! Destinations, one module each.

mod forge;
mod mail;
mod options;
mod placeholders;
mod text;

pub use forge::*;
pub use mail::{Mail, MailOptions};
