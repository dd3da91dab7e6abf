//! Chats, and what rings on phones.
//!
//! Each takes the best form of a message that its service shows, and adds what is its own: a colour by the
//! [results](mood), a link, a length that the service takes. Nothing of a commit or a log can call people or put markup
//! into a chat: a text goes as plain text where the service has that, else its letters are escaped by the service's
//! rules.

mod cut;
pub mod irc;
mod mood;

pub use irc::{Channel, Irc, IrcOptions};
