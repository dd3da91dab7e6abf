//! Chats: the bot without a transport, each service against a recorder of what it is sent, IRC and Matrix against servers
//! that others use.

mod accounts;
mod bot;
mod bot_notices;
mod each_service;
mod inspircd;
mod irc;
mod ircd;
mod matrix;
mod recorder;
mod rules;
mod sasl;
mod services;
mod synapse;
mod telegram;
mod told;
