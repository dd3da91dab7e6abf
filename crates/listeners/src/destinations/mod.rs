//! Destinations of reports, one module each.

pub mod chat;
mod forge;
mod mail;
mod placeholders;
mod push;

pub use forge::*;
pub use mail::{Mail, MailOptions};
pub use push::{HttpPush, HttpPushOptions};
