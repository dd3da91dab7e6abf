//! A bot: people ask it about builders and builds, have builds forced and stopped, and are told of what they care about.
//!
//! It knows the status API and nothing of how a message travels: a transport hands over what it [heard](Heard), says
//! the answer, and lends its [voice](Voice) for what the bot says by itself. The commands are those of Buildbot's
//! contacts (`buildbot/reporters/words.py`), and so are the names of the events; what it answers is its own.
//!
//! What places asked to be told of, and whether they are muted, is kept with the listener's state and is there after a
//! restart; so is how far it has told, so that what ended meanwhile is told then. What was said just before the end can be
//! said again.

mod act;
mod channels;
mod commands;
mod look;
mod memory;
mod notices;
mod permit;
mod queues;
mod subscribe;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;
use weir_status_api::{
    BuildKey, Builder, BuilderKey, Caller, Clock, Desk, Error, Key, ListenerError, ReadExt as _, Results,
};

use crate::OptionError;
use memory::Memory;
use permit::Pace;

/// How long to wait before the kept state is read again, if that failed.
const READ_AGAIN: Duration = Duration::from_secs(5);

/// The longest text that is looked at, in bytes.
const LONGEST_COMMAND: usize = 1000;

/// How a [`Bot`] goes about it.
#[derive(Clone, Debug)]
pub struct BotOptions {
    /// What commands begin with where others talk too, e.g. `!`; may be empty.
    pub prefix: String,
    /// Who may give which command: persons by the command's name, by `*` for all that change nothing, by `!` for all that
    /// do; `*` among the persons is everybody. What is not named here everybody may who only looks, and nobody else.
    pub allow: BTreeMap<String, Vec<String>>,
    /// The API token with which it forces and stops; without one it does as somebody who did not say who they are.
    pub caller: Caller,
    /// Where the web status is, to link to builds; no links if none.
    pub web: Option<String>,
    /// Tells only of builders with one of these tags; of all if there are none.
    pub tags: Vec<String>,
    /// How many commands one person may give in a minute.
    pub per_minute: usize,
    /// How many lines an answer has at the most.
    pub lines: usize,
    /// The channels that it can be told to join and to leave; none where others decide where it is.
    pub channels: Option<Channels>,
}

/// Channels of a transport on which a bot can be told to join some and to leave them.
#[derive(Clone, Debug)]
pub struct Channels {
    /// Those where it is by its configuration, which it does not leave, by their keys.
    pub configured: BTreeSet<String>,
    /// The key of a channel's name: the same for all names of the same channel, and the [place](Heard::place) of what is
    /// said there. None if the name can be no channel's.
    pub key: fn(&str) -> Option<String>,
}

impl Default for BotOptions {
    /// No prefix, nobody may force or stop, no links, all builders, 20 commands a minute, 20 lines, no channels to join.
    fn default() -> Self {
        Self {
            prefix: String::new(),
            allow: BTreeMap::new(),
            caller: Caller::anonymous(),
            web: None,
            tags: vec![],
            per_minute: 20,
            lines: 20,
            channels: None,
        }
    }
}

impl BotOptions {
    /// Sees whether there can be a bot of these.
    ///
    /// # Errors
    /// [`OptionError`] if `allow` names a command that is none, or a bound is zero.
    pub fn check(&self) -> Result<(), OptionError> {
        let unknown = |name: &&String| !["*", "!"].contains(&name.as_str()) && commands::find(name).is_none();
        if let Some(name) = self.allow.keys().find(unknown) {
            let known = commands::names().collect::<Vec<_>>().join(", ");
            return Err(OptionError::new(
                "allow",
                format!("names '{name}', which is no command; use '*', '!' or one of {known}"),
            ));
        }
        match self.per_minute == 0 || self.lines == 0 {
            true => Err(OptionError::new("commands_per_minute", "is 0; use at least 1")),
            false => Ok(()),
        }
    }
}

/// Something that a person said, to the bot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Where: the channel, or the person in a talk of two. Subscriptions are a place's.
    pub place: String,
    /// By whom, as their transport names them.
    pub person: String,
    /// Other names under which [`BotOptions::allow`] may have them, such as `account:ada`.
    pub also: Vec<String>,
    /// Whether only they hear the answer.
    pub private: bool,
    /// Whether they said it to the bot, in private or by its name: then it needs no prefix.
    pub addressed: bool,
    /// Whether they may rule the place as its operator.
    pub operator: bool,
    /// What they said, without the bot's own name before it.
    pub text: String,
    /// An id of this message, if the transport can hear it twice: a force of one message is done once.
    pub id: Option<String>,
}

/// A line that the bot says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// It, as plain text.
    pub text: String,
    /// The results that it tells of, for a colour.
    pub results: Option<Results>,
}

impl Line {
    /// A line that tells of no results.
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            results: None,
        }
    }

    /// A line that tells of `results`, if it does.
    pub fn with(text: impl Into<String>, results: Option<Results>) -> Self {
        let text = text.into();
        Self { text, results }
    }
}

/// What a transport lends the bot to say something by itself.
#[async_trait]
pub trait Voice: Send + Sync {
    /// Says the lines at a place.
    ///
    /// # Errors
    /// [`ListenerError`] says whether to try again.
    async fn say(&self, place: &str, lines: &[Line]) -> Result<(), ListenerError>;
}

/// Why a command gets no answer of its kind: what is said to the person.
#[derive(Debug)]
enum Refusal {
    /// It is not written as it must be.
    Usage(&'static commands::Command),
    /// It cannot be done, in one sentence.
    Cannot(String),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            // What it says is for who runs the master.
            Error::Internal { why } => {
                tracing::warn!(why, "a command of the bot failed");
                Self::Cannot("Something went wrong; the master's log has more.".to_owned())
            }
            Error::Unauthenticated { .. } => {
                tracing::warn!(%error, "the bot's access token is not taken");
                Self::Cannot(
                    "I am not signed in there; my access token is missing or no longer valid.".to_owned(),
                )
            }
            other => Self::Cannot(sentence(&other.to_string())),
        }
    }
}

type Answer = Result<Vec<Line>, Refusal>;

/// It, for as long as its transport attends.
pub struct Bot {
    options: BotOptions,
    desk: Desk,
    clock: Arc<dyn Clock>,
    memory: Mutex<Memory>,
    pace: std::sync::Mutex<Pace>,
}

impl Bot {
    /// One that remembers what the listener of `desk` kept. If that cannot be read now, it waits until it can.
    pub async fn open(options: BotOptions, desk: Desk, clock: Arc<dyn Clock>) -> Self {
        let memory = loop {
            match Memory::read(&desk).await {
                Ok(memory) => break memory,
                Err(error) => tracing::warn!(%error, "what the bot kept cannot be read; trying again"),
            }
            tokio::time::sleep(READ_AGAIN).await;
        };
        let pace = std::sync::Mutex::new(Pace::new(options.per_minute));
        Self {
            options,
            desk,
            clock,
            memory: Mutex::new(memory),
            pace,
        }
    }

    /// The answer to what was heard, to be said at its place; none if it was not meant for the bot, or the place is muted.
    pub async fn hear(&self, heard: &Heard) -> Vec<Line> {
        let Some((name, rest)) = self.command_of(heard) else {
            return vec![];
        };
        match self.is_in_time(heard) {
            permit::InTime::Yes => {}
            permit::InTime::TellOnce => {
                return vec![Line::plain(format!(
                    "Not so fast, {}; ask me again in a minute.",
                    heard.person
                ))];
            }
            permit::InTime::No => return vec![],
        }
        let muted = self.memory.lock().await.is_muted(&heard.place);
        if muted && name != "unmute" {
            return vec![];
        }
        let answer = match commands::called(&name).filter(|it| self.knows(it)) {
            Some(command) if permit::may(&self.options.allow, command, heard) => {
                tracing::info!(
                    command = name,
                    person = heard.person,
                    place = heard.place,
                    "the bot was asked"
                );
                commands::obey(self, command, heard, rest).await
            }
            Some(_) => Err(Refusal::Cannot(format!(
                "You may not {name} here, {}.",
                heard.person
            ))),
            None => Err(Refusal::Cannot(format!(
                "I do not know '{}'; try '{}commands'.",
                words::shortened(&name, 40),
                self.options.prefix
            ))),
        };
        let lines = answer.unwrap_or_else(|refusal| match refusal {
            Refusal::Usage(command) => vec![Line::plain(format!(
                "Try '{}{}'.",
                self.options.prefix, command.usage
            ))],
            Refusal::Cannot(why) => vec![Line::plain(why)],
        });
        self.bounded(lines)
    }

    /// The places where it was told to be silent.
    pub async fn muted(&self) -> BTreeSet<String> {
        self.memory.lock().await.muted()
    }

    /// Up to where the transport has read what it hears, as it was [noted](Self::note_mark).
    pub async fn mark(&self) -> Option<String> {
        self.memory.lock().await.mark()
    }

    /// Notes up to where the transport has read, so that after a restart it reads on from there.
    pub async fn note_mark(&self, mark: String) {
        let mut memory = self.memory.lock().await;
        memory.set_mark(mark);
        if let Err(error) = memory.keep(&self.desk).await {
            tracing::warn!(%error, "how far the bot has read cannot be kept");
        }
    }

    /// Whether the command is one of its transport's.
    fn knows(&self, command: &commands::Command) -> bool {
        self.options.channels.is_some() || !command.is_of_channels()
    }

    /// The command's name in small letters, and what follows it; none if the text is no command.
    fn command_of<'h>(&self, heard: &'h Heard) -> Option<(String, &'h str)> {
        let text = heard.text.trim();
        // Among others the prefix is what tells a command from talk.
        let prefix = Some(self.options.prefix.as_str()).filter(|it| !it.is_empty());
        let text = match prefix.and_then(|it| text.strip_prefix(it)) {
            Some(text) => text,
            None if heard.addressed => text,
            None => return None,
        };
        let text = words::head(text, LONGEST_COMMAND);
        let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        (!name.is_empty()).then(|| (name.to_lowercase(), rest.trim()))
    }

    fn is_in_time(&self, heard: &Heard) -> permit::InTime {
        let mut pace = self
            .pace
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        pace.ask(&heard.person, self.clock.now())
    }

    /// No more lines than an answer may have.
    fn bounded(&self, mut lines: Vec<Line>) -> Vec<Line> {
        let all = lines.len();
        lines.truncate(self.shown(all));
        lines.extend(self.and_more(all));
        lines
    }

    /// How many of `all` lines an answer has, if the rest of them is told by [one more](Self::and_more).
    fn shown(&self, all: usize) -> usize {
        match all > self.options.lines {
            true => self.options.lines - 1,
            false => all,
        }
    }

    /// The line that tells how many of `all` are not shown, if any.
    fn and_more(&self, all: usize) -> Option<Line> {
        let more = all - self.shown(all);
        (more > 0).then(|| Line::plain(format!("… and {more} more.")))
    }

    /// The builder of that name.
    async fn builder(&self, name: &str) -> Result<Builder, Refusal> {
        let key = Key::Builder(BuilderKey::Name(name.to_owned()));
        match self.desk.api().one::<Builder>(key).await {
            Ok(found) => Ok(found.value),
            Err(Error::NotFound { .. }) => Err(Refusal::Cannot(format!(
                "There is no builder '{}'; try '{}list builders'.",
                words::shortened(name, 100),
                self.options.prefix
            ))),
            Err(error) => Err(error.into()),
        }
    }

    /// A build for people, with a link if there is a web status.
    fn named(&self, builder: &Builder, number: i64) -> String {
        let name = words::shortened(&builder.name, 100);
        match &self.options.web {
            Some(web) => {
                let web = web.trim_end_matches('/');
                format!(
                    "{name}/{number} ({web}/#/builders/{}/builds/{number})",
                    builder.id
                )
            }
            None => format!("{name}/{number}"),
        }
    }
}

/// The builder's build of that number.
fn build_key(builder: &Builder, number: i64) -> BuildKey {
    BuildKey::Number(BuilderKey::Id(builder.id), number)
}

/// How a build that ended went, as the end of a sentence.
pub(crate) fn went(results: Option<Results>) -> &'static str {
    match results {
        Some(Results::Success) => "completed successfully",
        Some(Results::Warnings) => "completed with warnings",
        Some(Results::Failure) => "failed",
        Some(Results::Skipped) => "was skipped",
        Some(Results::Exception) => "ended with an exception",
        Some(Results::Retry) => "is to be built again",
        Some(Results::Cancelled) => "was cancelled",
        None => "goes on",
    }
}

/// The text as a sentence: a capital letter first, a full stop last.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), letters.as_str())
}
