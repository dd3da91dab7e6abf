//! Destinations, one module each.

mod push;

pub use push::{HttpPush, HttpPushOptions};
mod forge;
mod mail;
mod options;
mod placeholders;
mod text;

pub use forge::*;
pub use mail::{Mail, MailOptions};
pub mod chat;
