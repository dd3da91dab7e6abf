//! How often passwords can be tried.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use weir_status_api::{Error, Result, Timestamp};

/// Attempts for one name that come at once, and how long each takes to be given back.
const PER_USER: Bucket = Bucket {
    room: 10,
    refill: Duration::from_secs(30),
};
/// Attempts in all, likewise.
const IN_ALL: Bucket = Bucket {
    room: 100,
    refill: Duration::from_millis(200),
};
/// How many names are kept. Attempts in all are so few that no more can have been tried lately.
const MOST_NAMES: usize = 4096;

struct Bucket {
    room: u32,
    refill: Duration,
}

/// Attempts that are not given back yet, at a moment.
#[derive(Clone, Copy, Debug)]
struct Level {
    used: u32,
    at: Timestamp,
}

impl Bucket {
    /// The level at `now`.
    fn drained(&self, level: Level, now: Timestamp) -> Level {
        let steps = now.since(level.at).as_micros() / self.refill.as_micros().max(1);
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        match level.used.checked_sub(steps) {
            Some(used) if used > 0 => Level {
                used,
                at: level.at.plus(self.refill.saturating_mul(steps)),
            },
            _ => Level { used: 0, at: now },
        }
    }

    fn take(&self, level: &mut Level, now: Timestamp) -> bool {
        *level = self.drained(*level, now);
        let free = level.used < self.room;
        level.used += u32::from(free);
        free
    }
}

/// Counts attempts to sign in. One that succeeds does not count.
#[derive(Debug)]
pub(crate) struct Throttle(Mutex<Levels>);

#[derive(Debug)]
struct Levels {
    in_all: Level,
    names: HashMap<String, Level>,
}

impl Throttle {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self(Mutex::new(Levels {
            in_all: Level { used: 0, at: now },
            names: HashMap::new(),
        }))
    }

    /// Counts an attempt for `user`.
    ///
    /// # Errors
    /// [`Error::TooMany`] if there were too many lately.
    pub(crate) fn attempt(&self, user: &str, now: Timestamp) -> Result<()> {
        let mut levels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let levels = &mut *levels;
        if levels.names.len() >= MOST_NAMES {
            levels
                .names
                .retain(|_, level| PER_USER.drained(*level, now).used > 0);
        }
        let fresh = Level { used: 0, at: now };
        let mut level = levels.names.get(user).copied().unwrap_or(fresh);
        if !PER_USER.take(&mut level, now) {
            return Err(too_many("for this name", PER_USER.refill));
        }
        let room = levels.names.len() < MOST_NAMES || levels.names.contains_key(user);
        if !room || !IN_ALL.take(&mut levels.in_all, now) {
            return Err(too_many("by all together", Duration::from_secs(1)));
        }
        levels.names.insert(user.to_owned(), level);
        Ok(())
    }

    /// Takes the attempts for `user` back: they know the password.
    pub(crate) fn succeeded(&self, user: &str) {
        let mut levels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        levels.names.remove(user);
        levels.in_all.used = levels.in_all.used.saturating_sub(1);
    }
}

fn too_many(whose: &str, wait: Duration) -> Error {
    Error::TooMany {
        why: format!(
            "attempts to sign in {whose}; try again in {} s",
            wait.as_secs().max(1)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_does_not_use_up_anothers_attempts() {
        let mut now = Timestamp::from_secs(1_000);
        let throttle = Throttle::new(now);
        for _ in 0..PER_USER.room {
            throttle.attempt("ada", now).unwrap();
        }
        assert!(matches!(throttle.attempt("ada", now), Err(Error::TooMany { .. })));
        throttle.attempt("eva", now).unwrap();
        now = now.plus(PER_USER.refill);
        throttle.attempt("ada", now).unwrap();
        assert!(throttle.attempt("ada", now).is_err());
    }

    #[test]
    fn made_up_names_are_bounded_in_all() {
        let mut now = Timestamp::from_secs(1_000);
        let throttle = Throttle::new(now);
        let tried = |now: Timestamp| {
            (0..1_000)
                .filter(|it| throttle.attempt(&format!("{now}{it}"), now).is_ok())
                .count()
        };
        assert_eq!(tried(now), IN_ALL.room as usize);
        for _ in 0..200 {
            now = now.plus(Duration::from_secs(1));
            tried(now);
        }
        assert!(throttle.0.lock().unwrap().names.len() <= MOST_NAMES);
    }

    #[test]
    fn who_knows_the_password_is_never_stopped() {
        let now = Timestamp::from_secs(1_000);
        let throttle = Throttle::new(now);
        for _ in 0..1_000 {
            throttle.attempt("ada", now).unwrap();
            throttle.succeeded("ada");
        }
    }
}
