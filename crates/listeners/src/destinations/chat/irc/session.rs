//! What goes on while there is a connection.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior};
use weir_status_api::{ListenerError, Results};

use super::flow::Flow;
use super::message::{Message, folded, is_channel, say};
use super::options::{Channel, IrcOptions};
use super::wire::Wire;
use crate::bot::{Heard, Line};

/// How often the server is asked whether it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// How many lines may wait to go out before no more are taken.
const MOST_WAITING: usize = 200;

/// How many may wait for us to answer a client's question about our client.
const MOST_FOR_CLIENTS: usize = 20;

/// Lines for one place.
pub(super) struct Saying {
    /// The channel or nick.
    pub(super) target: String,
    pub(super) lines: Vec<Line>,
    /// Told when the server has them, or will not.
    pub(super) done: oneshot::Sender<Result<(), ListenerError>>,
}

/// Lines on their way: behind them goes a `PING` with the token, whose answer says that the server has read them.
struct Fenced {
    token: String,
    target: String,
    refused: Option<String>,
    done: oneshot::Sender<Result<(), ListenerError>>,
}

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
    out: VecDeque<String>,
    fenced: VecDeque<Fenced>,
    fences: u64,
    /// The channels that we are in.
    joined: HashSet<String>,
    /// Who rules a channel.
    operators: HashMap<String, HashSet<String>>,
    /// Those that the server is telling.
    named: HashMap<String, HashSet<String>>,
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
            out: VecDeque::new(),
            fenced: VecDeque::new(),
            fences: 0,
            joined: HashSet::new(),
            operators: HashMap::new(),
            named: HashMap::new(),
            ears,
            told: vec![],
        }
    }

    /// Signs in with the service of nicks if that is how it is done, and joins the channels; all that is said comes after.
    pub(super) fn begin(&mut self) {
        if self.options.sasl.is_empty() && !self.options.password.is_empty() {
            let (service, password) = (&self.options.nickserv, &self.options.password);
            self.out
                .push_back(format!("PRIVMSG {service} :IDENTIFY {password}"));
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
                Some(saying) = inbox.recv(), if self.out.len() < MOST_WAITING => {
                    self.queue(saying);
                    Ok(())
                }
                () = told(&mut self.ears), if self.out.len() < MOST_WAITING => {
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
        for fenced in self.fenced.drain(..) {
            let _ = fenced.done.send(Err(ListenerError::Later(why.to_owned())));
        }
    }

    async fn send_next(&mut self) -> Result<(), String> {
        let Some(line) = self.out.pop_front() else {
            return Ok(());
        };
        self.wire.send(&line).await?;
        self.flow.went(Instant::now());
        Ok(())
    }

    fn queue(&mut self, saying: Saying) {
        // Nobody waits for it any more, and it comes again.
        if saying.done.is_closed() {
            return;
        }
        let command = match self.options.notice && is_channel(&saying.target) {
            true => "NOTICE",
            false => "PRIVMSG",
        };
        for line in &saying.lines {
            let colour = line.results.filter(|_| self.options.colors).map(colour);
            let wrap = colour.map_or(("", ""), |it| (it, "\u{f}"));
            self.out
                .extend(say(command, &self.nick, &saying.target, &line.text, wrap));
        }
        self.fences += 1;
        let token = format!("weir-{}", self.fences);
        self.out.push_back(format!("PING :{token}"));
        self.fenced.push_back(Fenced {
            token,
            target: folded(&saying.target),
            refused: None,
            done: saying.done,
        });
    }

    async fn keep_alive(&mut self) -> Result<(), String> {
        self.join();
        if self.nick != self.options.nick {
            self.out.push_back(format!("NICK {}", self.options.nick));
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
        let left = before.iter().filter(|it| !self.told.contains(it));
        self.out.extend(left.map(|it| format!("PART {it}")));
        let told = self.told.iter().cloned().map(Channel::Open);
        let wanted = self.options.channels.iter().cloned().chain(told);
        let missing = wanted.filter(|it| !self.joined.contains(&folded(it.name())));
        self.out.extend(missing.map(|it| it.join()));
    }

    async fn take(&mut self, message: &Message) -> Result<(), String> {
        match message.command.as_str() {
            "PING" => return self.wire.send(&format!("PONG :{}", message.last())).await,
            "ERROR" => return Err(format!("the server says: {}", message.last())),
            "PONG" => self.passed(message.last()),
            "PRIVMSG" => self.heard(message),
            "401" | "403" | "404" | "407" | "442" | "477" | "531" => self.refused(message),
            "405" | "471" | "473" | "474" | "475" | "476" => {
                tracing::warn!(
                    channel = message.param(1),
                    why = message.last(),
                    "a channel cannot be joined"
                );
            }
            _ => self.follow(message),
        }
        Ok(())
    }

    /// The server has read up to the fence of that token.
    fn passed(&mut self, token: &str) {
        if self.fenced.front().is_none_or(|it| it.token != token) {
            return;
        }
        let Some(fenced) = self.fenced.pop_front() else {
            return;
        };
        let outside = is_channel(&fenced.target) && !self.joined.contains(&fenced.target);
        let _ = fenced.done.send(match fenced.refused {
            None => Ok(()),
            // We may be in it soon.
            Some(why) if outside => Err(ListenerError::Later(why)),
            Some(why) => Err(ListenerError::Never(why)),
        });
    }

    fn refused(&mut self, message: &Message) {
        let target = message.param(1);
        if let Some(fenced) = self.fenced.front_mut()
            && fenced.target == folded(target)
        {
            fenced.refused = Some(message.last().to_owned());
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
        let operator = self
            .operators
            .get(&place)
            .is_some_and(|it| it.contains(&folded(&message.nick)));
        let heard = Heard {
            person: message.nick.clone(),
            also: message.account.iter().map(|it| format!("account:{it}")).collect(),
            private,
            addressed: private || named.is_some(),
            operator,
            text: named.unwrap_or(text).trim().to_owned(),
            id: None,
            place,
        };
        if let Some(ears) = &self.ears
            && ears.heard.try_send(heard).is_err()
        {
            tracing::warn!("too many commands wait for the bot; one was dropped");
        }
    }

    /// Answers a question about our client (CTCP).
    fn answer_client(&mut self, nick: &str, question: &str) {
        let answer = match question.split(' ').next() {
            Some("VERSION") => concat!("VERSION Weir ", env!("CARGO_PKG_VERSION")).to_owned(),
            Some("PING") => question.chars().take(100).collect(),
            _ => return,
        };
        if self.out.len() < MOST_FOR_CLIENTS {
            self.out.push_back(format!("NOTICE {nick} :\u{1}{answer}\u{1}"));
        }
    }

    /// Keeps in mind who is where, and under which name.
    fn follow(&mut self, message: &Message) {
        let (who, channel) = (folded(&message.nick), folded(message.param(0)));
        let ours = who == folded(&self.nick);
        match message.command.as_str() {
            "NICK" if ours => self.nick = message.last().to_owned(),
            "NICK" | "QUIT" => self.operators.values_mut().for_each(|it| {
                it.remove(&who);
            }),
            "JOIN" if ours => drop(self.joined.insert(channel)),
            "PART" if ours => drop(self.joined.remove(&channel)),
            "PART" => self.no_operator(&channel, &who),
            "KICK" => {
                let whom = folded(message.param(1));
                if whom == folded(&self.nick) {
                    tracing::warn!(
                        channel,
                        why = message.last(),
                        "the bot was kicked; it joins again soon"
                    );
                    self.joined.remove(&channel);
                }
                self.no_operator(&channel, &whom);
            }
            // Who rules it now is asked; until then nobody does.
            "MODE" if is_channel(&channel) && message.param(1).contains(['o', 'a', 'q', 'h']) => {
                self.operators.remove(&channel);
                self.out.push_back(format!("NAMES {channel}"));
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
    }

    fn no_operator(&mut self, channel: &str, who: &str) {
        if let Some(operators) = self.operators.get_mut(channel) {
            operators.remove(who);
        }
    }
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
