//! Chats, and what rings on phones.
//!
//! Each takes the best form of a message that its service shows, and adds what is its own: a colour and a sign by the
//! results, a link, a length that the service takes. Nothing of a commit or a log can call people or put markup into a
//! chat: a text goes as plain text where the service has that, else its letters are escaped by the service's rules.

mod delivered;
mod discord;
mod irc;
mod markup;
mod matrix;
mod mattermost;
mod mood;
mod mutes;
mod ntfy;
mod pushover;
mod service;
mod slack;
mod teams;
mod telegram;
mod zulip;

pub use discord::{Discord, DiscordOptions};
pub use irc::{Channel, Irc, IrcOptions};
pub use matrix::{Matrix, MatrixOptions};
pub use mattermost::{Mattermost, MattermostOptions};
pub use ntfy::{Ntfy, NtfyOptions};
pub use pushover::{Pushover, PushoverOptions};
pub use slack::{Slack, SlackOptions};
pub use teams::{Teams, TeamsOptions};
pub use telegram::{Telegram, TelegramOptions};
pub use zulip::{Zulip, ZulipOptions};
