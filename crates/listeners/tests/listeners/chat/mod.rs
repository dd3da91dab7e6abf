//! Chats: the bot without a transport, each service against a recorder of what it is sent, IRC against a daemon.

mod bot;
mod bot_notices;
mod each_service;
mod irc;
mod ircd;
mod recorder;
mod rules;
mod sasl;
mod services;
mod telegram;
mod told;
