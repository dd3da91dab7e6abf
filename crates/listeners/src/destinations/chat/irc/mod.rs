//! IRC: reports to channels and people, and the [bot](crate::bot) there.

mod flow;
mod login;
mod message;
mod options;
mod outbox;
mod presence;
mod saying;
mod session;
mod wire;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Mutex, mpsc, watch};
use weir_status_api::{Desk, ListenerError, SystemClock};

use super::delivered::Delivered;
use super::mutes::Mutes;
use crate::bot::{Bot, Heard, Line, Voice};
use crate::{Destination, OptionError, Outlet, Report};
use message::folded;
use options::{Sasl, Way};
use saying::{Saying, Unknown};
use session::{Ears, Session};
use wire::Wire;

pub use options::{Channel, IrcOptions};

/// How many reports wait for the connection.
const MOST_SAYINGS: usize = 64;

/// How many commands wait for the bot.
const MOST_COMMANDS: usize = 16;

/// How long coming in may take.
const LOGIN: Duration = Duration::from_secs(60);

/// A connection that lasted so long was a good one.
const GOOD: Duration = Duration::from_secs(120);

/// Tells channels and people on an IRC server of reports, and answers commands (Buildbot's `IRC`).
///
/// It speaks RFC 1459 and 2812 with IRCv3's capabilities `sasl` (PLAIN, EXTERNAL) and `account-tag`, over TCP or TLS. It
/// keeps one connection while the listener runs, comes back with pauses that grow, takes another nick while its own is
/// taken, joins again where it was kicked, and sends no faster than servers take it.
///
/// A report counts as delivered to a place when the server has answered a `PING` that was sent behind its lines; if the
/// connection ends before, it comes again. IRC has no ids for messages: what a server took without having answered is
/// said twice. What one place has is not said there again because another place did not get it.
///
/// Mirrored of Buildbot's: channels with passwords, `pm_to_nicks` as `nicks`, `noticeOnChannel` as `notice`, colours,
/// NickServ and SASL, `authz` as `allow`. Its `notify_events` are the listener's reports here.
pub struct Irc {
    options: IrcOptions,
    way: Way,
    sasl: Option<Sasl>,
    outlet: Outlet,
    sayings: mpsc::Sender<Saying>,
    inbox: Mutex<mpsc::Receiver<Saying>>,
    /// Why there is no connection; none while there is one, and before the first attempt.
    away: std::sync::Mutex<Option<String>>,
    delivered: Delivered,
    mutes: Mutes,
}

impl Irc {
    /// One of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] names the option that is wrong.
    pub fn new(options: IrcOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        options.check()?;
        let (sayings, inbox) = mpsc::channel(MOST_SAYINGS);
        Ok(Self {
            way: options.way()?,
            sasl: options.sasl()?,
            options,
            outlet: outlet.clone(),
            sayings,
            inbox: Mutex::new(inbox),
            away: std::sync::Mutex::default(),
            delivered: Delivered::default(),
            mutes: Mutes::default(),
        })
    }

    /// The places that are told of every report.
    fn targets(&self) -> impl Iterator<Item = &str> {
        let channels = self.options.channels.iter().map(Channel::name);
        channels.chain(self.options.nicks.iter().map(String::as_str))
    }

    fn lines(&self, report: &Report) -> Vec<Line> {
        let results = report.about.results();
        let mut lines: Vec<Line> = match self.options.form.as_str() {
            "text" => {
                let written = report.message.text.lines().filter(|it| !it.trim().is_empty());
                written.map(|it| Line::plain(it.trim_end())).collect()
            }
            _ => {
                let link = report.about.url().map(|it| format!(" {it}")).unwrap_or_default();
                vec![Line::plain(format!("{}{link}", report.message.subject.trim()))]
            }
        };
        if lines.len() > self.options.lines {
            lines.truncate(self.options.lines - 1);
            lines.push(Line::plain("…"));
        }
        if let Some(first) = lines.first_mut() {
            first.results = results;
        }
        lines
    }

    /// Says the lines there, and waits until the server has them.
    async fn say_there(&self, target: &str, lines: Vec<Line>) -> Result<(), ListenerError> {
        let (saying, outcome) = Saying::new(target, lines);
        let timeout = Duration::from_secs_f64(self.options.timeout);
        // If the listener is gone, nothing takes it.
        let hand = async { drop(self.sayings.send(saying).await) };
        let why = match outcome.within(timeout, hand).await {
            Ok(result) => return result,
            Err(Unknown::Ended) => "the connection ended".to_owned(),
            Err(Unknown::NotAnswered) => "the report was not confirmed in time".to_owned(),
            Err(Unknown::NotTaken) => match self.away().as_deref() {
                Some(why) => format!("there is no connection ({why})"),
                None => "nothing took the report in time".to_owned(),
            },
        };
        Err(ListenerError::Later(format!("{why} at {}", self.way.host)))
    }

    fn away(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn say_or_print(&self, target: &str, lines: &[Line]) -> Result<(), ListenerError> {
        let what = || {
            let texts: Vec<&str> = lines.iter().map(|it| it.text.as_str()).collect();
            format!("IRC {}: {target}: {}", self.way.host, texts.join("\n"))
        };
        match self.outlet.prints(what) {
            true => Ok(()),
            false => self.say_there(target, lines.to_vec()).await,
        }
    }

    /// Keeps a connection, without end.
    async fn keep_connected(&self, inbox: &mut mpsc::Receiver<Saying>, ears: Option<Ears>) {
        let name = format!("{}@{}", self.options.nick, self.options.server);
        let first = Duration::from_secs_f64(self.options.reconnect_seconds);
        let mut attempt = 0;
        loop {
            let begun = tokio::time::Instant::now();
            let why = match self.connect(ears.clone()).await {
                Ok(mut session) => {
                    let why = session.run(inbox).await;
                    session.fail(&why);
                    why
                }
                Err(why) => why,
            };
            if begun.elapsed() > GOOD {
                attempt = 0;
            }
            let pause = flow::pause(first, attempt, &name);
            let why = self.outlet.mask(&why);
            *self.away() = Some(why.clone());
            tracing::warn!(
                server = self.way.host,
                why,
                ?pause,
                "no connection to IRC; trying again"
            );
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn connect(&self, ears: Option<Ears>) -> Result<Session<'_>, String> {
        let mut wire = Wire::connect(&self.way).await?;
        let login = login::log_in(&mut wire, &self.options, self.sasl);
        let nick = match tokio::time::timeout(LOGIN, login).await {
            Ok(nick) => nick?,
            Err(_) => return Err("the server did not let us in in time".to_owned()),
        };
        tracing::info!(server = self.way.host, nick, "connected to IRC");
        *self.away() = None;
        let mut session = Session::new(&self.options, wire, nick, ears);
        session.begin();
        Ok(session)
    }

    /// Answers what is heard, one after the other.
    async fn answer(
        &self,
        bot: &Bot,
        mut heard: mpsc::Receiver<Heard>,
        channels: watch::Sender<Vec<String>>,
    ) {
        while let Some(heard) = heard.recv().await {
            let lines = bot.hear(&heard).await;
            if lines.is_empty() {
                continue;
            }
            // What cannot be said now is of no use later.
            if let Err(error) = self.say_there(&heard.place, lines).await {
                tracing::warn!(place = heard.place, %error, "an answer did not get there");
            }
            // After the answer, which may be for the channel that it leaves.
            let told = bot.channels().await;
            channels.send_if_modified(|it| {
                let is_news = *it != told;
                *it = told;
                is_news
            });
        }
    }
}

#[async_trait]
impl Voice for Irc {
    async fn say(&self, place: &str, lines: &[Line]) -> Result<(), ListenerError> {
        self.say_there(place, lines.to_vec()).await
    }
}

#[async_trait]
impl Destination for Irc {
    fn kind(&self) -> &'static str {
        "irc"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let lines = self.lines(report);
        let muted = self.mutes.places().await?;
        let send = async |target: &str| match muted.contains(&folded(target)) {
            true => Ok(()),
            false => self.say_or_print(target, &lines).await,
        };
        self.delivered
            .to_each(&report.delivery, self.targets(), send)
            .await
    }

    async fn attend(&self, desk: Desk) {
        if self.outlet.is_dry() {
            return;
        }
        let mut inbox = self.inbox.lock().await;
        if !self.options.commands {
            return self.keep_connected(&mut inbox, None).await;
        }
        let open = Bot::open(self.options.bot(), desk, Arc::new(SystemClock));
        let bot = self.mutes.known_by(open).await;
        let (hears, heard) = mpsc::channel(MOST_COMMANDS);
        let (channels, told) = watch::channel(bot.channels().await);
        let ears = Ears {
            heard: hears,
            channels: told,
        };
        tokio::join!(
            self.keep_connected(&mut inbox, Some(ears)),
            self.answer(&bot, heard, channels),
            bot.tell(self)
        );
    }
}
