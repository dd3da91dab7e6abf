//! The runner of a listener: holds it, goes on from its place, and follows the events until something is in the way.

use std::collections::HashMap;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::gate::{Gate, Rate};
use super::lanes::{Delivery, Trials};
use super::round::Round;
use super::{Bookmarks, Desk, Hold, Listener, Place, Standing};
use crate::{Cursor, Error, Event, Master, Query, ReadExt, Result, Start, StatusApi};

/// How long another runner's hold is left alone before it is asked for again.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// How long the last deliveries may take once the runner is to end, or its stream of events is broken.
pub(super) const LAST: Duration = Duration::from_secs(10);

/// How a [`Runner`] goes about it.
#[derive(Clone, Copy, Debug)]
pub struct RunnerOptions {
    /// The pause after the first failure; doubles up to `longest_pause`.
    pub first_pause: Duration,
    /// The longest pause between two tries.
    pub longest_pause: Duration,
    /// Tries after which an event is parked that fails while the destination takes others.
    pub tries: u32,
    /// After how long an event is parked whatever the destination does, from its first try on.
    pub give_up_after: Duration,
    /// How many events of different lanes are delivered at once, at least one. After a crash, these may come again.
    pub at_once: usize,
    /// How often the destination may be addressed; as often as it takes it if none.
    pub rate: Option<Rate>,
    /// How long one delivery may take.
    pub timeout: Duration,
    /// Where a listener begins that was never here.
    pub start: Start,
}

impl Default for RunnerOptions {
    /// Pauses from 200 milliseconds to a minute, 10 tries, a day, 8 at once, as often as it takes it, 5 minutes, and from
    /// now on.
    fn default() -> Self {
        Self {
            first_pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(60),
            tries: 10,
            give_up_after: Duration::from_secs(24 * 3600),
            at_once: 8,
            rate: None,
            timeout: Duration::from_secs(300),
            start: Start::Now,
        }
    }
}

/// Something that is so or not.
#[derive(Clone)]
pub(super) struct Flag(watch::Receiver<bool>);

impl Flag {
    pub(super) fn of(told: &watch::Sender<bool>) -> Self {
        Self(told.subscribe())
    }

    fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is so, or is not.
    pub(super) async fn becomes(&mut self, wanted: bool) {
        if self.0.wait_for(|it| *it == wanted).await.is_err() {
            // Whoever could change it is gone, and so is the runner.
            std::future::pending().await
        }
    }
}

/// Runs one listener over any status API: holds it against other runners, resumes from its place, delivers what is in
/// different lanes at once, tries again with pauses that grow, leaves a destination alone that takes nothing, and parks
/// what cannot be delivered.
pub struct Runner {
    pub(super) listener: Arc<dyn Listener>,
    pub(super) api: Arc<dyn StatusApi>,
    pub(super) bookmarks: Arc<dyn Bookmarks>,
    pub(super) options: RunnerOptions,
    pub(super) gate: Arc<Gate>,
    /// How far the listener is, which holds for as long as no other runner can have it; none if that has to be asked.
    place: Mutex<Option<Place>>,
    /// What was tried and is not done, which the next round goes on with.
    tried: Mutex<HashMap<(Cursor, Option<i64>), Trials>>,
    /// Whether it holds the listener.
    held: watch::Sender<bool>,
}

impl Runner {
    /// A runner of `listener` on `api`, its place kept in `bookmarks`.
    pub fn new(
        listener: Arc<dyn Listener>,
        api: Arc<dyn StatusApi>,
        bookmarks: Arc<dyn Bookmarks>,
        options: RunnerOptions,
    ) -> Self {
        let gate = Gate::new(listener.name(), options);
        Self {
            listener,
            api,
            bookmarks,
            options,
            gate,
            place: Mutex::default(),
            tried: Mutex::default(),
            held: watch::Sender::new(false),
        }
    }

    /// Keeps in mind how far the listener is, and what it has tried beyond that.
    pub(super) fn remember<'a>(&self, place: Place, tried: impl Iterator<Item = &'a Delivery>) {
        let mut known = self.tried();
        known.retain(|(cursor, letter), _| letter.is_some() || *cursor > place.after);
        known.extend(tried.map(|it| (it.key(), it.trials.clone())));
        drop(known);
        *self.place() = Some(place);
    }

    /// What it knows may be so no longer: another runner was there, or events have other numbers.
    fn forget(&self) {
        *self.place() = None;
        self.tried().clear();
    }

    /// A delivery, with what was tried of it in the rounds before.
    pub(super) fn delivery(&self, event: Arc<Event>, letter: Option<i64>) -> Delivery {
        let mut delivery = Delivery {
            event,
            letter,
            trials: Trials::default(),
        };
        if let Some(trials) = self.tried().remove(&delivery.key()) {
            delivery.trials = trials;
        }
        delivery
    }

    fn tried(&self) -> MutexGuard<'_, HashMap<(Cursor, Option<i64>), Trials>> {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self) -> MutexGuard<'_, Option<Place>> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is held from `asked` for so long: until when that is.
    fn held(&self, asked: Instant, long: Duration) -> Option<Instant> {
        let until = asked.checked_add(long);
        if self.gate.hold_until(until).is_some_and(|it| it < asked) {
            // Another could have had it in between.
            self.forget();
        }
        self.held.send_replace(true);
        until
    }

    /// Runs until it is dropped; lost connections are taken up again from the place. What is on its way when it is
    /// dropped comes again.
    pub async fn run(&self) {
        self.run_until(std::future::pending()).await;
    }

    /// Runs until `stop` is ready; then what is on its way has some seconds to come to an end.
    pub async fn run_until(&self, stop: impl Future<Output = ()> + Send) {
        let name = self.listener.name();
        let (stopping, stopped) = watch::channel(false);
        let work = async {
            tokio::select! {
                biased;
                // First, so that it has begun when the first event comes.
                never = self.keep_attending() => match never {},
                () = self.keep_following(Flag(stopped)) => (),
            }
        };
        tokio::pin!(work, stop);
        tokio::select! {
            biased;
            () = &mut work => return,
            () = &mut stop => drop(stopping.send(true)),
        }
        if timeout(LAST, &mut work).await.is_err() {
            tracing::warn!(listener = name, "what is on its way now will come again");
        }
        if let Err(error) = self.bookmarks.release(name).await {
            tracing::warn!(listener = name, %error, "it is still held for a while");
        }
    }

    /// Lets the listener do what it does beside for as long as no other runner holds it.
    async fn keep_attending(&self) -> Infallible {
        let name = self.listener.name();
        let mut held = Flag::of(&self.held);
        loop {
            held.becomes(true).await;
            let (api, bookmarks) = (Arc::clone(&self.api), Arc::clone(&self.bookmarks));
            let attend = self.listener.attend(Desk::new(name, api, bookmarks));
            let mut lost = held.clone();
            tokio::select! {
                biased;
                ended = AssertUnwindSafe(attend).catch_unwind() => {
                    if ended.is_err() {
                        tracing::error!(listener = name, "what it does beside being told of events has a fault, and ends");
                    }
                    held.becomes(false).await;
                }
                () = lost.becomes(false) => (),
                // Nobody may have been there to find that out.
                () = self.gate.unheld() => drop(self.held.send_replace(false)),
            }
        }
    }

    async fn keep_following(&self, mut stop: Flag) {
        let mut pause = self.options.first_pause;
        while !stop.is_set() {
            let begun = Instant::now();
            let error = match self.hold_and_follow(stop.clone()).await {
                Ok(()) if stop.is_set() => return,
                Ok(()) => Error::unavailable("the event stream ended"),
                Err(error) => error,
            };
            // What has lasted longer than the pause before it is no reason to pause for longer.
            if begun.elapsed() > pause {
                pause = self.options.first_pause;
            }
            self.take_up(&error, pause).await;
            tokio::select! {
                biased;
                () = sleep(pause) => (),
                () = stop.becomes(true) => return,
            }
            pause = (pause * 2).min(self.options.longest_pause);
        }
    }

    /// What an interruption means for the place.
    async fn take_up(&self, error: &Error, pause: Duration) {
        let name = self.listener.name();
        if matches!(error, Error::InvalidQuery { .. } | Error::Conflict { .. }) {
            self.forget();
        }
        let kept = if matches!(error, Error::InvalidQuery { field, .. } if field == "cursor") {
            tracing::error!(listener = name, %error, "the master's history was made anew or put back: this listener begins with what comes now");
            self.begin().await.map(drop)
        } else if let Error::CursorExpired { oldest } = error {
            tracing::error!(listener = name, %oldest, "events were lost to this listener: its place is older than what is kept");
            self.skip_to(*oldest).await
        } else {
            tracing::warn!(listener = name, %error, pause_ms = pause.as_millis(), "listening is interrupted");
            Ok(())
        };
        if let Err(error) = kept {
            tracing::error!(listener = name, %error, "its place cannot be kept");
        }
    }

    /// Goes on behind what is no longer kept. What is done beyond that stays so.
    async fn skip_to(&self, oldest: Cursor) -> Result<()> {
        let name = self.listener.name();
        let known = self.place().take();
        let mut place = match known {
            Some(place) => place,
            None => self.bookmarks.load(name).await?.unwrap_or_default(),
        };
        if place.after < oldest {
            place.after = oldest;
            place.done.retain(|it| *it > oldest);
        }
        self.bookmarks.save(name, &place).await
    }

    /// Waits until no other runner holds the listener, and follows for as long as this one does.
    async fn hold_and_follow(&self, mut stop: Flag) -> Result<()> {
        let (name, kind) = (self.listener.name(), self.listener.kind());
        let mut told = None;
        let until = loop {
            let asked = Instant::now();
            match self.bookmarks.hold(name, kind).await? {
                Hold::Ours(long) => break self.held(asked, long),
                Hold::Theirs(who) => {
                    self.forget();
                    self.held.send_replace(false);
                    if told.as_ref() != Some(&who) {
                        tracing::info!(
                            listener = name,
                            who,
                            "another runs this listener; waiting in case it ends"
                        );
                        told = Some(who);
                    }
                }
            }
            tokio::select! {
                biased;
                () = sleep(ASK_AGAIN) => (),
                () = stop.becomes(true) => return Ok(()),
            }
        };
        // What it does beside begins before it is told of anything.
        tokio::task::yield_now().await;
        let known = self.place().clone();
        let place = match known {
            Some(place) => place,
            None => match self.bookmarks.load(name).await? {
                Some(place) => place,
                None => self.begin().await?,
            },
        };
        let round = Round::begin(self, &place).await?;
        tracing::info!(listener = name, after = %place.after, "is told of events");
        tokio::select! {
            biased;
            ended = round.run(stop) => ended,
            error = self.keep_holding(until) => Err(error),
            never = self.tell_standing() => match never {},
        }
    }

    /// Holds the listener on until that fails.
    async fn keep_holding(&self, mut until: Option<Instant>) -> Error {
        let (name, kind) = (self.listener.name(), self.listener.kind());
        while let Some(end) = until {
            // Three tries before it is over.
            let left = end.saturating_duration_since(Instant::now());
            sleep((left / 3).max(Duration::from_millis(10))).await;
            let asked = Instant::now();
            if asked >= end {
                self.held.send_replace(false);
                return Error::unavailable("it is not known whether another runs this listener by now");
            }
            let answer = tokio::select! {
                biased;
                answer = self.bookmarks.hold(name, kind) => answer,
                () = sleep_until(end) => continue,
            };
            match answer {
                Ok(Hold::Ours(long)) => until = self.held(asked, long),
                Ok(Hold::Theirs(who)) => {
                    self.gate.hold_until(Some(asked));
                    self.held.send_replace(false);
                    return Error::Conflict {
                        why: format!("{who} runs this listener now"),
                    };
                }
                Err(error) => {
                    tracing::warn!(listener = name, %error, "it is not known yet whether it is still held")
                }
            }
        }
        std::future::pending().await
    }

    /// Tells people how the listener fares, each time that it changes.
    async fn tell_standing(&self) -> Infallible {
        let name = self.listener.name();
        let mut standing = self.gate.standing();
        let mut told: Option<Standing> = None;
        loop {
            let now = standing.borrow_and_update().clone();
            if told.as_ref() != Some(&now) {
                match &now {
                    Standing::Well if told.is_some() => {
                        tracing::info!(listener = name, "what comes is delivered again")
                    }
                    Standing::Well => (),
                    Standing::Waiting { why, pause } => {
                        tracing::warn!(
                            listener = name,
                            why,
                            pause_ms = pause.as_millis(),
                            "what comes waits"
                        );
                    }
                }
                match self.bookmarks.note(name, &now).await {
                    Ok(()) => told = Some(now),
                    Err(error) => {
                        tracing::warn!(listener = name, %error, "how it fares cannot be noted");
                        sleep(self.options.longest_pause).await;
                        continue;
                    }
                }
            }
            if standing.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Gives a new listener its place before it is told of anything: what happens from now on is not missed,
    /// whatever becomes of this process.
    async fn begin(&self) -> Result<Place> {
        let cursor: Cursor = match self.options.start {
            Start::After(cursor) => cursor,
            Start::Now => self.api.page(Query::<Master>::new().limit(1)).await?.cursor,
        };
        let place = Place::after(cursor);
        self.bookmarks.save(self.listener.name(), &place).await?;
        Ok(place)
    }
}
