//! Chats: the bot without a transport, each service against a recorder of what it is sent, IRC against a daemon.

mod bot;
// mod irc;
// mod recorder;
// mod services;
// mod telegram;
mod told;
