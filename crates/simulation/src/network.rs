//! The network between hosts: links that are slow, stall in one direction, or break.

mod connection;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use connection::Connection;
pub(crate) use connection::Stream;

use crate::chance::Chance;
use crate::here;

/// How long bytes are on their way, in milliseconds, if nothing is wrong.
const LATENCY: (u64, u64) = (1, 8);

/// How often it is tried to reach a host that is gone without a word.
const KNOCK: Duration = Duration::from_secs(1);

/// A host, by its number.
pub(crate) type HostId = usize;

/// The network; clones are the same one.
#[derive(Clone)]
pub(crate) struct Network(Arc<Mutex<State>>);

struct State {
    chance: Chance,
    listening: BTreeMap<HostId, mpsc::UnboundedSender<Stream>>,
    /// From one host to another: until when nothing arrives.
    stalled: BTreeMap<(HostId, HostId), Duration>,
    /// From one host to another: until when, and how many times slower.
    slow: BTreeMap<(HostId, HostId), (Duration, u32)>,
    /// Hosts that are gone without a word: what comes for them is not answered.
    dark: Vec<HostId>,
    connections: Vec<(HostId, HostId, Weak<Mutex<Connection>>)>,
    /// Bytes were sent since it was last asked.
    is_busy: bool,
}

impl Network {
    /// One without hosts.
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            chance: Chance::new(seed, "network"),
            listening: BTreeMap::new(),
            stalled: BTreeMap::new(),
            slow: BTreeMap::new(),
            dark: Vec::new(),
            connections: Vec::new(),
            is_busy: false,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connections that others make to `host`, from now on.
    pub(crate) fn listen(&self, host: HostId) -> mpsc::UnboundedReceiver<Stream> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.state().listening.insert(host, sender);
        receiver
    }

    /// Makes a connection.
    ///
    /// # Errors
    /// If nobody listens there. It waits for ever for a host that is gone without a word.
    pub(crate) async fn connect(&self, from: HostId, to: HostId) -> io::Result<Stream> {
        // There and back.
        for (from, to) in [(from, to), (to, from)] {
            loop {
                let (pause, is_dark) = {
                    let mut state = self.state();
                    let due = here::now() + state.latency(from, to);
                    let due = due.max(state.stalled_until(from, to));
                    (due.saturating_sub(here::now()), state.dark.contains(&to))
                };
                sleep(pause).await;
                if !is_dark {
                    break;
                }
                sleep(KNOCK).await;
            }
        }
        let listening = self.state().listening.get(&to).cloned();
        let (mine, theirs) = Stream::pair(self, from, to);
        let is_taken = listening.is_some_and(|it| it.send(theirs).is_ok());
        if !is_taken {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let mut state = self.state();
        state.connections.retain(|(.., it)| it.strong_count() > 0);
        state.connections.push((from, to, mine.downgrade()));
        Ok(mine)
    }

    /// Nothing arrives from one host at the other until then.
    pub(crate) fn stall(&self, from: HostId, to: HostId, until: Duration) {
        self.state().stalled.insert((from, to), until);
    }

    /// What goes from one host to the other takes so many times longer until then.
    pub(crate) fn slow_down(&self, from: HostId, to: HostId, until: Duration, times: u32) {
        self.state().slow.insert((from, to), (until, times));
    }

    /// Breaks all connections between two hosts; each learns of it.
    pub(crate) fn cut(&self, one: HostId, other: HostId) {
        self.break_those(|a, b| (a, b) == (one, other) || (b, a) == (one, other));
    }

    /// The host is gone. `silently`: nobody is told, until it is there again.
    pub(crate) fn leave(&self, host: HostId, silently: bool) {
        let mut state = self.state();
        state.listening.remove(&host);
        if silently {
            state.dark.push(host);
        }
    }

    /// The host is there again: who thinks to have a connection to it learns that it has none.
    pub(crate) fn come_back(&self, host: HostId) {
        self.state().dark.retain(|it| *it != host);
        self.break_those(|a, b| a == host || b == host);
    }

    fn break_those(&self, which: impl Fn(HostId, HostId) -> bool) {
        let those: Vec<_> = {
            let state = self.state();
            let those = state.connections.iter().filter(|(a, b, _)| which(*a, *b));
            those.filter_map(|(.., it)| it.upgrade()).collect()
        };
        for connection in those {
            connection::break_off(&connection);
        }
    }

    /// All links are as they should be.
    pub(crate) fn heal(&self) {
        let mut state = self.state();
        state.stalled.clear();
        state.slow.clear();
    }

    /// Whether bytes were sent since this was last asked.
    pub(crate) fn was_busy(&self) -> bool {
        std::mem::take(&mut self.state().is_busy)
    }

    fn stalled_until(&self, from: HostId, to: HostId) -> Duration {
        self.state().stalled_until(from, to)
    }

    /// When bytes arrive that are sent now.
    fn arrival(&self, from: HostId, to: HostId) -> Duration {
        let mut state = self.state();
        state.is_busy = true;
        here::now() + state.latency(from, to)
    }

    fn is_dark(&self, host: HostId) -> bool {
        self.state().dark.contains(&host)
    }
}

impl State {
    fn latency(&mut self, from: HostId, to: HostId) -> Duration {
        let usual = self.chance.millis(LATENCY.0..=LATENCY.1);
        match self.slow.get(&(from, to)) {
            Some((until, times)) if here::now() < *until => usual * *times,
            _ => usual,
        }
    }

    fn stalled_until(&self, from: HostId, to: HostId) -> Duration {
        self.stalled.get(&(from, to)).copied().unwrap_or_default()
    }
}
