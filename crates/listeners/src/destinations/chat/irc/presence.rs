//! In which channels we are, why we are in others not, and who rules them.

use std::collections::{HashMap, HashSet};

use super::message::{Message, folded, is_channel};

/// It, by the keys of channels.
#[derive(Debug, Default)]
pub(super) struct Presence {
    /// The channels that we are in.
    joined: HashSet<String>,
    /// Those that we have asked to be let into.
    joining: HashSet<String>,
    /// Why the others do not let us in, in the server's words.
    barred: HashMap<String, String>,
    /// Who rules a channel.
    operators: HashMap<String, HashSet<String>>,
    /// Those that the server is telling.
    named: HashMap<String, HashSet<String>>,
}

/// What a message means for whoever follows where we are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing.
    None,
    /// We were put out of the channel.
    Kicked(String),
    /// Who rules the channel has changed, and is to be asked.
    OtherRulers(String),
}

impl Presence {
    pub(super) fn is_in(&self, channel: &str) -> bool {
        self.joined.contains(channel)
    }

    /// Why the channel does not let us in; none if we are there, or may be soon.
    pub(super) fn barred(&self, channel: &str) -> Option<&str> {
        self.barred.get(channel).map(String::as_str)
    }

    /// Whether that person rules the channel.
    pub(super) fn rules(&self, channel: &str, who: &str) -> bool {
        let operators = self.operators.get(channel);
        operators.is_some_and(|it| it.contains(&folded(who)))
    }

    /// Notes that the server is asked to let us into the channel.
    pub(super) fn joining(&mut self, channel: String) {
        self.joining.insert(channel);
    }

    /// Notes that the server does not let us in, if we have asked it to; whether that is news.
    pub(super) fn not_let_in(&mut self, channel: &str, why: &str) -> Option<bool> {
        let channel = folded(channel);
        if !self.joining.remove(&channel) {
            return None;
        }
        let before = self.barred.insert(channel, why.to_owned());
        Some(before.is_none_or(|it| it != why))
    }

    /// Forgets a channel where we are not to be any more.
    pub(super) fn forget(&mut self, channel: &str) {
        self.joining.remove(channel);
        self.barred.remove(channel);
    }

    /// Follows who is where, and under which name; `nick` is ours.
    pub(super) fn follow(&mut self, message: &Message, nick: &str) -> Turn {
        let (who, channel) = (folded(&message.nick), folded(message.param(0)));
        let ours = who == folded(nick);
        match message.command.as_str() {
            "NICK" | "QUIT" => self.operators.values_mut().for_each(|it| {
                it.remove(&who);
            }),
            "JOIN" if ours => {
                self.forget(&channel);
                self.joined.insert(channel);
            }
            "PART" if ours => drop(self.joined.remove(&channel)),
            "PART" => self.no_operator(&channel, &who),
            "KICK" => {
                let whom = folded(message.param(1));
                self.no_operator(&channel, &whom);
                if whom == folded(nick) {
                    self.joined.remove(&channel);
                    return Turn::Kicked(channel);
                }
            }
            // Who rules it now is asked; until then nobody does.
            "MODE" if is_channel(&channel) && message.param(1).contains(['o', 'a', 'q', 'h']) => {
                self.operators.remove(&channel);
                return Turn::OtherRulers(channel);
            }
            "353" => {
                let names = message.last().split_whitespace();
                let ruling = names
                    .filter_map(|it| it.strip_prefix(['@', '&', '~', '%']))
                    .map(folded);
                self.named
                    .entry(folded(message.param(2)))
                    .or_default()
                    .extend(ruling);
            }
            "366" => {
                let channel = folded(message.param(1));
                let named = self.named.remove(&channel).unwrap_or_default();
                self.operators.insert(channel, named);
            }
            _ => {}
        }
        Turn::None
    }

    fn no_operator(&mut self, channel: &str, who: &str) {
        if let Some(operators) = self.operators.get_mut(channel) {
            operators.remove(who);
        }
    }
}
