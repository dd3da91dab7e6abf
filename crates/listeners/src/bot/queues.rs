//! Notices on their way: each place has a queue of its own, so that one which takes nothing holds up no other.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::Instant;
use weir_status_api::{Cursor, ListenerError};

use super::{Bot, Line, Voice};

/// How many notices wait for a place; for one more the oldest is left out.
const MOST_WAITING: usize = 100;

/// How long a notice waits for others at its place before it is of no use any more.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How often one notice is tried: a courtesy. What has to arrive is a report.
const TRIES: u32 = 6;

/// The longest pause before a notice is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Something to say, and who has to hear it.
pub(super) struct Notice {
    pub(super) places: Vec<String>,
    pub(super) line: Line,
}

/// A notice at one of its places.
struct Waiting {
    /// The event that it tells of.
    cursor: Cursor,
    line: Line,
    since: Instant,
}

impl Bot {
    /// Says the notices of events as they come, at all their places at once and at each in order, until no more come.
    pub(super) async fn say_notices(&self, voice: &dyn Voice, mut notices: mpsc::Receiver<(Cursor, Notice)>) {
        // A place is here while something is being said there.
        let mut queues: HashMap<String, VecDeque<Waiting>> = HashMap::new();
        let mut saying = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some((place, cursor)) = saying.next() => {
                    self.is_done(cursor).await;
                    match queues.get_mut(&place).and_then(VecDeque::pop_front) {
                        Some(next) => saying.push(self.say_notice(voice, place, next)),
                        None => drop(queues.remove(&place)),
                    }
                }
                Some((cursor, Notice { places, line })) = notices.recv() => for place in places {
                    let notice = Waiting { cursor, line: line.clone(), since: Instant::now() };
                    let Some(queue) = queues.get_mut(&place) else {
                        queues.insert(place.clone(), VecDeque::new());
                        saying.push(self.say_notice(voice, place, notice));
                        continue;
                    };
                    queue.push_back(notice);
                    if queue.len() > MOST_WAITING && let Some(oldest) = queue.pop_front() {
                        tracing::warn!(place, "too much waits to be said there; the bot leaves something out");
                        self.is_done(oldest.cursor).await;
                    }
                },
                else => return,
            }
        }
    }

    /// Says the notice at the place, and gives both back when it is done with it.
    async fn say_notice(&self, voice: &dyn Voice, place: String, notice: Waiting) -> (String, Cursor) {
        // It may have been told to be silent meanwhile.
        let muted = self.memory.lock().await.is_muted(&place);
        if notice.since.elapsed() > LONGEST_WAIT {
            tracing::warn!(
                place,
                "something waited too long to be said there; the bot leaves it out"
            );
        } else if !muted {
            self.say(voice, &place, std::slice::from_ref(&notice.line)).await;
        }
        (place, notice.cursor)
    }

    /// Says the lines, and tries again for a while if they do not go out.
    async fn say(&self, voice: &dyn Voice, place: &str, lines: &[Line]) {
        for attempt in 0..TRIES {
            let (why, pause) = match voice.say(place, lines).await {
                Ok(()) => return,
                Err(ListenerError::Never(why)) => {
                    return tracing::warn!(place, why, "the bot cannot say something there");
                }
                Err(ListenerError::Later(why)) => (why, Duration::from_secs(1 << attempt)),
                Err(ListenerError::After(why, pause)) => (why, pause),
            };
            tracing::debug!(place, why, "the bot says it again later");
            tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
        }
        tracing::warn!(place, "the bot gave up saying something there");
    }

    /// Notes that the event is told of at one more of its places, and keeps that once it is at all.
    async fn is_done(&self, cursor: Cursor) {
        let mut memory = self.memory.lock().await;
        if memory.told_one(cursor)
            && let Err(error) = memory.keep(&self.desk).await
        {
            tracing::warn!(%error, "how far the bot has told cannot be kept");
        }
    }
}
