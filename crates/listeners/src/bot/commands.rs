//! The table of commands, and what tells of themselves.

use super::{Answer, Bot, Heard, Line, Refusal, act, channels, look, subscribe, words};

/// A command.
#[derive(Debug)]
pub(super) struct Command {
    /// Its name.
    pub(super) name: &'static str,
    /// How it is written.
    pub(super) usage: &'static str,
    /// What it does, as the end of a sentence.
    pub(super) does: &'static str,
    /// Whether it changes something at the master, or where the bot is.
    pub(super) changes: bool,
    /// Whether it says what everybody at the place has to listen to.
    pub(super) rules_place: bool,
}

impl Command {
    /// Whether it is about channels, which not every transport has.
    pub(super) fn is_of_channels(&self) -> bool {
        ["join", "leave"].contains(&self.name)
    }
}

const fn asks(name: &'static str, usage: &'static str, does: &'static str) -> Command {
    Command {
        name,
        usage,
        does,
        changes: false,
        rules_place: false,
    }
}

const fn rules(name: &'static str, usage: &'static str, does: &'static str) -> Command {
    Command {
        name,
        usage,
        does,
        changes: false,
        rules_place: true,
    }
}

const fn changes(name: &'static str, usage: &'static str, does: &'static str) -> Command {
    Command {
        name,
        usage,
        does,
        changes: true,
        rules_place: false,
    }
}

/// All commands, in the order of their names.
static COMMANDS: [Command; 16] = [
    asks("commands", "commands", "lists what I understand"),
    changes(
        "force",
        "force build [--branch=BRANCH] [--revision=REVISION] [--project=PROJECT] [--codebase=CODEBASE] \
         [--props=NAME=VALUE,…] [--scheduler=SCHEDULER] BUILDER [REASON]",
        "asks for a build",
    ),
    asks("hello", "hello", "greets"),
    asks("help", "help [COMMAND]", "tells how a command is written"),
    changes(
        "join",
        "join CHANNEL …",
        "has me join channels, and be there after a restart",
    ),
    asks("last", "last [all|BUILDER]", "tells how the last builds went"),
    changes(
        "leave",
        "leave CHANNEL …",
        "has me leave channels that I was told to join",
    ),
    asks("list", "list [all|NUMBER] builders|workers|changes", "lists them"),
    rules("mute", "mute", "makes me silent here until 'unmute'"),
    rules(
        "notify",
        "notify on|off|list [EVENT …]",
        "has builds told here: started, finished, success, warnings, failure, exception, cancelled, skipped, retry, \
         problem, recovery, better, worse, and worker",
    ),
    asks("source", "source", "tells where I come from"),
    asks("status", "status [all|BUILDER]", "tells what builders do"),
    changes(
        "stop",
        "stop build BUILDER[/NUMBER] REASON",
        "stops builds that run",
    ),
    rules("unmute", "unmute", "lets me talk again"),
    asks("version", "version", "tells my version"),
    asks(
        "watch",
        "watch BUILDER",
        "tells here when the builds end that run now",
    ),
];

/// The command of that name.
pub(super) fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|it| it.name == name)
}

/// The command that people mean by that name.
pub(super) fn called(name: &str) -> Option<&'static Command> {
    // IRC's own word for it.
    find(if name == "part" { "leave" } else { name })
}

/// Their names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|it| it.name)
}

/// The names of those that the bot knows, for people.
fn known(bot: &Bot) -> String {
    let known = COMMANDS.iter().filter(|it| bot.knows(it));
    known.map(|it| it.name).collect::<Vec<_>>().join(", ")
}

/// Does what the command says; `rest` is what follows its name.
pub(super) async fn obey(bot: &Bot, command: &'static Command, heard: &Heard, rest: &str) -> Answer {
    let words = words::split(rest).map_err(Refusal::Cannot)?;
    match command.name {
        "force" => act::force(bot, command, heard, words).await,
        "join" => channels::join(bot, command, &words).await,
        "leave" => channels::leave(bot, command, &words).await,
        "stop" => act::stop(bot, command, heard, words).await,
        "last" => look::last(bot, command, &words).await,
        "list" => look::list(bot, command, &words).await,
        "status" => look::status(bot, command, &words).await,
        "mute" => subscribe::mute(bot, heard, true).await,
        "unmute" => subscribe::mute(bot, heard, false).await,
        "notify" => subscribe::notify(bot, command, heard, &words).await,
        "watch" => subscribe::watch(bot, command, heard, &words).await,
        "help" => help(bot, &words),
        "hello" => told(format!("Hello, {}.", heard.person)),
        "source" => told("I am Weir's bot; my source is Weir's own, in crates/listeners."),
        "version" => told(concat!("This is Weir ", env!("CARGO_PKG_VERSION"), ".")),
        // `commands`, the last one.
        _ => told(format!("I understand: {}.", known(bot))),
    }
}

fn told(text: impl Into<String>) -> Answer {
    Ok(vec![Line::plain(text)])
}

fn help(bot: &Bot, words: &[String]) -> Answer {
    let prefix = &bot.options.prefix;
    let Some(name) = words.first() else {
        return told(format!(
            "I understand: {}. '{prefix}help COMMAND' tells more.",
            known(bot)
        ));
    };
    let name = name.strip_prefix(prefix.as_str()).unwrap_or(name).to_lowercase();
    match called(&name).filter(|it| bot.knows(it)) {
        Some(command) => told(format!("{prefix}{}: {}.", command.usage, command.does)),
        None => Err(Refusal::Cannot(format!(
            "I do not know '{}'; try '{prefix}commands'.",
            words::shortened(&name, 40)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_usage_begins_with_the_command() {
        for command in &COMMANDS {
            assert_eq!(command.usage.split(' ').next(), Some(command.name));
        }
        assert!(COMMANDS.is_sorted_by_key(|it| it.name));
    }
}
