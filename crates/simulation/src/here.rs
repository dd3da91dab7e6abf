//! Which host runs now, and what time it is there.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;
use weir_status_api::{Clock, Timestamp};

use crate::nature;

thread_local! {
    /// The beginning of the host's life, in the world's time and in its runtime's.
    static LIFE: Cell<Option<(Duration, Instant)>> = const { Cell::new(None) };
    static WORLD: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    /// After how many more of its acts the host is killed, and who sees to it.
    static DOOM: RefCell<Option<(u64, Option<Waker>)>> = const { RefCell::new(None) };
}

/// A host runs from now on.
pub(crate) fn enter(life: (Duration, Instant)) {
    LIFE.set(Some(life));
}

/// No host runs from now on; it is that time in the world.
pub(crate) fn leave(now: Duration) {
    LIFE.set(None);
    WORLD.set(now);
}

/// The time since the beginning: that of the host that runs, else that of the world.
pub(crate) fn now() -> Duration {
    match LIFE.get() {
        Some((born, at)) => born + at.elapsed(),
        None => WORLD.get(),
    }
}

/// The host that runs is to be killed after so many more acts; never if there is no number.
pub(crate) fn doom(acts: Option<u64>) {
    DOOM.set(acts.map(|acts| (acts, None)));
}

/// How many acts are left.
pub(crate) fn acts_left() -> Option<u64> {
    DOOM.with_borrow(|doom| doom.as_ref().map(|(left, _)| *left))
}

/// Whether its time has come; else `waker` is told when it does.
pub(crate) fn is_doomed(waker: &Waker) -> bool {
    DOOM.with_borrow_mut(|doom| match doom {
        Some((0, _)) => true,
        Some((_, told)) => {
            *told = Some(waker.clone());
            false
        }
        None => false,
    })
}

/// The host that runs acts: it hears something, or uses its disk.
pub(crate) fn act() {
    DOOM.with_borrow_mut(|doom| {
        if let Some((left, told)) = doom
            && *left > 0
        {
            *left -= 1;
            if *left == 0
                && let Some(waker) = told.take()
            {
                waker.wake();
            }
        }
    });
}

/// The clock of a machine, which can be set.
#[derive(Debug, Default)]
pub(crate) struct SetClock {
    /// How far it is from the world's time, in microseconds.
    off: AtomicI64,
}

impl SetClock {
    /// Sets it back, or forward.
    pub(crate) fn jump(&self, micros: i64) {
        self.off.fetch_add(micros, Ordering::SeqCst);
    }

    /// Sets it right.
    pub(crate) fn set_right(&self) {
        self.off.store(0, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(now().as_micros()).unwrap_or(i64::MAX);
        let beginning = Timestamp::from_secs(i64::try_from(nature::BEGINNING).unwrap_or(i64::MAX));
        Timestamp(beginning.0 + passed + self.off.load(Ordering::SeqCst))
    }
}
