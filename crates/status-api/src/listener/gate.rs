//! Before a listener's destination: how often it may be addressed, and not at all while it takes nothing, or while another
//! runner may have the listener.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use super::{ListenerError, RunnerOptions, Standing};

/// How many failures one after the other close the way to a destination.
const FAILURES: u32 = 3;

/// How often a destination may be addressed: so many times within so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many times, at least once.
    pub times: u32,
    /// Within how long.
    pub per: Duration,
}

/// The way to one listener's destination (a circuit breaker). After some failures it is closed for a while; then one
/// delivery after the other tries whether it is open again.
pub(super) struct Gate {
    /// Those who wait, in the order in which they came.
    queue: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    changed: Notify,
    standing: watch::Sender<Standing>,
    options: RunnerOptions,
    jitter: Jitter,
}

#[derive(Default)]
struct State {
    /// Failures since the last success.
    failures: u32,
    /// Until when nothing is tried; none while it is open.
    closed_until: Option<Instant>,
    /// When it was closed last.
    closed_at: Option<Instant>,
    /// Until when the destination has asked to be left alone, whatever it says to others that are on their way.
    left_alone_until: Option<Instant>,
    /// Whether one tries whether it is open again.
    trying: bool,
    /// How many deliveries were taken.
    taken: u64,
    /// When, at the allowed rate, all that has passed would have passed evenly.
    paid_until: Option<Instant>,
    /// Until when no other runner can have the listener; for ever if none.
    held_until: Option<Instant>,
    /// How the destination fares.
    destination: Standing,
    /// How the listener fares whatever its destination does; none if it fares as that does.
    held_back: Option<Standing>,
}

/// One delivery's way through the gate. If it is dropped before anybody noted what became of the delivery, another one may
/// try whether the destination takes again.
pub struct Turn {
    gate: Option<Arc<Gate>>,
    came: watch::Sender<Option<Instant>>,
}

impl Turn {
    /// A turn that waits for nothing, for a listener that no runner runs.
    pub fn free() -> Self {
        Self::at(None)
    }

    pub(super) fn of(gate: &Arc<Gate>) -> Self {
        Self::at(Some(Arc::clone(gate)))
    }

    fn at(gate: Option<Arc<Gate>>) -> Self {
        Self {
            gate,
            came: watch::Sender::new(None),
        }
    }

    /// Waits until the destination may be addressed. If it was addressed already, only until no other runner can have the
    /// listener.
    pub async fn come(&self) {
        match &self.gate {
            Some(gate) if self.has_come() => return gate.held().await,
            Some(gate) => gate.pass().await,
            None => (),
        }
        self.came.send_replace(Some(Instant::now()));
    }

    /// Notes what became of the delivery, if the destination was addressed.
    pub(super) fn end(mut self, outcome: &Result<(), ListenerError>) {
        let came = *self.came.borrow();
        if let (Some(gate), Some(came)) = (self.gate.take(), came) {
            gate.note(came, outcome);
        }
    }

    /// Whether the destination was addressed.
    pub(super) fn has_come(&self) -> bool {
        self.came.borrow().is_some()
    }

    /// Waits until the destination was addressed for so long.
    pub(super) async fn overdue(&self, longest: Duration) {
        let mut came = self.came.subscribe();
        // The sender lives as long as this.
        let Ok(at) = came.wait_for(Option::is_some).await.map(|it| *it) else {
            return std::future::pending().await;
        };
        let end = at.and_then(|it| it.checked_add(longest));
        match end {
            Some(end) => sleep_until(end).await,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(gate) = self.gate.take().filter(|_| self.has_come()) {
            gate.state().trying = false;
            gate.changed.notify_waiters();
        }
    }
}

impl Gate {
    pub(super) fn new(name: &str, options: RunnerOptions) -> Arc<Self> {
        Arc::new(Self {
            queue: tokio::sync::Mutex::default(),
            state: Mutex::default(),
            changed: Notify::new(),
            standing: watch::Sender::new(Standing::Well),
            options,
            jitter: Jitter::of(name),
        })
    }

    /// How the listener fares: as its destination does, unless it is held back.
    pub(super) fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// How many deliveries were taken so far.
    pub(super) fn taken(&self) -> u64 {
        self.state().taken
    }

    /// From now on no other runner can have the listener until then, for ever if none. Until when that was known so far.
    pub(super) fn hold_until(&self, until: Option<Instant>) -> Option<Instant> {
        let before = std::mem::replace(&mut self.state().held_until, until);
        self.changed.notify_waiters();
        before
    }

    /// Waits until no other runner can have the listener.
    async fn held(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.state().is_held(Instant::now()) {
                return;
            }
            changed.await;
        }
    }

    /// Waits until another runner can have the listener.
    pub(super) async fn unheld(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let until = self.state().held_until;
            match until {
                Some(until) if until <= Instant::now() => return,
                Some(until) => tokio::select! {
                    () = sleep_until(until) => (),
                    () = changed => (),
                },
                None => changed.await,
            }
        }
    }

    async fn pass(&self) {
        let _first = self.queue.lock().await;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let pass = self.state().pass(Instant::now(), self.options.rate);
            match pass {
                Pass::Now => return,
                Pass::At(at) => tokio::select! {
                    biased;
                    () = sleep_until(at) => (),
                    () = changed => (),
                },
                Pass::AfterOther | Pass::OnceHeld => changed.await,
            }
        }
    }

    /// Notes what became of a delivery that had passed at `came`.
    fn note(&self, came: Instant, outcome: &Result<(), ListenerError>) {
        let mut state = self.state();
        let now = Instant::now();
        state.trying = false;
        match outcome {
            // One that is refused for good was looked at.
            Ok(()) | Err(ListenerError::Never(_)) => state.open(now),
            Err(ListenerError::Later(why)) => self.note_failure(&mut state, came, why, None),
            Err(ListenerError::After(why, delay)) => self.note_failure(&mut state, came, why, Some(*delay)),
        }
        self.say(&state);
        self.changed.notify_waiters();
    }

    fn note_failure(&self, state: &mut State, came: Instant, why: &str, delay: Option<Duration>) {
        let now = Instant::now();
        if let Some(until) = delay.and_then(|it| now.checked_add(it)) {
            state.left_alone_until = state.left_alone_until.max(Some(until));
        }
        // What was on its way when the others failed fails for the same reason: that is no other failure.
        let is_news = state.closed_at.is_none_or(|closed| came > closed);
        if is_news {
            state.failures = state.failures.saturating_add(1);
        }
        if delay.is_none() && state.failures < FAILURES {
            return;
        }
        if is_news {
            let round = state.failures.saturating_sub(FAILURES);
            let pause = self.jitter.pause(&self.options, u64::MAX, round);
            state.closed_until = Some(now + pause);
            state.closed_at = Some(now);
        }
        let until = state.closed_until.max(state.left_alone_until);
        state.destination = Standing::Waiting {
            why: why.to_owned(),
            pause: until.map_or(Duration::ZERO, |it| it.saturating_duration_since(now)),
        };
    }

    /// The listener waits for something else than its destination, or does not any more.
    pub(super) fn hold_back(&self, standing: Option<Standing>) {
        let mut state = self.state();
        state.held_back = standing;
        self.say(&state);
    }

    /// Says how the listener fares, if that is news: that it still waits for the same reason is none.
    fn say(&self, state: &State) {
        let standing = state.held_back.as_ref().unwrap_or(&state.destination);
        self.standing.send_if_modified(|it| {
            let known = match (&*it, standing) {
                (Standing::Waiting { why, .. }, Standing::Waiting { why: again, .. }) => why == again,
                (known, new) => known == new,
            };
            it.clone_from(standing);
            !known
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What is in it is right after each statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Pass {
    Now,
    At(Instant),
    AfterOther,
    OnceHeld,
}

impl State {
    /// Whether no other runner can have the listener. This process may have been halted for longer than it was held.
    fn is_held(&self, now: Instant) -> bool {
        self.held_until.is_none_or(|until| now < until)
    }

    /// The destination takes what comes, as soon as it may be addressed.
    fn open(&mut self, now: Instant) {
        self.failures = 0;
        (self.closed_until, self.closed_at) = (None, None);
        self.taken += 1;
        if self.left_alone_until.is_none_or(|until| until <= now) {
            self.left_alone_until = None;
            self.destination = Standing::Well;
        }
    }

    fn pass(&mut self, now: Instant, rate: Option<Rate>) -> Pass {
        if !self.is_held(now) {
            return Pass::OnceHeld;
        }
        if let Some(until) = self.left_alone_until.filter(|it| now < *it) {
            return Pass::At(until);
        }
        if let Some(until) = self.closed_until {
            if now < until {
                return Pass::At(until);
            }
            if self.trying {
                return Pass::AfterOther;
            }
        }
        if let Some(rate) = rate {
            // The generic cell rate algorithm: a burst of as many as may come within the time, then evenly.
            let each = rate.per / rate.times.max(1);
            let paid = self.paid_until.map_or(now, |it| it.max(now)) + each;
            if let Some(early) = paid.checked_sub(rate.per).filter(|it| *it > now) {
                return Pass::At(early);
            }
            self.paid_until = Some(paid);
        }
        self.trying = self.closed_until.is_some();
        Pass::Now
    }
}

/// Pauses that differ between listeners and events, so that not all come at once, and are the same in each run.
#[derive(Clone, Copy)]
pub(super) struct Jitter(u64);

impl Jitter {
    pub(super) fn of(name: &str) -> Self {
        // FNV-1a: it only has to spread.
        let hash = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(name.bytes().fold(0xcbf2_9ce4_8422_2325, hash))
    }

    /// The pause after a failure of `what` and `round` failures before it: twice as long each time, and between three
    /// quarters and all of that.
    pub(super) fn pause(self, options: &RunnerOptions, what: u64, round: u32) -> Duration {
        let whole = options
            .first_pause
            .saturating_mul(1 << round.min(20))
            .min(options.longest_pause);
        // SplitMix64.
        let mut mixed = self.0 ^ what.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(round);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let share = u32::try_from((mixed >> 31) % 256).unwrap_or_default();
        whole * 3 / 4 + whole / 4 * share / 256
    }
}
