//! When to ask whether the other end is there, and when to take it for lost.

use std::time::{Duration, Instant};

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing before this moment.
    Wait(Instant),
    /// Ask the other end.
    Ping,
    /// The other end was silent for too long.
    Lost,
}

/// Watches over a session from one end. Any message of the other end shows that it is there.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    interval: Option<Duration>,
    deadline: Duration,
    heard: Instant,
    pinged: Instant,
}

impl Heartbeat {
    /// For the end that asks each `interval`, and takes the other for lost after `deadline` of silence.
    pub const fn asking(interval: Duration, deadline: Duration, now: Instant) -> Self {
        Self {
            interval: Some(interval),
            deadline,
            heard: now,
            pinged: now,
        }
    }

    /// For the end that is asked, and takes the other for lost after `deadline` of silence.
    pub const fn listening(deadline: Duration, now: Instant) -> Self {
        Self {
            interval: None,
            deadline,
            heard: now,
            pinged: now,
        }
    }

    /// A message came.
    pub fn heard(&mut self, now: Instant) {
        self.heard = self.heard.max(now);
    }

    /// What is due at `now`. Each [`Due::Ping`] is told once.
    pub fn due(&mut self, now: Instant) -> Due {
        let lost = self.heard + self.deadline;
        if now >= lost {
            return Due::Lost;
        }
        let Some(interval) = self.interval else {
            return Due::Wait(lost);
        };
        let ping = self.pinged + interval;
        if now >= ping {
            self.pinged = now;
            return Due::Ping;
        }
        Due::Wait(ping.min(lost))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_asks_each_interval() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::asking(10 * SECOND, 30 * SECOND, start);
        assert_eq!(heartbeat.due(start), Due::Wait(start + 10 * SECOND));
        assert_eq!(heartbeat.due(start + 10 * SECOND), Due::Ping);
        assert_eq!(heartbeat.due(start + 10 * SECOND), Due::Wait(start + 20 * SECOND));
        assert_eq!(heartbeat.due(start + 25 * SECOND), Due::Ping);
        assert_eq!(heartbeat.due(start + 25 * SECOND), Due::Wait(start + 30 * SECOND));
    }

    #[test]
    fn silence_is_loss() {
        let start = Instant::now();
        for mut heartbeat in [
            Heartbeat::asking(10 * SECOND, 30 * SECOND, start),
            Heartbeat::listening(30 * SECOND, start),
        ] {
            heartbeat.heard(start + 5 * SECOND);
            assert_ne!(heartbeat.due(start + 34 * SECOND), Due::Lost);
            assert_eq!(heartbeat.due(start + 35 * SECOND), Due::Lost);
        }
    }
}
