//! One round of a runner: from the listener's place on until the stream of events breaks or the runner is to end.

use std::collections::{BTreeSet, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::gate::{Jitter, Turn};
use super::lanes::{Delivery, Lanes, Trials};
use super::progress::Progress;
use super::runner::{Flag, LAST};
use super::{Again, Lane, ListenerError, Place, Runner, Standing};
use crate::{Cursor, Error, Event, EventStream, Result, Signal, Start};

/// How long the place may be behind while nothing is told.
const SOON: Duration = Duration::from_secs(1);

/// How often it is looked whether somebody wants parked events delivered again.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// How often it is tried whether there is room for another parked event.
const ASK_FOR_ROOM: Duration = Duration::from_secs(10);

/// What came of one try.
struct Tried {
    lane: Lane,
    delivery: Delivery,
    turn: Turn,
    /// None if the round ended before the destination was addressed.
    outcome: Option<std::result::Result<(), ListenerError>>,
}

pub(super) struct Round<'a> {
    runner: &'a Runner,
    events: EventStream,
    lanes: Lanes,
    progress: Progress,
    /// Dead letters that wait or are out.
    letters: HashSet<i64>,
    /// Those that came to their end since the look for them began: it may still have found them.
    ended_letters: HashSet<i64>,
    /// Events for which there is no room among the parked ones: while there are any, only those are delivered that make
    /// room.
    roomless: BTreeSet<Cursor>,
    tries: FuturesUnordered<BoxFuture<'a, Tried>>,
    /// Whether nothing more is begun.
    ending: watch::Sender<bool>,
    /// Why the round is broken off; none if it goes on, or the stream just ended.
    broken: Option<Error>,
    /// Until when what is on its way has time to arrive in a round that is broken off.
    end: Option<Instant>,
    /// Whether something could not be kept: the next round tries again.
    unkept: bool,
    /// Deliveries that are done, but not in a place that is kept: they would come again after a crash.
    unsaved: usize,
    /// The place that is being kept, and how many of the unsaved ones are in it.
    saving: Option<(BoxFuture<'a, Result<()>>, usize)>,
    /// The look for dead letters that somebody wants delivered again.
    looking: Option<BoxFuture<'a, Result<Vec<Again>>>>,
    /// The place that was kept last, and when.
    saved: (Place, Instant),
    jitter: Jitter,
}

impl<'a> Round<'a> {
    pub(super) async fn begin(runner: &'a Runner, place: &Place) -> Result<Self> {
        let start = Start::After(place.after);
        Ok(Self {
            runner,
            events: runner.api.watch(runner.listener.filter(), start).await?,
            lanes: Lanes::default(),
            progress: Progress::from(place),
            letters: HashSet::new(),
            ended_letters: HashSet::new(),
            roomless: BTreeSet::new(),
            tries: FuturesUnordered::new(),
            ending: watch::Sender::new(false),
            broken: None,
            end: None,
            unkept: false,
            unsaved: 0,
            saving: None,
            looking: None,
            saved: (place.clone(), Instant::now()),
            jitter: Jitter::of(runner.listener.name()),
        })
    }

    /// Delivers until the stream breaks, something cannot be kept, or `stop` is set.
    pub(super) async fn run(mut self, mut stop: Flag) -> Result<()> {
        let mut look_again = Instant::now();
        loop {
            self.give_up_the_first();
            let stopping = *self.ending.borrow();
            if !stopping {
                self.lanes.wake(Instant::now());
                self.start_tries();
            }
            self.save_soon(stopping);
            if stopping && self.tries.is_empty() && self.saving.is_none() {
                return self.ended();
            }
            let (wake, save) = (self.lanes.next_end(), self.next_save());
            // What comes is last: it would keep the others from their turn.
            tokio::select! {
                biased;
                () = stop.becomes(true), if !stopping => drop(self.ending.send_replace(true)),
                // Others of this process may wait for it.
                asked = looked(&mut self.looking), if !stopping => {
                    self.take_letters(asked);
                    look_again = Instant::now() + LOOK_AGAIN;
                }
                Some(tried) = self.tries.next() => if let Err(error) = self.settle(tried).await {
                    self.cannot_keep(error);
                },
                kept = saved(&mut self.saving) => match kept {
                    Ok(deliveries) => self.note_saved(deliveries),
                    Err(error) => self.cannot_keep(error),
                },
                () = until(wake), if !stopping => (),
                () = until(save) => (),
                // What hangs must not keep the others from what comes by the next stream.
                () = until(self.end) => return self.ended(),
                // Deliveries go on meanwhile: what they read may be what the look waits for.
                () = sleep_until(look_again), if !stopping && self.looking.is_none() => self.look(),
                signal = self.events.next(), if !stopping && self.progress.has_room() => match signal {
                    Some(Ok(signal)) => self.take(signal),
                    ended => self.break_off(ended.and_then(Result::err)),
                },
            }
        }
    }

    /// Begins nothing more. What is on its way has some time to arrive.
    fn break_off(&mut self, why: Option<Error>) {
        self.broken = self.broken.take().or(why);
        self.end.get_or_insert_with(|| Instant::now() + LAST);
        self.ending.send_replace(true);
    }

    fn cannot_keep(&mut self, error: Error) {
        self.unkept = true;
        self.break_off(Some(error));
    }

    fn ended(mut self) -> Result<()> {
        self.broken.take().map_or(Ok(()), Err)
    }

    /// Looks which dead letters somebody wants delivered again.
    fn look(&mut self) {
        let runner = self.runner;
        self.ended_letters.clear();
        self.looking = Some(runner.bookmarks.asked_again(runner.listener.name()).boxed());
    }

    fn take(&mut self, signal: Signal) {
        match signal {
            Signal::Event(event) => {
                if self.progress.open(event.cursor) {
                    let lane = self.runner.listener.lane(&event);
                    let delivery = self.runner.delivery(event, None);
                    self.lanes.push(lane, delivery);
                }
            }
            Signal::Bookmark(cursor) => self.progress.see(cursor),
        }
    }

    /// Takes up the parked events that somebody wants delivered again.
    fn take_letters(&mut self, asked: Result<Vec<Again>>) {
        let name = self.runner.listener.name();
        let asked = match asked {
            Ok(asked) => asked,
            Err(error) => {
                tracing::warn!(listener = name, %error, "it is not known what is to be delivered again");
                return;
            }
        };
        for Again { id, event } in asked {
            if !self.ended_letters.contains(&id) && self.letters.insert(id) {
                let lane = self.runner.listener.lane(&event);
                let delivery = self.runner.delivery(Arc::new(event), Some(id));
                self.lanes.push(lane, delivery);
            }
        }
    }

    fn start_tries(&mut self) {
        while self.tries.len() + self.unsaved < self.runner.options.at_once.max(1) {
            let has_room = self.roomless.is_empty();
            let wanted = |it: &Delivery| has_room || it.letter.is_some() || it.trials.outcome.is_some();
            let Some((lane, delivery)) = self.lanes.next(wanted) else {
                return;
            };
            let ending = Flag::of(&self.ending);
            self.tries
                .push(attempt(self.runner, lane, delivery, ending).boxed());
        }
    }

    async fn settle(&mut self, tried: Tried) -> Result<()> {
        let Tried {
            lane,
            mut delivery,
            turn,
            outcome,
        } = tried;
        let Some(outcome) = outcome else {
            // It is not done, so it comes again from the place.
            self.lanes.pause(lane, delivery, Instant::now());
            return Ok(());
        };
        let told = turn.has_come();
        turn.end(&outcome);
        let gate = &self.runner.gate;
        let why = match outcome {
            Ok(()) => None,
            Err(ListenerError::Never(why)) => Some(why),
            Err(error @ (ListenerError::Later(_) | ListenerError::After(..))) => {
                let trials = &mut delivery.trials;
                trials.failures = trials.failures.saturating_add(1);
                // While the destination takes nothing at all, this one is not to blame.
                if trials.taken.replace(gate.taken()) != Some(gate.taken()) {
                    trials.alone = trials.alone.saturating_add(1);
                }
                if !self.gives_up(&delivery.trials) {
                    let pause = self.pause(&delivery, &error);
                    tracing::debug!(listener = self.runner.listener.name(), cursor = %delivery.event.cursor, %error, "delivery failed, trying again");
                    self.lanes.pause(lane, delivery, Instant::now() + pause);
                    return Ok(());
                }
                Some(error.to_string())
            }
        };
        let kept = self.keep_outcome(&delivery, why.as_deref()).await;
        if kept == Ok(true) {
            self.end(&delivery, told || why.is_some());
            self.lanes.done(lane);
        } else {
            // It is not tried again: some of it may have been taken.
            delivery.trials.outcome = Some(why.map_or(Ok(()), Err));
            self.lanes.pause(lane, delivery, Instant::now() + ASK_FOR_ROOM);
        }
        kept.map(drop)
    }

    /// Parks what was refused for that reason; of what was taken nothing is parked any more. Whether there was room.
    async fn keep_outcome(&mut self, delivery: &Delivery, refused: Option<&str>) -> Result<bool> {
        if let Some(why) = refused {
            return self.park(delivery, why).await;
        }
        if let Some(letter) = delivery.letter {
            let (name, bookmarks) = (self.runner.listener.name(), &self.runner.bookmarks);
            bookmarks.unpark(name, letter).await?;
        }
        Ok(true)
    }

    fn gives_up(&self, trials: &Trials) -> bool {
        let options = &self.runner.options;
        let long = trials
            .since
            .is_some_and(|it| it.elapsed() >= options.give_up_after);
        long || trials.alone >= options.tries
    }

    fn pause(&self, delivery: &Delivery, error: &ListenerError) -> Duration {
        let event = delivery.event.cursor.0.unsigned_abs();
        let round = delivery.trials.failures.saturating_sub(1);
        let pause = self.jitter.pause(&self.runner.options, event, round);
        match error {
            ListenerError::After(_, delay) => pause.max(*delay),
            _ => pause,
        }
    }

    /// Parks the event for that reason. Whether there was room.
    async fn park(&mut self, delivery: &Delivery, why: &str) -> Result<bool> {
        let (name, cursor) = (self.runner.listener.name(), delivery.event.cursor);
        let full = match self.runner.bookmarks.park(name, &delivery.event, why).await {
            Err(Error::TooMany { why }) => Some(why),
            // It cannot be had again, and nothing but this event is concerned.
            Err(Error::CursorExpired { .. }) => {
                tracing::error!(listener = name, %cursor, why, "the event is given up: it is no longer kept");
                None
            }
            parked => {
                parked?;
                tracing::error!(listener = name, %cursor, why, "the event is parked");
                None
            }
        };
        let Some(full) = full else {
            if self.roomless.remove(&cursor) && self.roomless.is_empty() {
                self.runner.gate.hold_back(None);
            }
            return Ok(true);
        };
        if self.roomless.insert(cursor) {
            tracing::error!(listener = name, %cursor, why, full, "the event is to be parked, and there is no room");
        }
        let (why, pause) = (full, ASK_FOR_ROOM);
        self.runner.gate.hold_back(Some(Standing::Waiting { why, pause }));
        Ok(false)
    }

    /// The delivery is made or parked; with `unsaved` it would be so again after a crash now.
    fn end(&mut self, delivery: &Delivery, unsaved: bool) {
        match delivery.letter {
            Some(letter) => {
                self.letters.remove(&letter);
                self.ended_letters.insert(letter);
            }
            None => {
                self.progress.done(delivery.event.cursor);
                self.unsaved += usize::from(unsaved);
            }
        }
    }

    /// When so many later ones are done that no more may come, the first is parked if it fails while others do not.
    fn give_up_the_first(&mut self) {
        if self.progress.has_room() {
            return;
        }
        let Some(first) = self.progress.first_open() else {
            return;
        };
        let (taken, tries) = (self.runner.gate.taken(), self.runner.options.tries);
        let to_blame = |it: &Delivery| {
            let trials = &it.trials;
            it.letter.is_none()
                && it.event.cursor == first
                && trials.alone < tries
                && trials.taken != Some(taken)
        };
        // Its next failure is its last.
        self.lanes.hasten(to_blame, |it| it.trials.alone = tries);
    }

    /// Keeps the place if something was told, or for some time nothing was.
    fn save_soon(&mut self, last: bool) {
        let behind = last && self.saved.0 != self.progress.place();
        let due = self.unsaved > 0 || behind || self.next_save().is_some_and(|it| it <= Instant::now());
        if self.saving.is_some() || self.unkept || !due {
            return;
        }
        let place = self.progress.place();
        self.saved = (place.clone(), Instant::now());
        let runner = self.runner;
        let save = async move { runner.bookmarks.save(runner.listener.name(), &place).await };
        self.saving = Some((save.boxed(), self.unsaved));
    }

    /// When the place is to be kept at the latest; none if it is.
    fn next_save(&self) -> Option<Instant> {
        let (place, at) = &self.saved;
        (self.saving.is_none() && !self.unkept && *place != self.progress.place()).then(|| *at + SOON)
    }

    fn note_saved(&mut self, deliveries: usize) {
        self.unsaved -= deliveries;
    }
}

impl Drop for Round<'_> {
    /// What is done is known to the next round, even if it could not be kept. Whether there is room it finds out itself.
    fn drop(&mut self) {
        self.runner.remember(self.progress.place(), self.lanes.tried());
        self.runner.gate.hold_back(None);
    }
}

/// Tries to deliver once. Nothing is waited for that was not told when the round ends.
async fn attempt(runner: &Runner, lane: Lane, mut delivery: Delivery, ending: Flag) -> Tried {
    if let Some(outcome) = delivery.trials.outcome.take() {
        return Tried {
            lane,
            delivery,
            turn: Turn::of(&runner.gate),
            outcome: Some(outcome.map_err(ListenerError::Never)),
        };
    }
    delivery.trials.since.get_or_insert_with(Instant::now);
    let turn = Turn::of(&runner.gate);
    let event: &Event = &delivery.event;
    let heard = AssertUnwindSafe(runner.listener.hear(event, runner.api.as_ref(), &turn)).catch_unwind();
    let longest = runner.options.timeout;
    let outcome = tokio::select! {
        biased;
        heard = heard => Some(heard.unwrap_or_else(|_| {
            Err(ListenerError::Never("the listener has a fault: it panicked; the log of this process has more".to_owned()))
        })),
        () = turn.overdue(longest) => Some(Err(ListenerError::Later(format!("it took longer than {longest:?}")))),
        () = left(&turn, ending) => None,
    };
    Tried {
        lane,
        delivery,
        turn,
        outcome,
    }
}

/// Waits until the round ends before the destination was addressed.
async fn left(turn: &Turn, mut ending: Flag) {
    ending.becomes(true).await;
    if turn.has_come() {
        std::future::pending().await
    }
}

/// Waits until the place is kept: how many deliveries are in it.
async fn saved(saving: &mut Option<(BoxFuture<'_, Result<()>>, usize)>) -> Result<usize> {
    let Some((save, deliveries)) = saving else {
        return std::future::pending().await;
    };
    let (kept, deliveries) = (save.await, *deliveries);
    *saving = None;
    kept.map(|()| deliveries)
}

/// Waits for the end of the look, if there is one.
async fn looked(looking: &mut Option<BoxFuture<'_, Result<Vec<Again>>>>) -> Result<Vec<Again>> {
    let Some(look) = looking else {
        return std::future::pending().await;
    };
    let asked = look.await;
    *looking = None;
    asked
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
