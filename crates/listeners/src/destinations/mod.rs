//! Destinations of reports, one module each.

pub mod chat;
mod forge;
mod mail;
mod options;
mod placeholders;
mod push;
mod text;

pub use forge::*;
pub use mail::{Mail, MailOptions};
pub use push::{HttpPush, HttpPushOptions};
