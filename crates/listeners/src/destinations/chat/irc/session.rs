//! What goes on while there is a connection.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};
use weir_status_api::{ListenerError, Results};

use super::flow::Flow;
use super::message::{Message, folded, is_channel, say};
use super::options::{Channel, IrcOptions};
use super::outbox::{Out, Outbox};
use super::presence::{Presence, Turn};
use super::saying::Saying;
use super::wire::Wire;
use crate::bot::Heard;

/// How often the server is asked whether it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// What a connection has to do with the bot.
#[derive(Clone)]
pub(super) struct Ears {
    /// Takes what it hears.
    pub(super) heard: mpsc::Sender<Heard>,
    /// The channels that it was told to join, beside those of the configuration.
    pub(super) channels: watch::Receiver<Vec<String>>,
}

/// A connection that is logged in.
pub(super) struct Session<'o> {
    options: &'o IrcOptions,
    wire: Wire,
    nick: String,
    flow: Flow,
    out: Outbox,
    presence: Presence,
    ears: Option<Ears>,
    /// The channels that it was told to join when that was looked at last.
    told: Vec<String>,
}

impl<'o> Session<'o> {
    pub(super) fn new(options: &'o IrcOptions, wire: Wire, nick: String, ears: Option<Ears>) -> Self {
        let every = Duration::from_secs_f64(options.line_seconds);
        Self {
            options,
            wire,
            nick,
            flow: Flow::new(options.burst, every, Instant::now()),
            out: Outbox::default(),
            presence: Presence::default(),
            ears,
            told: vec![],
        }
    }

    /// Signs in with the service of nicks if that is how it is done, and joins the channels; all that is said comes after.
    pub(super) fn begin(&mut self) {
        if self.options.sasl.is_empty() && !self.options.password.is_empty() {
            let (service, password) = (&self.options.nickserv, &self.options.password);
            self.out
                .command(format!("PRIVMSG {service} :IDENTIFY {password}"));
        }
        self.join();
    }

    /// Says what comes in, until the connection ends, and tells why it did.
    pub(super) async fn run(&mut self, inbox: &mut mpsc::Receiver<Saying>) -> String {
        let mut keep_alive = tokio::time::interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent = false;
        loop {
            let next = tokio::time::sleep_until(self.flow.next());
            let ended = tokio::select! {
                message = self.wire.next() => {
                    silent = false;
                    match message {
                        Ok(message) => self.take(&message).await,
                        Err(why) => Err(why),
                    }
                }
                () = next, if !self.out.is_empty() => self.send_next().await,
                Some(saying) = inbox.recv(), if !self.out.is_full() => {
                    self.queue(saying);
                    Ok(())
                }
                () = told(&mut self.ears), if !self.out.is_full() => {
                    self.join();
                    Ok(())
                }
                _ = keep_alive.tick() => match silent {
                    true => Err("the server says nothing any more".to_owned()),
                    false => {
                        silent = true;
                        self.keep_alive().await
                    }
                },
            };
            if let Err(why) = ended {
                return why;
            }
        }
    }

    /// Tells those who wait that their lines may not have arrived.
    pub(super) fn fail(&mut self, why: &str) {
        self.out.fail(why);
    }

    async fn send_next(&mut self) -> Result<(), String> {
        let Some(out) = self.out.pop() else {
            return Ok(());
        };
        self.wire.send(&out.line()).await?;
        self.flow.went(Instant::now());
        match out {
            Out::Join { channel, .. } => self.presence.joining(channel),
            Out::Fence(saying) => self.out.fence_is_out(saying),
            Out::Command(_) | Out::Courtesy(_) | Out::Line { .. } => {}
        }
        Ok(())
    }

    fn queue(&mut self, saying: Saying) {
        let Saying {
            target,
            lines,
            receipt,
        } = saying;
        // Nobody waits for it any more, and it comes again.
        if !receipt.is_awaited() {
            return;
        }
        if let Some(why) = self.presence.barred(&folded(&target)) {
            return receipt.done(Err(barred(why)));
        }
        let command = match self.options.notice && is_channel(&target) {
            true => "NOTICE",
            false => "PRIVMSG",
        };
        let lines = lines.iter().flat_map(|line| {
            let colour = line.results.filter(|_| self.options.colors).map(colour);
            let wrap = colour.map_or(("", ""), |it| (it, "\u{f}"));
            say(command, &self.nick, &target, &line.text, wrap)
        });
        self.out.say(&target, lines, receipt);
    }

    async fn keep_alive(&mut self) -> Result<(), String> {
        self.join();
        if self.nick != self.options.nick {
            self.out.command(format!("NICK {}", self.options.nick));
        }
        self.wire.send("PING :weir").await
    }

    /// Joins the channels where we are to be and are not, and leaves those where we are not to be any more.
    fn join(&mut self) {
        let told = self
            .ears
            .as_mut()
            .map(|it| it.channels.borrow_and_update().clone());
        let before = std::mem::replace(&mut self.told, told.unwrap_or_default());
        for left in before.iter().filter(|it| !self.told.contains(it)) {
            self.presence.forget(&folded(left));
            self.out.command(format!("PART {left}"));
        }
        let told = self.told.iter().cloned().map(Channel::Open);
        for wanted in self.options.channels.iter().cloned().chain(told) {
            let channel = folded(wanted.name());
            if !self.presence.is_in(&channel) {
                self.out.join(channel, wanted.join());
            }
        }
    }

    async fn take(&mut self, message: &Message) -> Result<(), String> {
        match message.command.as_str() {
            "PING" => return self.wire.send(&format!("PONG :{}", message.last())).await,
            "ERROR" => return Err(format!("the server says: {}", message.last())),
            "PONG" => self.passed(message.last()),
            "PRIVMSG" => self.heard(message),
            "403" | "405" | "470" | "471" | "473" | "474" | "475" | "476" | "477" | "489" | "520" => {
                self.not_let_in(message);
            }
            "401" | "404" | "407" | "442" | "531" => self.refused(message),
            // Who invites us may have made it possible to come in.
            "INVITE" => self.join(),
            _ => self.follow(message),
        }
        Ok(())
    }

    /// The server has read up to the fence of that token.
    fn passed(&mut self, token: &str) {
        let Some(fenced) = self.out.passed(token) else {
            return;
        };
        let outside = is_channel(&fenced.target) && !self.presence.is_in(&fenced.target);
        fenced.receipt.done(match fenced.refused {
            None => Ok(()),
            Some(why) if outside => Err(match self.presence.barred(&fenced.target) {
                Some(why) => barred(why),
                // We may be in it soon.
                None => ListenerError::Later(why),
            }),
            Some(why) => Err(ListenerError::Never(why)),
        });
    }

    fn refused(&mut self, message: &Message) {
        self.out.refused(message.param(1), message.last());
    }

    /// A channel does not let us in; some of the numbers that say so also say that it does not let us talk.
    fn not_let_in(&mut self, message: &Message) {
        let (channel, why) = (message.param(1), message.last());
        match self.presence.not_let_in(channel, why) {
            Some(true) => tracing::warn!(channel, why, "a channel cannot be joined; it is tried again"),
            Some(false) => {}
            None => self.refused(message),
        }
    }

    /// Somebody said something.
    fn heard(&mut self, message: &Message) {
        let (place, text) = (message.param(0), message.last());
        if folded(&message.nick) == folded(&self.nick) || message.nick.is_empty() {
            return;
        }
        if let Some(question) = text.strip_prefix('\u{1}') {
            return self.answer_client(&message.nick, question.trim_end_matches('\u{1}'));
        }
        let private = !is_channel(place);
        let own = text
            .get(..self.nick.len())
            .filter(|it| folded(it) == folded(&self.nick));
        let named = own.and_then(|it| text[it.len()..].strip_prefix([':', ',']));
        let place = folded(if private { &message.nick } else { place });
        let addressed = private || named.is_some();
        let prefix = self.options.command_prefix.as_str();
        // What people say to each other takes nobody's place.
        if !addressed && (prefix.is_empty() || !text.trim_start().starts_with(prefix)) {
            return;
        }
        let heard = Heard {
            person: message.nick.clone(),
            also: message.account.iter().map(|it| format!("account:{it}")).collect(),
            private,
            addressed,
            operator: self.presence.rules(&place, &message.nick),
            text: named.unwrap_or(text).trim().to_owned(),
            id: None,
            place,
        };
        if let Some(ears) = &self.ears
            && ears.heard.try_send(heard).is_err()
        {
            tracing::warn!(
                person = message.nick,
                "too many commands wait for the bot; one was dropped"
            );
            let busy = "I am busy with what others asked, and did not do that; ask me again in a minute.";
            self.out.courtesy(format!("NOTICE {} :{busy}", message.nick));
        }
    }

    /// Answers a question about our client (CTCP).
    fn answer_client(&mut self, nick: &str, question: &str) {
        let answer = match question.split(' ').next() {
            Some("VERSION") => concat!("VERSION Weir ", env!("CARGO_PKG_VERSION")).to_owned(),
            Some("PING") => question.chars().take(100).collect(),
            _ => return,
        };
        self.out.courtesy(format!("NOTICE {nick} :\u{1}{answer}\u{1}"));
    }

    /// Keeps in mind who is where, and under which name.
    fn follow(&mut self, message: &Message) {
        if message.command == "NICK" && folded(&message.nick) == folded(&self.nick) {
            self.nick = message.last().to_owned();
            return;
        }
        match self.presence.follow(message, &self.nick) {
            Turn::None => {}
            Turn::Kicked(channel) => {
                let why = message.last();
                tracing::warn!(channel, why, "the bot was kicked; it joins again soon");
            }
            Turn::OtherRulers(channel) => self.out.command(format!("NAMES {channel}")),
        }
    }
}

/// That a channel does not let us in.
fn barred(why: &str) -> ListenerError {
    ListenerError::Never(format!("the bot cannot join the channel: {why}"))
}

/// Waits until the bot was told to join or to leave a channel.
async fn told(ears: &mut Option<Ears>) {
    let changed = match ears {
        Some(ears) => ears.channels.changed().await.is_ok(),
        None => false,
    };
    if !changed {
        std::future::pending().await
    }
}

/// The colour of results, as mIRC's code: Buildbot's.
fn colour(results: Results) -> &'static str {
    match results {
        Results::Success => "\u{3}03",
        Results::Warnings => "\u{3}08",
        Results::Failure => "\u{3}04",
        Results::Skipped => "\u{3}12",
        Results::Exception => "\u{3}06",
        Results::Retry => "\u{3}11",
        Results::Cancelled => "\u{3}13",
    }
}
