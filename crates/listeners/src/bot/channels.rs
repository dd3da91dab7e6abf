//! Commands about where the bot is: `join` and `leave`.

use super::commands::Command;
use super::{Answer, Bot, Line, Refusal, words};

/// How many channels it can be told to join.
const MOST: usize = 50;

/// Joins channels, and is there after a restart too.
pub(super) async fn join(bot: &Bot, command: &'static Command, names: &[String]) -> Answer {
    let channels = named(bot, command, names)?;
    let mut memory = bot.memory.lock().await;
    let mut lines = vec![];
    for (key, name) in channels {
        let is_there = bot.is_configured(&key) || memory.channels().contains_key(&key);
        if is_there {
            lines.push(Line::plain(format!("I am to be in {name} already.")));
            continue;
        }
        if memory.channels().len() >= MOST {
            return Err(Refusal::Cannot(format!(
                "I was told to join {MOST} channels already; have me leave one before."
            )));
        }
        lines.push(Line::plain(format!("I join {name}.")));
        memory.join(key, name);
    }
    lines.extend(bot.kept(&mut memory).await);
    Ok(lines)
}

/// Leaves channels that it was told to join, and forgets what it was to tell there.
pub(super) async fn leave(bot: &Bot, command: &'static Command, names: &[String]) -> Answer {
    let channels = named(bot, command, names)?;
    let mut memory = bot.memory.lock().await;
    let mut lines = vec![];
    for (key, name) in channels {
        let text = if bot.is_configured(&key) {
            format!("I do not leave {name}: it is in my configuration. 'mute' makes me silent there.")
        } else if memory.leave(&key) {
            format!("I leave {name}.")
        } else {
            format!("I was not told to join {name}.")
        };
        lines.push(Line::plain(text));
    }
    lines.extend(bot.kept(&mut memory).await);
    Ok(lines)
}

/// The channels of these names, each as it is known and as it was written.
fn named(bot: &Bot, command: &'static Command, names: &[String]) -> Result<Vec<(String, String)>, Refusal> {
    let channels = bot.options.channels.as_ref();
    let Some(channels) = channels.filter(|_| !names.is_empty()) else {
        return Err(Refusal::Usage(command));
    };
    let key = |name: &String| match (channels.key)(name) {
        Some(key) => Ok((key, name.clone())),
        None => Err(Refusal::Cannot(format!(
            "'{}' is no channel.",
            words::shortened(name, 40)
        ))),
    };
    names.iter().map(key).collect()
}

impl Bot {
    /// The channels that it was told to join, as they were written then.
    pub async fn channels(&self) -> Vec<String> {
        self.memory.lock().await.channels().values().cloned().collect()
    }

    fn is_configured(&self, key: &str) -> bool {
        let channels = self.options.channels.as_ref();
        channels.is_some_and(|it| it.configured.contains(key))
    }
}
